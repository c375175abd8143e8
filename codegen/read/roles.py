"""Which models travel which way, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import evolve

from codegen import ir
from codegen.advice import PREFIX
from codegen.document import Document


def assign(
    document: Document, operations: list[ir.Operation], models: dict[str, ir.Model]
) -> tuple[dict[str, ir.Model], set[str]]:
    """Return the models that operations use, with their ways marked, and the pointers of the choices used.

    Refuses what contradicts the way a model travels.
    """
    sent = _reach((body.type for body in _bodies(operations) if body.media == "json"), models)
    received = _reach((item.answer.type for item in operations if item.answer.type is not None), models)
    used = {
        pointer: evolve(model, sent=pointer in sent, received=pointer in received)
        for pointer, model in models.items()
        if pointer in sent | received
    }
    for model in used.values():
        _check_fields(document, model)
    _check_keys(document, operations, models)
    flat = (item.type for body in _bodies(operations) for item in body.fields)
    given = (item.field.type for operation in operations for item in operation.parameters)
    return used, sent | received | _reach([*flat, *given], models)


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
            sentence = "is writeOnly, required, and part of what is sent and of an answer; write a schema for each way"
            document.refuse_at(item.pointer, sentence)
        if item.default is not None and not model.sent and not item.required and not _is_simple(item):
            document.refuse_at(
                f"{item.pointer}/default",
                "such a default is not supported, only scalars and []; say it in the description",
            )


def _is_simple(item: ir.Field) -> bool:
    value = item.default.value if item.default is not None else None
    return value == [] or not isinstance(value, list | dict)


def _check_keys(document: Document, operations: list[ir.Operation], models: dict[str, ir.Model]) -> None:
    bodies = {body.type.pointer for body in _bodies(operations) if isinstance(body.type, ir.Reference)}
    for model in models.values():
        if model.key_pointer is not None and model.pointer not in bodies and not _is_part(model, models, bodies):
            sentence = f"{PREFIX}key belongs on the schema of a body, and nothing sends this one; remove it"
            document.refuse_at(model.key_pointer, sentence)


def _is_part(model: ir.Model, models: dict[str, ir.Model], bodies: set[str]) -> bool:
    """Whether a body took its key over, by allOf."""
    return any(models[pointer].key_pointer == model.key_pointer for pointer in bodies if pointer in models)


def secrets(body: ir.Body, models: dict[str, ir.Model]) -> tuple[str, ...]:
    """Return the names of all fields of a body, at any depth, that must not show."""
    nested = [item for pointer in _reach([body.type], models) if pointer in models for item in models[pointer].fields]
    return tuple(sorted({item.name for item in [*body.fields, *nested] if item.secret}))
