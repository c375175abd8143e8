"""The argument GROUP: an id if it is all digits, a name otherwise."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from attrs import frozen

from coggno._protocol.identity import named
from coggno.cli.commands.not_found import not_found
from coggno.cli.exit_codes import CommandError, ExitCode
from coggno.cli.terminal.output import clean

if TYPE_CHECKING:
    from coggno import AsyncCoggno
    from coggno.models import Group

# Ids do not begin with 0: `007` can only be a name.
_ID: Final = re.compile(r"[1-9][0-9]*")
_SHOWN: Final = 10  # candidates; more would push the message itself off the screen


@frozen
class GroupReference:
    """A group as named on the command line.

    Attributes:
        text: an id or a name.
    """

    text: str

    @property
    def is_id(self) -> bool:
        """Whether the text is an id."""
        return _ID.fullmatch(self.text.strip()) is not None

    def __str__(self) -> str:
        return f"the id {self.text.strip()}" if self.is_id else f"the name `{self.text}`"

    async def find_id(self, coggno: AsyncCoggno) -> int:
        """Return the group's id; a name is looked up, which raises as `find` does."""
        return int(self.text) if self.is_id else (await self.find(coggno)).id

    async def find(self, coggno: AsyncCoggno) -> Group:
        """Return the group.

        Raises:
            CommandError: there is no such group, several have the name, or the server returned another one.
        """
        if not self.is_id:
            return self._choose(await coggno.groups.list())
        with not_found(f"No group has {self}. See: coggno groups list"):
            group = await coggno.groups.get(int(self.text))
        if group.id != int(self.text):
            message = f"Asked for group {self.text}, the server returned group {group.id}. Nothing was changed."
            raise CommandError(message, ExitCode.FAILED)
        return group

    def _choose(self, groups: Sequence[Group]) -> Group:
        found = named(groups, self.text, lambda group: group.name)
        if len(found) == 1:
            return found[0]
        if found:
            raise CommandError(_ambiguous(self, found), ExitCode.FAILED)
        # Case is left out of the comparison, and the group's own spelling is what helps.
        spellings = {str(group.name).casefold(): str(group.name) for group in groups}
        near = difflib.get_close_matches(self.text.casefold(), spellings, n=3)
        hint = f" Did you mean {' or '.join(spellings[name] for name in near)}?" if near else ""
        raise CommandError(f"No group has {self}.{hint} See: coggno groups list", ExitCode.FAILED)


def group_label(group: Group) -> str:
    """Return a group for a sentence, e.g. `group Hall (id 3)`."""
    return clean(f"group {group.name or 'without a name'} (id {group.id})")


def _ambiguous(reference: GroupReference, found: Sequence[Group]) -> str:
    lines = [
        f"  {group.id}  {group.name}{f' ({group.description})' if group.description else ''}"
        for group in found[:_SHOWN]
    ]
    more = [f"  and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    return "\n".join([f"{len(found)} groups have {reference}. Give the id of the one that you mean:", *lines, *more])
