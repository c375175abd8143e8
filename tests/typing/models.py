"""User code on models, raw responses and items that cannot be decoded; checked by mypy and pyright, never run."""

from __future__ import annotations

from typing import Any, assert_type

from coggno import (
    AsyncCoggno,
    Company,
    DecodeError,
    Document,
    DocumentLicense,
    DocumentLicenses,
    DocumentSummary,
    Group,
    LicenseUser,
    PartialWriteError,
    Response,
    User,
    UserLicense,
    UserLicenses,
    operations,
    to_dict,
)


async def raw_responses(coggno: AsyncCoggno) -> None:
    response = await coggno.call(operations.get_user, 7)
    assert_type(response, Response[User])
    assert_type(response.value.login, str)
    assert_type(response.status, int | None)
    assert_type(response.settled, bool)
    assert_type(await coggno.call(operations.list_groups), Response[list[Group]])
    await coggno.call(operations.get_user)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]


async def skipped_items(coggno: AsyncCoggno) -> None:
    errors: list[DecodeError] = []
    async for user in coggno.users.iter(on_error=errors.append):
        assert_type(user, User)


async def models(coggno: AsyncCoggno) -> None:
    assert_type(await coggno.companies.list(), list[Company])
    assert_type(await coggno.documents.list(), list[Document])
    licenses = await coggno.users.licenses(7)
    assert_type(licenses, UserLicenses)
    assert_type(licenses.user, LicenseUser)
    assert_type(licenses.licenses, list[UserLicense])
    assert_type(licenses.licenses[0].document, DocumentSummary)
    holders = await coggno.documents.licenses(5)
    assert_type(holders, DocumentLicenses)
    assert_type(holders.licenses, list[DocumentLicense])
    assert_type(to_dict(licenses), dict[str, Any])
    assert_type(licenses.extra, dict[str, Any])


async def partial(coggno: AsyncCoggno) -> None:
    strict = coggno.with_options(decoding="strict", headers={"traceparent": "00-0-0-01"})
    try:
        await strict.users.create(email="a@b.c", first_name="A", last_name="B", password="s3cret-word", group_id=3)
    except PartialWriteError as error:
        await coggno.groups.users.add(3, error.value.id)
    result = await coggno.groups.ensure(name="Warehouse")
    group, created = result
    assert_type(group, Group)
    assert_type(created, bool)
    assert_type(result.settled, bool)
