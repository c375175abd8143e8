"""The engines under test, each as the `http_client=` that an application would give."""

from __future__ import annotations

import importlib
import importlib.util
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import aiohttp
import httpx
import pytest
from attrs import frozen


@frozen
class Setting:
    """What a client has to be made with."""

    trust: ssl.SSLContext
    """Whom to trust."""
    size: int
    """Connections at once."""


@frozen
class Kind:
    """One way to give `http_client=`."""

    name: str
    opened: Callable[[Setting], AbstractAsyncContextManager[Any]]
    needs: str | None = None
    """A module that may be missing."""

    def __str__(self) -> str:
        return self.name


@asynccontextmanager
async def _default(setting: Setting) -> AsyncIterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("httpx.create_ssl_context", lambda: setting.trust)
        yield None


@asynccontextmanager
async def _httpx(setting: Setting) -> AsyncIterator[httpx.AsyncClient]:
    limits = httpx.Limits(max_connections=setting.size)
    async with httpx.AsyncClient(verify=setting.trust, limits=limits, trust_env=False) as client:
        yield client


@asynccontextmanager
async def _httpx2(setting: Setting) -> AsyncIterator[Any]:
    httpx2 = importlib.import_module("httpx2")
    limits = httpx2.Limits(max_connections=setting.size)
    async with httpx2.AsyncClient(verify=setting.trust, limits=limits, trust_env=False) as client:
        yield client


@asynccontextmanager
async def _aiohttp(setting: Setting) -> AsyncIterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("httpx.create_ssl_context", lambda: setting.trust)
        yield "aiohttp"


@asynccontextmanager
async def _session(setting: Setting) -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.TCPConnector(ssl=setting.trust, limit=setting.size)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield session


DEFAULT = Kind("default", _default)
HTTPX = Kind("httpx", _httpx)
HTTPX2 = Kind("httpx2", _httpx2, needs="httpx2")
AIOHTTP = Kind("aiohttp", _aiohttp)
SESSION = Kind("aiohttp session", _session)
KINDS = (DEFAULT, HTTPX, HTTPX2, AIOHTTP, SESSION)


def on(*kinds: Kind) -> pytest.MarkDecorator:
    """Run a test on these engines; on one whose library is missing it is skipped."""
    return pytest.mark.parametrize(
        "kind", [pytest.param(kind, marks=_skipped_if_missing(kind)) for kind in kinds], ids=str
    )


def _skipped_if_missing(kind: Kind) -> pytest.MarkDecorator:
    is_missing = kind.needs is not None and importlib.util.find_spec(kind.needs) is None
    return pytest.mark.skipif(is_missing, reason=f"{kind.needs} is not installed")


on_every_engine = on(*KINDS)
