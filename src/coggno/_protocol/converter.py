"""The one cattrs converter: strict about types, open to fields and enum values it does not know.

Decoding is fast first: one generated function per model that checks types in line and says no more than yes or no.
Only when it says no the same data is decoded again with cattrs' detailed validation, to name the place.

cattrs is imported when the first answer is decoded: it takes as long as all of our own modules.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, Union, get_args, get_origin
from uuid import UUID

import attrs

from coggno._protocol import json as _json
from coggno._protocol.operation import UNSET, Unset

if TYPE_CHECKING:
    from cattrs import Converter

_MANY: Final = 1000  # items of a list for which it pays to hold the garbage collector

_date: Final = dt.date.fromisoformat
_FACTORY: Final[Any] = attrs.Factory  # a class, which its type stub hides

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
        data: what the JSON parser returned. It is used up: in a long list each object gives way to its model, so that
            the two are never in memory together.
        into: a model, `list[Model]`, a scalar, a union with `None`, ...

    Raises:
        StructureError: naming the first place that does not fit.
    """
    try:
        return _hook(into)(data, into)
    except Exception:  # noqa: BLE001, S110 - whatever it was, the detailed pass below says where
        pass
    return _structure_in_detail(data, into)


def unstructure(value: Any) -> Any:
    """Turn models inside `value` into JSON data under their wire names; fields that are `UNSET` are left out."""
    return _converter(detailed=False).unstructure(value)


@cache
def _hook(into: Any) -> _Hook:
    """Return what decodes `into` fast, found once for each type."""
    hook: _Hook = _converter(detailed=False).get_structure_hook(into)
    return hook


def _structure_in_detail(data: Any, into: Any) -> Any:
    try:
        return _converter(detailed=True).structure(data, into)
    except RecursionError:
        path, reason = "$", "is nested too deeply"
    except Exception as error:  # noqa: BLE001 - cattrs raises what its hooks raise
        path, reason = _place(error)
    # Raised outside the handler: a chained exception would carry the data.
    raise StructureError(path, reason)


def _place(error: BaseException, path: str = "$") -> tuple[str, str]:
    """Follow the first branch of cattrs' exception group to the leaf."""
    from cattrs import BaseValidationError

    if isinstance(error, BaseValidationError):
        inner: BaseException = error.exceptions[0]
        return _place(inner, path + _step(inner))
    if isinstance(error, KeyError):
        return path, f"the field {error.args[0]!r} is missing"
    return path, str(error) if isinstance(error, _MisfitError) else "has the wrong type"


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
    from cattrs.cols import list_structure_factory

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
    from cattrs.gen import make_dict_structure_fn

    def factory(model: Any) -> _Hook:
        resolved = attrs.resolve_types(model)
        original = make_dict_structure_fn(resolved, converter, **_renames(resolved))

        def hook(value: Any, kind: Any) -> Any:
            if type(value) is model:
                return value  # by the fast pass, which then found a misfit further on
            if type(value) is not dict:
                raise _MisfitError(f"expected an object, got {_json_type(value)}")
            return original(value, kind)  # pyright: ignore[reportUnknownArgumentType]

        return hook

    return factory


def _fast_list(converter: Converter) -> Callable[[Any], _Hook]:
    """A list is a JSON array; a long one is made while the garbage collector is held, one of models where it stands."""

    def factory(into: Any) -> _Hook:
        (kind,) = get_args(into)
        inner = converter.get_structure_hook(kind)

        def hook(value: Any, _: Any) -> list[Any]:
            if not _json.is_array(value):
                raise _MisfitError
            if len(value) < _MANY:
                return [inner(item, kind) for item in value]
            with _json.collector_held():
                made = value if attrs.has(kind) else value.copy()
                for place, item in enumerate(value):
                    made[place] = inner(item, kind)
                return made

        return hook

    return factory


def _fast_model(converter: Converter) -> Callable[[Any], _Hook]:
    """Structure hook of an attrs model: a function that is generated for it, see `_source`."""
    made: dict[Any, _Hook] = {}
    general = _model(converter)

    def factory(model: Any) -> _Hook:
        fields = attrs.fields(attrs.resolve_types(model))
        if not (all(map(_is_plain, fields)) and _is_only_fields(model)):
            return general(model)
        if model not in made:
            names: dict[str, Any] = {"Model": model, "new": model.__new__}
            names |= {"Misfit": _MisfitError, "number": _number, "date": _date}
            exec(_source(fields), names)  # noqa: S102 - as cattrs does it; texts enter the source by repr() only
            made[model] = names["structure"]
            for place, item in enumerate(fields):  # only now, because a model may hold itself
                hook = converter.get_structure_hook(item.type)
                names |= {f"default{place}": item.default, f"type{place}": item.type, f"hook{place}": hook}
        return made[model]

    return factory


def _is_plain(item: Any) -> bool:
    """Return whether `_source` can deal with a field of attrs; cattrs' own generator can with every one."""
    nullable, _ = _choices(item.type)
    has_only_a_value = item.init and item.validator is None and item.converter is None
    return has_only_a_value and not isinstance(item.default, _FACTORY) and (nullable or item.default is not None)


def _is_only_fields(model: Any) -> bool:
    """Return whether setting the fields is all that making the model takes: as it is with every generated one."""
    begins = any(hasattr(model, name) for name in ("__attrs_pre_init__", "__attrs_post_init__"))
    return not begins and model.__setattr__ is object.__setattr__ and model.__new__ is object.__new__


def _source(fields: Iterable[attrs.Attribute[Any]]) -> str:
    """Write the function that decodes a model with these fields.

    ```python
    def structure(data, _):
        if type(data) is not dict: raise Misfit
        value0 = data['id']
        if type(value0) is not int: raise Misfit
        value1 = data.get('created_at', default1)
        if value1 is not None: value1 = date(value1)
        made = new(Model)
        made.id = value0
        made.created_at = value1
        return made
    ```

    That is what `Model(...)` does, without the call, which is a sixth of the whole cost.
    """
    lines = ["def structure(data, _):", "if type(data) is not dict: raise Misfit"]
    setting: list[str] = []
    for place, item in enumerate(fields):
        value = f"value{place}"
        lines += [_taking(item, value, place), _checking(item, value, place)]
        setting.append(f"made.{item.name} = {value}")
    lines += ["made = new(Model)", *setting, "return made"]
    return "\n ".join(lines)


def _taking(item: attrs.Attribute[Any], value: str, place: int) -> str:
    name = item.metadata.get("wire", item.name)
    if item.default is attrs.NOTHING:
        return f"{value} = data[{name!r}]"
    return f"{value} = data.get({name!r}, default{place})"


def _checking(item: attrs.Attribute[Any], value: str, place: int) -> str:
    nullable, kinds = _choices(item.type)
    kind = kinds[0] if len(kinds) == 1 else None
    conditions, step = [], f"{value} = hook{place}({value}, type{place})"
    if kind in {int, str, bool}:
        conditions, step = [f"type({value}) is not {kind.__name__}"], "raise Misfit"
    elif kind is float:
        conditions, step = [f"type({value}) is not float"], f"{value} = number({value}, None)"
    elif kind is dt.date:
        step = f"{value} = date({value})"
    if nullable:
        conditions.append(f"{value} is not None")
    if item.default is not attrs.NOTHING and item.default is not None:
        conditions.append(f"{value} is not default{place}")
    return f"if {' and '.join(conditions)}: {step}" if conditions else step


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

    return {item.name: override(rename=item.metadata.get("wire", item.name)) for item in attrs.fields(model)}


def _is_union(into: Any) -> bool:
    return get_origin(into) in {Union, UnionType}


@cache
def _members(into: Any) -> tuple[Any, ...]:
    return tuple(member for member in get_args(into) if member is not type(UNSET))


def _choices(into: Any) -> tuple[bool, list[Any]]:
    """Return whether `None` is allowed, and which types are apart from it; a type that is no union is one choice."""
    members = _members(into) if _is_union(into) else (into,)
    rest = [member for member in members if member is not type(None) and not _is_shadowed(member, members)]
    return type(None) in members, rest


def _union(converter: Converter) -> Callable[[Any], _Hook]:
    """`X | None`, open enums (`Literal[...] | str`) and unions of scalars: the first member that fits."""

    def factory(into: Any) -> _Hook:
        nullable, rest = _choices(into)
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
                    # each on a copy: what does not fit may have used up a part of it
                    return converter.structure(deepcopy(value), member)
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


@cache
def _converter(*, detailed: bool) -> Converter:
    from cattrs import Converter

    converter = Converter(detailed_validation=detailed)
    converter.register_structure_hook(int, _exactly(int, "an integer"))
    converter.register_structure_hook(str, _exactly(str, "a string"))
    converter.register_structure_hook(bool, _exactly(bool, "a boolean"))
    converter.register_structure_hook(float, _number)
    converter.register_structure_hook(dt.date, _from_text(_date, "a date (2025-01-15)"))
    converter.register_structure_hook(
        dt.datetime,
        _from_text(dt.datetime.fromisoformat, "a date and time (2025-01-15T08:00:00Z)"),
    )
    converter.register_structure_hook(UUID, _from_text(UUID, "a UUID"))
    converter.register_structure_hook_factory(_is_list, _list(converter) if detailed else _fast_list(converter))
    converter.register_structure_hook_factory(_is_literal, _literal)
    converter.register_structure_hook_factory(_is_union, _union(converter))
    converter.register_structure_hook_factory(attrs.has, _model(converter) if detailed else _fast_model(converter))
    converter.register_unstructure_hook_factory(attrs.has, _unmodel(converter))
    for kind in (dt.date, dt.datetime):
        converter.register_unstructure_hook(kind, lambda value: value.isoformat())
    converter.register_unstructure_hook(UUID, str)
    converter.register_unstructure_hook(Unset, lambda value: value)  # in a union cattrs would send its number
    return converter
