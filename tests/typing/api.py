"""Typical user code, never run: mypy --strict and pyright strict must be happy with it."""

from __future__ import annotations

import datetime as dt
import logging
from typing import assert_type

import httpx

from coggno import (
    APIError,
    APIStatusError,
    AsyncCoggno,
    Exchange,
    NotFoundError,
    Operation,
    OutcomeUnknownError,
    Request,
    Timeout,
)
from coggno.models import Company, Document, DocumentLicenses, Group, User, UserLicenses

logger = logging.getLogger(__name__)


def on_exchange(exchange: Exchange) -> None:
    logger.info("%s %s %s", exchange.operation, exchange.status, exchange.elapsed)


async def reads() -> None:
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
        for licence in licenses.licenses:
            assert_type(licence.complete_date, dt.date | None)
            assert_type(licence.document.title, str)
        async for user in coggno.users.iter():
            assert_type(user, User)
            assert_type(user.login, str)


async def writes(coggno: AsyncCoggno) -> None:
    company = await coggno.companies.create(email="a@example.com", first_name="A", last_name="B", password="secret")
    tenant = coggno.as_company(company.id).with_options(timeout=10, max_retries=0)
    group, created = await tenant.groups.ensure(name="Warehouse")
    assert_type(group, Group)
    assert_type(created, bool)
    user = await tenant.users.create(
        email="a@example.com", first_name="A", last_name="B", password="secret", login=None, group_id=group.id
    )
    assert_type(await tenant.groups.users.add(group.id, user.id), User)
    assert_type(await tenant.users.delete(user.id), User | None)


async def errors(coggno: AsyncCoggno) -> str | None:
    try:
        await coggno.users.get("ada")
    except NotFoundError as error:
        assert_type(error.status_code, int)
        return error.code
    except APIStatusError as error:
        return error.request_id
    except OutcomeUnknownError as error:
        return repr(error.candidates)
    except APIError as error:
        return error.outcome
    return None


async def open_door(client: httpx.AsyncClient) -> list[User]:
    find = Operation[list[User]](
        id="findUsers", method="GET", path="/api/v1/users", returns=list[User], shape="many", retry="safe"
    )
    async with AsyncCoggno(http_client=client) as coggno:
        return await coggno.send(Request(operation=find, query={"q": "ada"}))
