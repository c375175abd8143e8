"""The first phase of a run: the groups that its rows need and that do not exist yet."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import define, field

from coggno.errors import AmbiguousNameError, APIError, CoggnoError
from coggno.provisioning.execution.context import RunContext
from coggno.provisioning.worker_pool import for_each


@define
class GroupCreation:
    """Creates groups.

    Attributes:
        failures: name -> why the group is not there.
    """

    context: RunContext
    failures: dict[str, str] = field(factory=dict[str, str])

    async def create(self, names: Iterable[str], *, workers: int) -> None:
        """Create groups; those that cannot be created are in `failures` afterwards.

        Args:
            names: of the groups.
            workers: how many are created at once.
        """
        await for_each(names, self._create, workers=workers)

    def missing(self, names: Iterable[str]) -> str | None:
        """Return why one of `names` cannot be used, or `None` if all groups are there."""
        name = next((name for name in names if name not in self.context.groups), None)
        if name is None:
            return None
        return f"group {name!r} could not be created: {self.failures.get(name, 'the run stopped before')}"

    async def _create(self, name: str) -> None:
        signal = self.context.signal
        if signal.reason is not None:
            return
        try:
            async with signal.limited():
                # `ensure` lists the groups before it creates one.
                await self.context.limiter.acquire(2)
                if signal.reason is None:
                    ensured = await self.context.client.groups.ensure(name=name)
                    self.context.groups[name] = ensured.value
        except TimeoutError:
            self.failures[name] = "interrupted while it was created"
        except CoggnoError as error:
            self.context.note(error)
            self.failures[name] = _reason(error)
        except Exception as error:  # noqa: BLE001 - other groups, and rows without this one, are not concerned
            self.context.note(error)
            self.failures[name] = f"unexpected {type(error).__name__}"


def _reason(error: CoggnoError) -> str:
    if isinstance(error, AmbiguousNameError):
        return "several groups have that name; rename or delete all but one"
    return error.message if isinstance(error, APIError) else str(error)
