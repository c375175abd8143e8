"""Arguments that are an id if they are all digits, and a name otherwise: groups and documents."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, Protocol, TypeVar

from attrs import frozen

from coggno._protocol.identity import named
from coggno.cli.exit_codes import CommandError, ExitCode
from coggno.cli.terminal.output import clean

# Ids do not begin with 0: `007` can only be a name.
_ID: Final = re.compile(r"[1-9][0-9]*")
_SHOWN: Final = 10  # candidates; more would push the message itself off the screen


class HasId(Protocol):
    """A group or a document."""

    @property
    def id(self) -> int:
        """The id."""
        ...


H = TypeVar("H", bound=HasId)


@frozen
class NameReference:
    """Something as named on the command line.

    Attributes:
        text: an id or a name.
        noun: what it is.
        name_word: how the API calls its name.
    """

    noun: ClassVar[str]
    name_word: ClassVar[str]
    text: str

    @property
    def is_id(self) -> bool:
        """Whether the text is an id."""
        return _ID.fullmatch(self.text.strip()) is not None

    @property
    def number(self) -> int:
        """The id, if it is one."""
        return int(self.text)

    def __str__(self) -> str:
        return f"the id {self.text.strip()}" if self.is_id else f"the {self.name_word} '{self.text}'"

    def choose(self, names: Sequence[tuple[H, str | None]], details: Mapping[int, str | None]) -> H:
        """Return the one that has the name.

        Args:
            names: everything there is, with its name.
            details: id -> what tells it from others of the same name, for the message.

        Raises:
            CommandError: none has the name, or several have it.
        """
        found = named(names, self.text, lambda pair: pair[1])
        if len(found) == 1:
            return found[0][0]
        if not found:
            raise CommandError(self.missing(names), ExitCode.FAILED)
        lines = [_candidate(item.id, name, details.get(item.id)) for item, name in found[:_SHOWN]]
        more = [f"  and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
        head = f"{len(found)} {self.noun}s have {self}. Give the id of the one that you mean:"
        raise CommandError("\n".join([head, *lines, *more]), ExitCode.FAILED)

    def missing(self, names: Sequence[tuple[HasId, str | None]] = ()) -> str:
        """Return the message for one that does not exist, with the names that come near."""
        # Case is left out of the comparison, and the spelling of the name itself is what helps.
        spellings = {str(name).casefold(): str(name) for _, name in names}
        near = difflib.get_close_matches(self.text.casefold(), spellings, n=3)
        hint = f" Did you mean {' or '.join(clean(spellings[name]) for name in near)}?" if near else ""
        return f"No {self.noun} has {self}.{hint} See: coggno {self.noun}s list"


def _candidate(number: int, name: str | None, detail: str | None) -> str:
    # Each on one line, whatever is in a name.
    return clean(f"  {number}  {name}{f' ({detail})' if detail else ''}")
