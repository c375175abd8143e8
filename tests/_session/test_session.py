"""The one point through which requests leave: what is sent."""

import base64

import pytest

from coggno import (
    ConfigurationError,
    DecodeError,
    InvalidRequestError,
    Request,
)
from coggno._generated import operations
from tests.helpers.scripted_engine import ADA, KEY, OK, USER, create, response, session_on, user


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


async def test_no_body_no_content_type_no_company_no_header():
    session, engine = session_on(response(200, []))
    await operations.list_users(session)
    assert not {"Content-Type", "Coggno-LMS"} & set(engine.requests[0].headers)


async def test_what_cannot_be_sent_is_refused_first():
    session, engine = session_on()
    for login in ("", ".", "..", "\udcff"):
        with pytest.raises(InvalidRequestError, match="user"):
            await operations.get_user(session, login)
    assert engine.sent == []


async def test_callers_headers_replace_none_of_ours():
    session, engine = session_on(OK, headers={"traceparent": "00-1", "User-Agent": "mine"})
    await create(session)
    headers = engine.requests[0].headers
    assert (headers["traceparent"], headers["User-Agent"]) == ("00-1", "mine")
    assert headers["Authorization"].startswith("Basic ")


async def test_decoding_is_tolerant_by_default():
    odd = {**user(), "last_name": None, "shoe_size": 39}
    session, _ = session_on(response(200, [odd, user(2)]))
    first, second = await operations.list_users(session)
    assert (first.last_name, first.extra, second.id) == (None, {"shoe_size": 39}, 2)
    session, _ = session_on(response(200, [odd]), decoding="strict")
    with pytest.raises(DecodeError) as caught:
        await operations.list_users(session)
    assert caught.value.path == "$[0].last_name"


async def test_a_stream_is_decoded_like_a_list():
    odd = {**user(), "last_name": None}
    session, _ = session_on(response(200, [odd]))
    assert [item.last_name async for item in session.iterate(Request(operation=operations.LIST_USERS))] == [None]
    session, _ = session_on(response(200, [odd]), decoding="strict")
    with pytest.raises(DecodeError):
        [item async for item in session.iterate(Request(operation=operations.LIST_USERS))]


async def test_names_of_headers_know_no_case():
    session, engine = session_on(OK, headers={"accept": "text/x", "USER-AGENT": "mine"})
    await create(session)
    names = [name.lower() for name in engine.requests[0].headers]
    assert sorted(names) == sorted(set(names))
    assert engine.requests[0].headers["accept"] == "text/x"


@pytest.mark.parametrize("operation", [lambda s: operations.delete_user(s, "ada"), operations.list_users])
def test_a_call_needs_an_event_loop_of_asyncio(operation):
    """Under trio a write once ended as unknown, although nothing could have been sent."""
    session, engine = session_on()
    with pytest.raises(ConfigurationError, match="no event loop of asyncio is running"):
        operation(session).send(None)
    assert engine.sent == []
