"""The operations of the reference: what each declares, and what it does to the state. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, Protocol

from attrs import field, frozen

from . import shapes
from .refusals import Invalid
from .state import NewPerson, Store, integer

_NOTHING: Final[Mapping[str, bool]] = MappingProxyType({})


class Commit(Protocol):
    """Notes a change that was just made; see `Effect` for the arguments."""

    def __call__(
        self,
        *,
        user: int | None = None,
        login: str | None = None,
        group: int | None = None,
        name: str | None = None,
        connected: int | None = None,
    ) -> None: ...


@frozen(kw_only=True)
class ApiCall:
    """A request that was let in: whose, with which values."""

    operation: SandboxOperation
    company: int
    path: Mapping[str, str]
    form: Mapping[str, str] = field(repr=False)
    logins: bool = True
    """Whether a login in the path is understood as well as an id."""


@frozen(kw_only=True)
class SandboxOperation:
    """An operation as the reference declares it."""

    id: str
    method: str
    path: str
    """Below `/api/v1`, with the parameters in braces: `groups/{group}/users/{user}`."""
    run: Callable[[Store, ApiCall, Commit], Any] = field(repr=False)
    """Carries it out and returns the JSON of the answer."""
    fields: Mapping[str, bool] = _NOTHING
    """Field of the form -> whether it is required."""

    @property
    def writes(self) -> bool:
        """Whether it changes state."""
        return self.method != "GET"


def _list_companies(store: Store, call: ApiCall, _: Commit) -> Any:
    return [shapes.company(each) for each in store.connected(call.company)]


def _create_company(store: Store, call: ApiCall, commit: Commit) -> Any:
    company = store.create_company(_person(call.form), call.form.get("name"), call.company)
    commit(user=company.user_id, login=company.login, name=company.name, connected=company.id)
    return shapes.company(company)


def _list_groups(store: Store, call: ApiCall, _: Commit) -> Any:
    return [shapes.group(each) for each in store.groups(call.company)]


def _create_group(store: Store, call: ApiCall, commit: Commit) -> Any:
    group = store.create_group(call.company, call.form["name"], call.form.get("description"))
    commit(group=group.id, name=group.name)
    return shapes.group(group)


def _get_group(store: Store, call: ApiCall, _: Commit) -> Any:
    return shapes.group(store.group(call.company, call.path["group"]))


def _delete_group(store: Store, call: ApiCall, commit: Commit) -> Any:
    group = store.group(call.company, call.path["group"])
    if call.form.get("name", group.name) != group.name:
        raise Invalid("the group has another name", fields={"name": "is not the name of this group"})
    store.delete_group(group)
    commit(group=group.id, name=group.name)
    return shapes.deleted_group(group)


def _delete_group_by_name(store: Store, call: ApiCall, commit: Commit) -> Any:
    group = store.group_named(call.company, call.form["name"])
    store.delete_group(group)
    commit(group=group.id, name=group.name)
    return shapes.deleted_group(group)


def _list_group_users(store: Store, call: ApiCall, _: Commit) -> Any:
    group = store.group(call.company, call.path["group"])
    return [shapes.user(each) for each in store.members(group.id)]


def _add_group_user(store: Store, call: ApiCall, commit: Commit) -> Any:
    group = store.group(call.company, call.path["group"])
    user, joined = store.add_member(group, _id(call.form, "id"))
    if joined:
        commit(user=user.id, login=user.login, group=group.id)
    return shapes.user(user)


def _get_group_user(store: Store, call: ApiCall, _: Commit) -> Any:
    group = store.group(call.company, call.path["group"])
    return shapes.user(store.member(group, call.path["user"], logins=call.logins))


def _remove_group_user(store: Store, call: ApiCall, commit: Commit) -> Any:
    group = store.group(call.company, call.path["group"])
    user = store.member(group, call.path["user"], logins=call.logins)
    store.remove_member(group, user)
    commit(user=user.id, login=user.login, group=group.id)
    return shapes.user(user)


def _list_users(store: Store, call: ApiCall, _: Commit) -> Any:
    return [shapes.user(each) for each in store.users(call.company)]


def _create_user(store: Store, call: ApiCall, commit: Commit) -> Any:
    person = _person(call.form)
    group_id = _id(call.form, "group_id") if "group_id" in call.form else None
    user = store.create_user(call.company, person, group_id)
    commit(user=user.id, login=user.login, group=group_id)
    return shapes.user(user)


def _get_user(store: Store, call: ApiCall, _: Commit) -> Any:
    return shapes.user(store.user(call.company, call.path["user"], logins=call.logins))


def _delete_user(store: Store, call: ApiCall, commit: Commit) -> Any:
    user = store.user(call.company, call.path["user"], logins=call.logins)
    store.delete_user(call.company, user)
    commit(user=user.id, login=user.login)
    return shapes.user(user)


def _get_user_licenses(store: Store, call: ApiCall, _: Commit) -> Any:
    user = store.user(call.company, call.path["user"], logins=call.logins)
    return shapes.user_licenses(user, store.user_licenses(user))


def _list_documents(store: Store, call: ApiCall, _: Commit) -> Any:
    return [shapes.document(each) for each in store.documents(call.company)]


def _get_document_licenses(store: Store, call: ApiCall, _: Commit) -> Any:
    document = store.document(call.company, call.path["document"])
    return shapes.document_licenses(document, store.document_licenses(call.company, document))


def _person(form: Mapping[str, str]) -> NewPerson:
    """Return the person a form describes.

    Raises:
        Invalid: the e-mail has no `@` with something on either side, the password has not 6 to 40 characters, or
            the login is blank.
    """
    faults: dict[str, str] = {}
    name, at, domain = form["email"].rpartition("@")
    if not (name and at and domain):
        faults["email"] = "is no valid email address"
    if not 6 <= len(form["password"]) <= 40:
        faults["password"] = "must have 6 to 40 characters"  # noqa: S105 - what is wrong with it
    if not form.get("login", "unset").strip():
        faults["login"] = "must not be blank"
    if faults:
        raise Invalid("the data is not valid: " + ", ".join(sorted(faults)), fields=faults)
    return NewPerson(
        email=form["email"],
        first_name=form["first_name"],
        last_name=form["last_name"],
        login=form.get("login"),
    )


def _id(form: Mapping[str, str], name: str) -> int:
    value = integer(form[name])
    if value is None:
        raise Invalid(f"{name} must be an id", fields={name: "must be an id"})
    return value


_PERSON: Final = {"email": True, "first_name": True, "last_name": True, "password": True, "login": False}

OPERATIONS: Final = (
    SandboxOperation(id="listCompanies", method="GET", path="companies", run=_list_companies),
    SandboxOperation(
        id="createCompany",
        method="POST",
        path="companies",
        run=_create_company,
        fields={**_PERSON, "name": False},
    ),
    SandboxOperation(id="listGroups", method="GET", path="groups", run=_list_groups),
    SandboxOperation(
        id="createGroup",
        method="POST",
        path="groups",
        run=_create_group,
        fields={"name": True, "description": False},
    ),
    SandboxOperation(
        id="deleteGroupByName",
        method="DELETE",
        path="groups",
        run=_delete_group_by_name,
        fields={"name": True},
    ),
    SandboxOperation(id="getGroup", method="GET", path="groups/{group}", run=_get_group),
    SandboxOperation(
        id="deleteGroup",
        method="DELETE",
        path="groups/{group}",
        run=_delete_group,
        fields={"name": False},
    ),
    SandboxOperation(id="listGroupUsers", method="GET", path="groups/{group}/users", run=_list_group_users),
    SandboxOperation(
        id="addGroupUser",
        method="POST",
        path="groups/{group}/users",
        run=_add_group_user,
        fields={"id": True},
    ),
    SandboxOperation(id="getGroupUser", method="GET", path="groups/{group}/users/{user}", run=_get_group_user),
    SandboxOperation(
        id="removeGroupUser",
        method="DELETE",
        path="groups/{group}/users/{user}",
        run=_remove_group_user,
    ),
    SandboxOperation(id="listUsers", method="GET", path="users", run=_list_users),
    SandboxOperation(
        id="createUser",
        method="POST",
        path="users",
        run=_create_user,
        fields={**_PERSON, "group_id": False},
    ),
    SandboxOperation(id="getUser", method="GET", path="users/{user}", run=_get_user),
    SandboxOperation(id="deleteUser", method="DELETE", path="users/{user}", run=_delete_user),
    SandboxOperation(id="getUserLicenses", method="GET", path="users/{user}/licenses", run=_get_user_licenses),
    SandboxOperation(id="listDocuments", method="GET", path="documents", run=_list_documents),
    SandboxOperation(
        id="getDocumentLicenses",
        method="GET",
        path="documents/{document}/licenses",
        run=_get_document_licenses,
    ),
)
"""Every operation, in the order of the specification."""

OPERATION_IDS: Final = tuple(operation.id for operation in OPERATIONS)
"""The ids of all operations, for faults and quirks."""

WRITES: Final = frozenset(operation.id for operation in OPERATIONS if operation.writes)
"""The ids of the operations that change state."""
