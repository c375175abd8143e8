"""Carries out a plan: groups, then users and their memberships, a bounded number of requests at a time."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, Self

from coggno.errors import (
    APIError,
    AuthenticationError,
    CoggnoError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimitError,
)
from coggno.provisioning.crew import for_each
from coggno.provisioning.errand import RowTask, RunContext
from coggno.provisioning.options import RunOptions
from coggno.provisioning.outcomes import Progress, RowOutcome, RowResult, StoppedError
from coggno.provisioning.pace import CircuitBreaker, RateLimiter
from coggno.provisioning.passwords import PasswordFile
from coggno.provisioning.plan import Plan, PlannedRow, repetition
from coggno.provisioning.roster import Row
from coggno.provisioning.watch import watched

if TYPE_CHECKING:
    from coggno._client import Client

GRACE: Final = 4.0  # seconds that requests under way have to end after `stop`


class Run:
    """One run of a plan: an async iterator of results, which can be stopped early.

    The consumer sets the pace: when it does not take results, no more rows are begun. A consumer that leaves before
    the end calls `aclose`; `rest` then tells of the rows that it has not seen.

    Args:
        coggno: the client to send with.
        plan: what to do; a plan is carried out once.
        options: how the run proceeds.
        pace: limits the rate; made of `options` if not given.
        sleep: waits for so many seconds.

    Raises:
        ConfigurationError: the plan was carried out already.
    """

    def __init__(
        self,
        coggno: Client,
        plan: Plan,
        options: RunOptions = RunOptions(),  # noqa: B008 - frozen
        *,
        pace: RateLimiter | None = None,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    ) -> None:
        plan.claim()
        pace = pace or RateLimiter(options.rate)
        concurrency, passwords = options.concurrency, options.passwords
        self._plan = plan
        self._concurrency = concurrency
        self._desk = RunContext(watched(coggno, pace), pace, passwords, dict(plan.groups), sleep)
        self._breaker = CircuitBreaker()
        self._lost_groups: dict[str, str] = {}
        self._deadline: float | None = None
        self._limits: set[asyncio.Timeout] = set()
        # A slot is taken before a row is begun and given back when its result is taken.
        self._slots = asyncio.Semaphore(2 * concurrency)
        self._ended: asyncio.Queue[RowResult | None] = asyncio.Queue()
        self._ready: deque[RowResult] = deque()
        self._repeated = _repetitions(plan.roster.rows)
        # By line: a byte for each, however many there are.
        self._told = bytearray(max((row.line for row in plan.roster.rows), default=0) + 1)
        self._counts: Counter[RowOutcome] = Counter()
        self._steps, self._lacking = _with_passwords(plan.planned, passwords)
        self._is_going_on = False
        self._work = self._phases()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> RowResult:
        """Return the next result; see `StoppedError` for what ends a run early.

        Raises:
            StoppedError: the run ended early; every row has had its result by then.
        """
        if not self._ready:
            self._ready.extend(self._with_repetitions(await anext(self._work)))
        return self._tell(self._ready.popleft())

    async def aclose(self) -> None:
        """End the run now; what is under way is cut off."""
        await self._work.aclose()

    @property
    def stopped(self) -> str | None:
        """Why the run ended early, if it did."""
        return self._desk.stopped

    @property
    def progress(self) -> Progress:
        """How far the run is."""
        return Progress(total=len(self._plan.roster.rows), done=self._counts.total(), counts=Counter(self._counts))

    def stop(self, reason: str) -> None:
        """Begin nothing more; what is under way has `GRACE` seconds to end. A second call changes nothing."""
        if self._desk.stopped is not None:
            return
        self._desk.stopped = reason
        self._deadline = asyncio.get_running_loop().time() + GRACE
        for limit in self._limits:
            limit.reschedule(self._deadline)

    def rest(self) -> Iterator[RowResult]:
        """Yield a result for every row that had none, after the iteration was cancelled, left or ended by an error.

        Raises:
            RuntimeError: the run is still going on; `aclose` it first.
        """
        if self._is_going_on:
            raise RuntimeError("the run is still going on; aclose() it first")
        yield from (self._tell(result) for result in self._ready)
        for result in self._untold():
            if not self._told[result.line]:
                yield from map(self._tell, self._with_repetitions(result))

    # Telling

    def _tell(self, result: RowResult) -> RowResult:
        self._told[result.line] = True
        self._counts[result.outcome] += 1
        return result

    def _with_repetitions(self, result: RowResult) -> Iterator[RowResult]:
        yield result
        for row in self._repeated.get(result.line, ()):
            yield repetition(row, result)

    def _known_before(self) -> Iterator[RowResult]:
        yield from self._plan.roster.rejections()
        yield from self._plan.decided
        for step in self._lacking:
            yield step.row.result(RowOutcome.INVALID, "password is missing")

    def _untold(self) -> Iterator[RowResult]:
        while not self._ended.empty():
            if (ended := self._ended.get_nowait()) is not None:
                yield ended
        yield from self._known_before()
        for step in self._steps:
            yield _not_attempted(step, self._desk.stopped or "the run was cut off")

    # Phases

    async def _phases(self) -> AsyncGenerator[RowResult]:
        self._is_going_on = True
        try:
            for result in self._known_before():
                yield result
            self._make_passwords()
            await for_each(self._needed_groups(), self._make_group, self._concurrency)
            producer = asyncio.create_task(self._all_rows())
            try:
                while (ended := await self._ended.get()) is not None:
                    self._slots.release()
                    yield ended
                await producer  # raises what went wrong in it
            finally:
                producer.cancel()
                await asyncio.gather(producer, return_exceptions=True)
        finally:
            self._is_going_on = False
        if self._desk.stopped is not None:
            raise StoppedError(self._desk.stopped)

    def _make_passwords(self) -> None:
        """Have every password on the disk before the first request that sets one."""
        passwords = self._desk.passwords
        if passwords is None:
            return
        try:
            for step in self._steps:
                if step.user is None and step.row.person is not None and step.row.person.password is None:
                    passwords.password_for(step.row.person.sent_login)
            passwords.sync()
        except (OSError, CoggnoError) as error:
            self.stop(str(error))

    def _needed_groups(self) -> Iterable[str]:
        if not self._lacking:
            return self._plan.new_groups
        needed = {name for step in self._steps for name in step.missing}
        return [name for name in self._plan.new_groups if name in needed]

    async def _make_group(self, name: str) -> None:
        if self._desk.stopped is not None:
            return
        try:
            async with self._limited():
                await self._desk.pace.turn()
                if self._desk.stopped is None:
                    self._desk.groups[name] = await self._desk.coggno.groups.create(name=name)
        except TimeoutError:
            self._lost_groups[name] = "cut off while it was made"
        except OutcomeUnknownError as lost:
            self._note(lost)
            # None of that name was there before: a single one is the one we made.
            if len(lost.candidates) == 1:
                self._desk.groups[name] = lost.candidates[0]
            else:
                self._lost_groups[name] = str(lost)
        except CoggnoError as error:
            self._note(error)
            self._lost_groups[name] = str(error)

    # Rows

    async def _all_rows(self) -> None:
        try:
            await for_each(self._steps, self._row, self._concurrency)
        finally:
            self._ended.put_nowait(None)

    async def _row(self, step: PlannedRow) -> None:
        await self._slots.acquire()
        result = self._hindrance(step)
        if result is None:
            await self._send(step)
        else:
            self._ended.put_nowait(result)

    def _hindrance(self, step: PlannedRow) -> RowResult | None:
        """Return the result of a row that cannot be begun."""
        if self._desk.stopped is not None:
            return _not_attempted(step, self._desk.stopped)
        lost = next((name for name in step.missing if name not in self._desk.groups), None)
        if lost is None:
            return None
        return _not_attempted(step, f"no group {lost!r}: {self._lost_groups.get(lost, '')}")

    async def _send(self, step: PlannedRow) -> None:
        assert step.row.person is not None  # noqa: S101 - only rows with a person are planned
        errand = RowTask(self._desk, step, step.row.person)
        result: RowResult | None = None
        try:
            async with self._limited():
                result = await errand.run()
                self._note(errand.error)
        except TimeoutError:
            pass  # `stop` has cut it off
        finally:
            # Whatever ends it, even a cancellation: what is known of the row is told.
            self._ended.put_nowait(result or errand.cut_off())

    @asynccontextmanager
    async def _limited(self) -> AsyncGenerator[None]:
        """End what is within, by `TimeoutError`, when the time is over that `stop` grants."""
        async with asyncio.timeout_at(self._deadline) as limit:
            self._limits.add(limit)
            try:
                yield
            finally:
                self._limits.discard(limit)

    def _note(self, error: CoggnoError | None) -> None:
        """Count how a row ended, and stop where going on is useless."""
        self._breaker.note(is_trouble=_is_trouble(error))
        if isinstance(error, AuthenticationError | PermissionDeniedError):
            self.stop(f"the API refuses the key ({error.message}), which must be put right first")
        elif self._breaker.is_open:
            self.stop("too many failures that are not the rows' fault; the API or the network is in trouble")


def _is_trouble(error: CoggnoError | None) -> bool:
    """Whether a failure is not the row's fault."""
    return isinstance(error, APIError) and (error.outcome != "rejected" or isinstance(error, RateLimitError))


def _not_attempted(step: PlannedRow, reason: str) -> RowResult:
    user_id = step.user.id if step.user else None
    return step.row.result(RowOutcome.FAILED, f"not attempted: {reason}", user_id=user_id)


def _with_passwords(
    steps: Iterable[PlannedRow], passwords: PasswordFile | None
) -> tuple[list[PlannedRow], list[PlannedRow]]:
    """Part the steps that can be carried out from those that lack a password."""
    fit: list[PlannedRow] = []
    lacking: list[PlannedRow] = []
    for step in steps:
        person = step.row.person
        is_lacking = passwords is None and step.user is None and person is not None and person.password is None
        (lacking if is_lacking else fit).append(step)
    return fit, lacking


def _repetitions(rows: Iterable[Row]) -> dict[int, list[Row]]:
    """Rows that were merged into another, by the line of that one."""
    repeated: dict[int, list[Row]] = {}
    for row in rows:
        if row.merged_into is not None:
            repeated.setdefault(row.merged_into.line, []).append(row)
    return repeated
