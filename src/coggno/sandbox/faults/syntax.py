"""Faults and quirks as text: `[OPERATION:]KIND[=VALUE][,OPTION[=VALUE]]...`.

    createUser:status=503,after,p=0.05     writes:drop,times=2         getUser:gateway=404,body=text
    createUser:late,requests=3             createUser:lag,reads=2      listUsers:set=*.last_name,to=null

`kinds` lists what there is. Every kind takes `p`, `times`, `skip` and `key`; `before` states that there is no `after`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from attrs import AttrsInstance, fields

from coggno.sandbox.suggestions import suggest

from .actions import QUIRKS, Drop
from .kinds import COMMON_OPTIONS, KINDS, WHEN, Convert, FaultKind, FaultSyntaxError, json_value
from .rules import ALL, Fault

REFERENCE: Final = ("listGroupUsers:object", "getUser:list", "getGroupUser:list")
"""The response shapes that the examples of the reference show against its own headings."""

_JSON_OPTION: Final = "to="
_DECODER: Final = json.JSONDecoder()
_LIMIT: Final = re.compile(r"'(\w+)' must be (>=|>|<=|<) (.+): (.+)")
_CHOICE: Final = re.compile(r"'(\w+)' must be (in) \((.+)\) \(got (.+)\)")
_LIMITS: Final = {">=": "at least", ">": "above", "<=": "at most", "<": "below", "in": "one of"}
_HELP_HEAD: Final = "Faults and quirks are written [OPERATION:]KIND[=VALUE][,OPTION[=VALUE]]..."
_HELP_TAIL: Final = """\
OPERATION is an operationId such as createUser; or reads, writes, * for all.
Every kind takes p=SHARE, times=N, skip=N, and key=VALUE (only requests
that carry this login or id); before is the opposite of after.
"""


def parse_fault(text: str) -> Fault:
    """Return the fault that `text` describes.

    Args:
        text: such as `createUser:status=503,after,p=0.05`; `fault_help` explains every kind.

    Raises:
        FaultSyntaxError: it cannot be read, or a number is out of range.
    """
    try:
        return _parse(text)
    except (ValueError, TypeError) as exc:
        raise FaultSyntaxError(f"fault {text!r}: {exc}") from exc


def parse_quirk(text: str) -> list[Fault]:
    """Return the quirks that `text` describes: one, or the three shapes of the reference for `reference`.

    Raises:
        FaultSyntaxError: it cannot be read, or it is a fault rather than a quirk.
    """
    faults = [parse_fault(each) for each in (REFERENCE if text == "reference" else (text,))]
    for fault in faults:
        # A quirk outlives `faults.clear()`: an outage that a test cannot end would be a trap.
        if not isinstance(fault.action, QUIRKS):
            raise FaultSyntaxError(f"quirk {text!r}: this is a fault; pass it as one of the faults")
    return faults


def format_fault(fault: Fault) -> str:
    """Return the text that `parse_fault` reads as this fault."""
    name, kind = _kind_of(fault)
    head = name if kind.value is None else f"{name}={_text(getattr(fault.action, kind.value[0]), kind.value[1])}"
    parts = [head, *_given(fault.action, kind.options)]
    parts += [flag for flag in kind.flags if getattr(fault.action, flag, False)]
    parts += _given(fault, {option: (option, convert) for option, convert in COMMON_OPTIONS.items()})
    return f"{fault.operation}:{','.join(parts)}"


def fault_help() -> str:
    """Return a text that explains how faults are written, and every kind with an example."""
    width = max(len(kind.example) for kind in KINDS.values())
    rows = [f"  {kind.example:{width}}   {kind.help}" for kind in KINDS.values()]
    return "\n".join([_HELP_HEAD, *rows, "", _HELP_TAIL])


def _parse(text: str) -> Fault:
    operation, rest = _target(text.strip())
    head, *options = _split(rest)
    name, value = _item(head)
    kind = KINDS.get(name)
    if kind is None:
        raise FaultSyntaxError(f"unknown kind {name!r}{suggest(name, KINDS)}")
    arguments = _value_of(name, kind, value)
    common: dict[str, Any] = {}
    given: set[str] = set()
    for option in options:
        _read_option(option, kind, arguments, common, given)
    try:
        return Fault(kind.action(**arguments), operation, **common)
    except ValueError as exc:
        raise FaultSyntaxError(_in_words_of_the_text(str(exc.args[0]), name, kind)) from exc


def _in_words_of_the_text(message: str, name: str, kind: FaultKind) -> str:
    """Return what a validator of attrs says about a value, with the name that the value has in the text."""
    found = _LIMIT.fullmatch(message) or _CHOICE.fullmatch(message)
    if found is None:
        return message
    attribute, is_what, limit, value = found.groups()
    names = {argument: option for option, (argument, _) in kind.options.items()}
    if kind.value is not None:
        names[kind.value[0]] = name
    limit = limit.removesuffix(".0").replace("'", "").removesuffix(",")
    return f"{names.get(attribute, attribute)} must be {_LIMITS[is_what]} {limit}, not {value.removesuffix('.0')}"


def _target(text: str) -> tuple[str, str]:
    operation, colon, rest = text.partition(":")
    # A colon may also stand in a value: `drop,key=a:b`.
    if not colon or "=" in operation or "," in operation:
        return ALL, text
    return operation.strip(), rest


def _split(text: str) -> list[str]:
    """Return the parts between the commas that separate options."""
    parts: list[str] = []
    while True:
        end = _end_of_option(text)
        parts.append(text[:end])
        if end == len(text):
            return parts
        text = text[end + 1 :]


def _end_of_option(text: str) -> int:
    # JSON may contain commas: `to={"a": 1, "b": 2}` is one option.
    if text.startswith(_JSON_OPTION):
        with suppress(ValueError, RecursionError):
            _, end = _DECODER.raw_decode(text, len(_JSON_OPTION))
            if end == len(text) or text[end] == ",":
                return end
    comma = text.find(",")
    return len(text) if comma < 0 else comma


def _item(text: str) -> tuple[str, str | None]:
    name, equals, value = text.partition("=")
    return name.strip(), value.strip() if equals else None


def _value_of(name: str, kind: FaultKind, value: str | None) -> dict[str, Any]:
    if value is None:
        if kind.needs_value:
            raise FaultSyntaxError(f"{name} needs a value: {name}=...")
        return {}
    if kind.value is None:
        raise FaultSyntaxError(f"{name} takes no value")
    argument, convert = kind.value
    return {argument: convert(value)}


def _read_option(
    text: str, kind: FaultKind, arguments: dict[str, Any], common: dict[str, Any], given: set[str]
) -> None:
    name, value = _item(text)
    # `after` and `before` exclude each other.
    slot = "when" if name in WHEN else name
    if slot in given:
        raise FaultSyntaxError(f"{name!r} is given twice, or contradicts another option")
    given.add(slot)
    if name in kind.flags:
        arguments["after" if name in WHEN else name] = _flag(name, value) != "before"
    elif name in kind.options:
        argument, convert = kind.options[name]
        arguments[argument] = convert(_needed(name, value))
    elif name in COMMON_OPTIONS:
        common[name] = COMMON_OPTIONS[name](_needed(name, value))
    else:
        known = (*kind.flags, *kind.options, *COMMON_OPTIONS)
        raise FaultSyntaxError(f"unknown option {name!r}{suggest(name, known)}")


def _flag(name: str, value: str | None) -> str:
    if value is not None:
        raise FaultSyntaxError(f"{name!r} takes no value")
    return name


def _needed(name: str, value: str | None) -> str:
    if not value:
        raise FaultSyntaxError(f"{name!r} needs a value: {name}=...")
    return value


def _kind_of(fault: Fault) -> tuple[str, FaultKind]:
    # `drop` and `reset` are one class, so the class alone does not name the kind.
    if isinstance(fault.action, Drop) and fault.action.reset:
        return "reset", KINDS["reset"]
    return next((name, kind) for name, kind in KINDS.items() if kind.action is type(fault.action))


def _given(instance: AttrsInstance, options: Mapping[str, tuple[str, Convert]]) -> list[str]:
    """Return the options that differ from their defaults."""
    defaults = {attribute.name: attribute.default for attribute in fields(type(instance))}
    return [
        f"{option}={_text(getattr(instance, argument), convert)}"
        for option, (argument, convert) in options.items()
        if getattr(instance, argument) != defaults[argument]
    ]


def _text(value: Any, convert: Convert) -> str:
    if convert is json_value:
        return json.dumps(value)
    # 5.0 is written as 5: what people write, and what is read back as the same number.
    return f"{value:g}" if isinstance(value, float) and value.is_integer() else str(value)
