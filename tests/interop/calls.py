"""Every operation of the client as users call it, with only the required values and with all values.

The mock servers respond with the examples of the spec and keep no state, so the calls do not depend on each other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from attrs import frozen

from coggno import AsyncCoggno, OutcomeUnknownError

ODD: Final = "ada/x?#%+&=@. é\u2028\U0001f600"
"""A login in which every character needs correct quoting."""

_ADA: Final = {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace", "password": "s3cret-word"}
_ODD: Final = {"email": "ada+x@example.com", "first_name": "Ada & Æ", "last_name": "= %41\r\n+", "password": "&=%+ é"}


@frozen
class ClientCall:
    """One call of a client method.

    Attributes:
        operation: the `operationId` of the operation that is called.
        variant: what distinguishes this call from other calls of the operation.
        send: calls the method.
    """

    operation: str
    variant: str
    send: Callable[[AsyncCoggno], Awaitable[Any]]

    def __str__(self) -> str:
        return f"{self.operation}-{self.variant}"

    async def carry_out(self, coggno: AsyncCoggno) -> None:
        """Call the method. The examples are about one user and one group, which a removal of others must notice."""
        try:
            await self.send(coggno)
        except OutcomeUnknownError as error:
            if self.operation not in _REMOVALS or "another object" not in str(error):
                raise


_REMOVALS: Final = {"deleteGroupByName", "removeGroupUser", "deleteUser"}


CALLS: Final = (
    ClientCall("listCompanies", "plain", lambda coggno: coggno.companies.list()),
    ClientCall("listCompanies", "stream", lambda coggno: _collected(coggno.companies.iter())),
    ClientCall("createCompany", "required", lambda coggno: coggno.companies.create(**_ADA)),
    ClientCall("createCompany", "all", lambda coggno: coggno.companies.create(**_ODD, name="A & B", login=ODD)),
    ClientCall("listGroups", "plain", lambda coggno: coggno.groups.list()),
    ClientCall("listGroups", "stream", lambda coggno: _collected(coggno.groups.iter())),
    ClientCall("createGroup", "required", lambda coggno: coggno.groups.create(name="Warehouse")),
    ClientCall("createGroup", "all", lambda coggno: coggno.groups.create(name=ODD, description="1\r\n2 & 3")),
    ClientCall("deleteGroupByName", "plain", lambda coggno: coggno.groups.delete_by_name("My group")),
    ClientCall("deleteGroupByName", "odd", lambda coggno: coggno.groups.delete_by_name(ODD)),
    ClientCall("getGroup", "plain", lambda coggno: coggno.groups.get(1)),
    ClientCall("deleteGroup", "required", lambda coggno: coggno.groups.delete(16)),
    ClientCall("deleteGroup", "all", lambda coggno: coggno.groups.delete(16, "My group")),
    ClientCall("listGroupUsers", "plain", lambda coggno: coggno.groups.users.list(1)),
    ClientCall("listGroupUsers", "stream", lambda coggno: _collected(coggno.groups.users.iter(1))),
    ClientCall("addGroupUser", "plain", lambda coggno: coggno.groups.users.add(1, 1)),
    ClientCall("getGroupUser", "id", lambda coggno: coggno.groups.users.get(1, 2)),
    ClientCall("getGroupUser", "login", lambda coggno: coggno.groups.users.get(1, ODD)),
    ClientCall("removeGroupUser", "id", lambda coggno: coggno.groups.users.remove(1, 1)),
    ClientCall("removeGroupUser", "login", lambda coggno: coggno.groups.users.remove(1, ODD)),
    ClientCall("listUsers", "plain", lambda coggno: coggno.users.list()),
    ClientCall("listUsers", "stream", lambda coggno: _collected(coggno.users.iter())),
    ClientCall("createUser", "required", lambda coggno: coggno.users.create(**_ADA)),
    ClientCall("createUser", "all", lambda coggno: coggno.users.create(**_ODD, login=ODD, group_id=3)),
    ClientCall("getUser", "id", lambda coggno: coggno.users.get(1)),
    ClientCall("getUser", "login", lambda coggno: coggno.users.get(ODD)),
    ClientCall("deleteUser", "id", lambda coggno: coggno.users.delete(1)),
    ClientCall("deleteUser", "login", lambda coggno: coggno.users.delete(ODD)),
    ClientCall("getUserLicenses", "id", lambda coggno: coggno.users.licenses(1)),
    ClientCall("getUserLicenses", "login", lambda coggno: coggno.users.licenses(ODD)),
    ClientCall("listDocuments", "plain", lambda coggno: coggno.documents.list()),
    ClientCall("listDocuments", "stream", lambda coggno: _collected(coggno.documents.iter())),
    ClientCall("getDocumentLicenses", "plain", lambda coggno: coggno.documents.licenses(1)),
)


async def _collected(items: Any) -> list[Any]:
    return [item async for item in items]
