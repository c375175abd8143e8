"""JSON as RFC 8259 has it: parsed strictly, and errors that quote nothing of the text.

Where msgspec is installed (the extra `speed`) it reads first. What it refuses, Python's own parser reads again and has
the last word, so that results and errors do not depend on what is installed.
"""

from __future__ import annotations

import gc
import importlib
import json
import re
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final, TypeGuard

MANY: Final = 10_000
"""Items of a list above which the garbage collector is paused while they are made."""
BIG: Final = MANY * 80
"""Bytes above which a text is taken for such a list: the shortest objects of the API take about 80."""

_MANY_DIGITS: Final = 4000  # Python's limit is 4300
_DEEPEST: Final = 100  # levels of nesting that are read where there are more than Python's parser takes
_TEXT_OR_BRACKET: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)


def is_array(value: object) -> TypeGuard[list[Any]]:
    """Return whether parsed JSON is an array."""
    return isinstance(value, list)


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Return whether parsed JSON is an object."""
    return isinstance(value, dict)


def refuse_constant(name: str) -> Any:
    """Refuse `NaN`, `Infinity` and `-Infinity`, which Python's parser would accept."""
    raise ValueError(name)


DECODER: Final = json.JSONDecoder(parse_constant=refuse_constant)


def _integer(digits: str) -> int | str:
    # Python refuses to read thousands of digits; as a text they harm nothing.
    return int(digits) if len(digits) < _MANY_DIGITS else digits


LENIENT: Final = json.JSONDecoder(strict=False, parse_constant=lambda _: None, parse_int=_integer)
"""Reads control characters in texts, `NaN` and the like as `None`, and numbers of any length."""


@cache
def fast_parser() -> Callable[[bytes | str], Any] | None:
    """Return msgspec's parser: where it accepts a text its result is Python's, numbers of any length included.

    It is imported with the first text, not with us.
    """
    try:
        msgspec = importlib.import_module("msgspec")
    except ImportError:
        return None
    decode: Callable[[bytes | str], Any] = msgspec.json.Decoder().decode
    return decode


def parse(content: bytes | str) -> Any:
    """Parse JSON.

    Raises:
        ValueError: not JSON, or nested or long beyond what Python reads; carries no part of the text.
    """
    if len(content) <= BIG:
        return _parse(content)
    with collector_paused():
        return _parse(content)


def _parse(content: bytes | str) -> Any:
    fast = fast_parser()
    if fast is not None:
        try:
            return fast(content)
        except Exception:  # noqa: BLE001, S110 - whatever it was, the parser below has the last word
            pass
    try:
        return json.loads(content, parse_constant=refuse_constant)
    except (ValueError, RecursionError) as error:
        reason = describe(error)
    raise ValueError(reason)


def parse_leniently(content: bytes) -> Any:
    """Parse what is JSON but for bytes that are not UTF-8, control characters, odd numbers or too many levels.

    Raises:
        ValueError: not even that; carries no part of the text.
    """
    text = content.decode("utf-8-sig", errors="replace")
    with collector_paused():
        try:
            return _decode_leniently(text)
        except (ValueError, RecursionError) as error:
            reason = describe(error)
    raise ValueError(reason)


def _decode_leniently(text: str) -> Any:
    try:
        return LENIENT.decode(text)
    except RecursionError:
        return LENIENT.decode(_without_deep_levels(text))


def lenient_item(text: str, start: int) -> tuple[Any, int] | None:
    """Read the value that begins at `start`, as `parse_leniently` does; `None` if it is not complete.

    Raises:
        json.JSONDecodeError: it is incomplete, or no JSON at all.
    """
    try:
        return LENIENT.raw_decode(text, start)
    except RecursionError:
        pass
    end = _end_of_item(text, start)
    return None if end is None else (_decode_leniently(text[start:end]), end)


def _levels(text: str, start: int = 0) -> Iterator[tuple[int, int, int]]:
    """Yield beginning, end and the level after it of every bracket outside of texts."""
    level = 0
    for match in _TEXT_OR_BRACKET.finditer(text, start):
        if match[0] in "[{":
            level += 1
        elif match[0] in "]}":
            level -= 1
        else:
            continue
        yield match.start(), match.end(), level


def _end_of_item(text: str, start: int) -> int | None:
    return next((end for _, end, level in _levels(text, start) if level == 0), None)


def _without_deep_levels(text: str) -> str:
    kept: list[str] = []
    begin, is_inside = 0, False
    for start, end, level in _levels(text):
        if level > _DEEPEST and not is_inside:
            kept.append(text[begin:start])
            is_inside = True
        elif level == _DEEPEST and is_inside:
            begin, is_inside = end, False
            kept.append("null")
    kept.append("" if is_inside else text[begin:])
    return "".join(kept)


class _Pauses:
    """How many blocks want the garbage collector paused at present, in all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._was_enabled = False

    def begin(self) -> None:
        with self._lock:
            if self._count == 0:
                self._was_enabled = gc.isenabled()
                gc.disable()
            self._count += 1

    def end(self) -> None:
        with self._lock:
            self._count -= 1
            # A collector that the program has switched off stays off.
            if self._count == 0 and self._was_enabled:
                gc.enable()


_PAUSES: Final = _Pauses()


@contextmanager
def collector_paused() -> Generator[None]:
    """Pause the garbage collector while many objects are made at once: none of them is garbage yet.

    Without this it walks over all of them again and again, which is half the cost of decoding a long list. Blocks may
    be nested, and run in several threads; the last one to end switches the collector on again. No `await` may be
    inside: other tasks would run without a collector.
    """
    _PAUSES.begin()
    try:
        yield
    finally:
        _PAUSES.end()


def describe(error: BaseException) -> str:
    """Describe what is wrong with a text without quoting it."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos}"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 at byte {error.start}"
    return "a number that JSON does not have, or too long a one"
