"""A JSON array, item by item, while its bytes arrive: memory is that of one item and one chunk."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any, Final, Literal, TypeAlias, cast

from coggno._protocol import json as _json
from coggno._protocol import tolerant
from coggno._protocol.operation import Operation
from coggno.errors import DecodeError

_SPACE: Final = " \t\r\n"
_ANY_SPACE: Final = re.compile(r"[ \t\r\n]*")
_MAX_ITEM: Final = 16 * 1024 * 1024  # characters that one item may take
_MAX_RUN: Final = 1 << 16  # characters that are decoded at once
_GROWTH: Final = 1.25  # how much longer an incomplete item must have become before it is tried again

_IN_NUMBER: Final = "0123456789+-.eE"  # "0." is the beginning of a number, not a 0 and a dot
Report: TypeAlias = Callable[[str], None]
_State: TypeAlias = Literal["start", "single", "item or end", "item", "comma or end", "end"]


async def array_items(
    chunks: AsyncIterator[bytes], operation: Operation[Any], *, strict: bool = False
) -> AsyncIterator[Any]:
    """Yield the items of the JSON array in `chunks`; a single object counts as an array of one.

    Args:
        chunks: the body.
        operation: what was called.
        strict: raise for a text that is not JSON as RFC 8259 has it, instead of reading it as far as possible.

    Raises:
        DecodeError: the body is not JSON or ends early; what came before it has been yielded.
    """
    report = None if strict else partial(tolerant.report_text, operation.id)
    parser, utf8 = ArrayParser(report), _Utf8(report)
    try:
        async for chunk in chunks:
            for text in utf8.decode(chunk):
                for item in parser.feed(text):
                    yield item
        for text in utf8.decode(b"", final=True):
            for item in parser.finish(text):
                yield item
    except (ValueError, RecursionError) as error:
        reason = _json.describe(error)
    else:
        return
    raise DecodeError(
        f"the response is not a complete JSON array (item {parser.count}: {reason})",
        path=f"$[{parser.count}]",
        complete=False,
        operation=operation.id,
    )


class _Utf8:
    """Decodes UTF-8 piece by piece."""

    def __init__(self, report: Report | None) -> None:
        self._report = report
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()

    def decode(self, chunk: bytes, *, final: bool = False) -> Iterator[str]:
        """Yield the text; with a byte that is not UTF-8, what is before it and then U+FFFD, or an error."""
        try:
            text = self._decoder.decode(chunk, final=final)
        except UnicodeDecodeError as error:
            if self._report is None:
                # What came before the byte is good, and items in it are still yielded.
                yield error.object[: error.start].decode("utf-8-sig")
                raise
            self._report(f"{_json.describe(error)} of a piece")
            self._decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
            text = self._decoder.decode(error.object, final=final)
        yield text


class ArrayParser:
    """Takes text and yields the items that are complete. `count` is the number of items yielded.

    Items are decoded one by one until it is known what is between two objects (`},{` or the like). From then on all
    items up to the last such text are decoded at once. That text may be inside an item, in a string or in an array of
    objects; then the part before it is no JSON, and the items are decoded one by one to the end.
    """

    def __init__(self, report: Report | None = None) -> None:
        self.count = 0
        self._report = report
        """Receives what is wrong with an item that is read all the same; without it the item is an error."""
        self._buffer = ""
        self._pieces: list[str] = []
        """Text that came after the buffer."""
        self._size = 0
        """Characters of the pieces."""
        self._wanted = 0.0
        """Characters of the pieces before which the item in the buffer is not tried again."""
        self._index = 0
        self._end = 0
        """Where the last item ended, in this buffer."""
        self._between: str | None = None
        """End of an object, comma, beginning of the next, once seen; empty: not to be relied on."""
        self._state: _State = "start"

    def feed(self, text: str) -> Iterator[Any]:
        """Take more text and yield the items that it completes."""
        self._pieces.append(text)
        self._size += len(text)
        # To try a long item again with every piece would cost quadratic time, and so would joining the pieces.
        if self._size < self._wanted:
            return iter(())
        self._join()
        return self._items()

    def _join(self) -> None:
        self._buffer = "".join([self._buffer[self._index :], *self._pieces])
        self._index = self._end = self._size = 0
        self._pieces.clear()
        if len(self._buffer) > _MAX_ITEM and self._state == "single":
            raise json.JSONDecodeError("the object is too long", "", 0)
        self._wanted = len(self._buffer) * (_GROWTH - 1) if self._state == "single" else 0.0

    def finish(self, text: str) -> Iterator[Any]:
        """Take the last text; raise `json.JSONDecodeError` if the array is not closed."""
        self._wanted = 0.0  # there is no more to come: what is here is tried now
        yield from self.feed(text)
        if self._state == "single" and self._rest():
            yield self._single()
        if self._state != "end" or self._rest():
            raise json.JSONDecodeError("the response ends early" if self._state != "end" else "extra text", "", 0)

    def _items(self) -> Iterator[Any]:
        while self._skip_space():
            character = self._buffer[self._index]
            match self._state:
                case "start":
                    if not self._open(character):
                        return
                case "item or end" if character == "]":
                    self._step("end")
                case "item" | "item or end":
                    yield from self._run()
                    found, item = self._take()
                    if not found:
                        return
                    yield item
                case "comma or end":
                    self._after_item(character)
                case _:
                    return

    def _open(self, character: str) -> bool:
        """Enter the array; `False` for a single object, which is decoded when it is complete."""
        if character == "[":
            self._step("item or end")
            return True
        if character == "{":
            self._state = "single"
            return False
        raise json.JSONDecodeError("expected an array", "", 0)

    def _after_item(self, character: str) -> None:
        if character not in ",]":
            raise json.JSONDecodeError("expected ',' or ']'", "", 0)
        self._step("item" if character == "," else "end")

    def _run(self) -> list[Any]:
        """Decode all items in the buffer but the last; none if they cannot be decoded at once.

        Afterwards the index is at the beginning of an item again.
        """
        if self._between is None:
            self._between = self._find_between()
        if not self._between:
            return []
        end = self._buffer.rfind(self._between, self._index, self._index + _MAX_RUN)
        if end == -1:
            return []
        try:
            items: list[Any] = _json.parse(f"[{self._buffer[self._index : end + 1]}]")
        except ValueError:
            self._between = ""
            return []
        self._index = end + len(self._between) - 1
        self.count += len(items)
        return items

    def _find_between(self) -> str | None:
        between = self._buffer[self._end - 1 : self._index + 1] if self._end else ""
        return between if between[:1] == "}" and between[-1:] == "{" else None

    def _take(self) -> tuple[bool, Any]:
        """Decode one item, if it is complete: only the next character shows whether a number is complete."""
        try:
            found = self._decode()
        except json.JSONDecodeError:
            if len(self._buffer) - self._index > _MAX_ITEM:
                raise
            found = None
        if found is None:
            length = len(self._buffer) - self._index
            self._wanted = max(0.0, min(length * (_GROWTH - 1), _MAX_ITEM - length + 1))
            return False, None
        item, end = found
        if end == len(self._buffer) or self._buffer[end] in _IN_NUMBER:
            return False, None
        self._index, self._end, self._state = end, end, "comma or end"
        self.count += 1
        return True, item

    def _decode(self) -> tuple[Any, int] | None:
        """Decode what begins at the index; return it with its end, or `None` or an error if it is not complete."""
        try:
            return _json.DECODER.raw_decode(self._buffer, self._index)
        except (ValueError, RecursionError) as error:
            if self._report is None:
                raise
            found, reason = _json.lenient_item(self._buffer, self._index), _json.describe(error)
        if found is not None:
            self._report(f"{reason} of a piece, in item {self.count}")
        return found

    def _single(self) -> Any:
        found = self._decode()
        if found is None:
            raise json.JSONDecodeError("the object is not complete", "", 0)
        item, self._index = found
        self._state = "end"
        self.count += 1
        return item

    def _step(self, state: _State) -> None:
        self._index += 1
        self._state = state

    def _skip_space(self) -> bool:
        # A server may send megabytes of it: one step for each character would block the event loop.
        self._index = cast("re.Match[str]", _ANY_SPACE.match(self._buffer, self._index)).end()
        return self._index < len(self._buffer)

    def _rest(self) -> bool:
        return bool(self._buffer[self._index :].strip(_SPACE))
