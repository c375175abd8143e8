"""The last phase of a run, only when it was asked for: who is not in the roster leaves the groups, or is deleted."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import Final

from attrs import define, field

from coggno._generated import operations
from coggno._protocol.identity import login_key
from coggno.errors import APIError, NotFoundError, RateLimitError
from coggno.models import User
from coggno.provisioning.client import CallResult, ProvisioningClient
from coggno.provisioning.errors import RemovalsRefusedError
from coggno.provisioning.execution.context import RunContext
from coggno.provisioning.execution.result_queue import ResultQueue
from coggno.provisioning.journal import RecordedWrite, Write, WriteKind
from coggno.provisioning.outcomes import FOUND_OUT, RowOutcome, RowResult
from coggno.provisioning.planning import Leaver, Plan
from coggno.provisioning.planning.leavers import (
    Leavers,
    LeaverSearch,
    RemovalKey,
    outcome_objection,
    roster_objection,
)
from coggno.provisioning.requests.failures import (
    NotVisibleYetError,
    is_curable,
    is_maybe_in_progress,
    reason_of,
)
from coggno.provisioning.requests.stop_signal import HeldError
from coggno.provisioning.worker_pool import for_each

_TRIES: Final = 20  # of one removal; what fails so often while the API works is the trouble of this one
_ABSENCES: Final = 2  # checks in a row that must not find what was removed
_LONGEST_PAUSE: Final = 5.0  # seconds
_UNCERTAIN: Final = ". It may have happened; run the roster again to find out"


class HiddenUserError(Exception):
    """A user who is there cannot be reached by its id."""


@define(eq=False)
class RemovalTask:
    """Removes a member from a group, or deletes a user.

    Attributes:
        context: what all parts of a run share.
        leaver: who.
        is_in_doubt: whether a request may have been carried out unseen.
        was_sent: whether an earlier run has sent a request and died. The list has shown the user since.
        is_check: whether it is only found out what became of that request: the list has not shown the user.
        not_before: when the request may be sent again, on the run's clock: until then the server may still be at it.
        absences: how many checks in a row have not found the user.
        tries: how many tries have failed.
    """

    context: RunContext
    leaver: Leaver
    is_in_doubt: bool = False
    was_sent: bool = False
    is_check: bool = False
    not_before: float = float("-inf")
    absences: int = 0
    tries: int = 0

    async def run(self) -> RowResult:
        """Return what became of it: tried again for failures that waiting can cure."""
        while True:
            try:
                async with self.context.signal.limited():
                    return await self._try()
            except (HeldError, TimeoutError):
                return self.cut_off()
            except Exception as error:  # noqa: BLE001 - the others are not concerned
                if self.context.signal.reason is not None or not self._may_try_again(error):
                    return self._failed(reason_of(error))
                await self._wait(error)

    def cut_off(self) -> RowResult:
        """Return what is known when the run ends before it does."""
        reason = self.context.signal.reason or "the run was cancelled"
        if self.is_in_doubt:
            return self._failed(f"interrupted: {reason}")
        return self._result(RowOutcome.FAILED, f"not attempted: {reason}", not_attempted=True)

    def kept(self, reason: str) -> RowResult:
        """Return the result of somebody who stays.

        Args:
            reason: why, in a sentence.
        """
        action = "deleted" if self.leaver.group_id is None else f"removed{self._of_group.replace(' of', ' from', 1)}"
        detail = f"not {action}, though not in the roster: {reason}. If it is somebody else, remove them by hand"
        return self._result(RowOutcome.REFUSED, detail)

    def known(self) -> RowResult:
        """Return the result of a removal that an earlier run has carried out, and could not note any more."""
        return self._done(is_inferred=False)

    async def _try(self) -> RowResult:
        """Look who is there, and remove or delete: never by a login, and never again once the user was seen absent."""
        found = await self._find()
        if found is None:
            return await self._absent()
        if self.absences and self.is_in_doubt:
            # Once seen absent, never again: whoever is there now may have come anew.
            return self._failed("the user was absent after the request, and is there again")
        self.absences = 0
        if login_key(found.login) != login_key(self.leaver.login):
            return self._result(RowOutcome.REFUSED, f"the user has the login {found.login!r} by now")
        if self.is_check:
            return self._failed("the list does not show the user, who is there")
        left = self.not_before - self.context.clock()
        if left > 0:
            raise NotVisibleYetError("it may still be carried out", pause=min(_LONGEST_PAUSE, left), is_expected=True)
        return self._done(is_inferred=(await self._write()).settled)

    async def _write(self) -> CallResult[User | None]:
        was_in_doubt = self.is_in_doubt
        try:
            return await self.context.write(self._intent, self._send, is_first=not was_in_doubt)
        except APIError as error:
            self.is_in_doubt = was_in_doubt or error.outcome == "unknown"
            if error.outcome == "unknown" and is_maybe_in_progress(error):
                self.not_before = self.context.clock() + self.context.settle_time
            if isinstance(error, NotFoundError):
                await self.context.sender.prove_absence(error)
                # The read just before has found the user: only another one shows who is right.
                raise NotVisibleYetError(error.message) from error
            raise

    async def _find(self) -> User | None:
        """Return the user, or `None` if it was not found, which is no proof yet."""
        call, leaver = self._client.call, self.leaver

        async def read() -> CallResult[User]:
            if leaver.group_id is None:
                return await call(operations.get_user, leaver.user_id)
            return await call(operations.get_group_user, leaver.group_id, leaver.user_id)

        try:
            found = (await self.context.sender.send(read, is_first=not self.is_in_doubt)).value
        except NotFoundError as missing:
            await self.context.sender.prove_absence(missing)
            return None
        if found.id == leaver.user_id:
            return found
        # The server takes the id for the login of another user: only the list shows whether this one is there.
        if await self.context.sender.read(self._is_listed):
            raise HiddenUserError(f"the API takes the id {leaver.user_id} for the login of another user")
        return None

    async def _is_still_listed(self) -> bool:
        try:
            return await self.context.sender.read(self._is_listed, may_be_missing=self.leaver.group_id is not None)
        except NotFoundError:
            return False  # the group was deleted, and with it its memberships

    async def _is_listed(self) -> bool:
        group, client = self.leaver.group_id, self._client
        users = client.users.iter() if group is None else client.groups.users.iter(group)
        return self.leaver.user_id in [user.id async for user in users]

    async def _send(self) -> CallResult[User | None]:
        call, leaver = self._client.call, self.leaver
        # Until the response is there: a request that is cut off may have been carried out.
        self.is_in_doubt = True
        if leaver.group_id is None:
            return await call(operations.delete_user, leaver.user_id)
        return await call(operations.remove_group_user, leaver.group_id, leaver.user_id)

    @property
    def _client(self) -> ProvisioningClient:
        return self.context.client_of(self.leaver.company)

    @property
    def _intent(self) -> Write:
        leaver = self.leaver
        kind = WriteKind.DELETE_USER if leaver.group_id is None else WriteKind.REMOVE_MEMBER
        return Write(
            kind=kind,
            key=login_key(leaver.login),
            company=leaver.company,
            group_id=leaver.group_id,
            name=leaver.login,
            before=[leaver.user_id],
        )

    async def _absent(self) -> RowResult:
        self.absences += 1
        if self.absences < _ABSENCES:
            # One 404 may come from a copy of the data that is behind.
            raise NotVisibleYetError("the user was not found", pause=1.0, is_expected=True)
        if not self.is_check and await self._is_still_listed():
            # Reads may come from a copy that is behind for longer, or from a proxy that remembers a 404.
            raise NotVisibleYetError("the list shows the user, whom no read finds")
        if self.is_in_doubt or self.was_sent:
            return self._done(is_inferred=True)
        gone = "the user was gone already" if self.leaver.group_id is None else "was no member any more"
        return self._result(RowOutcome.UNCHANGED, f"{gone}{self._of_group}")

    def _may_try_again(self, error: Exception) -> bool:
        if not is_curable(error):
            return False
        is_expected = isinstance(error, NotVisibleYetError) and error.is_expected
        self.tries += not (is_expected or isinstance(error, RateLimitError))
        return self.tries < _TRIES

    async def _wait(self, error: Exception) -> None:
        pause = error.pause if isinstance(error, NotVisibleYetError) else None
        self.context.gate.check_patience(error)
        await self.context.gate.pause(min(_LONGEST_PAUSE, 2.0**self.tries) if pause is None else pause)

    def _done(self, *, is_inferred: bool) -> RowResult:
        self.context.gate.circuit.progressed()
        inferred = f"; {FOUND_OUT}" if is_inferred else ""
        if self.leaver.group_id is None:
            return self._result(RowOutcome.DELETED, f"not in the roster{inferred}", is_inferred=is_inferred)
        detail = f"not in the roster{self._of_group}{inferred}"
        return self._result(RowOutcome.LEFT, detail, is_inferred=is_inferred)

    def _failed(self, reason: str) -> RowResult:
        action = "deleting the user" if self.leaver.group_id is None else f"removing{self._of_group}"
        if self.is_in_doubt:
            return self._result(RowOutcome.UNKNOWN, f"{action} failed: {reason}{_UNCERTAIN}")
        return self._result(RowOutcome.FAILED, f"{action} failed: {reason}")

    @property
    def _of_group(self) -> str:
        return f" of group {self.leaver.group!r}" if self.leaver.group_id is not None else ""

    def _result(
        self, outcome: RowOutcome, detail: str, *, is_inferred: bool = False, not_attempted: bool = False
    ) -> RowResult:
        return RowResult(
            line=0,
            login=self.leaver.login,
            outcome=outcome,
            user_id=self.leaver.user_id,
            detail=detail,
            inferred=is_inferred,
            not_attempted=not_attempted,
        )


@define
class RemovalPhase:
    """Removes or deletes who is not in the roster, after all its rows.

    Attributes:
        context: what all parts of a run share.
        plan: what was carried out.
        planned: whom it removes.
        workers: how many may be in progress at once.
        counts: returns how many rows have ended with each outcome.
    """

    context: RunContext
    plan: Plan
    planned: Leavers
    workers: int
    counts: Callable[[], Mapping[RowOutcome, int]]
    _ended: ResultQueue = field(factory=ResultQueue)
    _waiting: list[RemovalTask] = field(factory=list[RemovalTask])

    async def results(self) -> AsyncGenerator[RowResult]:
        """Remove or delete; yield one result for each.

        Raises:
            RemovalsRefusedError: the roster cannot say who has left, or there are more than the limits allow.
            StoppedError: the API did not respond for as long as the patience allows.
            APIError: a list could not be read, and waiting cannot help.
        """
        in_doubt = self._in_doubt()
        leavers = await self._leavers(in_doubt)
        for leaver, reason in leavers.kept:
            yield RemovalTask(self.context, leaver).kept(reason)
        checks = self._checks(leavers, in_doubt)
        for task in (task for task in checks if not task.is_in_doubt):
            yield self._ended_with(task, task.known())
        tasks = [*(task for task in checks if task.is_in_doubt), *self._agreed(leavers, in_doubt)]
        self._waiting = [*tasks]
        work = partial(for_each, tasks, self._carry_out, workers=self.workers)
        async with aclosing(self._ended.put_by(work)) as results:
            async for result in results:
                yield result

    def unclaimed(self) -> Iterator[RowResult]:
        """Yield what is known of those whose results nobody has taken, when the iteration was left early."""
        yield from self._ended.unclaimed()
        for task in self._waiting:
            yield task.cut_off()
        self._waiting.clear()

    def _in_doubt(self) -> Mapping[RemovalKey, RecordedWrite]:
        """Return the removals of earlier runs that have no result."""
        earlier = self.plan.earlier
        writes = () if earlier is None else earlier.writes.removals()
        return {(each.write.company, each.write.key, each.write.group_id): each for each in writes}

    async def _leavers(self, in_doubt: Collection[RemovalKey]) -> Leavers:
        """Read again who has left: the limits have to hold for what is there now, and not for what was planned."""
        context, plan = self.context, self.plan
        # The results of the rows, too: a person whose row has failed may be here under another login.
        # What spoke against it when the plan was made still does: nobody was asked whether they may be removed.
        objection = self.planned.objection() or roster_objection(plan.roster) or outcome_objection(self.counts())
        if objection is not None:
            raise RemovalsRefusedError(objection, found=self.planned.count)
        search = LeaverSearch(
            context.sender,
            context.client_of,
            plan.roster,
            plan.companies,
            self.planned.removals,
            plan.newcomers,
            plan.unreadable.note,
            in_doubt,
            plan.removed_earlier,
        )
        leavers = await search.run(context.groups)
        objection = leavers.objection()
        if objection is not None:
            raise RemovalsRefusedError(objection, found=leavers.count)
        return leavers

    def _checks(self, leavers: Leavers, in_doubt: Mapping[RemovalKey, RecordedWrite]) -> Sequence[RemovalTask]:
        """Return what finds out whether those whom no list shows any more were removed by a run that has died."""
        groups = {(company, group.id): group.name for (company, _), group in self.context.groups.items()}
        tasks: list[RemovalTask] = []
        for known in (in_doubt[key] for key in sorted(leavers.gone, key=repr)):
            write = known.write
            if write.before:
                group = "" if write.group_id is None else groups[write.company, write.group_id]
                leaver = Leaver(write.before[0], write.name, write.company, write.group_id, group)
                # A list may lack somebody, as one that a proxy has truncated: it proves nothing.
                tasks.append(RemovalTask(self.context, leaver, is_in_doubt=known.is_open, is_check=True))
        return tasks

    def _agreed(self, leavers: Leavers, in_doubt: Collection[RemovalKey]) -> Iterator[RemovalTask]:
        # Who was not in the plan has come since: nobody has agreed to their removal.
        planned = {leaver.id for leaver in self.planned.found}
        for leaver in leavers.found:
            if leaver.id in planned:
                key = leaver.company, login_key(leaver.login), leaver.group_id
                yield RemovalTask(self.context, leaver, was_sent=key in in_doubt)

    async def _carry_out(self, task: RemovalTask) -> None:
        result = None
        self._waiting.remove(task)
        try:
            if self.context.signal.reason is None:
                result = await task.run()
        finally:
            # Whatever ends it, even a cancellation: what is known is kept and reported.
            self._ended.put(self._ended_with(task, result or task.cut_off()))

    def _ended_with(self, task: RemovalTask, result: RowResult) -> RowResult:
        self.context.records.removal(task.leaver.company, task.leaver.group_id, result)
        return result
