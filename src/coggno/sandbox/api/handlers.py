"""What each operation does to the state, and the JSON it returns.

Every handler commits exactly what it changed, and nothing when it changed nothing: tests compare a client with that
log.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from coggno.sandbox.execution import Commit
from coggno.sandbox.state import AccountState, InvalidDataError, NewPerson, SandboxUser, parse_integer

from . import serializers
from .calls import ApiCall

_PASSWORD_LENGTH: Final = range(6, 41)
"""Characters (reference: Create User)."""


def list_companies(state: AccountState, call: ApiCall, _: Commit) -> Any:
    return [serializers.company(each) for each in state.companies.connected(call.company)]


def create_company(state: AccountState, call: ApiCall, commit: Commit) -> Any:
    company = state.create_company(_person(call.form), call.form.get("name"), call.company)
    commit(user=company.user_id, login=company.login, name=company.name, connected=company.id)
    return serializers.company(company)


def list_groups(state: AccountState, call: ApiCall, _: Commit) -> Any:
    return [serializers.group(each) for each in state.groups.of(call.company)]


def create_group(state: AccountState, call: ApiCall, commit: Commit) -> Any:
    group = state.create_group(call.company, call.form["name"], call.form.get("description"))
    commit(group=group.id, name=group.name)
    return serializers.group(group)


def get_group(state: AccountState, call: ApiCall, _: Commit) -> Any:
    return serializers.group(state.groups.get(call.company, call.path["group"]))


def delete_group(state: AccountState, call: ApiCall, commit: Commit) -> Any:
    group = state.groups.get(call.company, call.path["group"])
    # The reference marks `name` as required beside the id; a wrong one most likely means the wrong group.
    if call.form.get("name", group.name) != group.name:
        raise InvalidDataError("the group has another name", {"name": "is not the name of this group"})
    state.delete_group(group)
    commit(group=group.id, name=group.name)
    return serializers.deleted_group(group)


def delete_group_by_name(state: AccountState, call: ApiCall, commit: Commit) -> Any:
    # Which of several groups the real API deletes is not documented: refusing keeps a test from relying on it.
    group = state.groups.named(call.company, call.form["name"])
    state.delete_group(group)
    commit(group=group.id, name=group.name)
    return serializers.deleted_group(group)


def list_group_users(state: AccountState, call: ApiCall, _: Commit) -> Any:
    group = state.groups.get(call.company, call.path["group"])
    return [serializers.user(each) for each in state.memberships.of(group.id).values()]


def add_group_user(state: AccountState, call: ApiCall, commit: Commit) -> Any:
    group = state.groups.get(call.company, call.path["group"])
    user, joined = state.add_member(group, _id(call.form, "id"))
    # Adding a member again succeeds without an effect.
    if joined:
        commit(user=user.id, login=user.login, group=group.id)
    return serializers.user(user)


def get_group_user(state: AccountState, call: ApiCall, _: Commit) -> Any:
    group = state.groups.get(call.company, call.path["group"])
    return serializers.user(state.member(group, call.path["user"], by_login=call.by_login))


def remove_group_user(state: AccountState, call: ApiCall, commit: Commit) -> Any:
    group = state.groups.get(call.company, call.path["group"])
    user = state.member(group, call.path["user"], by_login=call.by_login)
    state.memberships.leave(group.id, user)
    commit(user=user.id, login=user.login, group=group.id)
    return serializers.user(user)


def list_users(state: AccountState, call: ApiCall, _: Commit) -> Any:
    return [serializers.user(each) for each in state.users.in_lms(call.company).values()]


def create_user(state: AccountState, call: ApiCall, commit: Commit) -> Any:
    # Every field is checked before anything is stored, as a server with one transaction does.
    person = _person(call.form)
    group_id = _id(call.form, "group_id") if "group_id" in call.form else None
    user = state.create_user(call.company, person, group_id)
    commit(user=user.id, login=user.login, group=group_id)
    return serializers.user(user)


def get_user(state: AccountState, call: ApiCall, _: Commit) -> Any:
    return serializers.user(_user(state, call))


def delete_user(state: AccountState, call: ApiCall, commit: Commit) -> Any:
    user = _user(state, call)
    state.delete_user(call.company, user)
    commit(user=user.id, login=user.login)
    return serializers.user(user)


def get_user_licenses(state: AccountState, call: ApiCall, _: Commit) -> Any:
    user = _user(state, call)
    return serializers.user_licenses(user, state.user_licenses(user))


def list_documents(state: AccountState, call: ApiCall, _: Commit) -> Any:
    return [serializers.document(each) for each in state.documents.of(call.company)]


def get_document_licenses(state: AccountState, call: ApiCall, _: Commit) -> Any:
    document = state.documents.get(call.company, call.path["document"])
    return serializers.document_licenses(document, state.document_licenses(call.company, document))


def _user(state: AccountState, call: ApiCall) -> SandboxUser:
    return state.users.get(call.company, call.path["user"], by_login=call.by_login)


def _person(form: Mapping[str, str]) -> NewPerson:
    """Return the person a form describes.

    Raises:
        InvalidDataError: the e-mail has no `@` with something on either side, the password does not have 6 to 40
            characters, or the login is blank.
    """
    problems: dict[str, str] = {}
    # The API's own rule is not documented; this refuses only what cannot be an address.
    name, at, domain = form["email"].rpartition("@")
    if not (name and at and domain):
        problems["email"] = "is no valid email address"
    if len(form["password"]) not in _PASSWORD_LENGTH:
        problems["password"] = "must have 6 to 40 characters"  # noqa: S105 - what is wrong with it
    if not form.get("login", "unset").strip():
        problems["login"] = "must not be blank"
    if problems:
        raise InvalidDataError("invalid fields: " + ", ".join(sorted(problems)), problems)
    # The password ends here: neither a record nor an effect may contain it.
    return NewPerson(
        email=form["email"],
        first_name=form["first_name"],
        last_name=form["last_name"],
        login=form.get("login"),
    )


def _id(form: Mapping[str, str], name: str) -> int:
    value = parse_integer(form[name])
    if value is None:
        raise InvalidDataError(f"{name} must be an id", {name: "must be an id"})
    return value
