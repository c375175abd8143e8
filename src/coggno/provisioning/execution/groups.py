"""The first phase of a run: the groups that its rows need and that do not exist yet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from attrs import define, field

from coggno._generated import operations
from coggno._protocol.identity import named
from coggno.errors import AmbiguousNameError, APIError, RateLimitError
from coggno.models import Group
from coggno.provisioning.execution.context import RunContext
from coggno.provisioning.execution.failures import is_curable, reason_of
from coggno.provisioning.execution.stop_signal import HeldError
from coggno.provisioning.worker_pool import for_each

_TRIES: Final = 10  # of one group
_AT_ONCE: Final = 256  # groups; many of them may wait for a minute, and the gate bounds the requests
_LONGEST_PAUSE: Final = 30.0  # seconds between two tries


@define
class GroupCreation:
    """Creates groups.

    Attributes:
        failures: name -> why the group is not there.
    """

    context: RunContext
    failures: dict[str, str] = field(factory=dict[str, str])

    async def create(self, names: Iterable[str]) -> None:
        """Create groups; those that cannot be created are in `failures` afterwards.

        Args:
            names: of the groups.
        """
        await for_each(names, self._create, workers=_AT_ONCE)

    def missing(self, names: Iterable[str]) -> str | None:
        """Return why one of `names` cannot be used, or `None` if all groups are there."""
        name = next((name for name in names if name not in self.context.groups), None)
        if name is None:
            return None
        return f"group {name!r} could not be created: {self.failures.get(name, 'the run stopped before')}"

    async def _create(self, name: str) -> None:
        try:
            async with self.context.signal.limited():
                group = await self._created(name)
            if group is not None:
                self.context.groups[name] = group
                self.context.gate.circuit.progressed()
        except HeldError:
            pass
        except TimeoutError:
            self.failures[name] = "interrupted while it was created"
        except AmbiguousNameError:
            self.failures[name] = "several groups have that name; rename or delete all but one"
        except Exception as error:  # noqa: BLE001 - other groups, and rows without this one, are not concerned
            self.failures[name] = reason_of(error)

    async def _created(self, name: str) -> Group | None:
        """Return the group, tried again for failures that waiting can cure; `None` when the run stops."""
        failures = 0
        while self.context.signal.reason is None:
            try:
                return await self._ensure(name)
            except APIError as error:
                failures += not isinstance(error, RateLimitError)
                if not is_curable(error) or failures >= _TRIES:
                    raise
                self.context.gate.check_patience(error)
                found = await self._wait_for(name) if _is_in_doubt(error) else None
                if found is not None:
                    return found
            await self.context.sleep(min(_LONGEST_PAUSE, 2.0 ** max(0, failures - 1)))
        return None

    async def _ensure(self, name: str) -> Group:
        # `ensure` lists the groups before it creates one.
        async with self.context.gate.request(2, is_first=True):
            return (await self.context.client.groups.ensure(name=name)).value

    async def _wait_for(self, name: str) -> Group | None:
        """Wait for a group whose creation may still take effect: a second request now could make two of it."""
        end, pause = self.context.clock() + self.context.settle_time, 1.0
        while self.context.signal.reason is None and self.context.clock() < end:
            await self.context.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            try:
                listed = await self.context.send(lambda: self.context.client.call(operations.list_groups))
            except APIError as error:
                if not is_curable(error):
                    raise
            else:
                # None of that name was there before: one that is there now is ours.
                found = named(listed.value, name, lambda group: group.name)
                if len(found) == 1:
                    return found[0]
        return None


def _is_in_doubt(error: APIError) -> bool:
    """Return whether a creation may have happened; a failed list leaves nothing in doubt."""
    return error.outcome == "unknown" and error.operation == operations.CREATE_GROUP.id
