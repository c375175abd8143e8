"""Serves the example applications over sockets, with a sandbox behind them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from aiohttp import web

from examples.provisioning_web import aiohttp_app, fastapi_app


@asynccontextmanager
async def _fastapi() -> AsyncIterator[str]:
    config = uvicorn.Config(fastapi_app.app, port=0, log_level="critical", timeout_graceful_shutdown=5, ws="none")
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None
    serving = asyncio.create_task(server.serve())
    while not server.started:
        assert not serving.done()
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def _aiohttp() -> AsyncIterator[str]:
    runner = web.AppRunner(aiohttp_app.create_app(), shutdown_timeout=5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
    finally:
        await runner.cleanup()


KEY = "test_0123456789abcdef"
SERVERS = {"fastapi": _fastapi, "aiohttp": _aiohttp}


def environment(url: str, folder: Path) -> dict[str, str]:
    """The settings of an application."""
    return {
        "COGGNO_API_KEY": KEY,
        "COGGNO_BASE_URL": url,
        "PROVISIONING_FOLDER": str(folder / "runs"),
    }
