"""The example applications, served over sockets, with a sandbox behind them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from coggno.sandbox import Sandbox, ServerThread
from tests.examples.servers import SERVERS, environment


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox, which the environment of the applications names."""
    sandbox = Sandbox()
    with ServerThread(sandbox) as url:
        for name, value in environment(url, tmp_path).items():
            monkeypatch.setenv(name, value)
        yield sandbox


@pytest.fixture(params=SERVERS)
async def address(request: pytest.FixtureRequest, sandbox: Sandbox) -> AsyncIterator[str]:
    """The URL of each of the applications."""
    async with SERVERS[request.param]() as url:
        yield url


@pytest.fixture
async def browser(address: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application."""
    async with httpx.AsyncClient(base_url=address, timeout=30) as client:
        yield client
