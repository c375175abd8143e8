"""A client that outlives its event loop, or is used from two."""

from __future__ import annotations

import asyncio
import threading

import pytest

from coggno import AsyncCoggno, ConfigurationError
from coggno.sandbox import Sandbox, ServerThread

KEY = "test_key"
ADA = {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace", "password": "difference-engine"}

# what was open ended with its loop, and Python says so in one way or another
pytestmark = pytest.mark.filterwarnings("ignore:unclosed (transport|<socket):ResourceWarning")


def test_the_default_engine_begins_anew_in_the_next_loop():
    """Not with a connection of the loop before: a write on that would be in doubt, and was not even sent."""
    sandbox = Sandbox()
    seen = []
    with ServerThread(sandbox) as url:
        coggno = AsyncCoggno(KEY, base_url=url, on_exchange=seen.append)

        async def look():
            return await coggno.users.list()

        async def create():
            async with coggno:
                return await coggno.users.create(**ADA)

        assert asyncio.run(look()) == []
        assert asyncio.run(look()) == []
        assert asyncio.run(create()).login == "ada@example.com"
    assert [(exchange.attempt, exchange.outcome) for exchange in seen] == [(1, "done")] * 3


def test_two_loops_at_once_are_refused():
    with ServerThread(Sandbox()) as url:
        failures = []

        async def elsewhere(coggno):
            try:
                await coggno.users.list()
            except ConfigurationError as error:
                failures.append(str(error))

        async def main():
            async with AsyncCoggno(KEY, base_url=url) as coggno:
                await coggno.users.list()
                thread = threading.Thread(target=lambda: asyncio.run(elsewhere(coggno)))
                thread.start()
                await asyncio.to_thread(thread.join)
                assert await coggno.users.list() == []

        asyncio.run(main())
    assert failures == ["the client is in use in another event loop; make one for each loop"]


def test_aiohttp_stays_in_the_loop_where_it_was_made():
    async def make():
        return AsyncCoggno(KEY, base_url="http://localhost:1", http_client="aiohttp")

    async def use(coggno):
        async with coggno:
            with pytest.raises(ConfigurationError, match="another event loop"):
                await coggno.users.list()

    coggno = asyncio.run(make())
    asyncio.run(use(coggno))
