"""A client of a sandbox in this process, and one with the training of a company."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from coggno import AsyncCoggno
from coggno.sandbox import Sandbox


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(documents=False)


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[AsyncCoggno]:
    transport = httpx.ASGITransport(sandbox)
    async with (
        httpx.AsyncClient(transport=transport) as http,
        AsyncCoggno("test_key", base_url="http://127.0.0.1", http_client=http) as client,
    ):
        yield client
