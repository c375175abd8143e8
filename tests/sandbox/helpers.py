"""What the tests of the sandbox share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx

from coggno.sandbox import Sandbox

KEY = "test_key"
PASSWORD = "hunter2-and-more"


def connect(sandbox: Sandbox, *, key: str | None = KEY, company: int | str | None = None) -> httpx.AsyncClient:
    """A plain httpx client that talks to the sandbox in process."""
    return client(httpx.ASGITransport(app=sandbox), "http://localhost", key=key, company=company)


def client(
    transport: httpx.AsyncBaseTransport | None,
    base_url: str,
    *,
    key: str | None = KEY,
    company: int | str | None = None,
) -> httpx.AsyncClient:
    headers = {} if company is None else {"Coggno-LMS": str(company)}
    return httpx.AsyncClient(
        transport=transport,
        base_url=f"{base_url}/api/v1/",
        timeout=30,  # hundreds of requests at once, on a busy machine
        auth=None if key is None else (key, ""),
        headers=headers,
    )


def person(login: str | None = None, **more: Any) -> dict[str, Any]:
    """A form for createUser and createCompany."""
    email = login if login and "@" in login else "ann@example.com"
    form = {"email": email, "first_name": "Ann", "last_name": "Lee", "password": PASSWORD}
    return form | ({} if login is None else {"login": login}) | more


async def until(condition: Callable[[], bool]) -> None:
    """Let other tasks run until something holds."""
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0)


def at(user: str) -> str:
    """A login as a path segment."""
    return quote(user, safe="")


def error(response: httpx.Response) -> dict[str, Any]:
    """The content of an error."""
    body = response.json()
    assert body.keys() == {"error"}
    assert body["error"].keys() == {"code", "message", "fields"}
    return body["error"]
