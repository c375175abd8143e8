"""One row on its way: its requests, one after the other, and what is known of it at every moment."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from attrs import define, field

from coggno._protocol.json import is_object
from coggno.errors import CoggnoError, NotFoundError, OutcomeUnknownError, UnprocessableEntityError
from coggno.models import Group, User
from coggno.provisioning.checks import Person, fold
from coggno.provisioning.outcomes import RowOutcome, RowResult
from coggno.provisioning.pace import RateLimiter
from coggno.provisioning.passwords import PasswordFile
from coggno.provisioning.plan import PlannedRow, conflict
from coggno.provisioning.watch import noting

if TYPE_CHECKING:
    from coggno._client import Client

T = TypeVar("T")
_JOIN_PAUSES: Final = (5.0, 10.0, 30.0)  # seconds; a user made just now may not be seen everywhere yet
_OTHER_FIELDS: Final = frozenset({"first_name", "last_name", "password", "group_id"})
"""Fields of a new user that have nothing to do with somebody else's having the login."""


@define
class RunContext:
    """What all errands share.

    Attributes:
        coggno: the client to send with; see `watch.watched`.
        pace: how many requests per second at the most.
        passwords: where passwords are made for rows that have none.
        groups: name -> the group; all that an errand needs are there before it begins.
        sleep: waits for so many seconds.
        stopped: why nothing more may begin, if so.
    """

    coggno: Client
    pace: RateLimiter
    passwords: PasswordFile | None
    groups: dict[str, Group]
    sleep: Callable[[float], Awaitable[Any]]
    stopped: str | None = None


class _HeldError(Exception):
    """The run was stopped before the first request of a row."""


@define
class RowTask:
    """Carries out the step of one row.

    Attributes:
        user: who it is about, once that is known.
        error: the failure that ended it, if one did.
    """

    desk: RunContext
    step: PlannedRow
    person: Person
    user: User | None = None
    error: CoggnoError | None = None
    _has_begun: bool = False
    _was_made: bool = False
    _must_look: bool = False
    """Whether the user may be in some of the groups already."""
    _inferred: bool = False
    _added: list[str] = field(factory=list[str])
    _doubts: set[str] = field(factory=set[str])

    async def run(self) -> RowResult:
        """Make the user if there is none, then the memberships, and return what came of it."""
        with noting(self._doubts):
            try:
                return await self._carry_out()
            except _HeldError:
                return self.cut_off()
            except CoggnoError as error:
                self.error = error
                return self._failed(error)

    def cut_off(self, reason: str | None = None) -> RowResult:
        """Return what is known of the row when its requests were ended from outside."""
        reason = reason or self.desk.stopped or "the run was cut off"
        if self._doubts:
            return self._ended(RowOutcome.UNKNOWN, f"{self._so_far()}cut off while under way: {reason}")
        done = self._so_far()
        return self._ended(RowOutcome.FAILED, f"{done}{'the rest was ' if done else ''}not attempted: {reason}")

    async def _carry_out(self) -> RowResult:
        missing = list(self.step.missing)
        self.user = self.step.user
        if self.user is None:
            ended = await self._make_user(missing)
            if ended is not None:
                return ended
            if self._was_made and not self._inferred:
                del missing[:1]  # the group that the creation itself has put the user into
        for name in missing:
            await self._join(name, self.desk.groups[name].id)
        return self._done()

    # Requests

    async def _read(self, call: Callable[[], Awaitable[T]]) -> T:
        await self._turn()
        return await call()

    async def _write(self, call: Callable[[], Awaitable[T]]) -> T:
        await self._turn()
        answer = await call()
        if self._doubts:  # settled: the client has found it by looking
            self._inferred = True
            self._doubts.clear()
        return answer

    async def _turn(self) -> None:
        await self.desk.pace.turn()
        if self.desk.stopped is not None and not self._has_begun:
            raise _HeldError
        self._has_begun = True

    # The user

    async def _make_user(self, groups: list[str]) -> RowResult | None:
        """Make the user; return how the row ended, or `None` when there is a user now."""
        try:
            self.user = await self._write(lambda: self._create(groups))
        except UnprocessableEntityError as refusal:
            return await self._explain(refusal)
        self._was_made = True
        self._must_look = self._inferred
        return None

    async def _create(self, groups: list[str]) -> User:
        person, desk = self.person, self.desk
        password = person.password
        if password is None:
            assert desk.passwords is not None  # noqa: S101 - rows without a password do not come here
            password = desk.passwords.password_for(person.sent_login)
        return await desk.coggno.users.create(
            email=person.email,
            first_name=person.first_name,
            last_name=person.last_name,
            password=password,
            login=person.login,
            group_id=desk.groups[groups[0]].id if groups else None,
        )

    async def _explain(self, refusal: UnprocessableEntityError) -> RowResult | None:
        """422: is the user there after all, elsewhere, or is the row refused for another reason?"""
        self.error = refusal
        try:
            user = await self._read(lambda: self.desk.coggno.users.get(self.person.sent_login))
        except NotFoundError as missing:
            if _is_page(missing):
                raise
            return self._absent(refusal)
        if fold(user.login) != self.person.key:  # a login of digits also reads the user with that id
            return self._ended(RowOutcome.UNKNOWN if self._doubts else RowOutcome.REFUSED, refusal.message)
        if not self.person.has_names(user.first_name, user.last_name):
            return conflict(self.step.row, user)
        self.user = user
        self._must_look = True
        # Nobody was there when the plan was made: a write of ours whose answer was lost, or somebody else's.
        self._was_made = self._inferred = bool(self._doubts)
        self._doubts.clear()
        return None

    def _absent(self, refusal: UnprocessableEntityError) -> RowResult:
        if self._doubts:
            detail = (
                "Coggno says that the login is taken, and it is not to be seen: registered elsewhere, or made by a "
                "request whose answer was lost. Run the row again"
            )
            return self._ended(RowOutcome.UNKNOWN, detail)
        if _names_other_fields(refusal):
            return self._ended(RowOutcome.REFUSED, refusal.message)
        return self._ended(RowOutcome.REGISTERED_ELSEWHERE, f"not in this company, and Coggno says: {refusal.message}")

    # Memberships

    async def _join(self, name: str, group: int) -> None:
        user = self.user
        assert user is not None  # noqa: S101 - users come before memberships
        if self._must_look and await self._is_member(group, user):
            return
        await self._add(group, user)
        self._added.append(name)

    async def _is_member(self, group: int, user: User) -> bool:
        try:
            await self._read(lambda: self.desk.coggno.groups.users.get(group, user.id))
        except NotFoundError as missing:
            if _is_page(missing):
                raise
            return False
        return True

    async def _add(self, group: int, user: User) -> None:
        for pause in _JOIN_PAUSES if self._was_made else ():
            try:
                await self._write(lambda: self.desk.coggno.groups.users.add(group, user.id))
            except NotFoundError:
                if self.desk.stopped is not None:
                    raise
                await self.desk.sleep(pause)
            else:
                return
        await self._write(lambda: self.desk.coggno.groups.users.add(group, user.id))

    # What came of it

    def _done(self) -> RowResult:
        if self._was_made:
            return self._ended(RowOutcome.CREATED, "found by looking: an answer was lost" if self._inferred else "")
        met = "made by somebody else meanwhile" if self.step.user is None else ""
        if not self._added:
            return self._ended(RowOutcome.EXISTS, met)
        joined = f"added to {', '.join(self._added)}"
        return self._ended(RowOutcome.JOINED, f"{met}; {joined}" if met else joined)

    def _failed(self, error: CoggnoError) -> RowResult:
        is_unsettled = isinstance(error, OutcomeUnknownError)
        outcome = RowOutcome.UNKNOWN if self._doubts or is_unsettled else RowOutcome.FAILED
        hint = "; running the roster again looks first" if is_unsettled else ""
        return self._ended(outcome, f"{self._so_far()}{error}{hint}")

    def _so_far(self) -> str:
        """What was done before it went wrong, as the beginning of a sentence."""
        done = ["the user was made"] if self._was_made else []
        done += [f"added to {', '.join(self._added)}"] if self._added else []
        return f"{' and '.join(done)}, but " if done else ""

    def _ended(self, outcome: RowOutcome, detail: str) -> RowResult:
        return self.step.row.result(
            outcome, detail, user_id=self.user.id if self.user else None, inferred=self._inferred
        )


def _is_page(missing: NotFoundError) -> bool:
    """Whether a 404 is a proxy's page, which says nothing about the thing."""
    return isinstance(missing.body, str) and missing.body.lstrip().startswith("<")


def _names_other_fields(refusal: UnprocessableEntityError) -> bool:
    """Whether a refusal says that something else than the login is wrong, as far as it names fields."""
    return is_object(refusal.errors) and bool(refusal.errors) and refusal.errors.keys() <= _OTHER_FIELDS
