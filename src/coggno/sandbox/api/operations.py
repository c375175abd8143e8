"""The operations of the reference, as a table: method, path, form fields and handler."""

from __future__ import annotations

from typing import Final

from . import handlers
from .calls import SandboxOperation

_PERSON: Final = {"email": True, "first_name": True, "last_name": True, "password": True, "login": False}
"""Field -> whether it is required."""

OPERATIONS: Final = (
    SandboxOperation(id="listCompanies", method="GET", path="companies", handler=handlers.list_companies),
    SandboxOperation(
        id="createCompany",
        method="POST",
        path="companies",
        handler=handlers.create_company,
        fields={**_PERSON, "name": False},
    ),
    SandboxOperation(id="listGroups", method="GET", path="groups", handler=handlers.list_groups),
    SandboxOperation(
        id="createGroup",
        method="POST",
        path="groups",
        handler=handlers.create_group,
        fields={"name": True, "description": False},
    ),
    SandboxOperation(
        id="deleteGroupByName",
        method="DELETE",
        path="groups",
        handler=handlers.delete_group_by_name,
        fields={"name": True},
    ),
    SandboxOperation(id="getGroup", method="GET", path="groups/{group}", handler=handlers.get_group),
    SandboxOperation(
        id="deleteGroup",
        method="DELETE",
        path="groups/{group}",
        handler=handlers.delete_group,
        # The reference marks it as required, although the id suffices; `deleteGroup:require=name` demands it.
        fields={"name": False},
    ),
    SandboxOperation(id="listGroupUsers", method="GET", path="groups/{group}/users", handler=handlers.list_group_users),
    SandboxOperation(
        id="addGroupUser",
        method="POST",
        path="groups/{group}/users",
        handler=handlers.add_group_user,
        fields={"id": True},
    ),
    SandboxOperation(
        id="getGroupUser", method="GET", path="groups/{group}/users/{user}", handler=handlers.get_group_user
    ),
    SandboxOperation(
        id="removeGroupUser",
        method="DELETE",
        path="groups/{group}/users/{user}",
        handler=handlers.remove_group_user,
    ),
    SandboxOperation(id="listUsers", method="GET", path="users", handler=handlers.list_users),
    SandboxOperation(
        id="createUser",
        method="POST",
        path="users",
        handler=handlers.create_user,
        fields={**_PERSON, "group_id": False},
    ),
    SandboxOperation(id="getUser", method="GET", path="users/{user}", handler=handlers.get_user),
    SandboxOperation(id="deleteUser", method="DELETE", path="users/{user}", handler=handlers.delete_user),
    SandboxOperation(
        id="getUserLicenses", method="GET", path="users/{user}/licenses", handler=handlers.get_user_licenses
    ),
    SandboxOperation(id="listDocuments", method="GET", path="documents", handler=handlers.list_documents),
    SandboxOperation(
        id="getDocumentLicenses",
        method="GET",
        path="documents/{document}/licenses",
        handler=handlers.get_document_licenses,
    ),
)
"""Every operation, in the order of the specification."""

OPERATION_IDS: Final = tuple(operation.id for operation in OPERATIONS)
"""The ids of all operations, for faults and quirks."""

WRITES: Final = frozenset(operation.id for operation in OPERATIONS if operation.writes)
"""The ids of the operations that change state."""
