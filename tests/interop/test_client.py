"""Mock servers that validate requests accept everything that the client sends."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import attrs
import httpx
import pytest

from coggno import APIStatusError, AsyncCoggno, BadRequestError, Exchange, Request
from coggno._generated import operations

from . import tools
from .calls import CALLS

pytestmark = pytest.mark.node

VIOLATIONS = "sl-violations"
ENGINES = ("own", "aiohttp", "httpx")


@pytest.fixture(scope="module")
def prism() -> Generator[str]:
    """Run Prism's mock server, which reports violations in a response header."""
    port = tools.free_port()
    command = ("node", tools.program("prism"), "mock", "-h", "127.0.0.1", "-p", str(port), "--errors", tools.SPEC)
    with tools.served(*command, port=port) as url:
        yield url


@pytest.fixture(scope="module")
def validator() -> Generator[str]:
    """Run express-openapi-validator, which rejects invalid requests and undeclared fields."""
    port = tools.free_port()
    with tools.served("node", tools.HERE / "validator.mjs", tools.SPEC, str(port), port=port) as url:
        yield url


@asynccontextmanager
async def client(url: str, engine: str = "own", **options: Any) -> AsyncGenerator[tuple[AsyncCoggno, list[Exchange]]]:
    """Yield a client and the list of its exchanges."""
    exchanges: list[Exchange] = []
    async with AsyncExitStack() as stack:
        if engine == "httpx":
            options["http_client"] = await stack.enter_async_context(httpx.AsyncClient(verify=False))
        elif engine == "aiohttp":
            options["http_client"] = engine
        coggno = AsyncCoggno("test_key", base_url=url, decoding="strict", on_exchange=exchanges.append, **options)
        yield await stack.enter_async_context(coggno), exchanges


def test_calls_cover_all_operations(operations):
    assert {call.operation for call in CALLS} == set(operations)
    assert len(operations) == 18


@pytest.mark.parametrize("lms", [None, 7])
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("call", CALLS, ids=str)
async def test_prism_reports_no_violation(prism, call, engine, lms):
    async with client(prism, engine, lms=lms) as (coggno, exchanges):
        await call.carry_out(coggno)
    assert exchanges[-1].operation == call.operation
    assert {exchange.status for exchange in exchanges} == {200}
    assert not any(VIOLATIONS in exchange.headers for exchange in exchanges)


@pytest.mark.parametrize("lms", [None, 7])
@pytest.mark.parametrize("prefix", ["", "/capp"])
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("call", CALLS, ids=str)
async def test_validator_accepts_every_call(validator, call, engine, prefix, lms):
    async with client(validator + prefix, engine, lms=lms) as (coggno, exchanges):
        await call.carry_out(coggno)
    assert exchanges[-1].operation == call.operation
    assert {exchange.status for exchange in exchanges} == {200}


# Both servers report mistakes.


async def test_prism_reports_a_missing_field(prism):
    async with client(prism) as (coggno, exchanges):
        with pytest.raises(APIStatusError):
            await coggno.send(unchecked(Request(operation=operations.CREATE_GROUP, form={"description": "no name"})))
    assert "'name'" in exchanges[0].headers[VIOLATIONS]


async def test_prism_reports_an_invalid_header(prism):
    """Our client does not send this header, so another one does."""
    async with httpx.AsyncClient(base_url=prism, auth=("test_key", "")) as other:
        response = await other.get("/api/v1/groups", headers={"Coggno-LMS": "seven"})
    assert "coggno-lms" in response.headers[VIOLATIONS]


def unchecked(request):
    """The same request without our own checks, so that the other tool gets to see the mistake."""
    return attrs.evolve(request, operation=attrs.evolve(request.operation, constraints={}))


@pytest.mark.parametrize(
    ("request_", "violation"),
    [
        (Request(operation=operations.CREATE_GROUP, form={"name": "x", "descripton": "x"}), "/body/descripton"),
        (Request(operation=operations.CREATE_GROUP, form={"description": "no name"}), "/body/name"),
        (Request(operation=operations.DELETE_GROUP_BY_NAME, form={"name": ""}), "/body/name"),
        (Request(operation=operations.ADD_GROUP_USER, path={"group_id": 1}, form={"id": "ann"}), "/body/id"),
        (Request(operation=operations.LIST_USERS, query={"page": 2}), "/query/page"),
    ],
)
async def test_validator_rejects_a_mistake(validator, request_, violation):
    async with client(validator) as (coggno, _):
        with pytest.raises(BadRequestError) as caught:
            await coggno.send(unchecked(request_))
    assert violation in str(caught.value.body)


async def test_validator_rejects_a_short_password(validator):
    async with client(validator) as (coggno, _):
        with pytest.raises(BadRequestError) as caught:
            form = {"email": "a@b.example", "first_name": "a", "last_name": "b", "password": "short"}
            await coggno.send(unchecked(Request(operation=operations.CREATE_USER, form=form)))
    assert "/body/password" in str(caught.value.body)


async def test_validator_requires_the_key(validator):
    async with httpx.AsyncClient(base_url=validator) as anonymous:
        assert (await anonymous.get("/api/v1/users")).status_code == 401
        assert (await anonymous.get("/api/v1/users", auth=("test_key", "not-empty"))).status_code == 401
