"""Decoding that leaves a value of another type than declared as it is, so that one odd record hides no other.

The API's reference is short, and a server sends what it does not show. Only what settling and provisioning rely on
must be right: `id`, and `login` where the model has one. A field that is not as declared is logged once per process.
"""

from __future__ import annotations

import logging
from typing import Any, Final, cast, get_args

import attrs

from coggno._protocol import json as _json
from coggno._protocol.converter import StructureError, choices, is_list, structure_fast, structure_in_detail
from coggno._protocol.model import FACTORY, Model, declared_fields, unknown_fields, wire_name

_LOG: Final = logging.getLogger("coggno")
_IDENTITY: Final = frozenset({"id", "login"})
_reported: Final[set[tuple[type, str]]] = set()
"""Model and field of each warning that was logged: a list of 10,000 records must not log 10,000 lines."""
_reported_texts: Final[set[str]] = set()
"""Operations whose responses were reported as no JSON."""


def structure(data: Any, into: Any) -> Any:
    """Decode JSON data into a type; a field that does not fit arrives as received, a missing one as `None`.

    Raises:
        StructureError: naming an `id` or `login` that does not fit, an object that is none, a list that is none.
    """
    try:
        return structure_fast(data, into)
    except Exception:  # noqa: BLE001, S110 - whatever it was, the slower pass below finds it
        pass
    try:
        return _in_parts(data, into, "$")
    except RecursionError:
        pass
    raise StructureError("$", "is nested too deeply")


def _whole(data: Any, into: Any, path: str) -> Any:
    """Decode what has no field around it that could hold a wrong value: it must at least be an object or a list."""
    try:
        return structure_fast(data, into)
    except Exception:  # noqa: BLE001, S110 - see below
        pass
    return _in_parts(data, into, path)


def _in_parts(data: Any, into: Any, path: str) -> Any:
    """Decode field by field, or item by item, what cannot be decoded at once."""
    if attrs.has(into) and _json.is_object(data):
        return _model(data, into, path)
    if is_list(into) and _json.is_array(data):
        (kind,) = get_args(into) or (Any,)
        return [_whole(item, kind, f"{path}[{index}]") for index, item in enumerate(data)]
    raise StructureError(path, _reason(data, into))


def _model(data: dict[str, Any], model: type[Any], path: str) -> Any:
    fields = (item for item in declared_fields(attrs.resolve_types(model)) if item.init)
    given: dict[str, Any] = {str(item.alias): _field(item, data, model, path) for item in fields}
    if issubclass(model, Model):
        given["extra"] = unknown_fields(data, frozenset(map(wire_name, declared_fields(model))))
    try:
        return model(**given)
    except Exception:  # noqa: BLE001, S110 - raised by validators and converters of a class that is not ours
        pass
    raise StructureError(path, f"is refused by {model.__name__}")


def _field(item: attrs.Attribute[Any], data: dict[str, Any], model: type, path: str) -> Any:
    name = wire_name(item)
    if name not in data:
        return _missing(item, model, path)
    value = data[name]
    try:
        return structure_fast(value, item.type)
    except Exception:  # noqa: BLE001, S110 - see below
        pass
    if name in _IDENTITY:
        raise StructureError(f"{path}.{name}", _reason(value, item.type))
    return _inside(value, item.type, f"{path}.{name}", (model, name))


def _missing(item: attrs.Attribute[Any], model: type, path: str) -> Any:
    name, default = wire_name(item), cast("Any", item.default)
    if isinstance(default, FACTORY):
        return default.factory()
    if default is not attrs.NOTHING:
        return default
    reason = f"the field {name!r} is missing"
    if name in _IDENTITY:
        raise StructureError(path, reason)
    _report(path, reason, (model, name))
    return None


def _inside(value: Any, kind: Any, path: str, field: tuple[type, str]) -> Any:
    """Decode what of a field's value can be decoded: one odd license must not leave the others raw."""
    _, kinds = choices(kind)
    only: Any = kinds[0] if len(kinds) == 1 else object
    if attrs.has(only) and _json.is_object(value):
        return _model(value, only, path)
    if is_list(only) and _json.is_array(value):
        (inner,) = get_args(only) or (Any,)
        return [_item(item, inner, f"{path}[{index}]", field) for index, item in enumerate(value)]
    _report(path, _reason(value, kind), field)
    return value


def _item(value: Any, kind: Any, path: str, field: tuple[type, str]) -> Any:
    if isinstance(value, Model):  # decoded before an odd item of the same list was met
        return value
    try:
        return structure_fast(value, kind)
    except Exception:  # noqa: BLE001 - whatever it was, the slower pass finds it
        return _inside(value, kind, path, field)


def _reason(value: Any, kind: Any) -> str:
    try:
        structure_in_detail(value, kind)
    except StructureError as error:
        return error.reason
    return "has the wrong type"


def report_text(operation: str, reason: str) -> None:
    """Log, once for an operation, that a response was read although its text is not JSON as RFC 8259 has it."""
    if operation in _reported_texts:
        return
    _reported_texts.add(operation)
    _LOG.warning(
        "The response of %s is not JSON: %s. It is read all the same: bytes that are not UTF-8 become U+FFFD, numbers "
        "that JSON does not have become None, very long numbers texts, and very deep levels None. This is not reported "
        "again. Use decoding='strict' to get an error instead.",
        operation, reason,
    )  # fmt: skip


def _report(path: str, reason: str, field: tuple[type, str]) -> None:
    if field in _reported:
        return
    _reported.add(field)
    model, name = field
    _LOG.warning(
        "The response is not as the API describes it: %s.%s at %s %s. The value is passed on as received, and this is "
        "not reported again. Use decoding='strict' to get an error instead.",
        model.__name__, name, path, reason,
    )  # fmt: skip
