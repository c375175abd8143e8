"""The lines of a roster: decoded one by one, so that a file of any length takes no more memory than a short one."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from attrs import define

from coggno.provisioning.errors import RosterError, RosterHint
from coggno.provisioning.roster.input.content import Content

_BOM: Final = "\ufeff"
_LONGEST_LINE: Final = 10_000_000  # characters; a file without line ends would fill the memory
_PIECE: Final = 1 << 13  # characters that are decoded at once
_CHUNK: Final = 1 << 18  # bytes
_SAVE_AS_CSV: Final = "Save it as CSV in UTF-8"


@define
class Text:
    """Text that can be read several times.

    Attributes:
        content: its bytes.
        given_encoding: as it was asked for; UTF-8 if it was not.

    Raises:
        RosterError: there is no such encoding.
    """

    content: Content
    given_encoding: str | None

    def __attrs_post_init__(self) -> None:
        try:
            io.TextIOWrapper(io.BytesIO(), encoding=self.encoding)
        except (LookupError, ValueError):
            # ValueError: names with NUL. LookupError also stands for codecs that are no text encodings, such as base64.
            message = f"There is no encoding {self.encoding!r}. Give one such as utf-8, utf-16 or cp1252."
            raise RosterError(message) from None

    @property
    def name(self) -> str:
        """Where it came from."""
        return self.content.name

    @property
    def encoding(self) -> str:
        """The encoding of the file."""
        return self.given_encoding or "utf-8"

    def lines(self, newline: str) -> Iterator[str]:
        """Yield the lines, line ends included, without the byte order mark.

        Args:
            newline: as in `open`: empty for the line ends of any system.

        Raises:
            RosterError: it cannot be read or decoded, or has changed since it was read first.
        """
        encoding, errors = ("utf-8", "surrogatepass") if self.content.was_text else (self.encoding, "strict")
        with self.content.reading() as raw:
            file = io.TextIOWrapper(raw, encoding=encoding, errors=errors, newline=newline)
            try:
                yield from chain.from_iterable(self._pieces(file, newline))
            except UnicodeError:
                raise self._undecodable() from None

    def _pieces(self, file: io.TextIOWrapper, newline: str) -> Iterator[Sequence[str]]:
        """Yield lines, many at a time: one by one, they would take longer than to parse them."""
        number, begun, size = 1, list[str](), 0
        while piece := file.read(_PIECE):
            begun.append(piece)
            size += len(piece)
            # No CSV or JSON holds NUL; UTF-16 that was read as another encoding is full of it.
            if "\0" in piece:
                before, _, _ = "".join(begun).partition("\0")
                raise self._has_nul(number + len(_lines(f"{before}.", newline)) - 1)
            if "\n" in piece or "\r" in piece or size >= _LONGEST_LINE:
                lines = _lines("".join(begun), newline)
                self._check_length(lines[0], number)
                # The last one may go on, and a CR may be followed by the LF that belongs to it.
                begun, size = [lines[-1]], len(lines[-1])
                yield self._without_mark(lines[:-1], number)
                number += len(lines) - 1
        yield self._without_mark(_lines("".join(begun), newline), number)

    def _check_length(self, text: str, line: int) -> None:
        if len(text) >= _LONGEST_LINE:
            message = f"{self.name}, line {line} has more than {_LONGEST_LINE:,} characters"
            raise RosterError(f"{message}. Is this a file of rows?", line=line)

    def _without_mark(self, lines: list[str], number: int) -> list[str]:
        if number == 1 and lines:
            lines[0] = lines[0].removeprefix(_BOM)
        return lines

    def _has_nul(self, line: int) -> RosterError:
        if self.given_encoding is None and not self.content.was_text:
            return RosterError(f"{self.name}, line {line}: not UTF-8 text: it contains NUL bytes. {_SAVE_AS_CSV}.")
        message = f"{self.name}, line {line}: it contains NUL characters, so its encoding is another one."
        return RosterError(message, line=line, hint=RosterHint("Try", "encoding", ("utf-16",)))

    def _undecodable(self) -> RosterError:
        with self.content.reading() as file:
            start = file.read(4)
        if self.given_encoding is None and start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            message = f"{self.name} is not UTF-8 text: it contains NUL bytes."
            return RosterError(message, hint=RosterHint(f"{_SAVE_AS_CSV}, or add", "encoding", ("utf-16",)))
        line, column = self._locate()
        place = f", line {line}, byte {column}" if line else ""
        message = f"{self.name}{place}: not valid {self.given_encoding or 'UTF-8'}."
        lead = "Save the file in UTF-8, or name its encoding, such as"
        return RosterError(message, line=line, column=column, hint=RosterHint(lead, "encoding", ("cp1252",)))

    def _locate(self) -> tuple[int | None, int | None]:
        """Return line and byte of what cannot be decoded. The reader does not know: it decodes in pieces."""
        try:
            decoder = codecs.getincrementaldecoder(self.encoding)()
        except LookupError:
            return None, None
        lines, line_start, end = 1, 0, 0
        with self.content.reading() as file:
            while True:
                chunk = file.read(_CHUNK)
                end += len(chunk)
                try:
                    decoder.decode(chunk, final=not chunk)
                except UnicodeDecodeError as error:
                    # What the decoder had kept of the chunks before comes first in what it could not decode.
                    at = end - len(error.object) + error.start
                    within = max(at - (end - len(chunk)), 0)
                    lines += chunk.count(b"\n", 0, within)
                    newline = chunk.rfind(b"\n", 0, within)
                    line_start = line_start if newline < 0 else end - len(chunk) + newline + 1
                    return lines, at - line_start + 1
                except UnicodeError:
                    return None, None
                if not chunk:
                    return None, None
                lines += chunk.count(b"\n")
                newline = chunk.rfind(b"\n")
                line_start = line_start if newline < 0 else end - len(chunk) + newline + 1


def _lines(text: str, newline: str) -> list[str]:
    """Return the lines of a text, line ends included; `newline` as in `open`."""
    return io.StringIO(text, newline=newline).readlines()
