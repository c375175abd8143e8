"""The groups that the rows of a run need and that do not exist yet.

A group's name is no key: a second request makes a second group. So a creation whose response was lost is sent again
only when lists have not shown the group for the settle time. All groups in doubt wait for that together, with one list
a round, while rows that do not need them go on.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from typing import Final

from attrs import define, field

from coggno._generated import operations
from coggno._protocol.identity import group_key, named
from coggno.errors import APIError, DecodeError, NotFoundError, RateLimitError
from coggno.models import Group
from coggno.provisioning.client import HeldName
from coggno.provisioning.errors import JournalError, StoppedError
from coggno.provisioning.execution.context import RunContext
from coggno.provisioning.journal import Write, WriteKind, group_lock
from coggno.provisioning.outcomes import Waiting
from coggno.provisioning.planning.counts import GroupOfCompany
from coggno.provisioning.planning.earlier import EarlierWrites
from coggno.provisioning.requests.failures import is_curable, reason_of
from coggno.provisioning.requests.stop_signal import HeldError
from coggno.provisioning.worker_pool import for_each

_TRIES: Final = 10  # of one group
_AT_ONCE: Final = 256  # groups that are compared with one list
_LONGEST_PAUSE: Final = 10.0  # seconds between two rounds
_AMBIGUOUS: Final = "several groups have that name; rename or delete all but one"


@define(eq=False)
class NewGroup:
    """A group that is to be created: none of its name was there when it was reserved.

    Attributes:
        company: id of the connected company, if it is not that of the key.
        name: as the roster has it.
        held: the right to create it.
        release: gives that right up.
        tries: how many requests have failed.
        sent_at: when the last request that may have been carried out has failed; `None` if there is none.
    """

    company: int | None
    name: str
    held: HeldName
    release: AsyncExitStack
    tries: int = 0
    sent_at: float | None = None

    @property
    def id(self) -> GroupOfCompany:
        """Company and name."""
        return self.company, self.name


@define
class GroupCreation:
    """Creates groups.

    Attributes:
        context: what all rows share.
        earlier: writes of earlier runs; `None` if there are none.
        failures: company and name -> why the group is not there.
        on_change: called when a group is there, or has failed.
    """

    context: RunContext
    earlier: EarlierWrites | None = None
    failures: dict[GroupOfCompany, str] = field(factory=dict[GroupOfCompany, str])
    on_change: Callable[[], None] = lambda: None
    _open: dict[GroupOfCompany, NewGroup] = field(factory=dict[GroupOfCompany, NewGroup])
    _locks: AsyncExitStack = field(factory=AsyncExitStack)

    async def create(self, groups: Iterable[GroupOfCompany]) -> None:
        """Create groups. Those that are not there afterwards are left to `settle`.

        Args:
            groups: company and name of each.
        """
        # In one order everywhere: two runs that each hold a name the other one waits for would wait for ever.
        names = sorted(groups, key=lambda group: (group[0] or 0, group_key(group[1]), group[1]))
        try:
            await self._lock_others_out({company for company, _ in names})
        except HeldError:
            return
        except JournalError as error:
            self.context.signal.stop(str(error).rstrip("."))
            return
        for start in range(0, len(names), _AT_ONCE):
            if self.context.signal.reason is None:
                try:
                    reserved = [await self._reserve(*group) for group in names[start : start + _AT_ONCE]]
                except TimeoutError:
                    return  # the run was stopped
                await self._round(reserved)

    async def settle(self) -> None:
        """Return when every group is there or has failed: in rounds of one list each."""
        pause = 1.0
        try:
            while self._open and self.context.signal.reason is None:
                await self.context.gate.pause(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
                await self._round([*self._open.values()])
        finally:
            # Whatever ended it: rows that wait for a group must go on.
            await self.close()

    async def close(self) -> None:
        """Give up what is not there yet."""
        await self._locks.aclose()
        for group in [*self._open.values()]:
            is_in_doubt = group.sent_at is not None
            await self._fail(group, "interrupted while it was created" if is_in_doubt else "the run stopped before")

    def obstacle(self, company: int | None, names: Iterable[str]) -> str | None:
        """Return why one of `names` cannot be used, or `None` if all groups are there or may still come."""
        for name in names:
            reason = self.failures.get((company, name))
            is_there = (company, name) in self.context.groups
            if reason is None and not is_there and (company, name) not in self._open:
                reason = "the run stopped before"
            if reason is not None:
                return f"group {name!r} could not be created: {reason}"
        return None

    def is_awaited(self, company: int | None, names: Iterable[str]) -> bool:
        """Return whether one of `names` is not there yet."""
        return any((company, name) not in self.context.groups for name in names)

    async def _lock_others_out(self, companies: Iterable[int | None]) -> None:
        """Keep out other runs, from the list that shows that a group is missing until it is there."""
        client, journal = self.context.sender.client, self.context.records.journal
        lock = group_lock if journal is None else journal.group_lock
        for company in sorted(companies, key=lambda company: company or 0):
            acting_for = client.lms if company is None else str(company)
            await self._locks.enter_async_context(lock(client.base_url, acting_for, sleep=self._wait))
        self.context.gate.waiting = None

    async def _wait(self, seconds: float) -> None:
        if self.context.signal.reason is not None:
            raise HeldError
        waiting = self.context.gate.waiting
        reason = "another run to create its groups"
        self.context.gate.waiting = waiting or Waiting(since=time.time(), reason=reason)
        await self.context.gate.pause(seconds)

    async def _reserve(self, company: int | None, name: str) -> NewGroup:
        stack = AsyncExitStack()
        # Another run of this process may hold the name for long: a stop ends the wait.
        async with self.context.signal.limited():
            held = await stack.enter_async_context(self.context.client_of(company).groups.reserve(name))
        group = self._open[company, name] = NewGroup(company, name, held, stack)
        known = None if self.earlier is None else self.earlier.group(company, name)
        if known is not None and known.is_open and self.earlier is not None:
            # An earlier run has sent it and died: it may be there, or come yet.
            # Its age does not count: the clock of the machine may have been wrong when it was sent.
            group.sent_at = self.context.clock()
            self.context.records.group_in_doubt(known.write, known.intent)
        return group

    async def _round(self, groups: Sequence[NewGroup]) -> None:
        """Compare groups with one list of each company, and create those that are safe to create."""
        by_company: defaultdict[int | None, list[NewGroup]] = defaultdict(list)
        for group in groups:
            by_company[group.company].append(group)
        for company, own in by_company.items():
            try:
                listed = await self._list(company)
            except (HeldError, StoppedError):
                return
            except Exception as error:  # noqa: BLE001 - rows without these groups are not concerned
                for group in own:
                    await self._fail(group, reason_of(error))
            else:
                ready = [group for group in own if not await self._is_found(group, listed)]
                await for_each(ready, self._create, workers=_AT_ONCE)

    async def _list(self, company: int | None) -> list[Group]:
        async def read() -> list[Group]:
            return [group async for group in self.context.client_of(company).groups.iter(on_error=_left_out)]

        return await self.context.sender.read(read)

    async def _is_found(self, group: NewGroup, listed: Iterable[Group]) -> bool:
        """Return whether a group must not be created (now): it is there, several are, or it may still come."""
        found = named(listed, group.name, lambda each: each.name)
        if not found and group.held.recent is not None:
            found = [group.held.recent]
        if len(found) == 1:
            await self._there(group, found[0])
        elif found:
            await self._fail(group, _AMBIGUOUS)
        elif group.sent_at is None:
            return False
        else:
            return self.context.clock() < group.sent_at + self.context.settle_time
        return True

    async def _create(self, group: NewGroup) -> None:
        try:
            # Cut off when the time after a stop is over.
            async with self.context.signal.limited():
                created = await self._send(group)
        except HeldError:
            pass
        except TimeoutError:
            await self._fail(group, "interrupted while it was created")
        except APIError as error:
            await self._note(group, error)
        except Exception as error:  # noqa: BLE001 - other groups, and rows without this one, are not concerned
            await self._fail(group, reason_of(error))
        else:
            group.held.note(created)
            await self._there(group, created)

    async def _send(self, group: NewGroup) -> Group:
        call = self.context.client_of(group.company).call
        # The list just before has shown that there was none.
        intent = Write(
            kind=WriteKind.CREATE_GROUP, key=group_key(group.name), name=group.name, company=group.company, before=()
        )
        result = await self.context.write(intent, lambda: call(operations.create_group, name=group.name), is_first=True)
        return result.value

    async def _note(self, group: NewGroup, error: APIError) -> None:
        """Note why a request has failed; the group stays open if waiting can help."""
        if error.outcome == "unknown":
            group.sent_at = self.context.clock()
            # None of that name was there before: a single one that is there now is ours.
            candidates: Sequence[Group] = getattr(error, "candidates", ())
            if len(candidates) == 1:
                await self._there(group, candidates[0])
                return
        if isinstance(error, NotFoundError):
            # Nothing is asked for that could be missing: the API itself is not there.
            self.context.gate.circuit.failed()
        elif not is_curable(error):
            await self._fail(group, reason_of(error))
            return
        group.tries += not isinstance(error, RateLimitError | NotFoundError)
        self.context.gate.check_patience(error)
        if group.tries >= _TRIES:
            await self._fail(group, reason_of(error))

    async def _there(self, group: NewGroup, found: Group) -> None:
        self.context.groups[group.id] = found
        self.context.records.group_found(group.company, group_key(group.name), found.id)
        self.context.gate.circuit.progressed()
        await self._end(group)

    async def _fail(self, group: NewGroup, reason: str) -> None:
        self.failures[group.id] = reason
        await self._end(group)

    async def _end(self, group: NewGroup) -> None:
        del self._open[group.id]
        self.on_change()
        await group.release.aclose()


def _left_out(_: DecodeError) -> None:
    """Leave out a group that cannot be read: the plan has made sure that it has none of the names."""
