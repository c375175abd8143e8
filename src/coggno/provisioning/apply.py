"""Carries out a plan: groups, then users and their memberships, a bounded number of requests at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

import attrs
from attrs import define, field

from coggno._exchange import Exchange, OnExchange
from coggno.errors import (
    APIError,
    AuthenticationError,
    CoggnoError,
    NotFoundError,
    OutcomeUnknownError,
    PermissionDeniedError,
    UnprocessableEntityError,
)
from coggno.models import Group, User
from coggno.provisioning.checks import Person, fold
from coggno.provisioning.outcomes import Outcome, RowResult, StoppedError
from coggno.provisioning.pace import Pace
from coggno.provisioning.passwords import PasswordFile
from coggno.provisioning.plan import Plan, Step, conflict
from coggno.provisioning.roster import Row

if TYPE_CHECKING:
    from coggno._client import AsyncCoggno

GRACE: Final = 4.0  # seconds that requests under way have to end after `stop`
_WINDOW: Final = 200  # rows over which failures are counted
_MANY_FAILURES: Final = 50  # failures that are not the rows' fault ...
_SHARE: Final = 0.4  # ... and their share in the window: together they stop the run
_JOIN_PAUSES: Final = (5.0, 10.0, 30.0)  # seconds; a user made just now may not be seen everywhere yet

_in_doubt: ContextVar[set[str] | None] = ContextVar("in_doubt", default=None)


class Run:
    """One run of a plan: iterate over it for the results, `stop` it early.

    The consumer sets the pace: when it does not take results, no more rows are begun.

    Args:
        coggno: the client to send with.
        plan: what to do.
        concurrency: how many rows may be under way at once.
        pace: how many requests per second at the most.
        passwords: where passwords are made and kept for rows that have none.
        sleep: waits for so many seconds.
    """

    def __init__(
        self,
        coggno: AsyncCoggno,
        plan: Plan,
        *,
        concurrency: int = 16,
        pace: Pace | None = None,
        passwords: PasswordFile | None = None,
        sleep: Callable[[float], Any] = asyncio.sleep,
    ) -> None:
        if concurrency < 1:
            raise ValueError(f"concurrency must be at least 1, not {concurrency}")
        self._coggno = _watching(coggno)
        self._plan = plan
        self._concurrency = concurrency
        self._pace = pace or Pace(None)
        self._passwords = passwords
        self._sleep = sleep
        self._groups: dict[str, Group] = dict(plan.groups)
        self._lost_groups: dict[str, str] = {}
        self._breaker = _Breaker()
        self._stopped: str | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def stopped(self) -> str | None:
        """Why the run ended early, if it did."""
        return self._stopped

    def stop(self, reason: str) -> None:
        """Begin nothing more; what is under way has `GRACE` seconds to end. A second call changes nothing."""
        if self._stopped is None:
            self._stopped = reason
            asyncio.get_running_loop().call_later(GRACE, self._cut_off)

    def _cut_off(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def __aiter__(self) -> AsyncGenerator[RowResult]:
        """Yield one result for every row of the roster.

        Raises:
            StoppedError: at the end, when the run ended early; every row has had its result by then.
        """
        repeated = _repetitions(self._plan.roster.rows)
        for result in (*self._plan.roster.verdicts(), *self._plan.settled):
            for each in _with_repetitions(result, repeated):
                yield each
        self._make_passwords()
        await self._make_groups()
        async with aclosing(self._rows()) as results:
            async for result in results:
                for each in _with_repetitions(result, repeated):
                    yield each
        if self._stopped is not None:
            raise StoppedError(f"stopped early: {self._stopped}. Nothing is lost: run the same roster again to go on")

    # Passwords and groups: before any user

    def _make_passwords(self) -> None:
        if self._passwords is None:
            return
        for step in self._plan.steps:
            person = step.row.person
            if step.user is None and person is not None and person.password is None:
                self._passwords.password_for(person.sent_login)
        self._passwords.sync()

    async def _make_groups(self) -> None:
        names = iter(self._plan.new_groups)

        async def work() -> None:
            for name in names:
                if self._stopped is not None:
                    return
                await self._make_group(name)

        await self._gather([work() for _ in range(self._concurrency)])

    async def _make_group(self, name: str) -> None:
        await self._pace.turn()
        try:
            self._groups[name] = await self._coggno.groups.create(name=name)
        except OutcomeUnknownError as lost:
            # none of that name was there before: a single one is the one we made
            if len(lost.candidates) == 1:
                self._groups[name] = lost.candidates[0]
            else:
                self._lost_groups[name] = lost.message
        except APIError as error:
            self._lost_groups[name] = str(error)
            self._note(error)

    async def _gather(self, works: list[Any]) -> None:
        tasks = [asyncio.create_task(work) for work in works]
        self._tasks.update(tasks)
        try:
            for task in tasks:
                try:
                    await task
                except asyncio.CancelledError:
                    if self._stopped is None:
                        raise
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._tasks.difference_update(tasks)

    # Users and memberships

    async def _rows(self) -> AsyncGenerator[RowResult]:
        results: asyncio.Queue[RowResult | None] = asyncio.Queue(self._concurrency)
        steps = iter(self._plan.steps)

        async def work() -> None:
            for step in steps:
                await results.put(await self._row(step))

        async def all_work() -> None:
            try:
                await self._gather([work() for _ in range(self._concurrency)])
            except Exception:
                await results.put(None)  # wakes the consumer, who finds the exception in the task
                raise
            await results.put(None)

        producer = asyncio.create_task(all_work())
        try:
            while (result := await results.get()) is not None:
                yield result
            await producer
        finally:
            producer.cancel()
            await asyncio.gather(producer, return_exceptions=True)

    async def _row(self, step: Step) -> RowResult:
        person = step.row.person
        assert person is not None  # noqa: S101 - only rows with a person are planned
        report = _Report(step.row, person)
        if self._stopped is not None:
            return report.ended(Outcome.FAILED, f"not attempted: {self._stopped}")
        lost = next((name for name in step.missing if name not in self._groups), None)
        if lost is not None:
            return report.ended(Outcome.FAILED, f"not attempted: no group {lost!r}: {self._lost_groups.get(lost, '')}")
        doubts: set[str] = set()
        token = _in_doubt.set(doubts)
        try:
            return await self._carry_out(step, person, report, doubts)
        except asyncio.CancelledError:
            if self._stopped is None:
                raise
            return report.ended(Outcome.UNKNOWN, f"cut off while under way: {self._stopped}")
        except APIError as error:
            self._note(error)
            return report.failed(error)
        except CoggnoError as error:
            return report.ended(Outcome.FAILED, str(error))
        finally:
            _in_doubt.reset(token)

    async def _carry_out(self, step: Step, person: Person, report: _Report, doubts: set[str]) -> RowResult:
        missing = list(step.missing)
        if step.user is not None:
            await self._join(step.user, missing, is_new=False)
            self._breaker.success()
            return report.ended(Outcome.JOINED, f"added to {', '.join(missing)}", user=step.user)
        created = await self._create(person, missing)
        if isinstance(created, RowResult):
            return attrs.evolve(created, line=step.row.line)
        report.user = created
        inferred = "createUser" in doubts
        if missing and not inferred:
            missing.pop(0)  # the group that the creation itself has put the user into
        await self._join(created, missing, is_new=True, look=inferred)
        self._breaker.success()
        return report.ended(
            Outcome.CREATED, "found by looking: the answer was lost" if inferred else "", inferred=inferred
        )

    async def _create(self, person: Person, missing: list[str]) -> User | RowResult:
        await self._pace.turn()
        password = person.password
        if password is None and self._passwords is not None:
            password = self._passwords.password_for(person.sent_login)
        try:
            return await self._coggno.users.create(
                email=person.email,
                first_name=person.first_name,
                last_name=person.last_name,
                password=password or "",
                login=person.login,
                group_id=self._groups[missing[0]].id if missing else None,
            )
        except UnprocessableEntityError as refusal:
            return await self._explain(person, refusal)

    async def _explain(self, person: Person, refusal: UnprocessableEntityError) -> RowResult:
        """422: is the user there after all, elsewhere, or is the row refused for another reason?"""
        row = Row(0, (), person)
        report = _Report(row, person)
        await self._pace.turn()
        try:
            user = await self._coggno.users.get(person.sent_login)
        except NotFoundError:
            return report.ended(
                Outcome.REGISTERED_ELSEWHERE, f"not in this company, and Coggno says: {refusal.message}"
            )
        if fold(user.login) != person.key:
            return report.ended(Outcome.REFUSED, refusal.message)
        if (user.first_name.strip(), user.last_name.strip()) != (person.first_name, person.last_name):
            return conflict(row, user)
        return report.ended(Outcome.EXISTS, "made by somebody else meanwhile; run again for its groups", user=user)

    async def _join(self, user: User, names: list[str], *, is_new: bool, look: bool = False) -> None:
        for name in names:
            group = self._groups[name].id
            if look and await self._is_member(group, user):
                continue
            await self._add(group, user, _JOIN_PAUSES if is_new else ())

    async def _is_member(self, group: int, user: User) -> bool:
        await self._pace.turn()
        try:
            await self._coggno.groups.users.get(group, user.id)
        except NotFoundError:
            return False
        return True

    async def _add(self, group: int, user: User, pauses: tuple[float, ...]) -> None:
        for pause in (*pauses, None):
            await self._pace.turn()
            try:
                await self._coggno.groups.users.add(group, user.id)
            except NotFoundError:
                if pause is None or self._stopped is not None:
                    raise
                await self._sleep(pause)
            else:
                return

    def _note(self, error: APIError) -> None:
        """Stop where going on is useless."""
        if isinstance(error, AuthenticationError | PermissionDeniedError):
            self.stop(f"the API refuses the key ({error.message})")
        elif error.outcome != "rejected" and self._breaker.failure():
            self.stop("too many failures that are not the rows' fault; the API or the network is in trouble")


@define
class _Report:
    """Builds the result of one row."""

    row: Row
    person: Person
    user: User | None = None

    def ended(self, outcome: Outcome, detail: str, *, user: User | None = None, inferred: bool = False) -> RowResult:
        known = user or self.user
        return RowResult(
            line=self.row.line,
            login=self.person.sent_login,
            outcome=outcome,
            user_id=known.id if known else None,
            detail=detail,
            inferred=inferred,
        )

    def failed(self, error: APIError) -> RowResult:
        made = "the user was made, but " if self.user else ""
        outcome = Outcome.UNKNOWN if isinstance(error, OutcomeUnknownError) else Outcome.FAILED
        return self.ended(outcome, f"{made}{error}")


@define
class _Breaker:
    """Counts failures that are not the rows' fault among the last rows."""

    recent: deque[bool] = field(factory=lambda: deque[bool](maxlen=_WINDOW))

    def success(self) -> None:
        self.recent.append(False)

    def failure(self) -> bool:
        """Count one; return whether they are too many."""
        self.recent.append(True)
        failures = sum(self.recent)
        return failures >= _MANY_FAILURES and failures > _SHARE * len(self.recent)


def _watching(coggno: AsyncCoggno) -> AsyncCoggno:
    """Return a copy of the client that notes, per row, which writes were in doubt and found by looking."""
    theirs: OnExchange | None = coggno._session.on_exchange  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]

    def watch(exchange: Exchange) -> None:
        doubts = _in_doubt.get()
        if doubts is not None:
            if exchange.outcome == "unknown":
                doubts.add(exchange.operation)
            elif exchange.outcome == "done":
                doubts.discard(exchange.operation)
        if theirs is not None:
            theirs(exchange)

    return coggno.with_options(on_exchange=watch)


def _repetitions(rows: Any) -> dict[int, list[Row]]:
    """Rows that were merged into another, by the line of that one."""
    repeated: dict[int, list[Row]] = {}
    for row in rows:
        if row.repeats is not None:
            repeated.setdefault(row.repeats.line, []).append(row)
    return repeated


def _with_repetitions(result: RowResult, repeated: dict[int, list[Row]]) -> Iterator[RowResult]:
    """A merged row shares the fate of the one it repeats."""
    yield result
    for row in repeated.get(result.line, ()):
        outcome = Outcome.DUPLICATE if result.is_as_wanted else result.outcome
        detail = f"the same as line {result.line}" + ("" if result.is_as_wanted else f": {result.detail}")
        login = row.person.sent_login if row.person else ""
        yield attrs.evolve(result, line=row.line, login=login, outcome=outcome, detail=detail)
