"""Models of the document become classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import frozen

from codegen import docstrings, ir, names
from codegen.view_models.source import TypeWriter, from_imports, standard_imports

_BUILDERS: Final[Mapping[ir.ScalarName, str]] = {
    "date": "dt.date.fromisoformat",
    "datetime": "dt.datetime.fromisoformat",
    "uuid": "UUID",
}


@frozen
class FieldView:
    """An attribute of a model: its declaration and, if it has one, its docstring."""

    lines: tuple[str, ...]


@frozen
class ModelView:
    """A class."""

    name: str
    base: str
    docstring: str
    deprecation: str | None
    fields: tuple[FieldView, ...]


@frozen
class AliasView:
    """An open enum."""

    name: str
    type: str


@frozen
class ModelsModule:
    """What `models.py` holds."""

    imports: tuple[str, ...]
    local_imports: tuple[str, ...]
    aliases: tuple[AliasView, ...]
    models: tuple[ModelView, ...]


def models_module(api: ir.Api, protocol: str) -> ModelsModule:
    """Return the contents of `models.py`."""
    source = TypeWriter(api, "")
    aliases = tuple(_alias(choice, source) for choice in api.choices)
    models = tuple(_model(model, source) for model in _bases_first(api.models))
    used = source.used | ({"define", "Model"} if models else set())
    return ModelsModule(
        imports=standard_imports(used, {"attrs": ("define", "field"), "typing": ("Any", "Literal", "TypeAlias")}),
        local_imports=from_imports(
            used, {f"{protocol}.model": ("Model",), f"{protocol}.operation": ("UNSET", "Unset")}
        ),
        aliases=aliases,
        models=models,
    )


def _bases_first(models: tuple[ir.Model, ...]) -> Iterator[ir.Model]:
    """Yield models in the order of the document, but a base class before what is derived from it."""
    by_pointer = {model.pointer: model for model in models}
    done: set[str] = set()
    for model in models:
        chain = [model]
        while (base := chain[-1].base) is not None:
            chain.append(by_pointer[base])
        for each in reversed(chain):
            if each.pointer not in done:
                done.add(each.pointer)
                yield each


def _alias(choice: ir.Choice, source: TypeWriter) -> AliasView:
    base = "str" if isinstance(choice.values[0], str) else "int"
    source.used |= {"Literal", "TypeAlias"}
    known = ", ".join(map(repr, choice.values))
    return AliasView(name=names.class_name(choice.name), type=f"Literal[{known}] | {base}")


def _model(model: ir.Model, source: TypeWriter) -> ModelView:
    text = docstrings.first_sentence_ends(docstrings.reflow(model.description or f"{model.name}.", 4))
    return ModelView(
        name=names.class_name(model.name),
        base=source.named(model.base) if model.base is not None else "Model",
        docstring=docstrings.literal(text, 4),
        deprecation=_deprecation(model, source),
        fields=tuple(_field(item, model, source) for item in model.own_fields),
    )


def _deprecation(model: ir.Model, source: TypeWriter) -> str | None:
    if not model.deprecated:
        return None
    source.use("warnings")
    return repr(f"{names.class_name(model.name)} is deprecated")


def _field(item: ir.Field, model: ir.Model, source: TypeWriter) -> FieldView:
    name = names.field_name(item.name)
    annotation, options = _typed(item, model, source)
    if item.secret:
        options["repr"] = "False"
    if name != item.name:
        options["metadata"] = f"{{'wire': {item.name!r}}}"
    text = docstrings.sentence(docstrings.describe(item, sent=model.sent))
    declaration = f"{name}: {annotation}{_initial(options, source)}"
    if not text:
        return FieldView((declaration,))
    return FieldView((declaration, docstrings.literal("\n".join(docstrings.fill(text, 110)), 4)))


def is_required(item: ir.Field, model: ir.Model) -> bool:
    """Return whether an object without the field is invalid; a writeOnly field is missing from every response."""
    return item.required and not (item.write_only and not model.sent)


def _typed(item: ir.Field, model: ir.Model, source: TypeWriter) -> tuple[str, dict[str, str]]:
    """Return annotation and options of an attribute.

    In what is sent, a field that was not given is UNSET, because null is a value there. In what is only received, a
    missing field is its default, or None.
    """
    if is_required(item, model):
        options = {"default": repr(item.type.value)} if model.sent and isinstance(item.type, ir.Constant) else {}
        return source.type(item.type), options
    if model.sent:
        return source.or_unset(item.type), {"default": source.use("UNSET")}
    if item.default is None or item.default.value is None:
        return source.optional(item.type), {"default": "None"}
    if item.default.value == []:
        return source.type(item.type), {"factory": "list"}
    return source.type(item.type), {"default": default_value(item.type, item.default.value)}


def default_value(found: ir.Type, value: Any) -> str:
    """Return a default as source of the object that a response would hold."""
    inner = found.type if isinstance(found, ir.Nullable) else found
    if isinstance(inner, ir.Scalar) and inner.name in _BUILDERS:
        return f"{_BUILDERS[inner.name]}({value!r})"
    return repr(float(value) if inner == ir.Scalar("float") else value)


def _initial(options: dict[str, str], source: TypeWriter) -> str:
    if not options:
        return ""
    if set(options) == {"default"}:
        return f" = {options['default']}"
    arguments = ", ".join(f"{name}={value}" for name, value in options.items())
    return f" = {source.use('field')}({arguments})"
