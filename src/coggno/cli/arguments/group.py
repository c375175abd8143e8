"""The argument GROUP: an id if it is all digits, a name otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from attrs import frozen

from coggno._protocol.identity import named
from coggno.cli.arguments.name import NameReference
from coggno.cli.arguments.not_found import not_found
from coggno.cli.exit_codes import CommandError, ExitCode
from coggno.cli.terminal.output import clean

if TYPE_CHECKING:
    from coggno import AsyncCoggno
    from coggno.models import Group


@frozen
class GroupReference(NameReference):
    """A group as named on the command line."""

    noun: ClassVar[str] = "group"
    name_word: ClassVar[str] = "name"

    async def find_id(self, coggno: AsyncCoggno) -> int:
        """Return the group's id; a name is looked up, which raises as `find` does."""
        return self.number if self.is_id else (await self.find(coggno)).id

    async def find(self, coggno: AsyncCoggno) -> Group:
        """Return the group.

        Raises:
            CommandError: there is no such group, several have the name, or the server returned another one.
        """
        if not self.is_id:
            groups = await coggno.groups.list()
            return self.choose([(each, each.name) for each in groups], {each.id: each.description for each in groups})
        try:
            with not_found(self.missing()):
                group = await coggno.groups.get(self.number)
        except CommandError as error:
            raise CommandError(f"{error}{await self._named_like_an_id(coggno)}", error.code) from None
        if group.id != self.number:
            message = f"Asked for group {self.text}, the server returned group {group.id}. Nothing was changed."
            raise CommandError(message, ExitCode.FAILED)
        return group

    async def _named_like_an_id(self, coggno: AsyncCoggno) -> str:
        """Return a sentence about groups whose name is this number: no command can take it for a name."""
        same = named(await coggno.groups.list(), self.text, lambda group: group.name)
        return f"\nThe {group_label(same[0])} has this number as its name: give its id." if same else ""


def group_label(group: Group) -> str:
    """Return a group for a sentence, e.g. `group Hall (id 3)`."""
    return clean(f"group {group.name or 'without a name'} (id {group.id})")
