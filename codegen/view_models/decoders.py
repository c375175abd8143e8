"""Models of the document become the functions that decode them.

A decoder says only yes or no: it returns the model, or raises when anything is not as declared. Which field it was, and
what to do then, is the converter's matter; so the usual case, where everything is right, stays short and fast.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from attrs import frozen

from codegen import ir, names
from codegen.view_models.models import default_value, is_required
from codegen.view_models.source import TypeWriter, from_imports, standard_imports

_PYTHON_TYPES: Final[Mapping[ir.ScalarName, str]] = {"str": "str", "int": "int", "bool": "bool", "object": "dict"}
_CONVERSIONS: Final[Mapping[ir.ScalarName, str]] = {
    "float": "number",
    "date": "date",
    "datetime": "dt.datetime.fromisoformat",
    "uuid": "uuid",
}
_HELPERS: Final = (
    "MismatchError", "date", "decodes", "each", "exactly", "number", "one_of", "unknown_fields", "uuid",
)  # fmt: skip


@frozen
class DecoderView:
    """The function that decodes one model."""

    model: str
    name: str
    title: str
    known: str
    """Name of the constant with the declared fields."""
    known_fields: str
    lines: tuple[str, ...]


@frozen
class DecodersModule:
    """What `decoders.py` holds."""

    imports: tuple[str, ...]
    local_imports: tuple[str, ...]
    decoders: tuple[DecoderView, ...]


def decoders_module(api: ir.Api, protocol: str) -> DecodersModule:
    """Return the contents of `decoders.py`."""
    source = TypeWriter(api, "models.")
    by_pointer = {model.pointer: model for model in api.models}
    decoders = tuple(_Decoder(model, by_pointer, source).view() for model in api.models if model.received)
    known = {
        f"{protocol}.model": _HELPERS,
        f"{protocol}.operation": ("UNSET",),
    }
    # Each decoder takes these, whatever its fields are.
    used = source.used | ({"Any", "Final", "MismatchError", "decodes", "unknown_fields"} if decoders else set())
    gap = () if protocol.startswith(".") else ("",)
    local = (*from_imports(used, known), *gap, "from . import models") if decoders else ()
    return DecodersModule(standard_imports(used, {"typing": ("Any", "Final")}), local, decoders)


@frozen
class _Decoder:
    model: ir.Model
    models: Mapping[str, ir.Model]
    source: TypeWriter

    def view(self) -> DecoderView:
        name = names.class_name(self.model.name)
        known = f"_{names.constant_name(self.model.name)}"
        wire = ", ".join(repr(item.name) for item in self.model.fields)
        lines = [f"made = _new({self.source.named(self.model.pointer)})"]
        for item in self.model.fields:
            lines += self._field(item)
        return DecoderView(
            model=self.source.named(self.model.pointer),
            name=_function(self.model),
            title=f"Decode a JSON object with the fields of `{name}`.",
            known=known,
            known_fields=f"frozenset({{{wire}}})" if wire else "frozenset()",
            lines=(*lines, f"made._extra = {self._extra(known)}", "return made"),
        )

    def _extra(self, known: str) -> str:
        # Where every field is there, counting them is enough, and takes a fifth of the time of comparing their names.
        optional = [f"{item.name!r} in data" for item in self.model.fields if not is_required(item, self.model)]
        test = " and ".join([f"len(data) == {len(self.model.fields)}", *optional])
        return f"None if {test} else unknown_fields(data, {known})"

    def _field(self, item: ir.Field) -> Iterator[str]:
        target = f"made.{names.field_name(item.name)}"
        value = f"data[{item.name!r}]"
        if is_required(item, self.model):
            yield from self._assign(target, value, item.type, absent=None)
        elif self.model.sent:
            yield from self._assign(target, f"data.get({item.name!r}, {self.source.use('UNSET')})", item.type, "UNSET")
        elif item.default is None or item.default.value is None:
            yield from self._assign(target, f"data.get({item.name!r})", _nullable(item.type), absent=None)
        else:
            default = "[]" if item.default.value == [] else default_value(item.type, item.default.value)
            self.source.used |= {name for name in ("dt", "UUID") if f"{name}." in default or f"{name}(" in default}
            yield f"if {item.name!r} in data:"
            yield from (f"    {line}" for line in self._assign(target, value, item.type, absent=None))
            yield "else:"
            yield f"    {target} = {default}"

    def _assign(self, target: str, value: str, found: ir.Type, absent: str | None) -> Iterator[str]:
        """Yield the lines that check a value and set it; `absent` is the value of a missing field."""
        inner = found.type if isinstance(found, ir.Nullable) else found
        passed = [*(["None"] if isinstance(found, ir.Nullable) else []), *([absent] if absent else [])]
        kinds = _kinds(inner)
        if kinds is None:
            yield f"value = {value}"
            yield f"{target} = {self._converted(inner, passed)}"
            return
        yield f"{target} = value = {value}"
        tests = [f"value is not {name}" for name in passed] + [f"type(value) is not {kind}" for kind in kinds]
        if kinds:
            yield f"if {' and '.join(tests)}:"
            yield "    raise MismatchError"

    def _converted(self, found: ir.Type, passed: list[str]) -> str:
        expression = self._expression(found, "value")
        tests = [f"value is {name}" for name in passed]
        if found == ir.Scalar("float"):
            tests.append("type(value) is float")
        if not tests:
            return expression
        test = " or ".join(tests)
        return f"value if {test} else {expression}"

    def _expression(self, found: ir.Type, value: str) -> str:  # noqa: PLR0911 - one for each kind of type
        """Return the call that turns a value into what the model holds, or raises."""
        match found:
            case ir.Reference(pointer):
                return f"{_function(self.models[pointer])}({value})"
            case ir.Array(ir.Reference(pointer)):
                return f"{self.source.use('each')}({value}, {_function(self.models[pointer])})"
            case ir.Array(item):
                checked = f"{self.source.use('exactly')}({value}, list)"
                return f"[{self._expression(item, 'item')} for item in {checked}]" if not _is_any(item) else checked
            case ir.Constant(constant):
                return f"{self.source.use('one_of')}({value}, {constant!r})"
            case ir.Nullable(inner):
                return f"None if {value} is None else {self._expression(inner, value)}"
            case ir.Scalar(name) if name in _CONVERSIONS:
                self.source.used.add(_CONVERSIONS[name].partition(".")[0])
                return f"{_CONVERSIONS[name]}({value})"
            case ir.Union(members) if _kinds(found) is None:
                return self._union(members, value)
            case _:
                return f"{self.source.use('exactly')}({', '.join((value, *(_kinds(found) or ())))})"

    def _union(self, members: tuple[ir.Type, ...], value: str) -> str:
        # Members are of different JSON types, so at most one text or number among them is converted.
        kinds = [kind for member in members for kind in _kinds(member) or ()]
        converted = next(member for member in members if _kinds(member) is None)
        test = " or ".join(f"type({value}) is {kind}" for kind in kinds)
        return f"{value} if {test} else {self._expression(converted, value)}"


def _function(model: ir.Model) -> str:
    return f"decode_{names.constant_name(model.name).lower()}"


def _nullable(found: ir.Type) -> ir.Type:
    return found if isinstance(found, ir.Nullable) or _is_any(found) else ir.Nullable(found)


def _is_any(found: ir.Type) -> bool:
    return found == ir.Scalar("any")


def _kinds(found: ir.Type) -> tuple[str, ...] | None:
    """Return the Python types that a JSON value may have as it is (none: any); `None` if it must be converted."""
    match found:
        case ir.Scalar("any"):
            return ()
        case ir.Scalar(name) if name in _PYTHON_TYPES:
            return (_PYTHON_TYPES[name],)
        case ir.Choice(_, _, values):
            return (type(values[0]).__name__,)
        case ir.Union(members):
            kinds = [_kinds(member) for member in members]
            return tuple(kind for each in kinds for kind in each or ()) if None not in kinds else None
        case _:
            return None
