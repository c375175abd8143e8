"""Nothing goes unread: taking any key out changes the output or is refused, but for those that are listed."""

import copy
import json
from pathlib import Path

import pytest
import yaml

from codegen import cli, render, validation
from codegen.document import NotReadableError, read_document
from tests.codegen import helpers

pytestmark = pytest.mark.untraced  # the generator runs once for each key

HERE = Path(__file__).parent
FOR_PEOPLE = {"info", "servers", "tags", "example", "examples", "externalDocs"}


@pytest.fixture
def bare(monkeypatch):
    """Leave out validator and formatter: neither reads for us."""
    monkeypatch.setattr(validation, "check_form", lambda document: None)
    monkeypatch.setattr(validation, "check_meaning", lambda document: None)
    monkeypatch.setattr(render, "_formatted", lambda files: files)


def places(value, place=()):
    """Yield the place of everything inside a document."""
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield (*place, key)
        yield from places(value[key], (*place, key))


def without(document, place):
    changed = copy.deepcopy(document)
    parent = changed
    for key in place[:-1]:
        parent = parent[key]
    del parent[place[-1]]
    return changed


def made(folder, document):
    """Return what is generated but for the headers, or None if it is refused."""
    try:
        files = cli.generate(helpers.write(folder, document)).files
    except (cli.RefusedError, NotReadableError):
        return None
    return {name: text.partition('"""')[2] for name, text in files.items()}


def test_every_key_counts(tmp_path, bare):
    document = json.loads(json.dumps(yaml.safe_load((HERE / "golden" / "tiny.yaml").read_text(encoding="utf-8"))))
    before = made(tmp_path, document)
    idle = [
        "/".join(map(str, place))
        for place in places(document)
        if not FOR_PEOPLE & set(place) and place != ("openapi",) and made(tmp_path, without(document, place)) == before
    ]
    assert idle == [
        "components/schemas/Seed/properties/sown/type/1",  # null of an optional field: None is allowed already
        "components/schemas/Kind/type",  # an enum shows its type
    ]


def test_unknown_keys_are_refused_everywhere(tmp_path, bare):
    document = json.loads(json.dumps(yaml.safe_load((HERE / "golden" / "tiny.yaml").read_text(encoding="utf-8"))))
    named = {"paths", "properties", "schemas", "responses", "content", "path", "key", "same", "components"}
    for place in [(), *places(document)]:
        changed = copy.deepcopy(document)
        parent = changed
        for key in place:
            parent = parent[key]
        if isinstance(parent, dict) and (not place or place[-1] not in named):
            parent["x-coggno-unknown"] = True
            assert made(tmp_path, changed) is None, place


def test_aliases_cannot_blow_up():
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 30))
    document = read_document(f"l0: &l0 [a]\n{levels}\n".encode(), "seeds.yaml")
    assert len(document.noted()) == 29 * 9


def test_a_document_is_json_too(tmp_path):
    path = tmp_path / "seeds.json"
    path.write_text(json.dumps(helpers.document()), encoding="utf-8")
    assert helpers.run("--spec", path, "--out", tmp_path / "out") == 0


def test_a_node_knows_its_place():
    document = read_document(b"a:\n  b/c:\n    - x\n    - {d~e: 1}\n", "seeds.yaml")
    node = document.find("#/a/b~1c/1/d~0e")
    assert (node.value, node.line, node.pointer) == (1, 4, "#/a/b~1c/1/d~0e")
    assert document.find("#/a/b%7E1c/0").value == "x"
    assert document.find("#/a/nothing") is None
    assert document.find("#/a/b~1c/7") is None
