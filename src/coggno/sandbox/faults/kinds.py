"""The kinds of faults and quirks that can be written as text, each with a sentence and an example for `--help`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from attrs import frozen

from .actions import (
    Action,
    Capacity,
    CutBody,
    Drop,
    Empty,
    Gateway,
    Html,
    IdsOnly,
    LateCommit,
    Latency,
    RateLimit,
    ReadLag,
    RemoveField,
    RequireField,
    SetField,
    Status,
    UnwrapList,
    WrapInList,
    WrongType,
)

Convert: TypeAlias = Callable[[str], Any]


class FaultSyntaxError(ValueError):
    """A fault that cannot be read; the message names the problem and suggests what may have been meant."""


def whole(text: str) -> int:
    """Return the integer that `text` is.

    Raises:
        FaultSyntaxError: it is none.
    """
    try:
        return int(text)
    except ValueError:
        raise FaultSyntaxError(f"{text!r} is not a whole number") from None


def decimal(text: str) -> float:
    """Return the number that `text` is.

    Raises:
        FaultSyntaxError: it is none.
    """
    try:
        return float(text)
    except ValueError:
        raise FaultSyntaxError(f"{text!r} is not a number") from None


def json_value(text: str) -> Any:
    """Return the JSON value that `text` is.

    Raises:
        FaultSyntaxError: it is none.
    """
    # RecursionError: a thousand brackets are no value anybody means.
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise FaultSyntaxError(f'{text!r} is not JSON; a text needs quotation marks: "{text}"') from None


@frozen
class FaultKind:
    """How one kind is written."""

    action: Callable[..., Action]
    help: str
    """What it does, in one sentence."""
    example: str
    value: tuple[str, Convert] | None = None
    """The argument behind `KIND=`, and how it is read."""
    needs_value: bool = False
    options: Mapping[str, tuple[str, Convert]] = MappingProxyType({})
    """Options with a value: name -> argument, and how it is read."""
    flags: tuple[str, ...] = ()
    """Options without a value."""


WHEN: Final = ("after", "before")
"""The flag that makes a fault apply after the request took effect, and its opposite, which is the default."""

KINDS: Final[Mapping[str, FaultKind]] = {
    "status": FaultKind(
        Status,
        "an error, here after it was carried out",
        "createUser:status=503,after,p=0.05",
        ("code", whole),
        options={"retry_after": ("retry_after", str)},
        flags=WHEN,
    ),
    # Two kinds with one class: "reset" is easier to remember than "drop,reset".
    "drop": FaultKind(Drop, "closes the connection, no response", "writes:drop,times=2", flags=WHEN),
    "reset": FaultKind(partial(Drop, reset=True), "resets the connection, no response", "reset,after", flags=WHEN),
    "latency": FaultKind(
        Latency,
        "waits so many seconds, here 0.2 to 1",
        "*:latency=0.2,most=1,after",
        ("seconds", decimal),
        needs_value=True,
        options={"most": ("most", decimal)},
        flags=WHEN,
    ),
    "rate": FaultKind(
        RateLimit,
        "429 above so many requests per second",
        "rate=10,burst=20",
        ("per_second", decimal),
        needs_value=True,
        options={"burst": ("burst", decimal)},
    ),
    "capacity": FaultKind(
        Capacity,
        "so many at a time, the others wait",
        "capacity=16,seconds=0.1",
        ("slots", whole),
        needs_value=True,
        options={"seconds": ("seconds", decimal)},
    ),
    "cut": FaultKind(
        CutBody, "sends part of the body, then closes", "listUsers:cut=0.9", ("keep", decimal), flags=("reset",)
    ),
    "html": FaultKind(Html, "a proxy's HTML page instead of JSON", "getUser:html=502", ("code", whole), flags=WHEN),
    "gateway": FaultKind(
        Gateway,
        "a gateway's 404; body=json|text|empty",
        "getUser:gateway=404,body=text",
        ("code", whole),
        options={"body": ("body", str)},
        flags=WHEN,
    ),
    "empty": FaultKind(Empty, "carried out, but nothing in the body", "deleteUser:empty=204", ("code", whole)),
    "late": FaultKind(
        LateCommit,
        "504 now, done N requests later",
        "createUser:late,requests=3",
        ("seconds", decimal),
        options={"requests": ("requests", whole), "code": ("code", whole)},
    ),
    "lag": FaultKind(
        ReadLag,
        "N reads (or seconds) do not see it",
        "createUser:lag,reads=2",
        ("seconds", decimal),
        options={"reads": ("reads", whole)},
    ),
    "type": FaultKind(WrongType, "a field has another type", "getUser:type=id", ("field", str)),
    "set": FaultKind(
        SetField,
        "a field has another value, or is new",
        "listUsers:set=*.last_name,to=null",
        ("field", str),
        needs_value=True,
        options={"to": ("value", json_value)},
    ),
    "remove": FaultKind(RemoveField, "a field is missing", "listUsers:remove=3.id", ("field", str), needs_value=True),
    "list": FaultKind(WrapInList, "a list where one object is due", "getUser:list"),
    "object": FaultKind(UnwrapList, "one object where a list of one is due", "listGroupUsers:object"),
    "ids": FaultKind(IdsOnly, "the path takes ids, but no logins", "deleteUser:ids"),
    "require": FaultKind(
        RequireField, "an optional form field is required", "deleteGroup:require=name", ("field", str), needs_value=True
    ),
}
"""Kinds by the name they are written with."""

COMMON_OPTIONS: Final[Mapping[str, Convert]] = {"p": decimal, "times": whole, "skip": whole, "key": str}
"""Options of every kind: the probability, the next n, how many to spare first, a value of path or form."""
