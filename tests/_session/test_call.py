"""One attempt: its limits, and what is seen of it from outside."""

import asyncio
import logging

import attrs
import pytest

from coggno import (
    APITimeoutError,
    Request,
    Timeout,
    UnprocessableEntityError,
)
from coggno._generated import operations
from tests.helpers.scripted_engine import (
    KEY,
    MISSING,
    OK,
    RESET,
    USER,
    answer,
    create,
    session_on,
    user,
)


async def test_the_total_limit_of_an_attempt_is_a_timeout_with_unknown_outcome():
    async def hang(_):
        await asyncio.Event().wait()

    session, _ = session_on(hang, max_retries=0)
    session = session_with_total(session, 0.01)
    with pytest.raises(APITimeoutError) as caught:
        await operations.list_users(session)
    assert caught.value.outcome == "unknown"


async def test_a_stream_must_begin_within_the_limit_and_may_then_take_its_time():
    async def hang(_):
        await asyncio.Event().wait()

    seen = []
    session, _ = session_on(hang, max_retries=0, on_exchange=seen.append)
    with pytest.raises(APITimeoutError):
        await anext(session_with_total(session, 0.01).iterate(Request(operation=operations.LIST_USERS)))
    assert [exchange.failure for exchange in seen] == ["APITimeoutError"]

    session, _ = session_on(answer(200, [user(1), user(2, "bob")]))
    items = session_with_total(session, 0.05).iterate(Request(operation=operations.LIST_USERS))
    assert (await anext(items)).id == 1
    await asyncio.sleep(0.1)
    assert [item.id async for item in items] == [2]


def session_with_total(session, seconds):
    return attrs.evolve(session, config=attrs.evolve(session.config, timeout=Timeout(total=seconds)))


async def test_cancelling_leaves_at_once_and_reports_an_unknown_outcome():
    seen = []

    async def cancel(_):
        raise asyncio.CancelledError

    session, engine = session_on(cancel, on_exchange=seen.append)
    with pytest.raises(asyncio.CancelledError):
        await create(session)
    assert [exchange.outcome for exchange in seen] == ["unknown"]
    assert len(engine.sent) == 1


async def test_every_attempt_is_reported_without_secrets():
    seen = []
    session, _ = session_on(
        answer(503, None, set_cookie="a=b", x_request_id="r"), MISSING, OK, on_exchange=seen.append, lms=4
    )
    await create(session)
    assert [(item.operation, item.attempt, item.status, item.outcome) for item in seen] == [
        ("createUser", 1, 503, "unknown"),
        ("getUser", 1, 404, "rejected"),
        ("createUser", 2, 200, "done"),
    ]
    assert seen[0].headers == {"x-request-id": "r"}
    assert (seen[0].failure, seen[0].path, seen[0].lms) == ("ServerError", "/api/v1/users", "4")
    assert "s3cret" not in repr(seen)


async def test_a_hook_that_raises_changes_nothing_and_is_logged(caplog):
    def bad(_):
        raise RuntimeError("metrics are down")

    session, _ = session_on(OK, on_exchange=bad)
    assert await create(session) == USER
    assert "on_exchange raised" in caplog.text


async def test_the_log_tells_what_happened_and_no_secret(caplog):
    caplog.set_level(logging.DEBUG, "coggno")
    session, _ = session_on(RESET, MISSING, OK)
    await create(session)
    assert "createUser failed (APIConnectionError, unknown), next attempt in 0.50 s" in caplog.text
    assert "createUser attempt 2: 200 done" in caplog.text
    assert "s3cret" not in caplog.text
    assert KEY not in caplog.text


async def test_a_password_that_the_server_echoes_is_nowhere_in_the_error():
    session, _ = session_on(answer(422, {"error": {"message": "s3cret-word is weak"}, "key": KEY}))
    with pytest.raises(UnprocessableEntityError) as caught:
        await create(session)
    error = caught.value
    assert "s3cret" not in f"{error} {error!r} {error.body} {error.errors} {error.args}"
    assert KEY not in str(error.body)
