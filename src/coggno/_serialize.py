"""The one cattrs converter: strict about types, open to fields and enum values it does not know.

Decoding is fast first: without cattrs' detailed validation. Only when that fails the same data is decoded again in
detail, to name the place.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from functools import cache
from types import UnionType
from typing import Any, Final, Literal, TypeAlias, Union, get_args, get_origin
from uuid import UUID

import attrs
from cattrs import AttributeValidationNote, BaseValidationError, Converter, IterableValidationNote
from cattrs.cols import list_structure_factory
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from coggno._wire import UNSET

_JSON_TYPES: Final[Mapping[str, str]] = {
    "NoneType": "null",
    "bool": "a boolean",
    "int": "an integer",
    "float": "a number",
    "str": "a string",
    "list": "an array",
    "dict": "an object",
}

_Hook: TypeAlias = Callable[[Any, Any], Any]


class StructureError(Exception):
    """Data that does not fit its type. Carries the JSON path and what was expected, never the value."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class _MisfitError(ValueError):
    """What a primitive hook raises: a sentence without the value."""


def structure(data: Any, into: Any) -> Any:
    """Decode JSON data into a type of the generated code.

    Args:
        data: what the JSON parser returned.
        into: a model, `list[Model]`, a scalar, a union with `None`, ...

    Raises:
        StructureError: naming the first place that does not fit.
    """
    try:
        return _FAST.structure(data, into)
    except Exception:  # noqa: BLE001, S110 - whatever it was, the detailed pass below says where
        pass
    return _structure_in_detail(data, into)


def unstructure(value: Any) -> Any:
    """Turn models inside `value` into JSON data under their wire names; fields that are `UNSET` are left out."""
    return _FAST.unstructure(value)


def _structure_in_detail(data: Any, into: Any) -> Any:
    try:
        return _DETAILED.structure(data, into)
    except RecursionError:
        path, reason = "$", "is nested too deeply"
    except Exception as error:  # noqa: BLE001 - cattrs raises what its hooks raise
        path, reason = _place(error)
    # Raised outside the handler: a chained exception would carry the data.
    raise StructureError(path, reason)


def _place(error: BaseException, path: str = "$") -> tuple[str, str]:
    """Follow the first branch of cattrs' exception group to the leaf."""
    if isinstance(error, BaseValidationError):
        inner: BaseException = error.exceptions[0]
        return _place(inner, path + _step(inner))
    if isinstance(error, KeyError):
        return path, f"the field {error.args[0]!r} is missing"
    return path, str(error) if isinstance(error, _MisfitError) else "has the wrong type"


def _step(error: BaseException) -> str:
    for note in getattr(error, "__notes__", ()):
        if isinstance(note, IterableValidationNote):
            return f"[{note.index}]"
        if isinstance(note, AttributeValidationNote) and not isinstance(error, KeyError):
            return f".{note.name}"
    return ""


def _exactly(kind: type, name: str) -> _Hook:
    def hook(value: Any, _: Any) -> Any:
        if type(value) is kind:
            return value
        raise _MisfitError(f"expected {name}, got {_json_type(value)}")

    return hook


def _number(value: Any, _: Any) -> float:
    if type(value) is float or type(value) is int:
        return float(value)
    raise _MisfitError(f"expected a number, got {_json_type(value)}")


def _from_text(parse: Callable[[str], Any], name: str) -> _Hook:
    def hook(value: Any, _: Any) -> Any:
        if type(value) is str:
            try:
                return parse(value)
            except ValueError:
                pass
            raise _MisfitError(f"expected {name}, got another string")
        raise _MisfitError(f"expected {name}, got {_json_type(value)}")

    return hook


def _one_of(value: Any, into: Any) -> Any:
    values = get_args(into)
    for known in values:
        if value == known and type(value) is type(known):
            return value
    raise _MisfitError(f"expected {' or '.join(map(repr, values))}")


def _json_type(value: Any) -> str:
    name = type(value).__name__
    return _JSON_TYPES.get(name, name)


def _list(converter: Converter) -> Callable[[Any], _Hook]:
    """A list is a JSON array: cattrs alone would take a string or an object for one."""

    def factory(into: Any) -> _Hook:
        original: _Hook = list_structure_factory(into, converter)

        def hook(value: Any, kind: Any) -> Any:
            if type(value) is not list:
                raise _MisfitError(f"expected an array, got {_json_type(value)}")
            return original(value, kind)

        return hook

    return factory


def _model(converter: Converter) -> Callable[[Any], _Hook]:
    """Structure hook of an attrs model: wire names from the metadata; `null` where it is allowed only."""

    def factory(model: Any) -> _Hook:
        resolved = attrs.resolve_types(model)
        original = make_dict_structure_fn(resolved, converter, **_renames(resolved))

        def hook(value: Any, kind: Any) -> Any:
            if type(value) is not dict:
                raise _MisfitError(f"expected an object, got {_json_type(value)}")
            return original(value, kind)  # pyright: ignore[reportUnknownArgumentType]

        return hook

    return factory


def _unmodel(converter: Converter) -> Callable[[Any], Callable[[Any], Any]]:
    def factory(model: Any) -> Callable[[Any], Any]:
        resolved = attrs.resolve_types(model)
        original = make_dict_unstructure_fn(resolved, converter, **_renames(resolved))

        def hook(value: Any) -> Any:
            return {name: item for name, item in original(value).items() if item is not UNSET}

        return hook

    return factory


def _renames(model: type[attrs.AttrsInstance]) -> dict[str, Any]:
    return {item.name: override(rename=item.metadata.get("wire", item.name)) for item in attrs.fields(model)}


def _is_union(into: Any) -> bool:
    return get_origin(into) in {Union, UnionType}


@cache
def _members(into: Any) -> tuple[Any, ...]:
    return tuple(member for member in get_args(into) if member is not type(UNSET))


def _union(converter: Converter) -> Callable[[Any], _Hook]:
    """`X | None`, open enums (`Literal[...] | str`) and unions of scalars: the first member that fits."""

    def factory(into: Any) -> _Hook:
        members = _members(into)
        nullable = type(None) in members
        rest = [member for member in members if member is not type(None) and not _is_shadowed(member, members)]
        if len(rest) == 1:
            only = rest[0]
            inner = converter.get_structure_hook(only)

            def optional(value: Any, _: Any) -> Any:
                return None if value is None and nullable else inner(value, only)

            return optional

        def first_fit(value: Any, _: Any) -> Any:
            if value is None and nullable:
                return None
            for member in rest:
                try:
                    return converter.structure(value, member)
                except Exception:  # noqa: BLE001, S112 - the next member may fit
                    continue
            raise _MisfitError(f"fits none of the types that are allowed here, got {_json_type(value)}")

        return first_fit

    return factory


def _is_list(into: Any) -> bool:
    origin: Any = get_origin(into)
    return origin is list


def _is_literal(into: Any) -> bool:
    origin: Any = get_origin(into)
    return origin is Literal


def _literal(_: Any) -> _Hook:
    return _one_of


def _is_shadowed(member: Any, members: tuple[Any, ...]) -> bool:
    """Literals beside their own plain type say which values are known, not which are allowed."""
    return get_origin(member) is Literal and all(type(value) in members for value in get_args(member))


def _make(*, detailed: bool) -> Converter:
    converter = Converter(detailed_validation=detailed)
    converter.register_structure_hook(int, _exactly(int, "an integer"))
    converter.register_structure_hook(str, _exactly(str, "a string"))
    converter.register_structure_hook(bool, _exactly(bool, "a boolean"))
    converter.register_structure_hook(float, _number)
    converter.register_structure_hook(dt.date, _from_text(dt.date.fromisoformat, "a date (2025-01-15)"))
    converter.register_structure_hook(
        dt.datetime,
        _from_text(dt.datetime.fromisoformat, "a date and time (2025-01-15T08:00:00Z)"),
    )
    converter.register_structure_hook(UUID, _from_text(UUID, "a UUID"))
    converter.register_structure_hook_factory(_is_list, _list(converter))
    converter.register_structure_hook_factory(_is_literal, _literal)
    converter.register_structure_hook_factory(_is_union, _union(converter))
    converter.register_structure_hook_factory(attrs.has, _model(converter))
    converter.register_unstructure_hook_factory(attrs.has, _unmodel(converter))
    for kind in (dt.date, dt.datetime):
        converter.register_unstructure_hook(kind, lambda value: value.isoformat())
    converter.register_unstructure_hook(UUID, str)
    return converter


_FAST: Final = _make(detailed=False)
_DETAILED: Final = _make(detailed=True)
