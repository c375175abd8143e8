"""The contract with uvicorn's undocumented parts: a new version that lacks one fails here, by name."""

import asyncio
import socket
import sys

import httpx
import pytest
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from coggno.sandbox import Sandbox, parse_fault, serving
from coggno.sandbox.server import uvicorn_private
from coggno.sandbox.server.connections import EXTENSION
from coggno.sandbox.server.uvicorn_private import (
    DirectServer,
    PlainServer,
    breakable_protocol,
    has_private_parts,
    make_server,
)
from tests.sandbox.helpers import client, person


async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


class TestContract:
    @pytest.mark.parametrize("name", ["load", "loaded", "lifespan_class"])
    def test_config_has(self, name):
        config = uvicorn.Config(app)
        config.load()
        assert hasattr(config, name), f"uvicorn {uvicorn.__version__}: Config.{name} is gone"

    @pytest.mark.parametrize("name", ["startup", "server_state", "started", "should_exit", "force_exit"])
    def test_server_has(self, name):
        assert hasattr(uvicorn.Server(uvicorn.Config(app)), name), f"uvicorn {uvicorn.__version__}: Server.{name}"

    @pytest.mark.parametrize("name", ["connections", "tasks"])
    def test_server_state_has(self, name):
        state = uvicorn.Server(uvicorn.Config(app)).server_state
        assert hasattr(state, name), f"uvicorn {uvicorn.__version__}: ServerState.{name} is gone"

    async def test_protocol_has(self):
        config = uvicorn.Config(app)
        config.load()
        protocol = H11Protocol(config=config, server_state=uvicorn.Server(config).server_state, app_state={})
        for name in ("app", "logger", "transport"):
            assert hasattr(protocol, name), f"uvicorn {uvicorn.__version__}: H11Protocol.{name} is gone"

    def test_this_version_needs_no_fallback(self):
        assert isinstance(make_server(app), DirectServer)


class TestFallback:
    @pytest.fixture(autouse=True)
    def plain(self, monkeypatch):
        monkeypatch.setattr(uvicorn_private, "has_private_parts", lambda _: False)
        assert isinstance(make_server(app), PlainServer)

    async def test_it_serves_and_stops(self, sandbox):
        async with serving(sandbox) as url, client(None, url) as api:
            assert (await api.post("users", data=person("ann"))).status_code == 200
        async with client(None, url) as api:
            with pytest.raises(httpx.ConnectError):
                await api.get("users")

    async def test_open_connections_do_not_delay_the_end(self, sandbox):
        async with client(None, "") as api:
            async with serving(sandbox) as url:
                await api.get(f"{url}/api/v1/users")
                started = asyncio.get_running_loop().time()
            assert asyncio.get_running_loop().time() - started < 5

    async def test_startup_error_is_raised(self, monkeypatch):
        async def failing(self, sockets=None):
            raise OSError("no more sockets")

        monkeypatch.setattr(uvicorn.Server, "serve", failing)
        with pytest.raises(OSError, match="no more sockets"):
            async with serving(app):
                pass


async def test_without_its_h11_protocol_it_still_serves(monkeypatch, sandbox):
    monkeypatch.setitem(sys.modules, "uvicorn.protocols.http.h11_impl", None)
    assert breakable_protocol() == "h11"
    monkeypatch.undo()
    monkeypatch.setattr(uvicorn_private, "breakable_protocol", lambda: "h11")
    async with serving(sandbox) as url, client(None, url) as api:
        assert (await api.get("users")).status_code == 200


def test_a_missing_part_is_noticed():
    server = uvicorn.Server(uvicorn.Config(app))
    assert has_private_parts(server)
    del server.server_state
    assert not has_private_parts(server)


async def test_without_the_extension_a_drop_is_an_error(monkeypatch):
    """With a protocol that lacks the private attributes the client receives a 500 instead."""

    async def without(scope, receive, send):
        scope.get("extensions", {}).pop(EXTENSION, None)
        try:
            await sandbox(scope, receive, send)
        except ConnectionResetError:
            await send({"type": "http.response.start", "status": 500, "headers": []})
            await send({"type": "http.response.body"})

    sandbox = Sandbox(faults=[parse_fault("drop")])
    async with serving(without) as url, client(None, url) as api:
        assert (await api.get("users")).status_code == 500


async def test_a_listener_is_closed_when_the_start_fails(monkeypatch):
    async def failing(self, sockets=None):
        raise RuntimeError("no")

    monkeypatch.setattr(uvicorn.Server, "startup", failing)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(RuntimeError, match="no"):
        async with serving(app, port=port):
            pass
    socket.create_server(("127.0.0.1", port)).close()
