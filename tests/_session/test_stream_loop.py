"""Lists as they arrive, and the limits of waiting for them. The engine responds from a script."""

import asyncio
import json
from contextlib import asynccontextmanager

import attrs
import pytest

from coggno import APITimeoutError, DecodeError, Request, Timeout
from coggno._generated import operations
from coggno._session.call import begin
from coggno._session.stream_loop import open_stream
from tests.helpers.scripted_engine import BROKEN, KEY, REFUSED, USER, Clock, response, session_on, user

USERS = Request(operation=operations.LIST_USERS)


async def test_a_stream_yields_typed_items():
    session, _ = session_on(response(200, [user(1), user(2, "bob")]))
    assert [item.login async for item in session.iterate(USERS)] == ["ada", "bob"]


async def test_an_empty_stream_ends():
    session, _ = session_on(response(200, []))
    assert [item async for item in session.iterate(USERS)] == []


async def test_a_stream_is_repeated_until_its_first_item():
    session, engine = session_on(BROKEN, REFUSED, response(200, [user()]))
    assert [item async for item in session.iterate(USERS)] == [USER]
    assert len(engine.sent) == 3


async def test_a_stream_that_breaks_later_is_not_repeated():
    session, engine = session_on(response(content=b'[{"id":1,"login":"a","first_name":"b","last_name":"c"},'))
    items = session.iterate(USERS)
    assert (await anext(items)).login == "a"
    with pytest.raises(DecodeError) as caught:
        await anext(items)
    assert (len(engine.sent), caught.value.path) == (1, "$[1]")


async def test_a_wrong_type_names_the_item():
    session, _ = session_on(response(200, [user(), {**user(), "login": 5}]))
    with pytest.raises(DecodeError) as caught:
        [item async for item in session.iterate(USERS)]
    assert caught.value.path == "$[1].login"


async def test_leaving_a_stream_early_is_no_failure():
    seen = []
    session, _ = session_on(response(200, [user(), user()]), on_exchange=seen.append)
    items = session.iterate(USERS)
    async for _ in items:
        break
    await items.aclose()
    assert [(exchange.outcome, exchange.failure) for exchange in seen] == [("done", None)]


async def test_an_error_status_of_a_stream_is_an_error():
    session, _ = session_on(response(403, {"error": "no"}))
    with pytest.raises(Exception, match="403: no"):
        [item async for item in session.iterate(USERS)]


async def test_an_item_that_cannot_be_decoded_may_be_skipped():
    errors = []
    session, _ = session_on(response(200, [user(1), {"login": "no id"}, user(3)]))
    assert [item.id async for item in session.iterate(USERS, errors.append)] == [1, 3]
    assert [error.path for error in errors] == ["$[1]"]


async def test_an_odd_item_is_reported_once_however_often_read():
    """The connection breaks before the first good item, and the read is repeated."""
    errors = []
    odd = json.dumps([{"login": "no id"}, {"login": "none"}]).encode()[:-1]
    session, engine = session_on(
        response(content=odd), response(200, [{"login": "no id"}, {"login": "none"}, {}, user(3)])
    )
    assert [item.id async for item in session.iterate(USERS, errors.append)] == [3]
    assert ([error.index for error in errors], len(engine.sent)) == ([0, 1, 2], 2)


async def test_an_odd_item_is_in_its_error_and_not_in_its_text():
    errors = []
    odd = {"login": "ada", "note": f"key {KEY}"}
    session, _ = session_on(response(200, [odd, user(3)], x_request_id="r-1"))
    assert len([item async for item in session.iterate(USERS, errors.append)]) == 1
    (error,) = errors
    assert error.body == {"login": "ada", "note": "key ***"}
    assert (error.status_code, error.request_id) == (200, "r-1")
    assert "ada" not in f"{error} {error!r}"


async def test_odd_bytes_hide_no_item():
    content = json.dumps([user(1), user(2), user(3)]).encode().replace(b"Lovelace", b"L\xf6velace", 1)
    session, _ = session_on(response(content=content))
    assert [item.id async for item in session.iterate(USERS)] == [1, 2, 3]
    session, _ = session_on(response(content=content), decoding="strict", max_retries=0)
    with pytest.raises(DecodeError) as caught:
        [item async for item in session.iterate(USERS)]
    assert caught.value.status_code == 200


async def test_a_stream_gives_the_quota_its_cost_back():
    session, _ = session_on(BROKEN, response(200, []))
    assert [item async for item in session.iterate(USERS)] == []
    assert session.quota.tokens == session.quota.capacity


@attrs.define
class Trickle:
    """An engine whose body comes byte by byte, with a pause before each."""

    content: bytes
    pause: float
    chunk: int = 1
    status: int = 200
    headers: dict = attrs.field(factory=dict)
    received: None = None  # it comes in pieces

    @asynccontextmanager
    async def stream(self, request, timeout):
        yield self

    async def chunks(self):
        for start in range(0, len(self.content), self.chunk):
            await asyncio.sleep(self.pause)
            yield self.content[start : start + self.chunk]


def trickling(engine, *, deadline=None, **limits):
    session, _ = session_on(max_retries=0)
    config = attrs.evolve(session.config, timeout=Timeout(**limits), deadline=deadline)
    return attrs.evolve(session, engine=engine, config=config, clock=asyncio.get_running_loop().time)


@pytest.mark.parametrize("limits", [{"total": 0.05}, {"item": 0.05}, {"deadline": 0.05}])
async def test_a_trickling_body_is_given_up(limits):
    """With total=1 and deadline=2 such a stream still hung after 12 s."""
    session = trickling(Trickle(b" " * 10_000 + b"[]", 0.002), **limits)
    with pytest.raises(APITimeoutError):
        await asyncio.wait_for(anext(session.iterate(USERS)), 5)


async def test_a_trickling_body_is_given_up_between_items():
    content = json.dumps([user(1)])[:-1].encode() + b"," + b" " * 200_000
    session = trickling(Trickle(content, 0.002, 80), item=0.5)
    items = session.iterate(USERS)
    assert (await anext(items)).id == 1
    with pytest.raises(APITimeoutError, match=r"Timeout\.item"):
        await asyncio.wait_for(anext(items), 5)


async def test_each_item_has_its_own_time():
    content = b"[" + b",".join(json.dumps(user(n)).encode().ljust(80) for n in range(1, 7)) + b"]"
    session = trickling(Trickle(content, 0.13, 81), item=0.5)
    assert [item.id async for item in session.iterate(USERS)] == [1, 2, 3, 4, 5, 6]


async def test_time_of_the_consumer_does_not_count():
    content = json.dumps([user(1), user(2)]).encode()
    session = trickling(Trickle(content, 0.0, 40), item=0.6, total=0.6, deadline=0.6)
    seen = []
    async for item in session.iterate(USERS):
        seen.append(item.id)
        await asyncio.sleep(0.4)
    assert seen == [1, 2]


async def test_an_error_body_that_trickles_is_given_up():
    session = trickling(Trickle(b" " * 10_000, 0.002, status=500), total=0.05)
    with pytest.raises(APITimeoutError):
        await asyncio.wait_for(anext(session.iterate(USERS)), 5)


async def test_open_stream_reads_no_more_than_the_first_item():
    session, _ = session_on(response(200, [user(), {"id": "odd"}]), clock=Clock())
    items, first = await open_stream(begin(session, USERS))
    assert first == [USER]
    await items.aclose()


@pytest.mark.parametrize("endless", [b" " * 65_536, b"{}," * 20_000, b"1," * 30_000])
async def test_a_fast_server_without_a_good_item_is_given_up(endless):
    """Only waiting once counted, and a server that sends white space at full speed held the call for ever."""

    class Fast(Trickle):
        async def chunks(self):
            yield b"["
            while True:
                yield endless

    session = trickling(Fast(b"", 0), item=0.2)
    with pytest.raises(APITimeoutError):
        await asyncio.wait_for(anext(session.iterate(USERS, lambda _: None)), 10)


async def test_white_space_is_skipped_at_once():
    content = b"[" + b" " * 4_000_000 + json.dumps(user()).encode() + b"]"
    session = trickling(Trickle(content, 0, 1_000_000), item=5)
    assert [item.id async for item in session.iterate(USERS)] == [1]


async def test_an_exception_of_on_error_is_the_callers_own():
    def stop(_):
        raise StopSearchError

    class StopSearchError(Exception):
        pass

    session, _ = session_on(response(200, [{"login": "no id"}]))
    with pytest.raises(StopSearchError):
        [item async for item in session.iterate(USERS, stop)]
