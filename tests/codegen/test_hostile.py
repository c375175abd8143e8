"""No text of a document can leave the literal it stands in, whatever it holds."""

import ast
import inspect

import pytest

from codegen import docstrings
from coggno._protocol.model import declared_fields
from tests.codegen.helpers import Sender, document, parameter, ref, returning, sending

EVIL = [
    '"""\nimport os; os.abort()\n"""',
    "'''\nimport os; os.abort()\n'''",
    '\\"""\nraise SystemExit\n\\"""',
    'ends with a quote"',
    'ends with two""',
    'ends with three"""',
    "ends with a backslash\\",
    "ends with two backslashes\\\\",
    "\\N{DIGIT ONE} \\x41 \\u0041 \\\n",
    "{{ 7 * 7 }} {% raw %} {# #} ${7} #{7} %(x)s {x}",
    "bell\x07 escape\x1b[31m null\x01 delete\x7f next\x85",
    "\u202eright to left\u202c \u2066isolate\u2069 zero\u200bwidth \ufeffmark",
    "line\u2028paragraph\u2029separators\x0b\x0c",
    "whole 😀 pair, ünïcödé, 名前",
    "# type: ignore\n# noqa\n# -*- coding: rot13 -*-",
    "f'{__import__(\"os\").abort()}'",
    "Args:\n    send: Something else.\n\nReturns:\n    A lie.",
    "- list\n- of\n\n```\ncode\n    more\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |",
    "x" * 400,
    " \n\t\n ",
]


def tokens(text):
    """Return what of a text must still be there: everything but the white space."""
    return "".join(text.split())


@pytest.mark.parametrize("evil", EVIL, ids=range(len(EVIL)))
def test_a_text_cannot_leave_its_docstring(evil):
    for indent in (0, 4):
        literal = docstrings.literal(evil, indent)
        assert tokens(ast.literal_eval(literal)) == tokens(evil)
        assert all(char == "\n" or char.isprintable() for char in literal)


@pytest.mark.parametrize("evil", EVIL, ids=range(len(EVIL)))
async def test_texts_stay_texts_everywhere(build, evil):
    schema = {
        "type": "object",
        "title": evil,
        "description": evil,
        "required": ["x"],
        "properties": {
            "x": {"enum": [evil, "b"], "description": evil},
            "y": {"type": "string", "default": evil, "description": evil, "title": evil, "pattern": evil},
            "z": {"const": evil},
        },
    }
    schema["properties"]["y"].pop("pattern")
    field = f"{evil}q2".replace("%", "")
    operation = {
        **returning(ref("Thing")),
        **sending(
            {
                "type": "object",
                "description": evil,
                "properties": {field: {"type": "string", "default": evil, "description": evil}},
            }
        ),
        "summary": evil,
        "description": evil,
        "parameters": [parameter("q", schema={"const": evil, "description": evil}, required=True, description=evil)],
    }
    operation["responses"]["200"]["description"] = evil
    package = build(document({("post", "/seeds"): operation}, schemas={"Thing": schema}))
    operations, models = package.operations, package.models
    assert models.Thing(x=evil).y == evil
    sent = Sender()
    await operations.call(sent)
    assert sent.request.query == {"q": evil}
    assert list(sent.request.form) == [field]
    assert tokens(evil) in tokens(inspect.getdoc(operations.call))
    for name in ("models.py", "operations.py"):
        source = package.source(name)
        assert all(char == "\n" or char.isprintable() for char in source)
        assert harmless(ast.parse(source))


def harmless(tree):
    """Return whether a module holds imports, declarations and functions only, and calls nothing else."""
    allowed = (ast.Expr, ast.ImportFrom, ast.Import, ast.AnnAssign, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    texts = all(isinstance(node.value, ast.Constant) for node in tree.body if isinstance(node, ast.Expr))
    known = {"Constraint", "Operation", "Request", "Settle", "define", "field", "frozenset", "send", "warnings.warn"}
    return texts and calls <= known and all(isinstance(node, allowed) for node in tree.body)


@pytest.mark.parametrize(
    "name", ["__class__", "__init__", "__slots__", "__attrs_attrs__", "_private", "mro", "Request"]
)
def test_names_of_python_are_harmless(build, name):
    thing = {"type": "object", "properties": {name: {"type": "string"}}}
    package = build(document({("post", "/seeds"): {**returning(thing), **sending(thing)}}))
    (field,) = declared_fields(package.models.CallResponse)
    assert not field.name.startswith("_")
    assert field.metadata.get("wire", field.name) == name


@pytest.mark.parametrize(
    "name", ["Any", "Literal", "TypeAlias", "UUID", "Unset", "UNSET", "None", "define", "int", "1st"]
)
def test_reserved_names_of_models_are_harmless(build, name):
    thing = {"type": "object", "required": ["x"], "properties": {"x": {}, "y": {"const": "a"}, "z": {"enum": ["a"]}}}
    other = {"type": "object", "properties": {"u": {"type": "string", "format": "uuid"}, "more": ref(name)}}
    operation = {**returning(ref("Other")), **sending(ref(name), media="application/json")}
    package = build(document({("post", "/seeds"): operation}, schemas={name: thing, "Other": other}))
    assert package.operations.CALL.returns is package.models.Other


@pytest.mark.parametrize(
    "name", ["list", "models", "warnings", "str", "dict", "operations", "unset", "class", "send", "dt"]
)
def test_reserved_names_of_operations_are_harmless(build, name):
    many = {"type": "array", "items": {"type": "object", "properties": {"x": {"type": "string"}}}}
    operations = {
        ("get", "/a"): {"operationId": name, "deprecated": True, **returning(many)},
        ("get", "/b"): {"operationId": "other", **returning(many), "parameters": [parameter(name)]},
    }
    operations = build(document(operations)).operations
    assert len(operations.OPERATIONS) == 2


def test_half_a_character_is_refused(refusals):
    spec = document({("get", "/seeds"): {"description": "half \ud83d a pair"}})
    spec["components"]["schemas"]["A"] = {"type": "object", "properties": {"\ud83d": {"type": "string"}}}
    code, lines = refusals(spec)
    assert code == 1
    assert sum("\\ud83d" in line and "cannot be read as str" in line for line in lines) == 2
