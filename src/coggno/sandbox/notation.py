"""Faults as one writes them on a command line: `[OPERATION:]KIND[=VALUE][,OPTION[=VALUE]]...`.

    createUser:status=503,after,p=0.05     writes:drop,times=2         getUser:html=502
    createUser:late=5                      *:latency=0.2,after         rate=10
    createUser:late,requests=3             listUsers:cut=0.9,reset     getUser:type=id

| kind | value | options of its own |
|---|---|---|
| status | 503 | retry_after, after |
| drop, reset | | after |
| latency | seconds | after |
| rate | requests per second | burst |
| capacity | slots | seconds |
| cut | 0.5, the share of the body that is sent | reset |
| html | 200 | after |
| empty | 200 | |
| late | 5 seconds | requests, code |
| type | id | |

Every kind takes `p`, `times`, `skip` and `key`; `before` says that there is no `after`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from attrs import frozen

from .faults import (
    ALL,
    Action,
    Capacity,
    CutBody,
    Drop,
    Empty,
    Fault,
    Html,
    LateCommit,
    Latency,
    RateLimit,
    Status,
    WrongType,
)
from .spelling import suggest

Convert = Callable[[str], Any]


class FaultSyntaxError(ValueError):
    """A fault that cannot be read; the message says what is wrong and what may have been meant."""


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise FaultSyntaxError(f"{text!r} is not a whole number") from None


def _decimal(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise FaultSyntaxError(f"{text!r} is not a number") from None


@frozen
class _Kind:
    action: Callable[..., Action]
    value: tuple[str, Convert] | None = None
    """The argument that stands behind `KIND=`, and how it is read."""
    options: Mapping[str, Convert] = MappingProxyType({})
    flags: tuple[str, ...] = ()


_WHEN: Final = ("after", "before")
_KINDS: Final[Mapping[str, _Kind]] = {
    "status": _Kind(Status, ("code", _whole), {"retry_after": str}, _WHEN),
    "drop": _Kind(Drop, None, {}, _WHEN),
    "reset": _Kind(partial(Drop, reset=True), None, {}, _WHEN),
    "latency": _Kind(Latency, ("seconds", _decimal), {}, _WHEN),
    "rate": _Kind(RateLimit, ("per_second", _decimal), {"burst": _decimal}),
    "capacity": _Kind(Capacity, ("slots", _whole), {"seconds": _decimal}),
    "cut": _Kind(CutBody, ("keep", _decimal), {}, ("reset",)),
    "html": _Kind(Html, ("code", _whole), {}, _WHEN),
    "empty": _Kind(Empty, ("code", _whole)),
    "late": _Kind(LateCommit, ("seconds", _decimal), {"requests": _whole, "code": _whole}),
    "type": _Kind(WrongType, ("field", str)),
}
_NEEDS_VALUE: Final = frozenset({"latency", "rate", "capacity"})
_COMMON: Final[Mapping[str, Convert]] = {"p": _decimal, "times": _whole, "skip": _whole, "key": str}


def parse_fault(text: str) -> Fault:
    """Return the fault that `text` describes.

    Args:
        text: such as `createUser:status=503,after,p=0.05`; see the head of `coggno.sandbox.notation`.

    Raises:
        FaultSyntaxError: it cannot be read, or a number is out of range.
    """
    try:
        return _parse(text)
    except (ValueError, TypeError) as exc:
        raise FaultSyntaxError(f"fault {text!r}: {exc}") from exc


def _parse(text: str) -> Fault:
    operation, rest = _target(text.strip())
    head, *options = rest.split(",")
    name, value = _item(head)
    kind = _KINDS.get(name)
    if kind is None:
        raise FaultSyntaxError(f"unknown kind {name!r}{suggest(name, _KINDS)}")
    arguments = _main(name, kind, value)
    common: dict[str, Any] = {}
    given: set[str] = set()
    for option in options:
        _option(option, kind, arguments, common, given)
    return Fault(kind.action(**arguments), operation, **common)


def _target(text: str) -> tuple[str, str]:
    operation, colon, rest = text.partition(":")
    if not colon or "=" in operation or "," in operation:
        return ALL, text
    return operation.strip(), rest


def _item(text: str) -> tuple[str, str | None]:
    name, equals, value = text.partition("=")
    return name.strip(), value.strip() if equals else None


def _main(name: str, kind: _Kind, value: str | None) -> dict[str, Any]:
    if value is None:
        if name in _NEEDS_VALUE:
            raise FaultSyntaxError(f"{name} needs a value: {name}=...")
        return {}
    if kind.value is None:
        raise FaultSyntaxError(f"{name} takes no value")
    argument, convert = kind.value
    return {argument: convert(value)}


def _option(text: str, kind: _Kind, arguments: dict[str, Any], common: dict[str, Any], given: set[str]) -> None:
    name, value = _item(text)
    # `after` and `before` are one option.
    slot = "when" if name in _WHEN else name
    if slot in given:
        raise FaultSyntaxError(f"{name!r} is said twice, or against another option")
    given.add(slot)
    if name in kind.flags:
        arguments["after" if name in _WHEN else name] = _flag(name, value) != "before"
    elif name in kind.options:
        arguments[name] = kind.options[name](_needed(name, value))
    elif name in _COMMON:
        common[name] = _COMMON[name](_needed(name, value))
    else:
        known = (*kind.flags, *kind.options, *_COMMON)
        raise FaultSyntaxError(f"unknown option {name!r}{suggest(name, known)}")


def _flag(name: str, value: str | None) -> str:
    if value is not None:
        raise FaultSyntaxError(f"{name!r} takes no value")
    return name


def _needed(name: str, value: str | None) -> str:
    if not value:
        raise FaultSyntaxError(f"{name!r} needs a value: {name}=...")
    return value
