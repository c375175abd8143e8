"""Which models travel which way, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import evolve

from codegen import ir
from codegen.document import Document


def assign(
    document: Document, operations: list[ir.Operation], models: dict[str, ir.Model]
) -> tuple[dict[str, ir.Model], set[str]]:
    """Return the models that operations use, with their ways marked, and the pointers of the choices used.

    Refuses what contradicts the way a model travels.
    """
    models = {pointer: _resolve_base(model, models) for pointer, model in models.items()}
    sent = _reach((body.type for body in _bodies(operations) if body.media == "json"), models)
    received = _reach((item.response.type for item in operations if item.response.type is not None), models)
    used = {
        pointer: evolve(model, sent=pointer in sent, received=pointer in received)
        for pointer, model in models.items()
        if pointer in sent | received
    }
    used = {pointer: _keep_base(model, used) for pointer, model in used.items()}
    for model in used.values():
        _check_fields(document, model)
    flat = (item.type for body in _bodies(operations) for item in body.fields)
    given = (item.field.type for operation in operations for item in operation.parameters)
    return used, sent | received | _reach([*flat, *given], models)


def _resolve_base(model: ir.Model, models: dict[str, ir.Model]) -> ir.Model:
    """Keep a base whose fields the model takes over unchanged; otherwise the model has all its fields itself."""
    base = models.get(model.base or "")
    if base is None or not all(item in model.fields for item in base.fields):
        return evolve(model, base=None)
    return evolve(model, base_fields=frozenset(item.name for item in base.fields))


def _keep_base(model: ir.Model, used: dict[str, ir.Model]) -> ir.Model:
    """Drop a base that is used in another direction: optional fields have other types in what is sent."""
    if model.base is None or used[model.base].sent == model.sent:
        return model
    return evolve(model, base=None, base_fields=frozenset())


def _bodies(operations: list[ir.Operation]) -> list[ir.Body]:
    return [operation.body for operation in operations if operation.body is not None]


def _reach(types: Iterable[ir.Type], models: dict[str, ir.Model]) -> set[str]:
    """Return the pointers of all models and choices that types lead to."""
    found: set[str] = set()
    waiting = list(types)
    while waiting:
        match waiting.pop():
            case ir.Reference(pointer) if pointer not in found:
                found.add(pointer)
                waiting += [item.type for item in models[pointer].fields]
                base = models[pointer].base
                waiting += [ir.Reference(base)] if base in models else []
            case ir.Choice(pointer):
                found.add(pointer)
            case ir.Array(inner) | ir.Nullable(inner) | ir.OneOrMany(inner):
                waiting.append(inner)
            case ir.Union(members):
                waiting += members
            case _:
                pass
    return found


def _check_fields(document: Document, model: ir.Model) -> None:
    for item in model.fields:
        if item.read_only and model.sent:
            document.refuse_at(
                item.pointer, "is readOnly and part of what is sent; write a schema for sending without it"
            )
        if item.write_only and item.required and model.sent and model.received:
            sentence = "is writeOnly, required, and part of requests and of responses; write a schema for each"
            document.refuse_at(item.pointer, sentence)
        if item.default is not None and not model.sent and not item.required and not _is_simple(item):
            document.refuse_at(
                f"{item.pointer}/default",
                "such a default is not supported, only scalars and []; say it in the description",
            )


def _is_simple(item: ir.Field) -> bool:
    value = item.default.value if item.default is not None else None
    return value == [] or not isinstance(value, list | dict)


def secrets(body: ir.Body, models: dict[str, ir.Model]) -> tuple[str, ...]:
    """Return the names of all fields of a body, at any depth, that must not show."""
    nested = [item for pointer in _reach([body.type], models) if pointer in models for item in models[pointer].fields]
    return tuple(sorted({item.name for item in [*body.fields, *nested] if item.secret}))
