"""Fixtures of the sandbox's tests: a sandbox on a clock that is moved by hand, and a client in process."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from coggno.sandbox import ManualClock, Sandbox
from tests.sandbox.helpers import connect


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def sandbox(clock: ManualClock) -> Sandbox:
    return Sandbox(clock=clock)


@pytest.fixture
async def api(sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    async with connect(sandbox) as client:
        yield client
