"""`AsyncCoggno`: thin verbs over the generated endpoints, list helpers, and `ensure`."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Mapping
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, Self, TypeVar

import attrs
from attrs import frozen

from coggno import _config
from coggno._config import Timeout
from coggno._engines import engine_for
from coggno._exchange import OnExchange
from coggno._generated import endpoints
from coggno._session import Session
from coggno._wire import Request
from coggno.errors import (
    AmbiguousNameError,
    InvalidRequestError,
    NotFoundError,
    OutcomeUnknownError,
    UnprocessableEntityError,
)
from coggno.models import Company, Document, DocumentLicenses, Group, User, UserLicenses

if TYPE_CHECKING:
    from coggno.provisioning import PasswordFile, RowResult

T = TypeVar("T")

_NOT_GIVEN: Final[Any] = object()


class Ensured(NamedTuple, Generic[T]):
    """What `ensure` answers: `user, created = await coggno.users.ensure(...)`."""

    value: T
    created: bool
    """Whether this call made it."""


class AsyncCoggno:
    """The Coggno API, asynchronously.

    ```python
    async with AsyncCoggno("test_...") as coggno:
        for group in await coggno.groups.list():
            print(group.name)
    ```

    Args:
        api_key: from Coggno's page Settings > API Keys; `COGGNO_API_KEY` if not given.
        base_url: where the API is; `COGGNO_BASE_URL` if not given, and else the address that belongs to the key:
            `https://beta.coggno.com` for `test_...`, `https://coggno.com/capp` for `live_...`.
        lms: id of the connected company to act for (`Coggno-LMS`); see also `as_company`.
        timeout: seconds for each phase of an attempt, or a `Timeout`; `None` for no limit.
        max_retries: how many attempts may follow the first, where repeating is safe.
        deadline: seconds for a call with all its attempts and pauses; `None` for no limit. To find out what became of a
            write that is in doubt then, up to 5 more.
        http_client: an `httpx.AsyncClient`, `httpx2.AsyncClient` or `aiohttp.ClientSession` to send through, which
            stays yours to close; or `"aiohttp"` for one of ours.
        max_connections: size of our own connection pool.
        max_answer: bytes that an answer may have; `iter()` has no such limit.
        on_exchange: called with an `Exchange` after every attempt, for logs, metrics and traces.

    Raises:
        ConfigurationError: something of it cannot be used; nothing was sent.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        lms: int | str | None = None,
        timeout: float | Timeout | None = Timeout(),  # noqa: B008 - frozen
        max_retries: int = 3,
        deadline: float | None = None,
        http_client: Any = None,
        max_connections: int = 50,
        max_answer: int = 256 * 1024 * 1024,
        on_exchange: OnExchange | None = None,
    ) -> None:
        config = _config.make_config(
            api_key=api_key if api_key is not None else os.environ.get("COGGNO_API_KEY"),
            base_url=base_url if base_url is not None else os.environ.get("COGGNO_BASE_URL"),
            lms=lms,
            timeout=timeout,
            max_retries=max_retries,
            deadline=deadline,
            max_answer=max_answer,
        )
        engine = engine_for(http_client, base_url=config.base_url, max_connections=max_connections)
        self._init(Session(config=config, engine=engine, on_exchange=on_exchange), owner=True)

    def _init(self, session: Session, *, owner: bool) -> None:
        self._session = session
        self._is_owner = owner
        self.companies = Companies(session)
        self.groups = Groups(session)
        self.users = Users(session)
        self.documents = Documents(session)

    def __repr__(self) -> str:
        config = self._session.config
        return f"AsyncCoggno(base_url={config.base_url!r}, lms={config.lms!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections. On a copy (`as_company`, `with_options`) this does nothing: the original owns them."""
        if self._is_owner:
            await self._session.engine.aclose()

    def as_company(self, company_id: int | str) -> AsyncCoggno:
        """Return a client that acts for a connected company (reference: Connected accounts).

        It shares the connections and the retry quota; this client is unchanged.

        Args:
            company_id: the company's id, e.g. `Company.id`.

        Raises:
            ConfigurationError: `company_id` cannot be an account id.
        """
        return self._copy(lms=_config.check_lms(company_id))

    def with_options(
        self,
        *,
        timeout: float | Timeout | None = _NOT_GIVEN,
        max_retries: int = _NOT_GIVEN,
        deadline: float | None = _NOT_GIVEN,
        on_exchange: OnExchange | None = _NOT_GIVEN,
    ) -> AsyncCoggno:
        """Return a client with other options, sharing connections and retry quota; this client is unchanged.

        Args:
            timeout: seconds for each phase of an attempt, or a `Timeout`, or `None` for no limit.
            max_retries: how many attempts may follow the first.
            deadline: seconds for a call with all its attempts and pauses, as in `AsyncCoggno`.
            on_exchange: called with an `Exchange` after every attempt.

        Raises:
            ConfigurationError: an option cannot be used.
        """
        changes: dict[str, Any] = {}
        if timeout is not _NOT_GIVEN:
            changes["timeout"] = Timeout.of(timeout)
        if max_retries is not _NOT_GIVEN:
            changes["max_retries"] = _config.check_retries(max_retries)
        if deadline is not _NOT_GIVEN:
            changes["deadline"] = _config.check_seconds("deadline", deadline)
        copy = self._copy(**changes)
        if on_exchange is not _NOT_GIVEN:
            copy._init(attrs.evolve(copy._session, on_exchange=on_exchange), owner=False)  # noqa: SLF001 - another of us
        return copy

    def _copy(self, **changes: Any) -> AsyncCoggno:
        copy = AsyncCoggno.__new__(AsyncCoggno)
        session = attrs.evolve(self._session, config=attrs.evolve(self._session.config, **changes))
        copy._init(session, owner=False)  # noqa: SLF001 - another one of us
        return copy

    async def send(self, request: Request[T]) -> T:
        """Send a request of your own making: the open door for what the methods do not name.

        ```python
        archive = Operation(
            id="archiveGroup", method="POST", path="/api/v1/groups/{group_id}/archive",
            returns=Group, answer="one", retry="never",
        )
        group = await coggno.send(Request(operation=archive, path={"group_id": 3}))
        ```

        Args:
            request: an `Operation` with its values; see `coggno.Request`.

        Returns:
            What the operation declares.

        Raises:
            InvalidRequestError: a value cannot be sent, or this is no `coggno.Request`; nothing was sent.
            APIStatusError: the API refused.
            APIConnectionError: no answer.
            DecodeError: an answer that is not what the operation declares.
            OutcomeUnknownError: a write that may or may not have happened.
        """
        if not isinstance(request, Request):  # pyright: ignore[reportUnnecessaryIsInstance] - callers without a checker
            kind = type(request)
            raise InvalidRequestError(f"send() takes a coggno.Request, not {kind.__module__}.{kind.__qualname__}")
        return await self._session(request)

    def provision(
        self,
        rows: Any,
        *,
        concurrency: int = 16,
        rate: float | None = None,
        passwords: PasswordFile | None = None,
        mapping: Mapping[str, str] | None = None,
        group: str | None = None,
    ) -> AsyncGenerator[RowResult]:
        """Make users, groups and memberships of a roster; yield one result per row as it is known.

        The consumer sets the pace: when it does not take results, no more rows are begun.

        Args:
            rows: an (async) iterable of mappings with the columns of a roster, or a `Roster`.
            concurrency: how many requests may be under way at once.
            rate: requests per second at the most.
            passwords: where to make and keep passwords for rows that have none.
            mapping: field -> column, for columns with names of their own.
            group: a group that every row shall be in as well.

        Raises:
            RosterError: the roster cannot be read; nothing was sent.
            StoppedError: the run ended early; what was done is done, and it can be run again.
        """
        from coggno.provisioning import provision

        return provision(
            self, rows, concurrency=concurrency, rate=rate, passwords=passwords, mapping=mapping, group=group
        )


@frozen
class Companies:
    """Connected companies (reference: Companies). All methods raise as `AsyncCoggno.send`."""

    _session: Session

    async def list(self) -> list[Company]:
        """Return all connected companies."""
        return await endpoints.list_companies(self._session)

    def iter(self) -> AsyncGenerator[Company]:
        """Yield all connected companies as they arrive."""
        return self._session.iterate(Request(operation=endpoints.LIST_COMPANIES))

    async def create(
        self,
        *,
        email: str,
        first_name: str,
        last_name: str,
        password: str,
        name: str | None = None,
        login: str | None = None,
    ) -> Company:
        """Create a company, and a user who owns it.

        Args:
            email: a valid e-mail address.
            first_name: of the owner.
            last_name: of the owner.
            password: 6 to 40 characters.
            name: of the company.
            login: login name of the owner; the e-mail address if not given.
        """
        return await endpoints.create_company(
            self._session,
            email=email,
            first_name=first_name,
            last_name=last_name,
            password=password,
            name=name,
            login=login,
        )


@frozen
class GroupUsers:
    """Members of groups (reference: Users). All methods raise as `AsyncCoggno.send`."""

    _session: Session

    async def list(self, group_id: int) -> list[User]:
        """Return all members of a group."""
        return await endpoints.list_group_users(self._session, group_id)

    def iter(self, group_id: int) -> AsyncGenerator[User]:
        """Yield all members of a group as they arrive."""
        return self._session.iterate(Request(operation=endpoints.LIST_GROUP_USERS, path={"group_id": group_id}))

    async def get(self, group_id: int, user: int | str) -> User:
        """Return a member of a group.

        Args:
            group_id: the group's id.
            user: the user's id or login.

        Raises:
            NotFoundError: no such group, or the user is not a member.
        """
        return await endpoints.get_group_user(self._session, group_id, user)

    async def add(self, group_id: int, user_id: int) -> User:
        """Add a user to a group.

        Args:
            group_id: the group's id.
            user_id: the user's id; a login is not accepted here.

        Raises:
            NotFoundError: no such group, or no such user in this or any connected company.
        """
        return await endpoints.add_group_user(self._session, group_id, id=user_id)

    async def remove(self, group_id: int, user: int | str) -> User | None:
        """Remove a user from a group; the user remains in the LMS.

        Args:
            group_id: the group's id.
            user: the user's id or login.

        Returns:
            The user, or `None` when the answer was lost and looking shows that the user is not a member any more.

        Raises:
            NotFoundError: no such group, or the user was not a member.
        """
        return await endpoints.remove_group_user(self._session, group_id, user)


class Groups:
    """Groups (reference: Groups). All methods raise as `AsyncCoggno.send`."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.users = GroupUsers(session)

    async def list(self) -> list[Group]:
        """Return all groups."""
        return await endpoints.list_groups(self._session)

    def iter(self) -> AsyncGenerator[Group]:
        """Yield all groups as they arrive."""
        return self._session.iterate(Request(operation=endpoints.LIST_GROUPS))

    async def get(self, group_id: int) -> Group:
        """Return a group.

        Raises:
            NotFoundError: no such group.
        """
        return await endpoints.get_group(self._session, group_id)

    async def create(self, *, name: str, description: str | None = None) -> Group:
        """Create a group. Names are not unique: see `ensure` for a group that must exist once.

        Raises:
            OutcomeUnknownError: the answer was lost. A group has no unique key, so nothing is repeated;
                `candidates` are the groups of that name.
        """
        return await endpoints.create_group(self._session, name=name, description=description)

    async def ensure(self, *, name: str, description: str | None = None) -> Ensured[Group]:
        """Return the group of that name, making it if there is none.

        Calls of one client for the same name wait for each other, so that only one group is made.

        Args:
            name: the exact name.
            description: for a new group; an old one keeps its own.

        Raises:
            AmbiguousNameError: several groups have that name.
            OutcomeUnknownError: a lost answer could not be settled.
        """
        async with self._session.locks.get(self._session.config.lms, "group", name):
            return await self._ensure(name, description)

    async def _ensure(self, name: str, description: str | None) -> Ensured[Group]:
        groups = await self.list()
        named = [group for group in groups if group.name == name]
        if len(named) > 1:
            raise AmbiguousNameError(f"{len(named)} groups are named {name!r}", candidates=named)
        if named:
            return Ensured(named[0], created=False)
        known = {group.id for group in groups}
        try:
            return Ensured(await self.create(name=name, description=description), created=True)
        except OutcomeUnknownError as lost:
            new = [group for group in lost.candidates if group.id not in known]
            if len(new) != 1:
                raise
            return Ensured(new[0], created=True)

    async def delete(self, group_id: int, name: str | None = None) -> Group | None:
        """Delete a group.

        Args:
            group_id: the group's id.
            name: the group's name, as a second check by the server.

        Returns:
            The group, or `None` when the answer was lost and looking shows that it is gone.

        Raises:
            NotFoundError: no such group.
        """
        return await endpoints.delete_group(self._session, group_id, name=name)

    async def delete_by_name(self, name: str) -> Group | None:
        """Delete the group of that name.

        Returns:
            The group, or `None` when the answer was lost and looking shows that none of that name is left.

        Raises:
            NotFoundError: no such group.
            OutcomeUnknownError: the answer was lost and a group of that name is there: it is not deleted a second
                time, because it may be a namesake.
        """
        return await endpoints.delete_group_by_name(self._session, name=name)


@frozen
class Users:
    """Users (reference: Users). All methods raise as `AsyncCoggno.send`."""

    _session: Session

    async def list(self) -> list[User]:
        """Return all users."""
        return await endpoints.list_users(self._session)

    def iter(self) -> AsyncGenerator[User]:
        """Yield all users as they arrive, in constant memory."""
        return self._session.iterate(Request(operation=endpoints.LIST_USERS))

    async def get(self, user: int | str) -> User:
        """Return a user.

        Args:
            user: the user's id or login.

        Raises:
            NotFoundError: no such user.
        """
        return await endpoints.get_user(self._session, user)

    async def create(
        self,
        *,
        email: str,
        first_name: str,
        last_name: str,
        password: str,
        login: str | None = None,
        group_id: int | None = None,
    ) -> User:
        """Create a user, and optionally add the user to a group.

        Args:
            email: a valid e-mail address.
            first_name: given name.
            last_name: family name.
            password: 6 to 40 characters.
            login: login name; the e-mail address if not given.
            group_id: a group to add the user to.

        Raises:
            UnprocessableEntityError: such a user is registered already.
        """
        return await endpoints.create_user(
            self._session,
            email=email,
            first_name=first_name,
            last_name=last_name,
            password=password,
            login=login,
            group_id=group_id,
        )

    async def ensure(
        self,
        *,
        email: str,
        first_name: str,
        last_name: str,
        password: str,
        login: str | None = None,
        group_id: int | None = None,
    ) -> Ensured[User]:
        """Return the user with that login, making the user if there is none; then see to the membership.

        A user who is there already is not changed: the API cannot update one, and the password stays.

        Args:
            email: a valid e-mail address.
            first_name: given name, for a new user.
            last_name: family name, for a new user.
            password: 6 to 40 characters, for a new user.
            login: login name; the e-mail address if not given.
            group_id: a group that the user shall be in.

        Raises:
            UnprocessableEntityError: registered with Coggno, but not in this company.
        """
        key = login if login is not None else email
        found = await self._find(key)
        if found is None:
            try:
                created = await self.create(
                    email=email,
                    first_name=first_name,
                    last_name=last_name,
                    password=password,
                    login=login,
                    group_id=group_id,
                )
                return Ensured(created, created=True)
            except UnprocessableEntityError:
                found = await self._find(key)  # somebody else may have made it in between
                if found is None:
                    raise
        if group_id is not None:
            await self._join(found, group_id)
        return Ensured(found, created=False)

    async def _find(self, login: str) -> User | None:
        try:
            user = await self.get(login)
        except NotFoundError:
            return None
        # A login of digits also reads the user with that id.
        return user if user.login.casefold() == login.casefold() else None

    async def _join(self, user: User, group_id: int) -> None:
        try:
            await endpoints.get_group_user(self._session, group_id, user.id)
        except NotFoundError:
            await endpoints.add_group_user(self._session, group_id, id=user.id)

    async def delete(self, user: int | str) -> User | None:
        """Delete a user from the LMS and all groups; Coggno keeps the person as a regular user.

        Args:
            user: the user's id or login.

        Returns:
            The user, or `None` when the answer was lost and looking shows that the user is gone.

        Raises:
            NotFoundError: no such user.
        """
        return await endpoints.delete_user(self._session, user)

    async def licenses(self, user: int | str) -> UserLicenses:
        """Return a user's licences, with the document of each.

        Args:
            user: the user's id or login.

        Raises:
            NotFoundError: no such user.
        """
        return await endpoints.get_user_licenses(self._session, user)


@frozen
class Documents:
    """Training content (reference: Documents). All methods raise as `AsyncCoggno.send`."""

    _session: Session

    async def list(self) -> list[Document]:
        """Return all documents."""
        return await endpoints.list_documents(self._session)

    def iter(self) -> AsyncGenerator[Document]:
        """Yield all documents as they arrive."""
        return self._session.iterate(Request(operation=endpoints.LIST_DOCUMENTS))

    async def licenses(self, document_id: int) -> DocumentLicenses:
        """Return a document's licences, with the user of each.

        Raises:
            NotFoundError: no such document.
        """
        return await endpoints.get_document_licenses(self._session, document_id)
