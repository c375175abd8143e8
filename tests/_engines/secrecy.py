"""A key and a password that must not show anywhere, and a search for them."""

from __future__ import annotations

import base64
import traceback
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote_plus

KEY: Final = "test_n3ver-t0-be-seen"
PASSWORD: Final = "pa55&w0rd=ü+never"
AUTHORIZATION: Final = "Basic " + base64.b64encode(f"{KEY}:".encode()).decode()
_FORMS: Final = (KEY, PASSWORD, quote_plus(PASSWORD), AUTHORIZATION.removeprefix("Basic "))
_PLAIN: Final = (str, bytes, bytearray, int, float, bool, type(None), type)
_MACHINERY: Final = {"builtins", "types", "asyncio", "_asyncio", "ssl", "functools", "logging", "contextvars"}
_ON_ERRORS: Final = ("args", "__cause__", "__context__", "request", "request_info")


def secrets_in(error: BaseException) -> Iterator[str]:
    """Yield where in an error and what is attached to it key or password can be read; traceback frames excepted."""
    if _shows("".join(traceback.format_exception(error))):
        yield "the traceback"
    for path, thing in _reachable(error):
        text = thing.decode("utf-8", "replace") if isinstance(thing, bytes | bytearray) else repr(thing)
        if _shows(text) or (isinstance(thing, BaseException) and _shows(str(thing))):
            yield path


def _shows(text: str) -> bool:
    return any(secret in text or repr(secret)[1:-1] in text for secret in _FORMS)


def _reachable(root: object) -> Iterator[tuple[str, object]]:
    """Everything that can be reached through attributes and items, but for tracebacks, modules and functions."""
    seen: set[int] = set()
    todo: list[tuple[str, object]] = [("error", root)]
    while todo:
        path, thing = todo.pop()
        if id(thing) in seen or path.count(".") > 12:
            continue
        seen.add(id(thing))
        yield path, thing
        if not isinstance(thing, _PLAIN):
            todo.extend((f"{path}.{name}", value) for name, value in _parts(thing))


def _parts(thing: object) -> Iterator[tuple[str, object]]:
    if isinstance(thing, BaseException):
        yield from ((name, getattr(thing, name, None)) for name in _ON_ERRORS)
    if isinstance(thing, dict):
        yield from ((str(key), value) for key, value in thing.items())
    elif isinstance(thing, list | tuple | set | frozenset):
        yield from ((str(index), value) for index, value in enumerate(thing))
    elif isinstance(thing, BaseException) or type(thing).__module__.partition(".")[0] not in _MACHINERY:
        yield from getattr(thing, "__dict__", {}).items()
        yield from _slots(thing)


def _slots(thing: object) -> Iterator[tuple[str, object]]:
    for kind in type(thing).__mro__:
        names = kind.__dict__.get("__slots__", ())
        for name in [names] if isinstance(names, str) else names:
            if hasattr(thing, name):
                yield name, getattr(thing, name)
