"""JSON as RFC 8259 has it: parsed strictly, and errors that quote nothing of the text.

Where msgspec is installed (the extra `speed`) it reads first. What it refuses, Python's own parser reads again and has
the last word, so that results and errors do not depend on what is installed.
"""

from __future__ import annotations

import gc
import importlib
import json
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final, TypeGuard

MANY: Final = 10_000
"""Items of a list above which the garbage collector is paused while they are made."""
BIG: Final = MANY * 80
"""Bytes above which a text is taken for such a list: the shortest objects of the API take about 80."""


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
