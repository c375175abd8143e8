"""A client that outlives its event loop, or is used from two."""

from __future__ import annotations

import asyncio
import threading

import aiohttp
import httpx
import pytest
import respx

from coggno import APIConnectionError, AsyncCoggno, ConfigurationError
from coggno._engines.default import DefaultEngine
from coggno.sandbox import Sandbox, ServerThread

KEY = "test_key"
ADA = {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace", "password": "difference-engine"}

# what was open ended with its loop, and Python reports it in one way or another
pytestmark = pytest.mark.filterwarnings("ignore:(?i)unclosed:ResourceWarning")


@pytest.mark.parametrize("http_client", [None, "aiohttp"])
def test_own_connections_begin_anew_in_the_next_loop(http_client):
    """Not with a connection of the loop before: a write on that would be in doubt, and was not even sent."""
    exchanges = []
    with ServerThread(Sandbox()) as url:
        coggno = AsyncCoggno(KEY, base_url=url, on_exchange=exchanges.append, http_client=http_client)

        async def create():
            async with coggno:
                return await coggno.users.create(**ADA)

        async def list_users():
            return await coggno.users.list()

        assert asyncio.run(list_users()) == []
        assert asyncio.run(list_users()) == []
        assert asyncio.run(create()).login == "ada@example.com"
    assert [(exchange.attempt, exchange.outcome) for exchange in exchanges] == [(1, "done")] * 3


def test_new_loop_has_a_new_queue():
    """The one before may be full for ever: the calls that held its turns ended with their loop."""
    with ServerThread(Sandbox()) as url:
        coggno = AsyncCoggno(KEY, base_url=url, max_connections=1, timeout=5)
        engine = coggno._session.engine
        assert isinstance(engine, DefaultEngine)

        async def hold():
            await coggno.users.list()
            await engine.pool.acquire(coggno._session.config.timeout)

        async def list_users():
            async with coggno:
                return await coggno.users.list()

        asyncio.run(hold())
        assert asyncio.run(list_users()) == []


@pytest.mark.parametrize("http_client", [None, "aiohttp"])
def test_two_loops_at_once_are_refused(http_client):
    with ServerThread(Sandbox()) as url:
        failures = []

        async def elsewhere(coggno):
            try:
                await coggno.users.list()
            except ConfigurationError as error:
                failures.append(str(error))

        async def main():
            async with AsyncCoggno(KEY, base_url=url, http_client=http_client) as coggno:
                await coggno.users.list()
                thread = threading.Thread(target=lambda: asyncio.run(elsewhere(coggno)))
                thread.start()
                await asyncio.to_thread(thread.join)
                assert await coggno.users.list() == []

        asyncio.run(main())
    assert failures == ["the client is in use in another event loop; make one for each loop"]


@pytest.mark.parametrize("make", [lambda: httpx.AsyncClient(trust_env=False), aiohttp.ClientSession])
def test_callers_client_belongs_to_its_loop(make):
    """It would fail on the connections of the loop before, with a RuntimeError of its own."""
    with ServerThread(Sandbox()) as url:

        async def first():
            coggno = AsyncCoggno(KEY, base_url=url, http_client=make())
            assert await coggno.users.list() == []
            return coggno

        async def second(coggno):
            with pytest.raises(ConfigurationError, match="in an event loop that has ended; make one for each loop"):
                await coggno.users.list()

        coggno = asyncio.run(first())
        asyncio.run(second(coggno))


def test_test_double_of_httpx_works_in_any_loop():
    client = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200, json=[])))
    coggno = AsyncCoggno(KEY, http_client=client)

    async def list_users():
        return await coggno.users.list()

    assert [asyncio.run(list_users()), asyncio.run(list_users())] == [[], []]


@pytest.mark.parametrize("http_client", [None, "aiohttp"])
def test_client_may_be_closed_in_another_loop(http_client):
    with ServerThread(Sandbox()) as url:
        coggno = AsyncCoggno(KEY, base_url=url, http_client=http_client)

        async def list_users():
            return await coggno.users.list()

        assert asyncio.run(list_users()) == []
        asyncio.run(coggno.aclose())
        with pytest.raises(ConfigurationError, match="the client is closed"):
            asyncio.run(list_users())


def test_client_in_use_is_closed_in_its_own_loop():
    with ServerThread(Sandbox()) as url:
        failures = []

        async def elsewhere(coggno):
            try:
                await coggno.aclose()
            except ConfigurationError as error:
                failures.append(str(error))

        async def main():
            async with AsyncCoggno(KEY, base_url=url) as coggno:
                await coggno.users.list()
                await asyncio.to_thread(lambda: asyncio.run(elsewhere(coggno)))
                assert await coggno.users.list() == []

        asyncio.run(main())
    assert failures == ["the client is in use in another event loop; make one for each loop"]


def test_call_left_in_an_ended_loop_is_forgotten():
    """A loop may be closed without cancelling its tasks; their time limits cannot be moved any more."""
    coggno = AsyncCoggno(KEY, base_url="http://localhost:1", max_retries=0)

    async def fail():
        with pytest.raises(APIConnectionError):
            await coggno.users.list()
        coggno._session.engine._calls.scopes.add(object())

    asyncio.run(fail())
    asyncio.run(coggno.aclose())
    assert coggno._session.engine._calls.scopes == set()


@respx.mock
def test_mocked_default_engine_works_in_any_loop():
    respx.get("https://beta.coggno.com/api/v1/users").respond(json=[])
    coggno = AsyncCoggno(KEY)

    async def list_users():
        return await coggno.users.list()

    assert [asyncio.run(list_users()), asyncio.run(list_users())] == [[], []]
