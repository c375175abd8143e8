"""The extensions of operations. Those of schemas and parameters are read where they stand."""

from __future__ import annotations

from typing import Any, Final, cast

from codegen import ir
from codegen.diagnostics import PREFIX, show
from codegen.document import Document, Node, escape

_VERDICTS: Final = ("done", "resend", "unknown")
_PLACES: Final = ("path", "query", "form", "json", "found")
RETRY: Final = f"{PREFIX}retry"
SETTLE: Final = f"{PREFIX}settle"


def read_retry(node: Node) -> Any:
    """Read what may follow a failure; every operation must declare it."""
    retry = node.choice(RETRY, ("safe", "settle", "never"))
    if RETRY not in node:
        node.refuse(f"does not say whether it may be repeated; add {RETRY}: safe | settle | never")
    return retry or "never"


def read_settle(node: Node, retry: str) -> ir.Settle | None:
    """Read how a write is settled: there when, and only when, `retry` is `settle`."""
    if (SETTLE in node) != (retry == "settle"):
        if retry == "settle":
            node.refuse(f"{RETRY}: settle needs {SETTLE} with read, found and absent")
        else:
            node.data(SETTLE)
            node.value[SETTLE].refuse(f"is for {RETRY}: settle only; remove it")
        return None
    child = node.get(SETTLE)
    return _settle(child) if child is not None else None


def _settle(node: Node) -> ir.Settle | None:
    node.kind = f"in {SETTLE}"
    if not node.is_mapping:
        node.refuse("must be a mapping with read, found and absent")
        return None
    read = node.text("read")
    found, absent = node.choice("found", _VERDICTS), node.choice("absent", _VERDICTS)
    path, key, same = (_values(node, name) for name in ("path", "key", "same"))
    control, then, doubtful = node.text("control"), node.get("then"), _statuses(node)
    for name in ("read", "found", "absent"):
        if name not in node:
            node.refuse(f"has no {show(name)}; add it")
    if read is None or found is None or absent is None:
        return None
    return ir.Settle(
        pointer=node.pointer,
        read=read,
        path=path,
        key=key,
        same=same,
        found=cast("Any", found),
        absent=cast("Any", absent),
        control=control,
        then=_settle(then) if then is not None else None,
        doubtful=doubtful,
    )


def _statuses(node: Node) -> tuple[int, ...]:
    """Read the statuses that refuse a write without proving that nothing of it was carried out."""
    if "doubtful" not in node:
        return ()
    statuses = tuple(element.value for element in node.elements("doubtful"))
    if not statuses or not all(type(status) is int and 400 <= status < 500 for status in statuses):
        node.refuse("'doubtful' must be a list of 4xx statuses, such as [404]")
    return statuses


def _values(node: Node, keyword: str) -> ir.Values:
    found = []
    for name, child in node.children(keyword):
        elements = child.value if isinstance(child.value, list) else [child]
        values = tuple(value for element in elements if (value := _value(element)) is not None)
        if values:
            found.append((name, values))
        elif not elements:
            child.refuse("is not the name of a value; write for example form.name")
    return tuple(found)


def _value(node: Node) -> ir.Value | None:
    place, _, name = node.value.partition(".") if isinstance(node.value, str) else ("", "", "")
    if place in _PLACES and name:
        return ir.Value(cast("Any", place), name)
    node.refuse(
        f"{node.shown()} is not the name of a value; write {', '.join(f'{place}.name' for place in _PLACES[:-1])}"
    )
    return None


def check_settles(document: Document, operations: list[ir.Operation], models: dict[str, ir.Model]) -> None:
    """Refuse every settle declaration that the run time could not carry out."""
    by_id = {operation.id: operation for operation in operations}
    for operation in operations:
        if operation.settle is not None:
            _Check(document, operation, operation.settle, by_id, models).run()
            if operation.settle.then is not None:
                _FollowUpCheck(document, operation, operation.settle.then, by_id, models, first=operation.settle).run()


class _Check:
    def __init__(
        self,
        document: Document,
        write: ir.Operation,
        settle: ir.Settle,
        by_id: dict[str, ir.Operation],
        models: dict[str, ir.Model],
    ) -> None:
        self._document = document
        self._write = write
        self._settle = settle
        self._by_id = by_id
        self._models = models

    def run(self) -> None:
        """Check all of it."""
        read = self._by_id.get(self._settle.read)
        if read is None:
            self._refuse("read", f"there is no operation {show(self._settle.read)}; name one by its operationId")
        elif read.retry != "safe":
            self._refuse("read", f"{show(read.id)} is not safe to repeat, so it cannot settle anything; name a read")
        else:
            self._check_request(read)
            self._check_response(read)
            self._check_verdicts(read)
            self._check_control(read)
        for keyword in ("path", "key", "same"):
            for name, values in getattr(self._settle, keyword):
                self._check_values(f"{keyword}/{escape(name)}", values)

    def _check_request(self, read: ir.Operation) -> None:
        wanted = {item.field.name for item in read.parameters if item.location == "path"}
        given = {name for name, _ in self._settle.path}
        for name in sorted(wanted - given):
            self._refuse("", f"does not fill the path parameter {show(name)} of {read.id}; add it under path")
        for name in sorted(given - wanted):
            self._refuse(f"path/{escape(name)}", f"{read.id} has no path parameter {show(name)}; remove it")
        others = [item.field.name for item in read.parameters if item.location != "path" and item.field.required]
        if others or (read.body is not None and read.body.required):
            self._refuse("read", f"{read.id} needs more than its path, which cannot be filled here; name another read")

    def _check_response(self, read: ir.Operation) -> None:
        found = read.response.type
        item = found.item if isinstance(found, ir.Array) else found
        fields = self._fields(item)
        for keyword in ("key", "same"):
            for name, _ in getattr(self._settle, keyword):
                if name not in fields:
                    self._refuse(
                        f"{keyword}/{escape(name)}",
                        f"the response of {read.id} has no field {show(name)}; name one it has",
                    )
        if isinstance(found, ir.Array) and not self._settle.key:
            self._refuse("", f"{read.id} returns a list; add key, to find the object in it")
        if isinstance(found, ir.Array) and self._settle.same:
            self._refuse("same", "is not used with a list; move it to key or remove it")

    def _check_control(self, read: ir.Operation) -> None:
        """A 404 can come from a gateway; a list that can be read right after it shows that the server has spoken."""
        control = self._by_id.get(self._settle.control or "")
        if self._settle.control is not None:
            given = {name for name, _ in self._settle.path}
            wanted = {item.field.name for item in control.parameters if item.location == "path"} if control else set()
            if control is None or control.retry != "safe":
                self._refuse("control", "must be the operationId of a read, preferably of a list that always exists")
            elif wanted - given:
                self._refuse(
                    "control", f"{control.id} needs {', '.join(sorted(wanted - given))}, which path does not fill"
                )
        elif not isinstance(read.response.type, ir.Array) and self._settle.absent != "unknown":
            self._refuse(
                "", f"a 404 of {read.id} proves nothing by itself; add control: a list that can always be read"
            )

    def _fields(self, found: ir.Type | None) -> set[str]:
        model = self._models.get(found.pointer) if isinstance(found, ir.Reference) else None
        return {item.name for item in model.fields} if model is not None else set()

    def _check_verdicts(self, read: ir.Operation) -> None:
        alike = read.response.type == self._write.response.type and not isinstance(read.response.type, ir.Array)
        if self._settle.found == "done" and not (alike and read.response.kind == self._write.response.kind != "none"):
            self._refuse(
                "found",
                f"done would return what {read.id} returns, which is not what {self._write.id} returns; "
                "write resend or unknown, or name another read",
            )

    def _check_values(self, where: str, values: tuple[ir.Value, ...]) -> None:
        fields = [self._given(value) for value in values]
        for value, given in zip(values, fields, strict=True):
            text = f"{value.location}.{value.name}"
            if given is None:
                self._refuse(where, f"{self._write.id} has no value {text}; correct the name")
            elif given.secret:
                self._refuse(where, f"{text} is a secret and must not be compared or sent elsewhere; name another")
            elif isinstance(given.type, ir.Array):
                self._refuse(where, f"{text} is a list; name a single value")
        if None not in fields and not any(given is not None and given.required for given in fields):
            self._refuse(where, "may be missing from the request; add a required value as the last one")

    def _given(self, value: ir.Value) -> ir.Field | None:
        if value.location == "found":
            return None
        if value.location in {"path", "query"}:
            places = self._write.parameters
            fields = [item.field for item in places if item.location == value.location]
        else:
            body = self._write.body
            fields = list(self._body_fields(body)) if body is not None and body.media == value.location else []
        return next((item for item in fields if item.name == value.name), None)

    def _body_fields(self, body: ir.Body) -> tuple[ir.Field, ...]:
        if body.media == "form":
            return body.fields
        model = self._models.get(body.type.pointer) if isinstance(body.type, ir.Reference) else None
        return model.fields if model is not None else ()

    def _refuse(self, where: str, sentence: str) -> None:
        self._document.refuse_at("/".join(filter(None, (self._settle.pointer, where))), sentence)


class _FollowUpCheck(_Check):
    """Checks `then`: its values may be missing from the request, and may come from what the first read found."""

    def __init__(
        self,
        document: Document,
        write: ir.Operation,
        settle: ir.Settle,
        by_id: dict[str, ir.Operation],
        models: dict[str, ir.Model],
        *,
        first: ir.Settle,
    ) -> None:
        super().__init__(document, write, settle, by_id, models)
        self._first = by_id.get(first.read)

    def _check_verdicts(self, read: ir.Operation) -> None:
        if self._settle.found != "done" or self._settle.absent != "unknown" or self._settle.then is not None:
            self._refuse(
                "",
                f"{read.id} shows only a part of the write; write found: done, absent: unknown, and no then",
            )

    def _check_values(self, where: str, values: tuple[ir.Value, ...]) -> None:
        for value in values:
            found = self._first.response.type if self._first is not None else None
            known = value.name in self._fields(found) if value.location == "found" else self._given(value) is not None
            if not known:
                self._refuse(where, f"there is no value {value.location}.{value.name}; correct the name")
