"""One attempt: its limits, and what is reported of it."""

import asyncio
import logging
import pickle

import attrs
import pytest

from coggno import (
    APITimeoutError,
    DecodeError,
    Timeout,
    UnprocessableEntityError,
)
from coggno._generated import operations
from tests.helpers.scripted_engine import (
    EMPTY_LIST,
    KEY,
    MISSING,
    OK,
    RESET,
    USER,
    create,
    response,
    session_on,
)


async def hang(_):
    await asyncio.Event().wait()


def with_limits(session, **limits):
    return attrs.evolve(session, config=attrs.evolve(session.config, timeout=Timeout(**limits)))


@pytest.mark.parametrize(("sent", "outcome"), [(True, "unknown"), (False, "not_sent")])
async def test_total_limit_knows_whether_anything_was_sent(sent, outcome):
    """A limit that struck while the call waited for a connection was once called "unknown"."""

    async def wait(request):
        request.sent = sent
        await asyncio.Event().wait()

    session, _ = session_on(wait, max_retries=0)
    with pytest.raises(APITimeoutError) as caught:
        await operations.list_users(with_limits(session, total=0.01))
    assert caught.value.outcome == outcome


def test_there_is_a_limit_by_default():
    assert Timeout().total is not None
    assert Timeout().item is not None
    assert Timeout.of(2).total == 2


async def test_a_cancelled_attempt_is_reported_as_unknown():
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
        response(503, None, set_cookie="a=b", x_request_id=f"r-{KEY}"),
        MISSING,
        EMPTY_LIST,
        OK,
        on_exchange=seen.append,
        lms=4,
    )
    await create(session)
    assert [(item.operation, item.attempt, item.status, item.outcome) for item in seen] == [
        ("createUser", 1, 503, "unknown"),
        ("getUser", 1, 404, "rejected"),
        ("listUsers", 1, 200, "done"),
        ("createUser", 2, 200, "done"),
    ]
    assert seen[0].headers == {"x-request-id": "r-***"}
    assert (seen[0].failure, seen[0].path, seen[0].lms) == ("ServerError", "/api/v1/users", "4")
    assert "s3cret" not in repr(seen)


async def test_a_hook_that_raises_is_logged(caplog):
    def bad(_):
        raise RuntimeError("metrics are down")

    session, _ = session_on(OK, on_exchange=bad)
    assert await create(session) == USER
    assert "on_exchange raised an exception" in caplog.text


async def test_the_log_shows_attempts_and_no_secret(caplog):
    caplog.set_level(logging.DEBUG, "coggno")
    session, _ = session_on(RESET, MISSING, EMPTY_LIST, OK)
    await create(session)
    assert "createUser failed (APIConnectionError, unknown), next attempt in 0.50 s" in caplog.text
    assert "createUser attempt 2: 200 done" in caplog.text
    assert "s3cret" not in caplog.text
    assert KEY not in caplog.text


async def test_a_response_that_cannot_be_decoded_is_in_the_error():
    body = f'{{"id": "x", "login": "ada", "echo": "{KEY}"}}'.encode()
    session, _ = session_on(response(content=body, x_request_id=f"r-{KEY}", set_cookie="a=b"))
    with pytest.raises(DecodeError) as caught:
        await operations.get_user(session, 1)
    error = caught.value
    assert (error.status_code, error.headers, error.request_id) == (200, {"x-request-id": "r-***"}, "r-***")
    assert error.body == '{"id": "x", "login": "ada", "echo": "***"}'
    assert "ada" not in f"{error} {error!r}"
    twin = pickle.loads(pickle.dumps(error))
    assert (twin.body, twin.status_code) == (error.body, 200)


async def test_an_echoed_password_is_masked_in_the_error():
    session, _ = session_on(response(422, {"error": {"message": "s3cret-word is weak"}, "key": KEY}))
    with pytest.raises(UnprocessableEntityError) as caught:
        await create(session)
    error = caught.value
    assert "s3cret" not in f"{error} {error!r} {error.body} {error.errors} {error.args}"
    assert KEY not in str(error.body)
