"""One row in progress: its requests, one after the other, and what is known of it at every moment."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from attrs import define, field

from coggno._generated import operations
from coggno._protocol.identity import login_key
from coggno._protocol.json import is_object
from coggno.errors import (
    APIError,
    CoggnoError,
    NotFoundError,
    OutcomeUnknownError,
    PartialWriteError,
    UnprocessableEntityError,
)
from coggno.models import User
from coggno.provisioning.client import CallResult
from coggno.provisioning.execution.context import RunContext
from coggno.provisioning.outcomes import RowOutcome, RowResult
from coggno.provisioning.plan import PlannedRow, conflict
from coggno.provisioning.roster import Person

T = TypeVar("T")
_JOIN_PAUSES: Final = (5.0, 10.0, 30.0)  # seconds; a user created just now may not be visible everywhere yet
_OTHER_FIELDS: Final = frozenset({"first_name", "last_name", "password", "group_id"})
"""Fields of a new user that have nothing to do with the login being taken."""


class _HeldError(Exception):
    """The run was stopped before the first request of a row."""


@define
class RowTask:
    """Carries out what is planned for one row.

    Attributes:
        context: what all rows share.
        planned: what to do.
        person: the user whom the row asks for.
        user: the user on the server, once known.
        error: the failure that ended the row, if one did.
    """

    context: RunContext
    planned: PlannedRow
    person: Person
    user: User | None = None
    error: Exception | None = None
    _action: str = ""
    """What the request in progress does, for messages."""
    _has_begun: bool = False
    _was_created: bool = False
    _must_check_groups: bool = False
    """Whether the user may be in some of the groups already."""
    _is_inferred: bool = False
    _added: list[str] = field(factory=list[str])
    _is_in_doubt: bool = False
    """Whether a write may have happened that nothing has confirmed."""

    async def run(self) -> RowResult:
        """Create the user if there is none, then the memberships, and return what became of the row."""
        try:
            return await self._carry_out()
        except _HeldError:
            return self.cut_off()
        except Exception as error:  # noqa: BLE001 - whatever it is, other rows go on and this one is reported
            self.error = error
            return self._failed(error)

    def cut_off(self, reason: str | None = None) -> RowResult:
        """Return what is known of the row when its requests were ended from outside.

        Args:
            reason: why; that of the run if not given.
        """
        reason = reason or self.context.signal.reason or "the run was cancelled"
        done = self._done_so_far()
        if self._is_in_doubt:
            return self._result(RowOutcome.UNKNOWN, f"{done}{self._action} was interrupted: {reason}")
        if done:
            return self._result(RowOutcome.FAILED, f"{done}the rest was not attempted: {reason}")
        return self._result(RowOutcome.FAILED, f"not attempted: {reason}", not_attempted=True)

    async def _carry_out(self) -> RowResult:
        missing = list(self.planned.missing)
        self.user = self.planned.user
        if self.user is None:
            ended = await self._create_user(missing)
            if ended is not None:
                return ended
            if self._was_created and not self._must_check_groups:
                del missing[:1]  # the request that created the user has put it into the first group
        for name in missing:
            await self._join(name, self.context.groups[name].id)
        return self._done()

    # A request either reads or writes: only a write can leave something in doubt.

    async def _read(self, action: str, call: Callable[[], Awaitable[CallResult[T]]]) -> T:
        await self._acquire(action)
        return (await call()).value

    async def _write(self, action: str, call: Callable[[], Awaitable[CallResult[T]]]) -> T:
        await self._acquire(action)
        # Until the response is there: a cancellation in between leaves the write in doubt.
        self._is_in_doubt = True
        try:
            result = await call()
        except CoggnoError as error:
            # Errors that are not of the API were raised before anything was sent.
            self._is_in_doubt = isinstance(error, APIError) and error.outcome == "unknown"
            raise
        self._is_in_doubt = False
        self._is_inferred = self._is_inferred or result.settled
        return result.value

    async def _acquire(self, action: str) -> None:
        await self.context.limiter.acquire()
        # A row that has begun is finished after a stop, as far as time allows: half done it would need more care.
        if self.context.signal.reason is not None and not self._has_begun:
            raise _HeldError
        self._has_begun = True
        self._action = action

    async def _create_user(self, groups: list[str]) -> RowResult | None:
        """Create the user; return the row's result if it has ended, or `None` when the user is there now."""
        try:
            self.user = await self._write("creating the user", lambda: self._call_create(groups))
        except UnprocessableEntityError as refusal:
            return await self._explain(refusal)
        except PartialWriteError as partial:
            # The response was lost. The user was found on the server, and is in none of the row's groups yet.
            self.user = partial.value
            self._is_in_doubt, self._is_inferred, self._must_check_groups = False, True, True
        self._was_created = True
        return None

    def _call_create(self, groups: list[str]) -> Awaitable[CallResult[User]]:
        person, context = self.person, self.context
        password = person.password
        if password is None:
            assert context.passwords is not None  # noqa: S101 - rows without a password are sorted out before
            password = context.passwords.password_for(person.effective_login)
        return context.call(
            operations.create_user,
            email=person.email,
            first_name=person.first_name,
            last_name=person.last_name,
            password=password,
            login=person.login,
            group_id=context.groups[groups[0]].id if groups else None,
        )

    async def _explain(self, refusal: UnprocessableEntityError) -> RowResult | None:
        """Find out what a 422 means: the user exists after all, somewhere else, or the row is refused."""
        self.error = refusal
        call = self.context.call
        try:
            user = await self._read(
                "looking up the user", lambda: call(operations.get_user, self.person.effective_login)
            )
        except NotFoundError as missing:
            if _is_page(missing):
                raise
            return self._not_found(refusal)
        # The server also takes a login of digits for the id of another user.
        if login_key(user.login) != self.person.key:
            outcome = RowOutcome.UNKNOWN if self._is_in_doubt else RowOutcome.REFUSED
            return self._result(outcome, refusal.message)
        if not self.person.has_names(user.first_name, user.last_name):
            return conflict(self.planned.row, user)
        self.user = user
        self._must_check_groups = True
        # Nobody had the login when the plan was made: now it is our own write whose response was lost, or another's.
        self._was_created = self._is_inferred = self._is_in_doubt
        self._is_in_doubt = False
        return None

    def _not_found(self, refusal: UnprocessableEntityError) -> RowResult:
        if self._is_in_doubt:
            detail = (
                "Coggno reports that the login is taken, but no user with it is visible here: it belongs to another "
                "company, or a request whose response was lost has just created it. Run the row again to find out"
            )
            return self._result(RowOutcome.UNKNOWN, detail)
        if _names_other_fields(refusal):
            return self._result(RowOutcome.REFUSED, refusal.message)
        detail = (
            f"Coggno refuses the login, and nobody in this company has it ({refusal.message}). The person is "
            "registered with another company, or was deleted here earlier: Coggno keeps deleted people. Use another "
            "login"
        )
        return self._result(RowOutcome.REGISTERED_ELSEWHERE, detail)

    async def _join(self, name: str, group: int) -> None:
        user = self.user
        assert user is not None  # noqa: S101 - users come before memberships
        if self._must_check_groups and await self._is_member(name, group, user):
            return
        await self._add(name, group, user)
        self._added.append(name)

    async def _is_member(self, name: str, group: int, user: User) -> bool:
        call = self.context.call
        try:
            await self._read(f"checking group {name!r}", lambda: call(operations.get_group_user, group, user.id))
        except NotFoundError as missing:
            if _is_page(missing):
                raise
            return False
        return True

    async def _add(self, name: str, group: int, user: User) -> None:
        action, call = f"adding to group {name!r}", self.context.call
        for pause in _JOIN_PAUSES if self._was_created else ():
            try:
                await self._write(action, lambda: call(operations.add_group_user, group, id=user.id))
            except NotFoundError:
                if self.context.signal.reason is not None:
                    raise
                await self.context.sleep(pause)
            else:
                return
        await self._write(action, lambda: call(operations.add_group_user, group, id=user.id))

    def _done(self) -> RowResult:
        if self._was_created:
            detail = "a response was lost; a check found that the request was carried out" if self._is_inferred else ""
            return self._result(RowOutcome.CREATED, detail)
        meanwhile = "created by somebody else in the meantime" if self.planned.user is None else ""
        if not self._added:
            return self._result(RowOutcome.EXISTS, meanwhile)
        joined = f"added to {', '.join(self._added)}"
        return self._result(RowOutcome.JOINED, f"{meanwhile}; {joined}" if meanwhile else joined)

    def _failed(self, error: Exception) -> RowResult:
        is_unknown = self._is_in_doubt or isinstance(error, OutcomeUnknownError)
        outcome = RowOutcome.UNKNOWN if is_unknown else RowOutcome.FAILED
        hint = ". It may have happened; run the row again to find out" if is_unknown else ""
        return self._result(outcome, f"{self._done_so_far()}{self._action} failed: {_reason(error)}{hint}")

    def _done_so_far(self) -> str:
        """Return what was done before it went wrong, as the beginning of a sentence."""
        done = ["the user was created"] if self._was_created else []
        done += [f"added to {', '.join(self._added)}"] if self._added else []
        return f"{' and '.join(done)}, but " if done else ""

    def _result(self, outcome: RowOutcome, detail: str, *, not_attempted: bool = False) -> RowResult:
        return self.planned.row.result(
            outcome,
            detail,
            user_id=self.user.id if self.user else None,
            inferred=self._is_inferred,
            not_attempted=not_attempted,
        )


def _reason(error: Exception) -> str:
    if isinstance(error, APIError):
        return error.message + (f" (after {error.attempts} attempts)" if error.attempts > 1 else "")
    # The text of a foreign error may quote what was sent, passwords included.
    return str(error) if isinstance(error, CoggnoError) else f"unexpected {type(error).__name__}"


def _is_page(missing: NotFoundError) -> bool:
    """Return whether a 404 is a proxy's page, which says nothing about the user."""
    return isinstance(missing.body, str) and missing.body.lstrip().startswith("<")


def _names_other_fields(refusal: UnprocessableEntityError) -> bool:
    """Return whether a refusal reports errors of other fields than the login only."""
    return is_object(refusal.errors) and bool(refusal.errors) and refusal.errors.keys() <= _OTHER_FIELDS
