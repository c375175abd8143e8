"""The whole state as JSON data, and back. What is read was written by hand, perhaps: every mistake is named."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from types import UnionType
from typing import Any, Final, TypeVar, get_args, get_origin

from attrs import AttrsInstance, asdict, fields, frozen, resolve_types

from .account import AccountState
from .errors import StateError
from .identifiers import LoginFolding
from .records import NewPerson, SandboxCompany, SandboxDocument, SandboxGroup, SandboxLicense

FORMAT: Final = 1
"""Written into every snapshot; one of another format is refused."""

RowT = TypeVar("RowT", bound=AttrsInstance)


class SnapshotError(ValueError):
    """Data that is no state of a sandbox; the message names the location and the problem."""


@frozen(kw_only=True)
class _CompanyRow:
    id: int
    name: str | None
    owner: int
    parent: int | None


@frozen(kw_only=True)
class _UserRow:
    id: int
    login: str
    email: str
    first_name: str
    last_name: str
    company: int | None
    """The company whose LMS the user is in; None for owners of companies, and for users who were deleted."""


@frozen(kw_only=True)
class _GroupRow:
    id: int
    company: int
    name: str
    description: str | None
    members: list[int]


@frozen(kw_only=True)
class _Snapshot:
    format: int
    last_group: int
    """The highest id that a group ever had: ids of deleted groups are not given again."""
    companies: list[Any]
    users: list[Any]
    groups: list[Any]
    documents: list[Any]
    licenses: list[Any]


def take_snapshot(state: AccountState) -> dict[str, Any]:
    """Return the state as data for JSON. It contains neither passwords nor API keys: the state has none."""
    users, groups = state.users, state.groups
    return _data(
        _Snapshot(
            format=FORMAT,
            last_group=groups.last_id,
            companies=[_data(_company_row(each)) for each in state.companies.all()],
            users=[{**_data(each), "company": users.company_of(each.id)} for each in users.all()],
            groups=[{**_data(each), "members": [*state.memberships.of(each.id)]} for each in groups.all()],
            documents=[_data(each) for each in state.documents.by_id().values()],
            licenses=[_data(each) for each in state.licenses.all()],
        )
    )


def restore_snapshot(data: Any, fold_logins: LoginFolding = False) -> AccountState:  # noqa: FBT002 - one of four values
    """Return the state that `take_snapshot` returned as data.

    Raises:
        SnapshotError: something is missing, has another type, or refers to what is not there.
    """
    # Before the other fields: those of another format may have other names.
    if not isinstance(data, dict) or "format" not in data:
        raise SnapshotError("there is no state of a sandbox in it")
    if data["format"] != FORMAT:
        raise SnapshotError(f"its format is {data['format']!r}, and this version reads format {FORMAT}")
    return _Restoring(_row(_Snapshot, data, "the file"), AccountState(fold_logins)).state


class _Restoring:
    """Builds a state in the order in which records refer to each other.

    Args:
        snapshot: the rows.
        state: an empty state.
    """

    def __init__(self, snapshot: _Snapshot, state: AccountState) -> None:
        self.state = state
        users = [*_rows(_UserRow, snapshot.users, "users")]
        self._register(users)
        self._open_companies(snapshot.companies)
        self._enter_lms(users)
        self._make_groups(snapshot)
        self._add_training(snapshot)

    def _register(self, users: list[tuple[str, _UserRow]]) -> None:
        for number, (location, row) in enumerate(users, start=1):
            # The state numbers records itself, so that a gap would give everybody behind it another id.
            _expect(row.id == number, location, f"id must be {number}: ids of users have no gaps")
            person = NewPerson(email=row.email, first_name=row.first_name, last_name=row.last_name, login=row.login)
            with _at(location):
                self.state.users.register(person)

    def _open_companies(self, rows: list[Any]) -> None:
        for number, (location, row) in enumerate(_rows(_CompanyRow, rows, "companies"), start=1):
            _expect(row.id == number, location, f"id must be {number}: ids of companies have no gaps")
            # The first one belongs to the API key.
            is_older = (row.parent is None) if number == 1 else (row.parent is None or 0 < row.parent < number)
            _expect(is_older, location, "parent must be the id of a company above it, and null for the first")
            owner = self.state.users.by_id(row.owner)
            if owner is None:
                raise SnapshotError(f"{location}: owner {row.owner} is not among the users")
            self.state.open_company(owner, row.name, row.parent)
        _expect(bool(rows), "companies", "there must be at least one")

    def _enter_lms(self, users: list[tuple[str, _UserRow]]) -> None:
        for location, row in users:
            user = self.state.users.by_id(row.id)
            if user is not None and row.company is not None:
                self.state.users.enter(self._company(row.company, location), user)

    def _make_groups(self, snapshot: _Snapshot) -> None:
        last = 0
        for location, row in _rows(_GroupRow, snapshot.groups, "groups"):
            _expect(last < row.id <= snapshot.last_group, location, "ids of groups must ascend, up to last_group")
            last = row.id
            company = self._company(row.company, location)
            self.state.restore_group(
                SandboxGroup(id=row.id, company=company, name=row.name, description=row.description)
            )
            self._add_members(row, f"{location}.members")
        self.state.groups.last_id = snapshot.last_group

    def _add_members(self, row: _GroupRow, location: str) -> None:
        group = self.state.groups.get(row.company, str(row.id))
        for user_id in row.members:
            _expect(type(user_id) is int, location, "must be ids of users")
            with _at(f"{location}, user {user_id}"):
                self.state.add_member(group, user_id)

    def _add_training(self, snapshot: _Snapshot) -> None:
        for number, (location, document) in enumerate(_rows(SandboxDocument, snapshot.documents, "documents"), start=1):
            _expect(document.id == number, location, f"id must be {number}: ids of documents have no gaps")
            if document.company is not None:
                self._company(document.company, location)
            self.state.documents.restore(document)
        for location, license_ in _rows(SandboxLicense, snapshot.licenses, "licenses"):
            with _at(location):
                self.state.add_license(license_)

    def _company(self, company: int, location: str) -> int:
        _expect(self.state.companies.get(company) is not None, location, f"there is no company {company}")
        return company


def _data(record: AttrsInstance) -> dict[str, Any]:
    # Fields are numbers and text: looking into each of them for more records takes three times as long.
    return asdict(record, recurse=False)


def _company_row(company: SandboxCompany) -> _CompanyRow:
    return _CompanyRow(id=company.id, name=company.name, owner=company.user_id, parent=company.parent)


def _rows(kind: type[RowT], rows: list[Any], name: str) -> Iterator[tuple[str, RowT]]:
    return ((f"{name}[{index}]", _row(kind, row, f"{name}[{index}]")) for index, row in enumerate(rows))


def _row(kind: type[RowT], data: Any, location: str) -> RowT:
    """Return data as a record, after comparing names and types of its fields."""
    _expect(isinstance(data, dict), location, "must be a JSON object")
    types = _field_types(kind)
    for name in data.keys() ^ types.keys():
        raise SnapshotError(f"{location}: {name!r} is " + ("missing" if name in types else "unknown"))
    for name, allowed in types.items():
        # The exact type: in Python `true` would be an integer as well.
        _expect(type(data[name]) in allowed, f"{location}.{name}", f"has the wrong type ({type(data[name]).__name__})")
    return kind(**data)


@cache
def _field_types(kind: type[AttrsInstance]) -> Mapping[str, tuple[Any, ...]]:
    resolve_types(kind)
    return {each.name: _alternatives(each.type) for each in fields(kind)}


def _alternatives(declared: Any) -> tuple[Any, ...]:
    if isinstance(declared, UnionType):
        return get_args(declared)
    return (get_origin(declared) or declared,)


def _expect(condition: bool, location: str, problem: str) -> None:  # noqa: FBT001 - reads as an assertion
    if not condition:
        raise SnapshotError(f"{location}: {problem}")


@contextmanager
def _at(location: str) -> Generator[None]:
    try:
        yield
    except StateError as error:
        raise SnapshotError(f"{location}: {error.message}") from None
