"""Every case on every engine: how one attempt ends, how often it was received, what the client does then."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from coggno import APIConnectionError, APIError, APITimeoutError, DecodeError
from coggno._engines.base import EngineResponse
from coggno.models import User

from .bench import GRACE, Bench, bench
from .cases import CASES, Case
from .kinds import Kind, on_every_engine
from .secrecy import secrets_in

pytestmark = pytest.mark.untraced  # hundreds of cases of lines that other tests run, too

BIG = "x" * 8_000_000 + "@x.example"  # more than the buffers of both sides hold

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
every_case_but_uploads = pytest.mark.parametrize(
    "case", [case for case in CASES if not case.upload], ids=lambda case: case.name
)


@asynccontextmanager
async def stage(case: Case, kind: Kind) -> AsyncIterator[Bench]:
    scripts = [case.script] if case.script else []
    async with bench(kind, *scripts, trouble=case.trouble, limits=case.limits, tls=case.tls, host=case.host) as this:
        yield this


async def ending(attempt: Awaitable[EngineResponse]) -> tuple[int | str, APIError | None]:
    """Return in the words of a `Case` what an attempt ends in."""
    try:
        return (await attempt).status, None
    except APITimeoutError as error:
        return f"{error.outcome} timeout", error
    except APIConnectionError as error:
        return f"{error.outcome} connection", error
    except DecodeError as error:
        return f"{error.outcome} decode", error


def form(case: Case) -> dict[str, Any]:
    return {**GRACE, "email": BIG} if case.upload else GRACE


@every_case
@on_every_engine
async def test_one_attempt(case: Case, kind: Kind):
    """It ends as in the table, was sent at most once, shows no secret, and leaves the pool as it was."""
    async with stage(case, kind) as this:
        result, error = await ending(this.create(**form(case)))
        assert result == case.expected_by(kind)
        assert this.server.methods == " ".join(["POST"] * case.received)
        if error is not None:
            assert list(secrets_in(error)) == []
        await this.end_trouble()
        await this.server.at_most_open(1)


async def end(call: Awaitable[Any]) -> tuple[Any, str]:
    """Return what a call through the client responses, and in the words of a `Case` the error that it ends in."""
    try:
        return await call, ""
    except APIError as error:
        secrets = list(secrets_in(error))
        return None, f": {type(error).__name__}{secrets or ''}"


@every_case_but_uploads
@on_every_engine
async def test_a_read_through_the_client(case: Case, kind: Kind):
    async with stage(case, kind) as this:
        found, ending = await end(this.coggno.users.get("ada"))
        assert this.server.methods + ending == case.through_by(kind).get
        assert ending or found == ADA
        await this.server.at_most_open(1)


@every_case
@on_every_engine
async def test_a_write_through_the_client_happens_once(case: Case, kind: Kind):
    async with stage(case, kind) as this:
        made, ending = await end(this.coggno.users.create(**form(case)))
        assert this.server.methods + ending == case.through_by(kind).post
        assert this.server.effects == ([] if ending else ["made grace"])
        assert ending or made.login == "grace"
        await this.server.at_most_open(1)


@every_case_but_uploads
@on_every_engine
async def test_a_removal_through_the_client_happens_once(case: Case, kind: Kind):
    async with stage(case, kind) as this:
        _, ending = await end(this.coggno.users.delete("ada"))
        assert this.server.methods + ending == case.through_by(kind).delete
        assert this.server.effects == ([] if ending else ["deleted ada"])
        await this.server.at_most_open(1)


ADA = User(id=1, login="ada", first_name="Ada", last_name="Lovelace")
