"""Users: registered once in the whole Coggno database, and in the LMS of at most one company."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .errors import InvalidDataError, RecordNotFoundError
from .identifiers import parse_id
from .records import NewPerson, SandboxUser


class UserStore:
    """Who is registered, and whose LMS they are in.

    Args:
        login_key: maps logins that are the same to the same text.
    """

    def __init__(self, login_key: Callable[[str], str]) -> None:
        self._login_key = login_key
        self._registered: dict[int, SandboxUser] = {}
        self._ids: dict[str, int] = {}
        self._lms: dict[int, dict[int, SandboxUser]] = {}
        self._company_of: dict[int, int] = {}

    def register(self, person: NewPerson) -> SandboxUser:
        """Register a person, who is then in no LMS yet.

        Raises:
            InvalidDataError: the login is taken, by anyone in Coggno.
        """
        login = person.email if person.login is None else person.login
        if self._login_key(login) in self._ids:
            field = "email" if person.login is None else "login"
            raise InvalidDataError("the user is registered already", {field: "is taken"})
        user = SandboxUser(
            # Registrations are never removed, so their number is the highest id.
            id=len(self._registered) + 1,
            login=login,
            email=person.email,
            first_name=person.first_name,
            last_name=person.last_name,
        )
        self._registered[user.id] = user
        self._ids[self._login_key(login)] = user.id
        return user

    def registered(self, login: str) -> SandboxUser | None:
        """Return who holds `login` in the whole Coggno database, in an LMS or not."""
        user_id = self._ids.get(self._login_key(login))
        return None if user_id is None else self._registered[user_id]

    def by_id(self, user_id: int) -> SandboxUser | None:
        """Return who was registered with that id, in an LMS or not."""
        return self._registered.get(user_id)

    def all(self) -> tuple[SandboxUser, ...]:
        """Return everybody who was ever registered, by id."""
        return tuple(self._registered.values())

    def open_lms(self, company_id: int) -> None:
        """Give a new company an empty LMS."""
        self._lms[company_id] = {}

    def enter(self, company_id: int, user: SandboxUser) -> None:
        """Put a registered user into the LMS of a company."""
        self._lms[company_id][user.id] = user
        self._company_of[user.id] = company_id

    def leave(self, company_id: int, user: SandboxUser) -> None:
        """Take a user out of the LMS; the registration stays, and with it the login (reference: Delete User)."""
        del self._lms[company_id][user.id]
        del self._company_of[user.id]

    def company_of(self, user_id: int) -> int | None:
        """Return the company whose LMS the user is in, if any."""
        return self._company_of.get(user_id)

    def in_lms(self, company_id: int) -> Mapping[int, SandboxUser]:
        """Return the users of a company by id, oldest first."""
        return self._lms[company_id]

    def get(self, company_id: int, key: str, *, by_login: bool = True) -> SandboxUser:
        """Return the user of a company with that id or login.

        Raises:
            RecordNotFoundError: the company has no such user.
        """
        return self.find(self._lms[company_id], key, by_login=by_login)

    def find(self, users: Mapping[int, SandboxUser], key: str, *, by_login: bool) -> SandboxUser:
        """Return the one of `users` with that id, or else with that login.

        An id wins over a login of the same digits: that is how a server which looks up ids first behaves, and the
        case in which a careless client deletes the wrong user.

        Raises:
            RecordNotFoundError: none of them has it.
        """
        user_id = parse_id(key)
        user = None if user_id is None else users.get(user_id)
        # Ids start at 1, so 0 finds nobody.
        if user is None and by_login:
            user = users.get(self._ids.get(self._login_key(key), 0))
        if user is None:
            raise RecordNotFoundError("no such user")
        return user

    def copy(self) -> UserStore:
        """Return a copy that does not change with this one."""
        copied = UserStore(self._login_key)
        copied._registered = dict(self._registered)
        copied._ids = dict(self._ids)
        copied._lms = {company: dict(users) for company, users in self._lms.items()}
        copied._company_of = dict(self._company_of)
        return copied
