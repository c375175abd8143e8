"""One row in progress: its requests, one after the other, and what is known of it at every moment.

A row that fails for a reason that waiting can cure is run again later, and goes on where it was: with a check first
where a write is in doubt.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from attrs import define, field

from coggno._generated import operations
from coggno._protocol.identity import login_key
from coggno._protocol.json import is_object
from coggno.errors import (
    APIError,
    CoggnoError,
    NotFoundError,
    PartialWriteError,
    RateLimitError,
    UnprocessableEntityError,
)
from coggno.models import User
from coggno.provisioning.client import CallResult
from coggno.provisioning.execution.context import RunContext
from coggno.provisioning.execution.failures import NotVisibleYetError, OutageError, is_curable, is_page, reason_of
from coggno.provisioning.execution.stop_signal import HeldError
from coggno.provisioning.outcomes import RowOutcome, RowResult
from coggno.provisioning.plan import PlannedRow, conflict
from coggno.provisioning.roster import Person

T = TypeVar("T")
_JOIN_PAUSES: Final = (5.0, 10.0, 30.0)  # seconds; a user created just now may not be visible everywhere yet
_OTHER_FIELDS: Final = frozenset({"first_name", "last_name", "password", "group_id"})
"""Fields of a new user that have nothing to do with the login being taken."""
_CREATING: Final = "creating the user"
_TRIES: Final = 20  # of one row; what fails so often while other rows succeed is the trouble of this row
_LONGEST_PAUSE: Final = 5.0  # seconds before a row is tried again: twenty tries last longer than reads may lag


@define
class RowTask:
    """Carries out what is planned for one row.

    Attributes:
        context: what all rows share.
        planned: what to do.
        person: the user whom the row asks for.
        user: the user on the server, once known.
        failures: how often the row was put back.
        error: the failure that ended the last try, if one did.
    """

    context: RunContext
    planned: PlannedRow
    person: Person
    user: User | None = None
    failures: int = 0
    _tries: int = 0
    """Failures while other rows were finished: those of an outage do not count."""
    _failed_at: float = float("-inf")
    error: Exception | None = None
    _action: str = ""
    """What the request in progress does, for messages."""
    _has_begun: bool = False
    _was_created: bool = False
    _may_be_created: bool = False
    """Whether a request of ours may have created the user unseen."""
    _must_check_groups: bool = False
    """Whether the user may be in some of the groups already."""
    _is_inferred: bool = False
    _joined: set[str] = field(factory=set[str])
    """The groups that the user is in."""
    _added: list[str] = field(factory=list[str])
    """Those that the user was added to after its creation."""
    _is_in_doubt: bool = False
    """Whether the last write may have happened, and nothing has confirmed it."""
    _doubtful_action: str = ""
    """What that write does, for messages."""

    async def run(self) -> RowResult | None:
        """Do what is left to do.

        Returns:
            What became of the row, or `None` if it is to be run again after `pause` seconds.
        """
        try:
            return await self._carry_out()
        except HeldError:
            return self.cut_off()
        except Exception as error:  # noqa: BLE001 - whatever it is, other rows go on and this one is reported
            self.error = error
            return None if self._may_try_again(error) else self._failed(error)

    @property
    def pause(self) -> float:
        """Seconds until the row is to be run again: 1, 2, 4, 5, 5 ..."""
        return min(_LONGEST_PAUSE, 2.0 ** max(0, self.failures - 1))

    def cut_off(self, reason: str | None = None) -> RowResult:
        """Return what is known of the row when its requests were ended from outside.

        Args:
            reason: why; that of the run if not given.
        """
        reason = reason or self.context.signal.reason or "the run was cancelled"
        done = self._done_so_far()
        outcome, action, hint = self._verdict()
        if self.error is not None:
            tried = f"{action} failed: {reason_of(self.error)}; not tried again: {reason}"
            return self._result(outcome, f"{done}{tried}{hint}")
        if outcome is RowOutcome.UNKNOWN:
            return self._result(outcome, f"{done}{action} was interrupted: {reason}{hint}")
        if done:
            return self._result(RowOutcome.FAILED, f"{done}the rest was not attempted: {reason}")
        return self._result(RowOutcome.FAILED, f"not attempted: {reason}", not_attempted=True)

    @property
    def has_given_up(self) -> bool:
        """Whether the row ended because it had failed too often."""
        return self._tries >= _TRIES

    def _may_try_again(self, error: Exception) -> bool:
        if self.context.signal.reason is not None or not is_curable(error):
            return False
        self.failures += not isinstance(error, RateLimitError)
        # As long as no row can be finished, the fault is not this one's: the run's patience is the limit then.
        is_progress = self.context.gate.circuit.last_progress > self._failed_at
        self._tries += is_progress or isinstance(error, NotVisibleYetError)
        self._failed_at = self.context.clock()
        return not self.has_given_up

    async def _carry_out(self) -> RowResult:
        # A write that is in doubt since the last try is checked before anything is written again.
        self._must_check_groups = self._must_check_groups or self._is_in_doubt
        missing = self.planned.missing
        self.user = self.user or self.planned.user
        if self.user is None:
            ended = await (self._find_created() if self._may_be_created else self._create_user())
            if ended is not None:
                return ended
        for name in missing:
            if name not in self._joined:
                await self._join(name, self.context.groups[name].id)
        return self._done()

    # A request either reads or writes: only a write can leave something in doubt.

    async def _read(self, action: str, call: Callable[[], Awaitable[CallResult[T]]]) -> T:
        return (await self._send(action, call)).value

    async def _write(self, action: str, call: Callable[[], Awaitable[CallResult[T]]]) -> T:
        was_in_doubt = self._is_in_doubt

        async def write() -> CallResult[T]:
            # Until the response is there: a cancellation in between leaves the write in doubt.
            self._is_in_doubt = True
            self._doubtful_action = action
            return await call()

        try:
            result = await self._send(action, write)
        except CoggnoError as error:
            # Errors that are not of the API were raised before anything was sent.
            self._is_in_doubt = was_in_doubt or (isinstance(error, APIError) and error.outcome == "unknown")
            raise
        self._is_in_doubt = False
        self._is_inferred = self._is_inferred or result.settled
        return result.value

    async def _send(self, action: str, call: Callable[[], Awaitable[CallResult[T]]]) -> CallResult[T]:
        async def begin() -> CallResult[T]:
            self._has_begun = True
            self._action = action
            return await call()

        try:
            # A row that has begun is finished after a stop, as far as time allows: half done it needs more care.
            return await self.context.send(begin, is_first=not self._has_begun)
        except NotFoundError as missing:
            await self._prove(missing)
            raise

    async def _prove(self, missing: NotFoundError) -> None:
        """Make sure that a 404 is about what was asked for: an API that is down may respond to everything with 404.

        Raises:
            OutageError: it is not.
            APIError: that cannot be found out now.
        """
        if self._action == _CREATING:
            # Nothing is asked for that could be missing, so it counts at once: other rows need not run into it.
            self.context.gate.circuit.failed()
        # While the circuit is open another row has found out already that the API does not work.
        if is_page(missing) or self.context.gate.circuit.is_open:
            raise OutageError(missing.message) from missing
        try:
            await self.context.control_read()
        except NotFoundError:
            raise OutageError(missing.message) from missing

    async def _create_user(self) -> RowResult | None:
        """Create the user; return the row's result if it has ended, or `None` when the user is there now."""
        groups = self.planned.missing
        try:
            self.user = await self._write(_CREATING, lambda: self._call_create(groups))
        except UnprocessableEntityError as refusal:
            self._may_be_created = self._may_be_created or refusal.outcome == "unknown"
            return await self._explain(refusal)
        except PartialWriteError as partial:
            # The response was lost. The user was found on the server, and is in none of the row's groups yet.
            self.user = partial.value
            self._is_in_doubt, self._is_inferred, self._must_check_groups = False, True, True
        else:
            self._joined.update(groups[:1])
        finally:
            self._may_be_created = self._may_be_created or self._is_in_doubt
        self._was_created = True
        return None

    async def _find_created(self) -> RowResult | None:
        """Find out whether the user was created by a request whose response was lost, and create it if not."""
        try:
            user = await self._look_up()
        except NotFoundError:
            return await self._create_user()
        return self._found(user, "the login belongs to another user's id")

    async def _look_up(self) -> User:
        call = self.context.client.call
        return await self._read("looking up the user", lambda: call(operations.get_user, self.person.effective_login))

    def _call_create(self, groups: Sequence[str]) -> Awaitable[CallResult[User]]:
        person, context = self.person, self.context
        password = person.password
        if password is None:
            assert context.passwords is not None  # noqa: S101 - rows without a password are sorted out before
            password = context.passwords.password_for(person)
        return context.client.call(
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
        try:
            user = await self._look_up()
        except NotFoundError:
            return self._not_found(refusal)
        return self._found(user, refusal.message)

    def _found(self, user: User, refusal: str) -> RowResult | None:
        # The server also takes a login of digits for the id of another user.
        if login_key(user.login) != self.person.key:
            return self._result(RowOutcome.UNKNOWN if self._may_be_created else RowOutcome.REFUSED, refusal)
        if not self.person.has_names(user.first_name, user.last_name):
            return conflict(self.planned.row, user)
        self.user = user
        self._must_check_groups = True
        # Nobody had the login when the plan was made: now it is our own write whose response was lost, or another's.
        self._was_created = self._is_inferred = self._may_be_created
        self._is_in_doubt = False
        return None

    def _not_found(self, refusal: UnprocessableEntityError) -> RowResult:
        if self._may_be_created:
            if self._tries < _TRIES - 1:
                raise NotVisibleYetError(refusal.message)
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
            # In the last try, by a request whose response was lost, or with the creation.
            if self._is_in_doubt:
                self._is_inferred = True
                self._added.append(name)
                self._is_in_doubt = False
        else:
            await self._add(name, group, user)
            self._added.append(name)
        self._joined.add(name)

    async def _is_member(self, name: str, group: int, user: User) -> bool:
        call = self.context.client.call
        try:
            member = await self._read(
                f"checking group {name!r}", lambda: call(operations.get_group_user, group, user.id)
            )
        except NotFoundError:
            return False
        # The server also takes the id for the login of another member, which may be all digits.
        return member.id == user.id

    async def _add(self, name: str, group: int, user: User) -> None:
        action, call = f"adding to group {name!r}", self.context.client.call
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
        outcome, action, hint = self._verdict()
        return self._result(outcome, f"{self._done_so_far()}{action} failed: {reason_of(error)}{hint}")

    def _verdict(self) -> tuple[RowOutcome, str, str]:
        """Return outcome, action and hint of a row that did not get to its end."""
        if self._is_in_doubt or (self._may_be_created and self.user is None):
            return RowOutcome.UNKNOWN, self._doubtful_action, ". It may have happened; run the row again to find out"
        return RowOutcome.FAILED, self._action, ""

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


def _names_other_fields(refusal: UnprocessableEntityError) -> bool:
    """Return whether a refusal reports errors of other fields than the login only."""
    return is_object(refusal.errors) and bool(refusal.errors) and refusal.errors.keys() <= _OTHER_FIELDS
