"""Operations of the document become constants and functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from attrs import frozen

from codegen import docstrings, ir, names
from codegen.view_models.constraints import constraints
from codegen.view_models.source import TypeWriter, from_imports, standard_imports


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
class OperationsModule:
    """What `operations.py` holds."""

    imports: tuple[str, ...]
    local_imports: tuple[str, ...]
    constants: tuple[ConstantView, ...]
    functions: tuple[FunctionView, ...]
    operations: tuple[str, ...]


def operations_module(api: ir.Api, protocol: str) -> OperationsModule:
    """Return the contents of `operations.py`."""
    source = TypeWriter(api, "models.")
    by_id = {operation.id: operation for operation in api.operations}
    constants = tuple(_constant(operation, by_id, source) for operation in _reads_first(api.operations, by_id))
    functions = tuple(_function(operation, source) for operation in api.operations)
    used = source.used | {"Any", "Final", "Operation", "Request", "Send"}
    return OperationsModule(
        imports=standard_imports(used, {"collections.abc": ("Coroutine",), "typing": ("Any", "Final", "Literal")}),
        local_imports=_local_imports(used, protocol),
        constants=constants,
        functions=functions,
        operations=tuple(names.constant_name(operation.id) for operation in api.operations),
    )


def _reads_first(operations: tuple[ir.Operation, ...], by_id: dict[str, ir.Operation]) -> Iterator[ir.Operation]:
    """Yield operations in the order of the document, but before each the reads that its settling names."""
    done: set[str] = set()
    for operation in operations:
        for each in (*(by_id[name] for name in _settling_reads(operation.settle)), operation):
            if each.id not in done:
                done.add(each.id)
                yield each


def _settling_reads(settle: ir.Settle | None) -> Iterator[str]:
    if settle is not None:
        yield settle.read
        yield from [settle.control] if settle.control is not None else []
        yield from _settling_reads(settle.then)


def _local_imports(used: set[str], protocol: str) -> tuple[str, ...]:
    known = {f"{protocol}.operation": ("UNSET", "Constraint", "Operation", "Request", "Send", "Settle", "Unset")}
    lines = from_imports(used, known)
    gap = () if protocol.startswith(".") else ("",)
    return (*lines, *gap, "from . import models") if "models" in used else lines


def _returns(operation: ir.Operation, source: TypeWriter) -> str:
    """Return what `send` returns, as source."""
    return "None" if operation.response.type is None else source.type(operation.response.type)


def _result(operation: ir.Operation, source: TypeWriter) -> str:
    """Return what the function returns: `None` also where only a check could show that the object is gone."""
    is_lossy = operation.settle is not None and operation.settle.absent == "done"
    if is_lossy and operation.response.type is not None:
        return source.optional(operation.response.type)
    return _returns(operation, source)


def _constant(operation: ir.Operation, by_id: dict[str, ir.Operation], source: TypeWriter) -> ConstantView:
    body = operation.body
    joined = [item.field.name for item in operation.parameters if item.joined]
    arguments: dict[str, str | None] = {
        "id": repr(operation.id),
        "method": repr(operation.method),
        "path": repr(operation.path),
        "returns": _returns(operation, source),
        "shape": repr(operation.response.kind),
        "retry": repr(operation.retry),
        "settle": _settle(operation.settle, by_id, source),
        "body": repr(body.media) if body is not None else None,
        "secrets": _frozenset(body.secrets) if body is not None and body.secrets else None,
        "joined": _frozenset(joined) if joined else None,
        "constraints": constraints(operation, source),
    }
    return ConstantView(
        name=names.constant_name(operation.id),
        type=f"Operation[{_result(operation, source)}]",
        arguments=", ".join(f"{name}={text}" for name, text in arguments.items() if text is not None),
    )


def _settle(settle: ir.Settle | None, by_id: dict[str, ir.Operation], source: TypeWriter) -> str | None:
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
        f"{name_of(name)!r}: {_tuple(repr(_location(value)) for value in alternatives)}"
        for name, alternatives in values
    ]
    return f"{{{', '.join(entries)}}}" if entries else None


def _location(value: ir.Value) -> str:
    # A JSON body is a model, so its values are found as attributes; all others by their wire name.
    name = names.field_name(value.name) if value.location == "json" else value.name
    return f"{value.location}.{name}"


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
    location: str
    wire: str
    text: str


def _function(operation: ir.Operation, source: TypeWriter) -> FunctionView:
    arguments = _arguments(operation, source)
    first = [item.declaration for item in arguments if item.location == "path"]
    rest = [item.declaration for item in arguments if item.location != "path"]
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
        docstring=docstrings.literal(_function_text(operation, arguments), 4),
        deprecation=repr(f"{name}: {operation.id} is deprecated") if operation.deprecated else None,
        verb="return" if operation.deprecated else "return await",
        request=_request(operation, arguments),
    )


def _arguments(operation: ir.Operation, source: TypeWriter) -> list[_Argument]:
    found = [_argument(item.field, item.location, source) for item in operation.parameters]
    body = operation.body
    if body is not None and body.media == "form":
        found += [_argument(item, "form", source) for item in body.fields]
    elif body is not None:
        annotation = source.type(body.type)
        if not body.required:
            annotation = f"{source.or_unset(body.type)} = {source.use('UNSET')}"
        text = docstrings.sentence(body.description) or "What is sent."
        found.append(_Argument("body", f"body: {annotation}", "json", "body", text))
    return found


def _argument(item: ir.Field, location: str, source: TypeWriter) -> _Argument:
    name = names.argument_name(item.name)
    if not item.required:
        annotation = f"{source.optional(item.type)} = None"
    elif isinstance(item.type, ir.Constant) and location != "path":
        annotation = f"{source.type(item.type)} = {item.type.value!r}"
    else:
        annotation = source.type(item.type)
    text = docstrings.describe(item, sent=True) or f"Goes into the {location}."
    return _Argument(name, f"{name}: {annotation}", location, item.name, text)


def _function_text(operation: ir.Operation, arguments: list[_Argument]) -> str:
    described = operation.description or f"{operation.method} {operation.path}."
    lines = [
        docstrings.first_sentence_ends(docstrings.reflow(described, 4)),
        "",
        f"`{operation.method} {operation.path}`",
        "",
        "Args:",
        "    send: Sends the request and returns its decoded response.",
    ]
    for argument in arguments:
        lines += docstrings.entry(argument.name, argument.text, 4)
    returned = _returned(operation)
    if returned:
        lines += ["", "Returns:", *docstrings.fill(returned, 112, "    ", "    ")]
    if operation.deprecated:
        lines += ["", "Deprecated:", "    Calling it raises a `DeprecationWarning`."]
    return "\n".join(lines)


def _returned(operation: ir.Operation) -> str:
    if operation.response.type is None:
        return ""
    text = docstrings.sentence(operation.response.description) or "The response."
    if operation.settle is not None and operation.settle.absent == "done":
        return f"{text} `None` when the response was lost and a check showed that the object no longer exists."
    return text


def _request(operation: ir.Operation, arguments: list[_Argument]) -> str:
    parts = [f"operation={names.constant_name(operation.id)}"]
    for place in ("path", "query", "header", "form"):
        entries = [f"{item.wire!r}: {item.name}" for item in arguments if item.location == place]
        if entries:
            parts.append(f"{place}={{{', '.join(entries)}}}")
    if operation.body is not None and operation.body.media == "json":
        parts.append("json=body")
    return f"Request({', '.join(parts)})"
