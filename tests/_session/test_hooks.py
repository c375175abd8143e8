"""What is called before and after every attempt."""

import asyncio
from contextlib import aclosing, contextmanager

import pytest

from coggno import APIConnectionError, AsyncCoggno, Request
from coggno._generated import operations
from tests.helpers.scripted_engine import EMPTY_LIST, MISSING, OK, RESET, USER, create, response, session_on, user

USERS = Request(operation=operations.LIST_USERS)


async def test_every_attempt_has_a_beginning_and_an_end():
    events = []

    def begin(attempt):
        attempt.state["number"] = len(events)
        events.append(("begin", attempt.operation, attempt.attempt, attempt.check_of))

    def end(exchange):
        assert exchange.state == {"number": len(events) - 1}
        events.append(("end", exchange.operation, exchange.attempt, exchange.check_of))

    session, _ = session_on(RESET, MISSING, EMPTY_LIST, OK, on_request=begin, on_exchange=end)
    assert await create(session) == USER
    expected = [
        ("createUser", 1, None),
        ("getUser", 1, "createUser"),
        ("listUsers", 1, "createUser"),
        ("createUser", 2, None),
    ]
    assert events == [(kind, *rest) for rest in expected for kind in ("begin", "end")]


async def test_an_attempt_shows_the_template_and_no_login():
    seen = []
    session, _ = session_on(OK, on_request=seen.append, on_exchange=seen.append, lms=4)
    await operations.get_user(session, "ada@example.com")
    for shown in seen:
        assert (shown.method, shown.path, shown.lms) == ("GET", "/api/v1/users/{user}", "4")
        assert shown.url == "http://localhost/api/v1/users/{user}"
        assert "ada" not in repr(shown)


async def test_asynchronous_hooks_are_awaited():
    seen = []

    async def hook(event):
        await asyncio.sleep(0)
        seen.append(type(event).__name__)

    session, engine = session_on(OK, on_request=hook, on_exchange=hook)
    await create(session)
    assert (seen, len(engine.sent)) == (["Attempt", "Exchange"], 1)


async def test_a_stream_is_announced_and_reported():
    seen = []
    session, _ = session_on(response(200, [user()]), on_request=seen.append, on_exchange=seen.append)
    assert [item.id async for item in session.iterate(USERS)] == [1]
    assert [type(event).__name__ for event in seen] == ["Attempt", "Exchange"]


async def test_headers_of_the_hook_are_sent_once():
    """Those of the first attempt must not be sent with the second."""

    def trace(attempt):
        if attempt.attempt == 1:
            attempt.headers["TraceParent"] = "00-1"

    session, engine = session_on(
        response(503, None), response(200, []), on_request=trace, headers={"traceparent": "always"}
    )
    await operations.list_users(session)
    sent = [
        [value for name, value in request.headers.items() if name.lower() == "traceparent"]
        for request in engine.requests
    ]
    assert sent == [["00-1"], ["always"]]


@pytest.mark.parametrize(("name", "value"), [("Authorization", "x"), ("Content-Length", "1"), ("a", "1\r\nb: 2")])
async def test_headers_that_cannot_be_sent_are_left_out(name, value, caplog):
    session, engine = session_on(OK, on_request=lambda attempt: attempt.headers.update({name: value}))
    assert await create(session) == USER
    assert engine.requests[0].headers["Authorization"].startswith("Basic ")
    assert "a" not in engine.requests[0].headers
    assert "on_request has added a header that is left out" in caplog.text
    assert "b: 2" not in caplog.text


async def test_a_start_hook_that_raises_is_logged(caplog):
    async def bad(_):
        raise RuntimeError("metrics are down")

    session, _ = session_on(OK, on_request=bad)
    assert await create(session) == USER
    assert "on_request raised an exception" in caplog.text


async def test_a_call_cancelled_in_the_hook_was_not_sent():
    seen = []

    async def hang(_):
        await asyncio.Event().wait()

    session, engine = session_on(OK, on_request=hang, on_exchange=seen.append)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await create(session)
    assert ([exchange.outcome for exchange in seen], engine.sent) == (["not_sent"], [])


async def test_a_failure_is_reported_after_its_beginning():
    seen = []
    session, _ = session_on(RESET, max_retries=0, on_request=seen.append, on_exchange=seen.append)
    with pytest.raises(APIConnectionError):
        await operations.list_users(session)
    assert [getattr(event, "failure", "-") for event in seen] == ["-", "APIConnectionError"]


# A call as a whole


class Recorder:
    """Wraps calls, and notes when they begin and how they end."""

    def __init__(self):
        self.events = []

    @contextmanager
    def __call__(self, trace):
        self.events.append(("begin", trace.operation))
        try:
            yield
        except BaseException as error:
            self.events.append(type(error).__name__)
            raise
        finally:
            self.events.append((trace.attempts, trace.requests, trace.settled))


async def test_a_call_is_wrapped_once_with_its_checks():
    around, attempts = Recorder(), []
    session, _ = session_on(RESET, OK, on_request=attempts.append, around_call=around)
    assert await create(session) == USER
    assert around.events == [("begin", "createUser"), (1, 2, True)]
    assert {attempt.call.operation for attempt in attempts} == {"createUser"}
    assert [attempt.operation for attempt in attempts] == ["createUser", "getUser"]


async def test_a_wrapped_call_ends_with_its_error():
    around = Recorder()
    session, _ = session_on(*[RESET] * 2, max_retries=1, around_call=around)
    with pytest.raises(APIConnectionError):
        await operations.list_users(session)
    assert around.events == [("begin", "listUsers"), "APIConnectionError", (2, 2, False)]


async def test_a_wrapped_stream_ends_with_its_iteration():
    around = Recorder()
    session, _ = session_on(RESET, response(200, [user(), user()]), around_call=around)
    async with aclosing(session.iterate(USERS)) as items:
        await anext(items)
        assert around.events == [("begin", "listUsers")]
    assert around.events == [("begin", "listUsers"), "GeneratorExit", (2, 2, False)]


async def test_an_integration_keeps_the_hooks_of_the_user():
    seen = []
    async with AsyncCoggno("test_key", on_request=lambda _: seen.append("user")) as coggno:
        coggno._observe(Recorder())
        assert coggno._is_owner
        coggno._session.on_request(None)
        assert seen == ["user"]
        assert coggno.as_company(3)._session.around_call is coggno._session.around_call
        assert coggno.users._session is coggno._session


async def test_a_wrapper_hooks_the_attempts_of_its_call():
    """Around the user's hooks: its span begins after them, and ends before them."""
    seen = []

    @contextmanager
    def around(trace):
        trace.on_request = lambda attempt: seen.append(f"wrapper {attempt.operation}")
        trace.on_exchange = lambda exchange: seen.append(f"wrapper {exchange.outcome}")
        yield

    session, _ = session_on(
        RESET,
        OK,
        around_call=around,
        on_request=lambda _: seen.append("user"),
        on_exchange=lambda _: seen.append("user"),
    )
    assert await create(session) == USER
    assert seen == [
        "user",
        "wrapper createUser",
        "wrapper unknown",
        "user",
        "user",
        "wrapper getUser",
        "wrapper done",
        "user",
    ]
