"""A client that is forgotten open is reported when it is collected, with the line that made it."""

import asyncio
import gc
import sys
import types
import warnings

import pytest

from coggno import AsyncCoggno
from coggno._engines.base import Connections


async def respond(reader, writer):
    try:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")
    except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionResetError):
        pass
    finally:
        writer.close()


@pytest.fixture
async def url():
    server = await asyncio.start_server(respond, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


def collected():
    """Return what our own code warns of while garbage is collected."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        gc.collect()
    return [str(item.message) for item in caught if "coggno" in str(item.message)]


async def connected(url):
    coggno = AsyncCoggno("test_key", base_url=url)
    await coggno.groups.list()
    return coggno


async def test_a_forgotten_client_is_reported(url, monkeypatch):
    monkeypatch.setitem(sys.modules, "tracemalloc", types.ModuleType("tracemalloc"))
    coggno = await connected(url)
    copy = coggno.as_company(3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        del coggno
        gc.collect()  # the copy still uses the connections
    assert copy._session.engine.connections == Connections(idle=1, in_use=0, waiting=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        del copy
        gc.collect()
    (message,) = [str(item.message) for item in caught if "coggno was not closed" in str(item.message)]
    assert "use `async with AsyncCoggno(...)`, or `await aclose()`" in message
    assert f"{__file__}:" in message


async def test_a_closed_client_is_not_reported(url):
    coggno = await connected(url)
    await coggno.aclose()
    del coggno
    assert collected() == []


async def test_a_client_that_never_connected_is_not_reported():
    AsyncCoggno("test_key")
    assert collected() == []


async def test_nothing_is_reported_while_the_interpreter_exits(url, monkeypatch):
    coggno = await connected(url)
    monkeypatch.setattr(sys, "is_finalizing", lambda: True)
    coggno._session.engine.__del__()
    monkeypatch.undo()
    await coggno.aclose()
