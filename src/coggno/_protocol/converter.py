"""The one cattrs converter: JSON data becomes models and other types, and models become JSON data.

Decoding is fast first: generated decoders check types in line and only report whether the data fits. When it does not,
the same data is decoded again: here with cattrs' detailed validation, which names the value that does not fit, or by
`tolerant`, which leaves that value as it is.

cattrs is imported when the first response is decoded: it takes as long as all of our own modules.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, MutableMapping
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, Union, get_args, get_origin

import attrs

from coggno._protocol import json as _json
from coggno._protocol.model import DECODERS, Model, declared_fields, to_dict, unknown_fields, wire_name
from coggno._protocol.operation import UNSET, Unset

if TYPE_CHECKING:
    from cattrs import Converter

_date: Final = dt.date.fromisoformat

_JSON_TYPES: Final[Mapping[str, str]] = {
    "NoneType": "null",
    "bool": "a boolean",
    "int": "an integer",
    "float": "a number",
    "str": "a string",
    "list": "an array",
    "dict": "an object",
}

_OBJECTS: Final[frozenset[Any]] = frozenset({dict, Mapping, MutableMapping})

_Hook: TypeAlias = Callable[[Any, Any], Any]


class StructureError(Exception):
    """Data that does not fit its type. Carries the JSON path and what was expected, never the value."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class _ReasonError(ValueError):
    """Raised by the hook of a scalar: a sentence without the value."""


def structure(data: Any, into: Any) -> Any:
    """Decode JSON data into a type; every field must be as declared.

    Args:
        data: what the JSON parser returned.
        into: a model, `list[Model]`, a scalar, a union with `None`, any other attrs class, `dict`, ...

    Raises:
        StructureError: naming the first value that does not fit.
    """
    try:
        return structure_fast(data, into)
    except Exception:  # noqa: BLE001, S110 - whatever it was, the detailed pass below finds the location
        pass
    return structure_in_detail(data, into)


def structure_fast(data: Any, into: Any) -> Any:
    """Decode data that is as declared; for other data raise an exception of any kind."""
    return _hook(into)(data, into)


def unstructure(value: Any) -> Any:
    """Turn models inside `value` into JSON data under their wire names; fields that are `UNSET` are left out."""
    return _converter(detailed=False).unstructure(value)


@cache
def _hook(into: Any) -> _Hook:
    """Return what decodes `into` fast, found once for each type."""
    hook: _Hook = _converter(detailed=False).get_structure_hook(into)
    return hook


def structure_in_detail(data: Any, into: Any) -> Any:
    """Decode data, and name the first value that does not fit; several times slower."""
    try:
        # Items of inner lists may have become models already, before the first value that does not fit.
        return _converter(detailed=True).structure(unstructure(data), into)
    except RecursionError:
        path, reason = "$", "is nested too deeply"
    except Exception as error:  # noqa: BLE001 - cattrs raises what its hooks raise
        path, reason = _locate(error)
    # Raised outside the handler: a chained exception would carry the data.
    raise StructureError(path, reason)


def _locate(error: BaseException) -> tuple[str, str]:
    """Follow the first branch of cattrs' exception group to the leaf."""
    from cattrs import BaseValidationError

    path = "$"
    # No recursion: data may be nested almost as deeply as Python's stack allows.
    while isinstance(error, BaseValidationError):
        error = error.exceptions[0]
        path += _step(error)
    if isinstance(error, RecursionError):
        return path, "is nested too deeply"
    if isinstance(error, KeyError):
        return path, f"the field {error.args[0]!r} is missing"
    return path, str(error) if isinstance(error, _ReasonError) else "has the wrong type"


def _step(error: BaseException) -> str:
    from cattrs import AttributeValidationNote, IterableValidationNote

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
        raise _ReasonError(f"expected {name}, got {_json_type(value)}")

    return hook


def _integer(value: Any, _: Any) -> int:
    # JSON Schema: 1.0 is an integer. The generated decoders leave it to this slower pass, since it is rare.
    if type(value) is int or (type(value) is float and value.is_integer()):
        return int(value)
    raise _ReasonError(f"expected an integer, got {_json_type(value)}")


def _object(converter: Converter) -> Callable[[Any], _Hook]:
    """A dict is a JSON object: cattrs alone would make one of a list of pairs."""

    def factory(into: Any) -> _Hook:
        _, kind = get_args(into) or (str, Any)
        inner = converter.get_structure_hook(kind)

        def hook(value: Any, _: Any) -> dict[str, Any]:
            if not _json.is_object(value):
                raise _ReasonError(f"expected an object, got {_json_type(value)}")
            return {name: inner(item, kind) for name, item in value.items()}

        return hook

    return factory


def _number(value: Any, _: Any) -> float:
    if type(value) is float or type(value) is int:
        return float(value)
    raise _ReasonError(f"expected a number, got {_json_type(value)}")


def _from_text(parse: Callable[[str], Any], name: str) -> _Hook:
    def hook(value: Any, _: Any) -> Any:
        if type(value) is str:
            try:
                return parse(value)
            except ValueError:
                pass
            raise _ReasonError(f"expected {name}, got another string")
        raise _ReasonError(f"expected {name}, got {_json_type(value)}")

    return hook


def _one_of(value: Any, into: Any) -> Any:
    values = get_args(into)
    for known in values:
        if value == known and type(value) is type(known):
            return value
    raise _ReasonError(f"expected {' or '.join(map(repr, values))}")


def _json_type(value: Any) -> str:
    name = type(value).__name__
    return _JSON_TYPES.get(name, name)


def _list(converter: Converter) -> Callable[[Any], _Hook]:
    """A list is a JSON array: cattrs alone would take a string or an object for one."""
    from cattrs.cols import list_structure_factory

    def factory(into: Any) -> _Hook:
        original: _Hook = list_structure_factory(into if get_args(into) else list[Any], converter)

        def hook(value: Any, kind: Any) -> Any:
            if type(value) is not list:
                raise _ReasonError(f"expected an array, got {_json_type(value)}")
            return original(value, kind)

        return hook

    return factory


def _model(converter: Converter) -> Callable[[Any], _Hook]:
    """Structure hook of an attrs model: wire names from the metadata; `null` where it is allowed only."""
    from cattrs.gen import make_dict_structure_fn

    def factory(model: Any) -> _Hook:
        resolved = attrs.resolve_types(model)
        original = make_dict_structure_fn(resolved, converter, **_renames(resolved))
        known = frozenset(wire_name(item) for item in declared_fields(resolved))

        def hook(value: Any, kind: Any) -> Any:
            if not _json.is_object(value):
                raise _ReasonError(f"expected an object, got {_json_type(value)}")
            made = original(value, kind)
            extra = unknown_fields(value, known) if isinstance(made, Model) else None
            if extra:
                made.extra.update(extra)
            return made

        return hook

    return factory


def _fast_list(converter: Converter) -> Callable[[Any], _Hook]:
    """A list is a JSON array; the garbage collector is paused while a long one is made."""

    def factory(into: Any) -> _Hook:
        kind: Any
        (kind,) = get_args(into) or (Any,)
        decode = DECODERS.get(kind) or _without_type(converter.get_structure_hook(kind), kind)

        def hook(value: Any, _: Any) -> list[Any]:
            if not _json.is_array(value):
                raise _ReasonError
            if len(value) <= _json.MANY:
                return [decode(item) for item in value]
            with _json.collector_paused():
                return [decode(item) for item in value]

        return hook

    return factory


def _without_type(hook: _Hook, kind: Any) -> Callable[[Any], Any]:
    return lambda item: hook(item, kind)


def _fast_model(converter: Converter) -> Callable[[Any], _Hook]:
    """The generated decoder where there is one; cattrs writes its own for any other attrs class."""
    general = _model(converter)

    def factory(model: Any) -> _Hook:
        decode = DECODERS.get(model)
        return general(model) if decode is None else lambda value, _: decode(value)

    return factory


def _unmodel(converter: Converter) -> Callable[[Any], Callable[[Any], Any]]:
    from cattrs.gen import make_dict_unstructure_fn

    def factory(model: Any) -> Callable[[Any], Any]:
        resolved = attrs.resolve_types(model)
        original = make_dict_unstructure_fn(resolved, converter, **_renames(resolved))

        def hook(value: Any) -> Any:
            return {name: item for name, item in original(value).items() if item is not UNSET}

        return hook

    return factory


def _renames(model: type[attrs.AttrsInstance]) -> dict[str, Any]:
    from cattrs.gen import override

    wire = {item.name: override(rename=wire_name(item)) for item in declared_fields(model)}
    return {**({"_extra": override(omit=True)} if issubclass(model, Model) else {}), **wire}


def _is_union(into: Any) -> bool:
    return get_origin(into) in {Union, UnionType}


@cache
def _members(into: Any) -> tuple[Any, ...]:
    return tuple(member for member in get_args(into) if member is not type(UNSET))


def choices(into: Any) -> tuple[bool, list[Any]]:
    """Return whether `None` is allowed, and which types are apart from it; a type that is no union is one choice."""
    members = _members(into) if _is_union(into) else (into,)
    rest = [member for member in members if member is not type(None) and not _is_shadowed(member, members)]
    return type(None) in members, rest


def _union(converter: Converter) -> Callable[[Any], _Hook]:
    """`X | None`, open enums (`Literal[...] | str`) and unions of scalars: the first member that fits."""

    def factory(into: Any) -> _Hook:
        nullable, rest = choices(into)
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
            raise _ReasonError(f"fits none of the types that are allowed here, got {_json_type(value)}")

        return first_fit

    return factory


def is_list(into: Any) -> bool:
    """Return whether a type is `list`, with or without the type of its items."""
    origin: Any = get_origin(into)
    return into is list or origin is list


def _is_model(into: Any) -> bool:
    return isinstance(into, type) and issubclass(into, Model)


def _is_object(into: Any) -> bool:
    return into in _OBJECTS or get_origin(into) in _OBJECTS


def _is_literal(into: Any) -> bool:
    origin: Any = get_origin(into)
    return origin is Literal


def _literal(_: Any) -> _Hook:
    return _one_of


def _is_shadowed(member: Any, members: tuple[Any, ...]) -> bool:
    """Literals beside their own plain type list the known values, not the allowed ones."""
    return get_origin(member) is Literal and all(type(value) in members for value in get_args(member))


@cache
def _converter(*, detailed: bool) -> Converter:
    from uuid import UUID

    from cattrs import Converter

    converter = Converter(detailed_validation=detailed)
    converter.register_structure_hook(int, _integer)
    converter.register_structure_hook(str, _exactly(str, "a string"))
    converter.register_structure_hook(bool, _exactly(bool, "a boolean"))
    converter.register_structure_hook(float, _number)
    converter.register_structure_hook(dt.date, _from_text(_date, "a date (2025-01-15)"))
    converter.register_structure_hook(
        dt.datetime,
        _from_text(dt.datetime.fromisoformat, "a date and time (2025-01-15T08:00:00Z)"),
    )
    converter.register_structure_hook(UUID, _from_text(UUID, "a UUID"))
    converter.register_structure_hook_factory(is_list, _list(converter) if detailed else _fast_list(converter))
    converter.register_structure_hook_factory(_is_object, _object(converter))
    converter.register_structure_hook_factory(_is_literal, _literal)
    converter.register_structure_hook_factory(_is_union, _union(converter))
    converter.register_structure_hook_factory(attrs.has, _model(converter) if detailed else _fast_model(converter))
    converter.register_unstructure_hook_factory(attrs.has, _unmodel(converter))
    converter.register_unstructure_hook_func(_is_model, to_dict)
    for kind in (dt.date, dt.datetime):
        converter.register_unstructure_hook(kind, lambda value: value.isoformat())
    converter.register_unstructure_hook(UUID, str)
    converter.register_unstructure_hook(Unset, lambda value: value)  # in a union cattrs would send its number
    return converter
