"""The one send point: what is sent, and lists as they arrive. The engine answers from a script."""

import base64

import pytest

from coggno import (
    DecodeError,
    InvalidRequestError,
    Request,
)
from coggno._generated import operations
from tests.helpers.scripted_engine import ADA, BROKEN, KEY, OK, REFUSED, USER, answer, create, session_on, user


async def test_what_is_sent():
    session, engine = session_on(OK, lms=7)
    assert await create(session) == USER
    (request,) = engine.requests
    assert engine.sent == ["POST /api/v1/users"]
    assert engine.form() == ADA
    assert request.headers["Authorization"] == "Basic " + base64.b64encode(f"{KEY}:".encode()).decode()
    assert request.headers["Coggno-LMS"] == "7"
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert request.headers["User-Agent"].startswith("coggno-python/")
    assert "s3cret-word" not in repr(request)
    assert KEY not in repr(session)


async def test_without_a_body_there_is_no_content_type_and_without_a_company_no_header():
    session, engine = session_on(answer(200, []))
    await operations.list_users(session)
    assert not {"Content-Type", "Coggno-LMS"} & set(engine.requests[0].headers)


async def test_what_cannot_be_sent_is_refused_before_anything_is():
    session, engine = session_on()
    for login in ("", ".", "..", "\udcff"):
        with pytest.raises(InvalidRequestError, match="user"):
            await operations.get_user(session, login)
    assert engine.sent == []


# Streaming


async def test_a_stream_yields_typed_items():
    session, _ = session_on(answer(200, [user(1), user(2, "bob")]))
    assert [item.login async for item in session.iterate(Request(operation=operations.LIST_USERS))] == ["ada", "bob"]


async def test_an_empty_stream_ends():
    session, _ = session_on(answer(200, []))
    assert [item async for item in session.iterate(Request(operation=operations.LIST_USERS))] == []


async def test_a_stream_is_asked_for_again_until_its_first_item_is_there():
    session, engine = session_on(BROKEN, REFUSED, answer(200, [user()]))
    assert [item async for item in session.iterate(Request(operation=operations.LIST_USERS))] == [USER]
    assert len(engine.sent) == 3


async def test_a_stream_that_breaks_later_is_not_started_over():
    session, engine = session_on(answer(content=b'[{"id":1,"login":"a","first_name":"b","last_name":"c"},'))
    items = session.iterate(Request(operation=operations.LIST_USERS))
    assert (await anext(items)).login == "a"
    with pytest.raises(DecodeError) as caught:
        await anext(items)
    assert (len(engine.sent), caught.value.path) == (1, "$[1]")


async def test_a_wrong_type_in_a_stream_names_the_item():
    session, _ = session_on(answer(200, [user(), {**user(), "login": 5}]))
    with pytest.raises(DecodeError) as caught:
        [item async for item in session.iterate(Request(operation=operations.LIST_USERS))]
    assert caught.value.path == "$[1].login"


async def test_leaving_a_stream_early_is_no_failure():
    seen = []
    session, _ = session_on(answer(200, [user(), user()]), on_exchange=seen.append)
    items = session.iterate(Request(operation=operations.LIST_USERS))
    async for _ in items:
        break
    await items.aclose()
    assert [(exchange.outcome, exchange.failure) for exchange in seen] == [("done", None)]


async def test_an_error_status_of_a_stream_is_an_error():
    session, _ = session_on(answer(403, {"error": "no"}))
    with pytest.raises(Exception, match="403: no"):
        [item async for item in session.iterate(Request(operation=operations.LIST_USERS))]
