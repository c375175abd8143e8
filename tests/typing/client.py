"""User code for the client, never run: mypy --strict and pyright strict must accept it."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any, assert_type

import httpx

from coggno import (
    UNSET,
    AmbiguousNameError,
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AsyncCoggno,
    Attempt,
    AuthenticationError,
    BadRequestError,
    CoggnoError,
    ConfigurationError,
    DecodeError,
    Ensured,
    Exchange,
    InvalidRequestError,
    NotFoundError,
    Operation,
    OutcomeUnknownError,
    PartialWriteError,
    PermissionDeniedError,
    RateLimitError,
    Request,
    Response,
    Send,
    ServerError,
    Settle,
    Timeout,
    UnprocessableEntityError,
    testing,
)
from coggno import __version__ as coggno_version
from coggno.models import (
    Company,
    Document,
    DocumentLicense,
    DocumentLicenses,
    DocumentSummary,
    Group,
    LicenseUser,
    User,
    UserLicense,
    UserLicenses,
)

logger = logging.getLogger(__name__)


def on_exchange(exchange: Exchange) -> None:
    logger.info("%s %s %s", exchange.operation, exchange.status, exchange.elapsed)


async def on_request(attempt: Attempt) -> None:
    attempt.headers["traceparent"] = str(attempt.state.setdefault("started", attempt.attempt))


def skip_pauses() -> None:
    testing.set_testing(True, attempts=2)
    with testing.set_testing(False) as nothing:
        assert_type(nothing, None)
    assert_type(testing.is_testing(), bool)


async def reads() -> None:
    hooks = AsyncCoggno(on_request=on_request, on_exchange=on_exchange)
    hooks.with_options(on_request=None)
    async with AsyncCoggno(timeout=Timeout(read=30), max_retries=2, on_exchange=on_exchange) as coggno:
        assert_type(await coggno.companies.list(), list[Company])
        assert_type(await coggno.groups.list(), list[Group])
        assert_type(await coggno.groups.get(1), Group)
        assert_type(await coggno.groups.users.list(1), list[User])
        assert_type(await coggno.groups.users.get(1, "ada"), User)
        assert_type(await coggno.users.get("ada"), User)
        assert_type(await coggno.documents.list(), list[Document])
        assert_type(await coggno.documents.licenses(1), DocumentLicenses)
        licenses = await coggno.users.licenses(1)
        assert_type(licenses, UserLicenses)
        for item in licenses.licenses:
            assert_type(item.complete_date, dt.date | None)
            assert_type(item.document.title, str)
        async for user in coggno.users.iter():
            assert_type(user, User)
            assert_type(user.login, str)


async def writes(coggno: AsyncCoggno) -> None:
    company = await coggno.companies.create(email="a@example.com", first_name="A", last_name="B", password="secret")
    tenant = coggno.as_company(company.id).with_options(timeout=10, max_retries=0)
    ensured = await tenant.groups.ensure(name="Warehouse")
    assert_type(ensured, Ensured[Group])
    group, created = ensured
    assert_type(group, Group)
    assert_type(created, bool)
    user = await tenant.users.create(
        email="a@example.com", first_name="A", last_name="B", password="secret", login=None, group_id=group.id
    )
    assert_type(await tenant.groups.users.add(group.id, user.id), User)
    assert_type(await tenant.users.delete(user.id), User | None)


async def status_errors(coggno: AsyncCoggno) -> object:
    try:
        await coggno.users.get("ada")
    except (
        BadRequestError,
        AuthenticationError,
        PermissionDeniedError,
        UnprocessableEntityError,
        ServerError,
    ) as error:
        assert_type(error.errors, Any)
        return error.body
    except RateLimitError as error:
        assert_type(error.retry_after, dt.timedelta | None)
    except NotFoundError as error:
        assert_type(error.status_code, int)
        return error.code
    except APIStatusError as error:
        return error.request_id
    return None


async def other_api_errors(coggno: AsyncCoggno) -> object:
    try:
        await coggno.users.delete(7)
    except DecodeError as error:
        assert_type(error.path, str)
    except PartialWriteError as error:
        return error.value
    except OutcomeUnknownError as error:
        return error.candidates
    except (APITimeoutError, APIConnectionError) as error:
        assert_type(error.retryable, bool)
    except APIError as error:
        assert_type(error.attempts, int)
        return error.outcome
    return None


async def errors_of_the_caller(coggno: AsyncCoggno) -> object:
    try:
        await coggno.groups.ensure(name="Warehouse")
    except AmbiguousNameError as error:
        return error.candidates
    except (ConfigurationError, InvalidRequestError) as error:
        return str(error)
    except CoggnoError as error:
        return error.args
    return None


async def own_operation(client: httpx.AsyncClient) -> list[User]:
    read = Operation[User](
        id="readUser", method="GET", path="/api/v1/users/{user}", returns=User, shape="one", retry="safe"
    )
    find = Operation[list[User]](
        id="findUsers", method="GET", path="/api/v1/users", returns=list[User], shape="many", retry="safe"
    )
    assert_type(read.settle, Settle | None)
    async with AsyncCoggno(http_client=client) as coggno:
        return await coggno.send(Request(operation=find, query={"q": "ada"}))


async def operation_without_annotations(coggno: AsyncCoggno) -> None:
    archive = Operation(
        id="archiveGroup",
        method="POST",
        path="/api/v1/groups/{group_id}/archive",
        returns=Group,
        shape="one",
        retry="never",
    )
    assert_type(await coggno.send(Request(operation=archive, path={"group_id": 3})), Group)
    find = Operation(id="findUsers", method="GET", path="/api/v1/users", returns=list[User], shape="many", retry="safe")
    assert_type(await coggno.send(Request(operation=find)), list[User])


async def fake(send: Send) -> User:
    read = Operation[User](id="readUser", method="GET", path="/api/v1/me", returns=User, shape="one", retry="safe")
    return await send(Request(operation=read))


async def responses(coggno: AsyncCoggno) -> None:
    response = await coggno.call(fake)
    assert_type(response, Response[User])
    assert_type(response.value, User)
    assert_type(response.settled, bool)
    assert_type(response.request_id, str | None)


def models(
    user: UserLicense, document: DocumentLicense, summary: DocumentSummary, person: LicenseUser
) -> tuple[object, ...]:
    assert_type(user.document, DocumentSummary)
    assert_type(document.user, LicenseUser)
    return summary.title, person.first_name, coggno_version


def options(coggno: AsyncCoggno) -> AsyncCoggno:
    return coggno.with_options(timeout=UNSET, max_retries=UNSET)
