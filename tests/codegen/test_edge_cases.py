"""Documents that once were refused for no reason or accepted in error, and where findings point."""

import datetime as dt
import json
import warnings

import pytest

from codegen import cli
from coggno import InvalidRequestError
from coggno._protocol import encode
from coggno._protocol.converter import structure
from tests.codegen.helpers import (
    Sender,
    document,
    parameter,
    ref,
    returning,
    run,
    sending,
    taking,
    write,
)


def thing(**properties):
    return {"type": "object", "properties": properties}


TEXT = {"type": "string"}


async def test_patterns_python_cannot_read_are_not_checked(build):
    name = {"type": "string", "pattern": r"^\p{L}+$", "default": "a"}
    operations = build(document({("post", "/s"): sending(thing(name=name))})).operations
    sent = Sender()
    await operations.call(sent, name="5")
    assert encode.body(sent.request)[0] == b"name=5"


def test_parts_of_all_of_may_share_a_base(build):
    schemas = {
        "A": thing(a=TEXT),
        "B": {"allOf": [ref("A"), thing(b=TEXT)]},
        "C": {"allOf": [ref("A"), thing(c=TEXT)]},
        "D": {"allOf": [ref("B"), ref("C")]},
    }
    models = build(document({("get", "/s"): returning(ref("D"))}, schemas=schemas)).models
    data = {"a": "1", "b": "2", "c": "3"}
    assert structure(data, models.D) == models.D(**data)


def test_json_may_be_indented_with_tabs(build):
    assert build(json.dumps(document(), indent="\t")).operations.CALL.path == "/seeds"


async def test_a_path_may_be_percent_encoded(build):
    operations = build(document({("get", "/s%20x/{id}"): taking(parameter("id", "path"))})).operations
    sent = Sender()
    await operations.call(sent, "a")
    assert encode.target(sent.request) == "/s%20x/a"


@pytest.mark.parametrize("path", ["/%2e%2e/x", "/a%2Fb", "/%", "/%zz"])
def test_other_percent_signs_in_a_path_are_refused(refusals, path):
    code, lines = refusals(document({("get", path): {}}))
    assert (code, "cannot be sent as it is" in lines[0]) == (1, True)


@pytest.mark.parametrize("keyword", ["readOnly", "writeOnly"])
def test_flags_inside_all_of_are_refused(refusals, keyword):
    schemas = {"A": thing(a=TEXT), "D": thing(x={"allOf": [ref("A"), {keyword: True}]})}
    code, lines = refusals(document({("get", "/s"): returning(ref("D"))}, schemas=schemas))
    assert code == 1
    assert f"#/components/schemas/D/properties/x/allOf/1/{keyword}: {keyword} in a part of allOf" in lines[0]


def test_percent_signs_in_form_names_are_refused(refusals):
    code, lines = refusals(document({("post", "/s"): sending(thing(**{"a%b": TEXT}))}))
    assert (code, "must not have % in its name" in lines[0]) == (1, True)


def test_an_empty_security_is_refused(refusals):
    code, lines = refusals({**document(), "security": []})
    assert (code, "#/security: an empty list means requests without a key" in lines[0]) == (1, True)


@pytest.mark.parametrize("name", ["Host", "content-Length", "Transfer-Encoding", "Connection", "Cookie"])
def test_headers_of_the_client_are_refused(refusals, name):
    code, lines = refusals(document({("get", "/s"): taking(parameter(name, "header"))}))
    assert (code, "is set by the client" in lines[0]) == (1, True)


def test_a_finding_of_the_validator_names_the_line(tmp_path, capsys):
    spec = cli.SPEC.read_text(encoding="utf-8")
    wrong = spec.replace("required: [id, login, first_name, last_name]", "required: [id, login, first_name, login]")
    line = next(number for number, text in enumerate(wrong.splitlines(), 1) if "first_name, login]" in text)
    code, said = run("--spec", write(tmp_path, wrong), "--out", tmp_path / "out", capsys=capsys)
    assert code == 3
    assert f"seeds.yaml:{line} #/components/schemas/User/required: not valid OpenAPI: " in said.err


@pytest.mark.untraced
def test_hundreds_of_chained_references_are_followed(build):
    schemas = {f"S{number}": ref(f"S{number + 1}") for number in range(330)}
    package = build(document({("get", "/s"): returning(ref("S0"))}, schemas={**schemas, "S330": TEXT}))
    assert package.operations.CALL.returns is str


@pytest.mark.untraced
def test_a_thousand_nested_models_are_generated(build):
    schemas = {f"S{number}": thing(x=ref(f"S{number + 1}")) for number in range(1000)}
    package = build(document({("get", "/s"): returning(ref("S0"))}, schemas={**schemas, "S1000": TEXT}))
    assert structure({"x": {"x": {}}}, package.models.S0).x.x == package.models.S2()


def test_a_deprecated_model_warns_who_makes_one(build):
    schemas = {"Old": {**thing(x=TEXT), "deprecated": True}}
    old = build(document({("get", "/s"): returning(ref("Old"))}, schemas=schemas)).models.Old
    with pytest.warns(DeprecationWarning, match="Old is deprecated") as caught:
        old(x="a")
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert structure({"x": "a"}, old).x == "a"


async def test_a_naive_date_time_is_refused(build):
    since = parameter("since", schema={"type": "string", "format": "date-time"})
    operations = build(document({("get", "/s"): taking(since)})).operations
    sent = Sender()
    await operations.call(sent, since=dt.datetime(2025, 1, 1))  # noqa: DTZ001
    with pytest.raises(InvalidRequestError, match="time zone"):
        encode.target(sent.request)
