"""Every operation of the client as its users call it, with the fewest values and with all: what witnesses hear.

Stand-ins answer with the spec's examples, so a call needs no state: it reads, creates and deletes what it likes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from attrs import frozen

from coggno import AsyncCoggno

ODD: Final = "ada/../x?#%+&=@. é\u2028\U0001f600"
"""A login that only a careful client can send."""

_ADA: Final = {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace", "password": "s3cret-word"}
_ODD: Final = {"email": "ada+x@example.com", "first_name": "Ada & Æ", "last_name": "= %41\r\n+", "password": "&=%+ é"}


@frozen
class Call:
    """One call.

    Attributes:
        operation: the `operationId` that it stands for.
        manner: what is special about it.
        send: makes it.
    """

    operation: str
    manner: str
    send: Callable[[AsyncCoggno], Awaitable[Any]]

    def __str__(self) -> str:
        return f"{self.operation}-{self.manner}"


CALLS: Final = (
    Call("listCompanies", "plain", lambda coggno: coggno.companies.list()),
    Call("listCompanies", "stream", lambda coggno: _drained(coggno.companies.iter())),
    Call("createCompany", "fewest", lambda coggno: coggno.companies.create(**_ADA)),
    Call("createCompany", "all", lambda coggno: coggno.companies.create(**_ODD, name="A & B", login=ODD)),
    Call("listGroups", "plain", lambda coggno: coggno.groups.list()),
    Call("listGroups", "stream", lambda coggno: _drained(coggno.groups.iter())),
    Call("createGroup", "fewest", lambda coggno: coggno.groups.create(name="Warehouse")),
    Call("createGroup", "all", lambda coggno: coggno.groups.create(name=ODD, description="1\r\n2 & 3")),
    Call("deleteGroupByName", "plain", lambda coggno: coggno.groups.delete_by_name("Warehouse")),
    Call("deleteGroupByName", "odd", lambda coggno: coggno.groups.delete_by_name(ODD)),
    Call("getGroup", "plain", lambda coggno: coggno.groups.get(1)),
    Call("deleteGroup", "fewest", lambda coggno: coggno.groups.delete(1)),
    Call("deleteGroup", "all", lambda coggno: coggno.groups.delete(1, "Warehouse")),
    Call("listGroupUsers", "plain", lambda coggno: coggno.groups.users.list(1)),
    Call("listGroupUsers", "stream", lambda coggno: _drained(coggno.groups.users.iter(1))),
    Call("addGroupUser", "plain", lambda coggno: coggno.groups.users.add(1, 2)),
    Call("getGroupUser", "id", lambda coggno: coggno.groups.users.get(1, 2)),
    Call("getGroupUser", "login", lambda coggno: coggno.groups.users.get(1, ODD)),
    Call("removeGroupUser", "id", lambda coggno: coggno.groups.users.remove(1, 2)),
    Call("removeGroupUser", "login", lambda coggno: coggno.groups.users.remove(1, ODD)),
    Call("listUsers", "plain", lambda coggno: coggno.users.list()),
    Call("listUsers", "stream", lambda coggno: _drained(coggno.users.iter())),
    Call("createUser", "fewest", lambda coggno: coggno.users.create(**_ADA)),
    Call("createUser", "all", lambda coggno: coggno.users.create(**_ODD, login=ODD, group_id=3)),
    Call("getUser", "id", lambda coggno: coggno.users.get(1)),
    Call("getUser", "login", lambda coggno: coggno.users.get(ODD)),
    Call("deleteUser", "id", lambda coggno: coggno.users.delete(1)),
    Call("deleteUser", "login", lambda coggno: coggno.users.delete(ODD)),
    Call("getUserLicenses", "id", lambda coggno: coggno.users.licenses(1)),
    Call("getUserLicenses", "login", lambda coggno: coggno.users.licenses(ODD)),
    Call("listDocuments", "plain", lambda coggno: coggno.documents.list()),
    Call("listDocuments", "stream", lambda coggno: _drained(coggno.documents.iter())),
    Call("getDocumentLicenses", "plain", lambda coggno: coggno.documents.licenses(1)),
)


async def _drained(things: Any) -> list[Any]:
    return [thing async for thing in things]
