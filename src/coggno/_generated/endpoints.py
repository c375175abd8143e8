from __future__ import annotations
from typing import Any, Final
from coggno._wire import Operation, Request, Send, Settle
from coggno._generated.models import (
    LicenseUser,
    UserLicenses,
    UserLicense,
    DocumentSummary,
    User,
    Document,
    Group,
    DocumentLicense,
    DocumentLicenses,
    Company,
)

LIST_COMPANIES: Final[Operation[list[Company]]] = Operation(
    id="listCompanies",
    method="GET",
    path="/api/v1/companies",
    returns=list[Company],
    answer="many",
    retry="safe",
    settle=None,
    body=None,
    secrets=frozenset([]),
)
LIST_GROUPS: Final[Operation[list[Group]]] = Operation(
    id="listGroups",
    method="GET",
    path="/api/v1/groups",
    returns=list[Group],
    answer="many",
    retry="safe",
    settle=None,
    body=None,
    secrets=frozenset([]),
)
GET_GROUP: Final[Operation[Group]] = Operation(
    id="getGroup",
    method="GET",
    path="/api/v1/groups/{group_id}",
    returns=Group,
    answer="one",
    retry="safe",
    settle=None,
    body=None,
    secrets=frozenset([]),
)
LIST_GROUP_USERS: Final[Operation[list[User]]] = Operation(
    id="listGroupUsers",
    method="GET",
    path="/api/v1/groups/{group_id}/users",
    returns=list[User],
    answer="many",
    retry="safe",
    settle=None,
    body=None,
    secrets=frozenset([]),
)
GET_GROUP_USER: Final[Operation[User]] = Operation(
    id="getGroupUser",
    method="GET",
    path="/api/v1/groups/{group_id}/users/{user}",
    returns=User,
    answer="one",
    retry="safe",
    settle=None,
    body=None,
    secrets=frozenset([]),
)
LIST_USERS: Final[Operation[list[User]]] = Operation(
    id="listUsers",
    method="GET",
    path="/api/v1/users",
    returns=list[User],
    answer="many",
    retry="safe",
    settle=None,
    body=None,
    secrets=frozenset([]),
)
GET_USER: Final[Operation[User]] = Operation(
    id="getUser",
    method="GET",
    path="/api/v1/users/{user}",
    returns=User,
    answer="one",
    retry="safe",
    settle=None,
    body=None,
    secrets=frozenset([]),
)
GET_USER_LICENSES: Final[Operation[UserLicenses]] = Operation(
    id="getUserLicenses",
    method="GET",
    path="/api/v1/users/{user}/licenses",
    returns=UserLicenses,
    answer="one",
    retry="safe",
    settle=None,
    body=None,
    secrets=frozenset([]),
)
LIST_DOCUMENTS: Final[Operation[list[Document]]] = Operation(
    id="listDocuments",
    method="GET",
    path="/api/v1/documents",
    returns=list[Document],
    answer="many",
    retry="safe",
    settle=None,
    body=None,
    secrets=frozenset([]),
)
GET_DOCUMENT_LICENSES: Final[Operation[DocumentLicenses]] = Operation(
    id="getDocumentLicenses",
    method="GET",
    path="/api/v1/documents/{document_id}/licenses",
    returns=DocumentLicenses,
    answer="one",
    retry="safe",
    settle=None,
    body=None,
    secrets=frozenset([]),
)
CREATE_COMPANY: Final[Operation[Company]] = Operation(
    id="createCompany",
    method="POST",
    path="/api/v1/companies",
    returns=Company,
    answer="one",
    retry="settle",
    settle=Settle(
        read=LIST_COMPANIES,
        path={},
        key={"login": ("form.login", "form.email")},
        same={},
        found="unknown",
        absent="unknown",
    ),
    body="form",
    secrets=frozenset(["password"]),
)
CREATE_GROUP: Final[Operation[Group]] = Operation(
    id="createGroup",
    method="POST",
    path="/api/v1/groups",
    returns=Group,
    answer="one",
    retry="settle",
    settle=Settle(read=LIST_GROUPS, path={}, key={"name": ("form.name",)}, same={}, found="unknown", absent="unknown"),
    body="form",
    secrets=frozenset([]),
)
DELETE_GROUP_BY_NAME: Final[Operation[Group | None]] = Operation(
    id="deleteGroupByName",
    method="DELETE",
    path="/api/v1/groups",
    returns=Group,
    answer="one",
    retry="settle",
    settle=Settle(read=LIST_GROUPS, path={}, key={"name": ("form.name",)}, same={}, found="unknown", absent="done"),
    body="form",
    secrets=frozenset([]),
)
DELETE_GROUP: Final[Operation[Group | None]] = Operation(
    id="deleteGroup",
    method="DELETE",
    path="/api/v1/groups/{group_id}",
    returns=Group,
    answer="one",
    retry="settle",
    settle=Settle(
        read=GET_GROUP, path={"group_id": ("path.group_id",)}, key={}, same={}, found="resend", absent="done"
    ),
    body="form",
    secrets=frozenset([]),
)
ADD_GROUP_USER: Final[Operation[User]] = Operation(
    id="addGroupUser",
    method="POST",
    path="/api/v1/groups/{group_id}/users",
    returns=User,
    answer="one",
    retry="settle",
    settle=Settle(
        read=GET_GROUP_USER,
        path={"group_id": ("path.group_id",), "user": ("form.id",)},
        key={"id": ("form.id",)},
        same={},
        found="done",
        absent="resend",
    ),
    body="form",
    secrets=frozenset([]),
)
REMOVE_GROUP_USER: Final[Operation[User | None]] = Operation(
    id="removeGroupUser",
    method="DELETE",
    path="/api/v1/groups/{group_id}/users/{user}",
    returns=User,
    answer="one",
    retry="settle",
    settle=Settle(
        read=GET_GROUP_USER,
        path={"group_id": ("path.group_id",), "user": ("path.user",)},
        key={},
        same={},
        found="resend",
        absent="done",
    ),
    body=None,
    secrets=frozenset([]),
)
CREATE_USER: Final[Operation[User]] = Operation(
    id="createUser",
    method="POST",
    path="/api/v1/users",
    returns=User,
    answer="one",
    retry="settle",
    settle=Settle(
        read=GET_USER,
        path={"user": ("form.login", "form.email")},
        key={"login": ("form.login", "form.email")},
        same={"first_name": ("form.first_name",), "last_name": ("form.last_name",)},
        found="done",
        absent="resend",
    ),
    body="form",
    secrets=frozenset(["password"]),
)
DELETE_USER: Final[Operation[User | None]] = Operation(
    id="deleteUser",
    method="DELETE",
    path="/api/v1/users/{user}",
    returns=User,
    answer="one",
    retry="settle",
    settle=Settle(read=GET_USER, path={"user": ("path.user",)}, key={}, same={}, found="resend", absent="done"),
    body=None,
    secrets=frozenset([]),
)


async def list_companies(send: Send) -> list[Company]:
    return await send(Request(operation=LIST_COMPANIES))


async def list_groups(send: Send) -> list[Group]:
    return await send(Request(operation=LIST_GROUPS))


async def get_group(send: Send, group_id: int) -> Group:
    return await send(Request(operation=GET_GROUP, path={"group_id": group_id}))


async def list_group_users(send: Send, group_id: int) -> list[User]:
    return await send(Request(operation=LIST_GROUP_USERS, path={"group_id": group_id}))


async def get_group_user(send: Send, group_id: int, user: int | str) -> User:
    return await send(Request(operation=GET_GROUP_USER, path={"group_id": group_id, "user": user}))


async def list_users(send: Send) -> list[User]:
    return await send(Request(operation=LIST_USERS))


async def get_user(send: Send, user: int | str) -> User:
    return await send(Request(operation=GET_USER, path={"user": user}))


async def get_user_licenses(send: Send, user: int | str) -> UserLicenses:
    return await send(Request(operation=GET_USER_LICENSES, path={"user": user}))


async def list_documents(send: Send) -> list[Document]:
    return await send(Request(operation=LIST_DOCUMENTS))


async def get_document_licenses(send: Send, document_id: int) -> DocumentLicenses:
    return await send(Request(operation=GET_DOCUMENT_LICENSES, path={"document_id": document_id}))


async def create_company(
    send: Send,
    *,
    email: str,
    first_name: str,
    last_name: str,
    password: str,
    name: str | None = None,
    login: str | None = None,
) -> Company:
    return await send(
        Request(
            operation=CREATE_COMPANY,
            form={
                "email": email,
                "first_name": first_name,
                "last_name": last_name,
                "password": password,
                "name": name,
                "login": login,
            },
        )
    )


async def create_group(send: Send, *, name: str, description: str | None = None) -> Group:
    return await send(Request(operation=CREATE_GROUP, form={"name": name, "description": description}))


async def delete_group_by_name(send: Send, *, name: str) -> Group | None:
    return await send(Request(operation=DELETE_GROUP_BY_NAME, form={"name": name}))


async def delete_group(send: Send, group_id: int, *, name: str | None = None) -> Group | None:
    return await send(Request(operation=DELETE_GROUP, path={"group_id": group_id}, form={"name": name}))


async def add_group_user(send: Send, group_id: int, *, id: int) -> User:
    return await send(Request(operation=ADD_GROUP_USER, path={"group_id": group_id}, form={"id": id}))


async def remove_group_user(send: Send, group_id: int, user: int | str) -> User | None:
    return await send(Request(operation=REMOVE_GROUP_USER, path={"group_id": group_id, "user": user}))


async def create_user(
    send: Send,
    *,
    email: str,
    first_name: str,
    last_name: str,
    password: str,
    login: str | None = None,
    group_id: int | None = None,
) -> User:
    return await send(
        Request(
            operation=CREATE_USER,
            form={
                "email": email,
                "first_name": first_name,
                "last_name": last_name,
                "password": password,
                "login": login,
                "group_id": group_id,
            },
        )
    )


async def delete_user(send: Send, user: int | str) -> User | None:
    return await send(Request(operation=DELETE_USER, path={"user": user}))
