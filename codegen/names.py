"""Names of the wire become names of Python. Each function is pure, and a collision is an error, never a renaming."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from keyword import iskeyword
from typing import Final

from codegen import ir
from codegen.diagnostics import show

_LETTERS: Final = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D"}
)
_TYPES: Final = frozenset({"int", "str", "float", "bool", "list", "dict", "dt", "models"})
_FIELDS: Final = _TYPES | {"self", "field", "extra"}
_ARGUMENTS: Final = _TYPES | {"self", "send", "warnings"}
_FUNCTIONS: Final = _TYPES | {"warnings"}
_CONSTANTS: Final = frozenset({"OPERATIONS", "UNSET", "UUID"})
_CLASSES: Final = frozenset({"Any", "Literal", "None", "True", "False", "TypeAlias", "Model", "UNSET", "UUID", "Unset"})


def field_name(wire: str) -> str:
    """Return the attribute of a model for a property."""
    return _free(_snake(wire, "value"), _FIELDS)


def argument_name(wire: str) -> str:
    """Return the argument for a parameter or a field of a form."""
    return _free(_snake(wire, "value"), _ARGUMENTS)


def function_name(operation_id: str) -> str:
    """Return the function of an operation."""
    return _free(_snake(operation_id, "call"), _FUNCTIONS)


def constant_name(operation_id: str) -> str:
    """Return the constant that declares an operation."""
    name = _snake(operation_id, "call").upper()
    return f"{name}_" if name in _CONSTANTS else name


def class_name(words: str) -> str:
    """Return the class of a model, or the alias of an enum."""
    parts = [part for part in re.split(r"[^A-Za-z0-9]+", _ascii(words)) if part]
    name = "".join(part[0].upper() + part[1:] for part in parts)
    if not name or name[0].isdigit():
        name = f"Schema{name}"
    return f"{name}Model" if name in _CLASSES else name


def _free(name: str, taken: frozenset[str]) -> str:
    return f"{name}_" if iskeyword(name) or name in taken else name


def _snake(text: str, prefix: str) -> str:
    spaced = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", _ascii(text))
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", spaced)
    name = "_".join(part for part in re.split(r"[^A-Za-z0-9]+", spaced) if part).lower()
    return f"{prefix}_{name}" if not name or name[0].isdigit() else name


def _ascii(text: str) -> str:
    """Spell a text in ASCII: accents go, other letters become their code point."""
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return "".join(_spell(char) for char in plain if not unicodedata.combining(char))


def _spell(char: str) -> str:
    if char.isascii() or not char.isalnum():
        return char
    return f"_u{ord(char):x}_"


def collisions(api: ir.Api) -> Iterator[tuple[str, str]]:
    """Yield pointer and sentence for every two names that become one."""
    kinds: list[ir.Model | ir.Choice] = [*api.models, *api.choices]
    yield from _shared(((kind.pointer, kind.name) for kind in kinds), class_name, "class")
    yield from _shared(((item.pointer, item.id) for item in api.operations), function_name, "function")
    yield from _shared(((item.pointer, item.id) for item in api.operations), constant_name, "constant")
    for model in api.models:
        yield from _shared(((item.pointer, item.name) for item in model.fields), field_name, "field")
    for operation in api.operations:
        yield from _shared(_arguments(operation), argument_name, f"argument of {show(operation.id)}")


def _arguments(operation: ir.Operation) -> Iterator[tuple[str, str]]:
    for item in operation.parameters:
        yield item.field.pointer, item.field.name
    if operation.body is not None and operation.body.media == "json":
        yield operation.body.pointer, "body"
    for form_field in operation.body.fields if operation.body is not None else ():
        yield form_field.pointer, form_field.name


def _shared(named: Iterable[tuple[str, str]], name_of: Callable[[str], str], kind: str) -> Iterator[tuple[str, str]]:
    taken: dict[str, tuple[str, str]] = {}
    for pointer, wire in named:
        name = name_of(wire)
        if name in taken:
            other, place = taken[name]
            yield (
                pointer,
                f"{show(wire)} and {show(other)} ({place}) both become the {kind} {name!r}; rename one of the two",
            )
        taken.setdefault(name, (wire, pointer))
