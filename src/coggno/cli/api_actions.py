"""The operations of the API in the user's words, for messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import frozen


@frozen
class ApiAction:
    """What an operation does.

    Attributes:
        verb: completes "could not ...".
        done: completes "it is not known whether ..."; for operations that change something.
        check: the command that shows whether it was done.
    """

    verb: str
    done: str = "the request was carried out"
    check: str = "coggno --help"


_ACTIONS: Final[Mapping[str, ApiAction]] = {
    "listCompanies": ApiAction("list the companies"),
    "createCompany": ApiAction("create the company", "the company was created", "coggno companies list"),
    "listGroups": ApiAction("list the groups"),
    "getGroup": ApiAction("read the group"),
    "createGroup": ApiAction("create the group", "the group was created", "coggno groups list"),
    "deleteGroup": ApiAction("delete the group", "the group was deleted", "coggno groups list"),
    "deleteGroupByName": ApiAction("delete the group", "the group was deleted", "coggno groups list"),
    "listGroupUsers": ApiAction("list the members of the group"),
    "getGroupUser": ApiAction("read the member of the group"),
    "addGroupUser": ApiAction(
        "add the user to the group", "the user was added to the group", "coggno groups members list GROUP"
    ),
    "removeGroupUser": ApiAction(
        "remove the user from the group", "the user was removed from the group", "coggno groups members list GROUP"
    ),
    "listUsers": ApiAction("list the users"),
    "getUser": ApiAction("read the user"),
    "createUser": ApiAction("create the user", "the user was created", "coggno users get LOGIN"),
    "deleteUser": ApiAction("delete the user", "the user was deleted", "coggno users get USER"),
    "getUserLicenses": ApiAction("list the licenses of the user"),
    "listDocuments": ApiAction("list the documents"),
    "getDocumentLicenses": ApiAction("list the licenses of the document"),
}
_OTHER: Final = ApiAction("complete the request")


def action_of(operation: str | None) -> ApiAction:
    """Return what the operation with this `operationId` does."""
    return _ACTIONS.get(operation or "", _OTHER)
