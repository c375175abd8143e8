"""The intermediate form becomes pieces of source for the templates, which hold no decisions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from attrs import define, field, frozen

from codegen import ir, names, prose

_SCALARS: Final[Mapping[ir.ScalarName, str]] = {
    "str": "str",
    "int": "int",
    "float": "float",
    "bool": "bool",
    "date": "dt.date",
    "datetime": "dt.datetime",
    "uuid": "UUID",
    "any": "Any",
    "object": "dict[str, Any]",
}
_BUILDERS: Final[Mapping[ir.ScalarName, str]] = {
    "date": "dt.date.fromisoformat",
    "datetime": "dt.datetime.fromisoformat",
    "uuid": "UUID",
}


@frozen
class FieldView:
    """An attribute of a model: its declaration and, if there is something to say, its docstring."""

    lines: tuple[str, ...]


@frozen
class ModelView:
    """A class."""

    name: str
    docstring: str
    fields: tuple[FieldView, ...]


@frozen
class AliasView:
    """An open enum."""

    name: str
    type: str


@frozen
class ConstantView:
    """A declared operation."""

    name: str
    type: str
    arguments: str


@frozen
class FunctionView:
    """A function: everything before its docstring, and the expression it hands to `send`."""

    head: str
    docstring: str
    deprecation: str | None
    verb: str
    request: str


@frozen
class ModuleView:
    """A module: its import lines and its contents."""

    imports: tuple[str, ...]
    local_imports: tuple[str, ...]
    aliases: tuple[AliasView, ...] = ()
    models: tuple[ModelView, ...] = ()
    constants: tuple[ConstantView, ...] = ()
    functions: tuple[FunctionView, ...] = ()
    operations: tuple[str, ...] = ()


@define
class _Source:
    """Writes types, and remembers what they need to be imported."""

    api: ir.Api
    prefix: str
    used: set[str] = field(factory=set)
    _names: dict[str, str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        kinds: list[ir.Model | ir.Choice] = [*self.api.models, *self.api.choices]
        self._names = {kind.pointer: names.class_name(kind.name) for kind in kinds}

    def use(self, name: str) -> str:
        """Note that a name must be imported."""
        self.used.add(name)
        return name

    def type(self, found: ir.Type) -> str:
        """Return a type as source."""
        match found:
            case ir.Scalar(name):
                self.used |= {part for part in ("dt", "UUID", "Any") if part in _SCALARS[name]}
                return _SCALARS[name]
            case ir.Constant(value):
                return f"{self.use('Literal')}[{value!r}]"
            case ir.Array(item):
                return f"list[{self.type(item)}]"
            case ir.Nullable(inner):
                return f"{self.type(inner)} | None"
            case ir.Union(members):
                return " | ".join(self.type(member) for member in members)
            case ir.Reference(pointer) | ir.Choice(pointer):
                self.used |= {"models"} if self.prefix else set()
                return self.prefix + self._names[pointer]
            case ir.OneOrMany():
                raise TypeError(found)

    def optional(self, found: ir.Type) -> str:
        """Return a type or None as source; Any is both already."""
        text = self.type(found)
        return text if isinstance(found, ir.Nullable) or text == "Any" else f"{text} | None"


def models_module(api: ir.Api, wire: str) -> ModuleView:
    """Return what `models.py` holds."""
    source = _Source(api, "")
    aliases = tuple(_alias(choice, source) for choice in api.choices)
    models = tuple(_model(model, source) for model in api.models)
    used = source.used | ({"define"} if models else set())
    return ModuleView(
        imports=_imports(used, {"attrs": ("define", "field"), "typing": ("Any", "Literal", "TypeAlias")}),
        local_imports=_froms(used, {wire: ("UNSET", "Unset")}),
        aliases=aliases,
        models=models,
    )


def endpoints_module(api: ir.Api, wire: str) -> ModuleView:
    """Return what `operations.py` holds."""
    source = _Source(api, "models.")
    # A settle names the constant of its read, so that must stand above it.
    ordered = sorted(api.operations, key=lambda operation: operation.retry != "safe")
    by_id = {operation.id: operation for operation in api.operations}
    constants = tuple(_constant(operation, by_id, source) for operation in ordered)
    functions = tuple(_function(operation, source) for operation in api.operations)
    used = source.used | {"Any", "Final", "Operation", "Request", "Send"}
    return ModuleView(
        imports=_imports(used, {"collections.abc": ("Coroutine",), "typing": ("Any", "Final", "Literal")}),
        local_imports=_local_imports(used, wire),
        constants=constants,
        functions=functions,
        operations=tuple(names.constant_name(operation.id) for operation in api.operations),
    )


_MODULES: Final = {"dt": "import datetime as dt", "warnings": "import warnings"}


def _imports(used: set[str], known: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return import lines as isort has them: modules, then names, then other people's."""
    modules = [line for name, line in _MODULES.items() if name in used]
    own = {room: wanted for room, wanted in known.items() if room != "attrs"}
    lines = [*modules, *_froms(used, {**own, "uuid": ("UUID",)})]
    others = _froms(used, {"attrs": known["attrs"]}) if "attrs" in known else ()
    return (*lines, *(["", *others] if others else []))


def _local_imports(used: set[str], wire: str) -> tuple[str, ...]:
    lines = _froms(used, {wire: ("UNSET", "Operation", "Request", "Send", "Settle", "Unset")})
    gap = () if wire.startswith(".") else ("",)
    return (*lines, *gap, "from . import models") if "models" in used else lines


def _froms(used: set[str], known: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    lines = []
    for room, wanted in known.items():
        found = [name for name in wanted if name in used]
        if found:
            lines.append(f"from {room} import {', '.join(found)}")
    return tuple(lines)


def _alias(choice: ir.Choice, source: _Source) -> AliasView:
    base = "str" if isinstance(choice.values[0], str) else "int"
    source.used |= {"Literal", "TypeAlias"}
    known = ", ".join(map(repr, choice.values))
    return AliasView(name=names.class_name(choice.name), type=f"Literal[{known}] | {base}")


def _model(model: ir.Model, source: _Source) -> ModelView:
    text = prose.first_sentence_ends(prose.reflow(model.description or f"{model.name}.", 4))
    return ModelView(
        name=names.class_name(model.name),
        docstring=prose.literal(text, 4),
        fields=tuple(_field(item, model, source) for item in model.fields),
    )


def _field(item: ir.Field, model: ir.Model, source: _Source) -> FieldView:
    name = names.field_name(item.name)
    annotation, options = _typed(item, model, source)
    if item.secret:
        options["repr"] = "False"
    if name != item.name:
        options["metadata"] = f"{{'wire': {item.name!r}}}"
    text = prose.sentence(prose.describe(item, sent=model.sent))
    declaration = f"{name}: {annotation}{_initial(options, source)}"
    return FieldView((declaration, prose.literal("\n".join(prose.fill(text, 110)), 4)) if text else (declaration,))


def _typed(item: ir.Field, model: ir.Model, source: _Source) -> tuple[str, dict[str, str]]:
    """Return annotation and options of an attribute.

    In what is sent, a field that was not given is UNSET, because null is a value there. In what is only received, a
    missing field is its default, or None. A writeOnly field is missing from every answer.
    """
    is_required = item.required and not (item.write_only and not model.sent)
    if is_required and model.sent and isinstance(item.type, ir.Constant):
        return source.type(item.type), {"default": repr(item.type.value)}
    if is_required:
        return source.type(item.type), {}
    if model.sent:
        return _or_unset(item.type, source), {"default": source.use("UNSET")}
    if item.default is None or item.default.value is None:
        return source.optional(item.type), {"default": "None"}
    if item.default.value == []:
        return source.type(item.type), {"factory": "list"}
    return source.type(item.type), {"default": _default(item.type, item.default.value)}


def _or_unset(found: ir.Type, source: _Source) -> str:
    if isinstance(found, ir.Nullable):
        return f"{source.type(found.type)} | {source.use('Unset')} | None"
    return f"{source.type(found)} | {source.use('Unset')}"


def _default(found: ir.Type, value: Any) -> str:
    """Return a default as source of the object that an answer would hold."""
    inner = found.type if isinstance(found, ir.Nullable) else found
    if isinstance(inner, ir.Scalar) and inner.name in _BUILDERS:
        return f"{_BUILDERS[inner.name]}({value!r})"
    return repr(float(value) if inner == ir.Scalar("float") else value)


def _initial(options: dict[str, str], source: _Source) -> str:
    if not options:
        return ""
    if set(options) == {"default"}:
        return f" = {options['default']}"
    arguments = ", ".join(f"{name}={value}" for name, value in options.items())
    return f" = {source.use('field')}({arguments})"


def _returns(operation: ir.Operation, source: _Source) -> str:
    """Return what `send` answers with, as source."""
    return "None" if operation.answer.type is None else source.type(operation.answer.type)


def _result(operation: ir.Operation, source: _Source) -> str:
    """Return what the function answers with: a lost answer of a thing that is gone cannot be told."""
    is_lossy = operation.settle is not None and operation.settle.absent == "done"
    if is_lossy and operation.answer.type is not None:
        return source.optional(operation.answer.type)
    return _returns(operation, source)


def _constant(operation: ir.Operation, by_id: dict[str, ir.Operation], source: _Source) -> ConstantView:
    body = operation.body
    joined = [item.field.name for item in operation.parameters if item.joined]
    arguments: dict[str, str | None] = {
        "id": repr(operation.id),
        "method": repr(operation.method),
        "path": repr(operation.path),
        "returns": _returns(operation, source),
        "shape": repr(operation.answer.kind),
        "retry": repr(operation.retry),
        "settle": _settle(operation.settle, by_id, source),
        "body": repr(body.media) if body is not None else None,
        "key": _tuple(map(repr, body.key)) if body is not None and body.key else None,
        "secrets": _frozenset(body.secrets) if body is not None and body.secrets else None,
        "joined": _frozenset(joined) if joined else None,
    }
    return ConstantView(
        name=names.constant_name(operation.id),
        type=f"Operation[{_result(operation, source)}]",
        arguments=", ".join(f"{name}={text}" for name, text in arguments.items() if text is not None),
    )


def _settle(settle: ir.Settle | None, by_id: dict[str, ir.Operation], source: _Source) -> str | None:
    if settle is None:
        return None
    arguments: dict[str, str | None] = {
        "read": names.constant_name(by_id[settle.read].id),
        "path": _values(settle.path, str),
        "key": _values(settle.key, names.field_name),
        "same": _values(settle.same, names.field_name),
        "found": repr(settle.found),
        "absent": repr(settle.absent),
        "control": names.constant_name(by_id[settle.control].id) if settle.control is not None else None,
        "then": _settle(settle.then, by_id, source),
        "doubtful": f"frozenset({{{', '.join(map(repr, settle.doubtful))}}})" if settle.doubtful else None,
    }
    given = ", ".join(f"{name}={text}" for name, text in arguments.items() if text is not None)
    return f"{source.use('Settle')}({given})"


def _values(values: ir.Values, name_of: Callable[[str], str]) -> str | None:
    """Return a mapping to values as source."""
    entries = [
        f"{name_of(name)!r}: {_tuple(repr(_place(value)) for value in alternatives)}" for name, alternatives in values
    ]
    return f"{{{', '.join(entries)}}}" if entries else None


def _place(value: ir.Value) -> str:
    # A JSON body is a model, so its values are found as attributes; all others by their wire name.
    name = names.field_name(value.name) if value.place == "json" else value.name
    return f"{value.place}.{name}"


def _tuple(items: Iterable[str]) -> str:
    listed = list(items)
    return f"({listed[0]},)" if len(listed) == 1 else f"({', '.join(listed)})"


def _frozenset(items: Iterable[str]) -> str:
    return f"frozenset({{{', '.join(map(repr, sorted(items)))}}})"


@frozen
class _Argument:
    """An argument of a function."""

    name: str
    declaration: str
    place: str
    wire: str
    text: str


def _function(operation: ir.Operation, source: _Source) -> FunctionView:
    arguments = _arguments(operation, source)
    first = [item.declaration for item in arguments if item.place == "path"]
    rest = [item.declaration for item in arguments if item.place != "path"]
    signature = ", ".join(["send: Send", *first, *(["*", *rest] if rest else [])])
    result = _result(operation, source)
    name = names.function_name(operation.id)
    if operation.deprecated:
        # Not `async def`: the warning must come from the caller's line, which a task would have left by then.
        source.used |= {"Coroutine", "warnings"}
        head = f"def {name}({signature}) -> Coroutine[Any, Any, {result}]:"
    else:
        head = f"async def {name}({signature}) -> {result}:"
    return FunctionView(
        head=head,
        docstring=prose.literal(_function_text(operation, arguments), 4),
        deprecation=repr(f"{name}: {operation.id} is deprecated") if operation.deprecated else None,
        verb="return" if operation.deprecated else "return await",
        request=_request(operation, arguments),
    )


def _arguments(operation: ir.Operation, source: _Source) -> list[_Argument]:
    found = [_argument(item.field, item.place, source) for item in operation.parameters]
    body = operation.body
    if body is not None and body.media == "form":
        found += [_argument(item, "form", source) for item in body.fields]
    elif body is not None:
        annotation = source.type(body.type)
        if not body.required:
            annotation = f"{_or_unset(body.type, source)} = {source.use('UNSET')}"
        text = prose.sentence(body.description) or "What is sent."
        found.append(_Argument("body", f"body: {annotation}", "json", "body", text))
    return found


def _argument(item: ir.Field, place: str, source: _Source) -> _Argument:
    name = names.argument_name(item.name)
    if not item.required:
        annotation = f"{source.optional(item.type)} = None"
    elif isinstance(item.type, ir.Constant) and place != "path":
        annotation = f"{source.type(item.type)} = {item.type.value!r}"
    else:
        annotation = source.type(item.type)
    text = prose.describe(item, sent=True) or f"Goes into the {place}."
    return _Argument(name, f"{name}: {annotation}", place, item.name, text)


def _function_text(operation: ir.Operation, arguments: list[_Argument]) -> str:
    described = operation.description or f"{operation.method} {operation.path}."
    lines = [
        prose.first_sentence_ends(prose.reflow(described, 4)),
        "",
        f"`{operation.method} {operation.path}`",
        "",
        "Args:",
        "    send: Carries out the request.",
    ]
    for argument in arguments:
        lines += prose.entry(argument.name, argument.text, 4)
    returned = _returned(operation)
    if returned:
        lines += ["", "Returns:", *prose.fill(returned, 112, "    ", "    ")]
    if operation.deprecated:
        lines += ["", "Deprecated:", "    It still works; a `DeprecationWarning` says so."]
    return "\n".join(lines)


def _returned(operation: ir.Operation) -> str:
    if operation.answer.type is None:
        return ""
    text = prose.sentence(operation.answer.description) or "The answer."
    if operation.settle is not None and operation.settle.absent == "done":
        return f"{text} `None`: the answer was lost, and a look showed that the thing is gone."
    return text


def _request(operation: ir.Operation, arguments: list[_Argument]) -> str:
    parts = [f"operation={names.constant_name(operation.id)}"]
    for place in ("path", "query", "header", "form"):
        entries = [f"{item.wire!r}: {item.name}" for item in arguments if item.place == place]
        if entries:
            parts.append(f"{place}={{{', '.join(entries)}}}")
    if operation.body is not None and operation.body.media == "json":
        parts.append("json=body")
    return f"Request({', '.join(parts)})"
