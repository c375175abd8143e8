"""Builds small documents, generates packages from them, and imports those."""

import importlib
import itertools
import json
import sys
from pathlib import Path
from types import ModuleType

from attrs import define, field

from codegen import cli

_NUMBERS = itertools.count()


def document(operations=None, *, schemas=None, **components):
    """Return a document; `operations` is {(method, path): operation}, each filled up with what it lacks."""
    paths = {}
    for number, ((method, path), operation) in enumerate((operations or {("get", "/seeds"): {}}).items()):
        full = {
            "operationId": f"call{number}" if number else "call",
            "x-coggno-retry": "safe",
            "responses": {"204": {"description": "Nothing."}},
        }
        paths.setdefault(path, {})[method] = {**full, **operation}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Seeds", "version": "1"},
        "paths": paths,
        "components": {"schemas": schemas or {}, **components},
    }


def returning(schema, *, media="application/json"):
    """Return an operation that responds with a schema."""
    return {"responses": {"200": {"description": "What is asked for.", "content": {media: {"schema": schema}}}}}


def sending(schema, *, media="application/x-www-form-urlencoded", required=True):
    """Return an operation that sends a schema."""
    return {"requestBody": {"required": required, "content": {media: {"schema": schema}}}}


def taking(*parameters):
    """Return an operation with parameters."""
    return {"parameters": list(parameters)}


def parameter(name, where="query", schema=None, **others):
    """Return a parameter."""
    required = {"required": True} if where == "path" else {}
    return {"name": name, "in": where, "schema": schema or {"type": "string"}, **required, **others}


def ref(name):
    """Return a reference to a schema."""
    return {"$ref": f"#/components/schemas/{name}"}


@define
class Package:
    """A generated package, imported."""

    folder: Path
    models: ModuleType
    operations: ModuleType

    def source(self, name):
        return (self.folder / name).read_text(encoding="utf-8")


def run(*arguments, capsys=None):
    """Run the command in this process; return its code and, with `capsys`, what it said."""
    try:
        code = cli.main([str(argument) for argument in arguments])
    except SystemExit as stop:
        code = stop.code
    return code if capsys is None else (code, capsys.readouterr())


def write(folder, content):
    """Write a document (bytes, text, or data that becomes JSON) and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "seeds.yaml"
    if isinstance(content, dict):
        content = json.dumps(content, indent=1)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def generate(folder, content):
    """Generate a package from a document and import it."""
    name = f"generated_{next(_NUMBERS)}"
    spec = write(folder, content)
    assert run("--spec", spec, "--out", folder / name, "--protocol", "coggno._protocol") == 0
    sys.path.insert(0, str(folder))
    try:
        models, operations = (importlib.import_module(f"{name}.{module}") for module in ("models", "operations"))
    finally:
        sys.path.remove(str(folder))
    return Package(folder / name, models, operations)


@define
class Sender:
    """A `Send` that returns a given response and keeps the request."""

    response: object = None
    request: object = field(default=None, init=False)

    async def __call__(self, request, /):
        self.request = request
        return self.response
