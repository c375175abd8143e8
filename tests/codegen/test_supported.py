# ruff: noqa: PYI051 - open enums are written so
"""Each construct of codegen/README.md, alone: generated, imported, driven with a fake `send`, sent and decoded."""

import contextlib
import datetime as dt
import inspect
import typing
import uuid

import attrs
import pytest

from coggno._protocol import converter as _serialize
from coggno._protocol import decode as _decode
from coggno._protocol import encode as _encode
from coggno._protocol.model import declared_fields
from coggno._protocol.operation import UNSET, Unset
from coggno.errors import DecodeError, InvalidRequestError
from tests.codegen.helpers import Sender, document, parameter, ref, returning, sending, taking


def hints(model):
    return {item.name: item.type for item in declared_fields(attrs.resolve_types(model))}


def one_field(build, schema, *, required=True):
    """Generate a model with one field `x` and return it."""
    thing = {"type": "object", "properties": {"x": schema}, **({"required": ["x"]} if required else {})}
    return build(document({("get", "/seeds"): returning(ref("Thing"))}, schemas={"Thing": thing})).models.Thing


def argument(function, name):
    return typing.get_type_hints(function)[name], inspect.signature(function).parameters[name]


@pytest.mark.parametrize(
    ("schema", "expected", "data", "value"),
    [
        ({"type": "string"}, str, "a", "a"),
        ({"type": "integer"}, int, 3, 3),
        ({"type": "integer", "format": "int64"}, int, 3, 3),
        ({"type": "number"}, float, 1, 1.0),
        ({"type": "number", "format": "double"}, float, 1.5, 1.5),
        ({"type": "boolean"}, bool, True, True),
        ({"type": "string", "format": "date"}, dt.date, "2025-01-15", dt.date(2025, 1, 15)),
        (
            {"type": "string", "format": "date-time"},
            dt.datetime,
            "2025-01-15T08:00:00Z",
            dt.datetime(2025, 1, 15, 8, tzinfo=dt.UTC),
        ),
        ({"type": "string", "format": "uuid"}, uuid.UUID, "0" * 32, uuid.UUID(int=0)),
        ({"type": "string", "format": "email"}, str, "a@b.c", "a@b.c"),
        ({"type": ["string", "null"]}, str | None, None, None),
        ({"type": ["string", "null"], "format": "date"}, dt.date | None, "2025-01-15", dt.date(2025, 1, 15)),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, int | None, None, None),
        ({"oneOf": [{"type": "null"}, {"type": "integer"}]}, int | None, 3, 3),
        ({"type": "array", "items": {"type": "integer"}}, list[int], [1, 2], [1, 2]),
        ({"type": "array", "items": {"type": "string", "format": "date"}}, list[dt.date], [], []),
        ({"type": "array", "items": {"type": ["integer", "null"]}}, list[int | None], [1, None], [1, None]),
        ({"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}, list[list[int]], [[1]], [[1]]),
        ({"type": "array"}, list[typing.Any], [1, "a"], [1, "a"]),
        ({"type": ["array", "null"], "items": {"type": "integer"}}, list[int] | None, None, None),
        ({"anyOf": [{"type": "integer"}, {"type": "string", "minLength": 1}]}, int | str, "a", "a"),
        ({"type": ["integer", "string"]}, int | str, 5, 5),
        ({"type": ["integer", "string", "null"]}, int | str | None, None, None),
        ({"oneOf": [{"type": "boolean"}, {"type": "string"}]}, bool | str, True, True),
        ({"type": "object"}, dict[str, typing.Any], {"a": [1]}, {"a": [1]}),
        ({"type": "object", "additionalProperties": True}, dict[str, typing.Any], {}, {}),
        ({}, typing.Any, {"a": 1}, {"a": 1}),
        (True, typing.Any, None, None),
        ({"const": "seed"}, typing.Literal["seed"], "seed", "seed"),
        ({"const": 3, "type": "integer"}, typing.Literal[3], 3, 3),
        ({"const": True}, typing.Literal[True], True, True),
        ({"enum": ["a", "b"]}, typing.Literal["a", "b"] | str, "c", "c"),
        ({"enum": [1, 2], "type": "integer"}, typing.Literal[1, 2] | int, 3, 3),
        ({"enum": ["a", None], "type": ["string", "null"]}, typing.Literal["a"] | str | None, None, None),
    ],
    ids=str,
)
def test_a_schema_becomes_a_type_that_decodes(build, schema, expected, data, value):
    thing = one_field(build, schema)
    assert hints(thing) == {"x": expected}
    assert _serialize.structure({"x": data}, thing) == thing(x=value)


def test_an_optional_field_is_none_when_it_is_missing(build):
    thing = one_field(build, {"type": "integer"}, required=False)
    assert hints(thing) == {"x": int | None}
    assert _serialize.structure({}, thing).x is None


def test_models_are_slotted_and_keyword_only(build):
    thing = one_field(build, {"type": "integer"})
    assert not hasattr(thing(x=1), "__dict__")
    with pytest.raises(TypeError):
        thing(1)


def test_undeclared_fields_are_kept_in_extra(build):
    thing = one_field(build, {"type": "integer"})
    assert _serialize.structure({"x": 1, "y": 2}, thing) == thing(x=1, extra={"y": 2})


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "integer", "default": 7}, 7),
        ({"type": "number", "default": 7}, 7.0),
        ({"type": "string", "default": 'it\'s "x"\n'}, 'it\'s "x"\n'),
        ({"type": "boolean", "default": False}, False),
        ({"type": "string", "format": "date", "default": "2025-01-15"}, dt.date(2025, 1, 15)),
        ({"type": ["string", "null"], "default": None}, None),
        ({"enum": ["a", "b"], "default": "a"}, "a"),
        ({"type": "array", "items": {"type": "integer"}, "default": []}, []),
    ],
    ids=str,
)
def test_a_missing_field_has_its_default(build, schema, value):
    thing = one_field(build, schema, required=False)
    missing = _serialize.structure({}, thing)
    assert missing.x == value
    assert type(missing.x) is type(value)


def test_a_name_python_cannot_have_is_kept_in_json(build):
    names = ["class", "self", "2fa", "größe", "type-name", "camelCase", "list", "名"]
    thing = {"type": "object", "required": names, "properties": {name: {"type": "integer"} for name in names}}
    package = build(document({("get", "/seeds"): returning(ref("Thing"))}, schemas={"Thing": thing}))
    decoded = _serialize.structure({name: number for number, name in enumerate(names)}, package.models.Thing)
    python = ["class_", "self_", "value_2fa", "grosse", "type_name", "camel_case", "list_", "u540d"]
    assert [getattr(decoded, name) for name in python] == list(range(len(names)))
    assert _serialize.unstructure(decoded) == {name: number for number, name in enumerate(names)}


def test_references_and_definitions_become_models(build):
    schemas = {
        "Seed": {
            "type": "object",
            "required": ["part", "again", "free"],
            "properties": {
                "part": {"$ref": "#/components/schemas/Seed/$defs/Part"},
                "again": {"type": "array", "items": {"$ref": "#/components/schemas/Seed/$defs/Part"}},
                "free": {"type": "object", "properties": {"n": {"type": "integer"}}},
            },
            "$defs": {"Part": {"type": "object", "properties": {"n": {"type": "integer"}}}},
        }
    }
    models = build(document({("get", "/seeds"): returning(ref("Seed"))}, schemas=schemas)).models
    assert hints(models.Seed) == {"part": models.Part, "again": list[models.Part], "free": models.SeedFree}
    seed = _serialize.structure({"part": {"n": 1}, "again": [{}], "free": {}}, models.Seed)
    assert seed == models.Seed(part=models.Part(n=1), again=[models.Part()], free=models.SeedFree())


def test_references_may_be_described_and_nullable(build):
    schemas = {
        "Bed": {"type": "object", "properties": {"n": {"type": "integer"}}},
        "Seed": {
            "type": "object",
            "required": ["bed", "old"],
            "properties": {
                "bed": {**ref("Bed"), "description": "Where it grows."},
                "old": {"oneOf": [ref("Bed"), {"type": "null"}]},
            },
        },
    }
    package = build(document({("get", "/seeds"): returning(ref("Seed"))}, schemas=schemas))
    assert hints(package.models.Seed) == {"bed": package.models.Bed, "old": package.models.Bed | None}
    assert '"""Where it grows."""' in package.source("models.py")


def test_recursive_models_resolve_and_decode(build):
    tree = {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string"},
            "parent": {"anyOf": [ref("Tree"), {"type": "null"}]},
            "twigs": {"type": "array", "items": ref("Tree")},
        },
    }
    models = build(document({("get", "/seeds"): returning(ref("Tree"))}, schemas={"Tree": tree})).models
    assert hints(models.Tree) == {"name": str, "parent": models.Tree | None, "twigs": list[models.Tree] | None}
    data = {"name": "a", "parent": {"name": "r"}, "twigs": [{"name": "b", "twigs": []}]}
    assert _serialize.structure(data, models.Tree).twigs[0].name == "b"


def test_all_of_joins_the_fields_of_objects(build):
    schemas = {
        "Base": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}, "kin": ref("Seed")}},
        "Seed": {
            "allOf": [
                ref("Base"),
                {"type": "object", "properties": {"name": {"type": "string"}, "note": {"type": "string"}}},
                {"required": ["name"]},
            ]
        },
        "Same": {"allOf": [ref("Seed")], "description": "Of one part: that part."},
    }
    models = build(document({("get", "/seeds"): returning(ref("Same"))}, schemas=schemas)).models
    assert hints(models.Seed) == {"id": int, "kin": models.Seed | None, "name": str, "note": str | None}
    assert issubclass(models.Seed, models.Base), "fields are not repeated"
    with pytest.raises(_serialize.StructureError, match="name"):
        _serialize.structure({"id": 1}, models.Seed)


def seed(**properties):
    return {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}, **properties}}


@pytest.mark.parametrize(
    ("schema", "response", "body"),
    [
        (ref("Seed"), "one", b'{"id": 1}'),
        (ref("Seed"), "one", b'[{"id": 1}]'),
        ({"type": "array", "items": ref("Seed")}, "many", b'[{"id": 1}]'),
        ({"type": "array", "items": ref("Seed")}, "many", b'{"id": 1}'),
        (
            {"oneOf": [ref("Seed"), {"type": "array", "items": ref("Seed")}], "x-coggno-returns": "one"},
            "one",
            b'[{"id": 1}]',
        ),
        (
            {"oneOf": [{"type": "array", "items": ref("Seed")}, ref("Seed")], "x-coggno-returns": "many"},
            "many",
            b'{"id": 1}',
        ),
        ({"type": "array", "items": {"type": "integer"}}, "exact", b"[1]"),
        ({"type": "integer"}, "exact", b"1"),
        ({"type": "object"}, "exact", b'{"a": 1}'),
        ({}, "exact", b"null"),
    ],
    ids=str,
)
async def test_responses(build, schema, response, body):
    package = build(document({("get", "/seeds"): returning(schema)}, schemas={"Seed": seed()}))
    operation = package.operations.CALL
    assert operation.shape == response
    decoded = _decode.decode(operation, body)
    match response:
        case "one":
            assert decoded == package.models.Seed(id=1)
            assert operation.returns is package.models.Seed
        case "many":
            assert decoded == [package.models.Seed(id=1)]
            assert operation.returns == list[package.models.Seed]
    sent = Sender(decoded)
    assert await package.operations.call(sent) == decoded
    assert sent.request.operation is operation


def test_one_or_many_is_one_where_one_is_promised(build):
    both = {"oneOf": [ref("Seed"), {"type": "array", "items": ref("Seed")}], "x-coggno-returns": "one"}
    package = build(document({("get", "/seeds"): returning(both)}, schemas={"Seed": seed()}))
    with pytest.raises(DecodeError, match="one object"):
        _decode.decode(package.operations.CALL, b"[]")


def test_text_responses(build):
    operation = build(document({("get", "/seeds"): returning({"type": "string"}, media="text/plain")})).operations.CALL
    assert (operation.shape, operation.returns) == ("text", str)
    assert _decode.decode(operation, b"hello") == "hello"


def test_no_content(build):
    operations = build(document()).operations
    assert (operations.CALL.shape, operations.CALL.returns) == ("none", None)
    assert typing.get_type_hints(operations.call)["return"] is type(None)


def test_statuses_of_success_share_a_schema(build):
    responses = {
        "200": {"$ref": "#/components/responses/Seed"},
        "201": {"$ref": "#/components/responses/Seed"},
        "404": {"description": "No.", "content": {"text/html": {}, "application/problem+json": {"schema": {}}}},
        "default": {"description": "Any other.", "content": {"application/json": {"schema": {}}}},
    }
    shared = {"Seed": {"description": "It.", "content": {"application/json": {"schema": ref("Seed")}}}}
    package = build(document({("get", "/seeds"): {"responses": responses}}, schemas={"Seed": seed()}, responses=shared))
    assert package.operations.CALL.returns is package.models.Seed


async def test_path_parameters_are_positional_in_order(build):
    path = "/beds/{bed-id}/seeds/{seed}"
    parameters = taking(
        parameter("seed", "path", {"anyOf": [{"type": "integer"}, {"type": "string", "minLength": 1}]}),
        parameter("bed-id", "path", {"type": "integer"}),
    )
    operations = build(document({("get", path): parameters})).operations
    sent = Sender()
    await operations.call(sent, 5, "a/b")
    assert _encode.target(sent.request) == "/beds/5/seeds/a%2Fb"
    assert argument(operations.call, "seed")[0] == int | str


async def test_shared_parameters_can_be_replaced(build):
    spec = document({("get", "/beds/{bed}"): taking(parameter("q", schema={"type": "integer"}))})
    spec["paths"]["/beds/{bed}"]["parameters"] = [parameter("bed", "path"), parameter("q")]
    operations = build(spec).operations
    assert argument(operations.call, "q")[0] == int | None
    assert argument(operations.call, "bed")[0] is str


async def test_query_parameters_in_both_forms_of_a_list(build):
    many = {"type": "array", "items": {"type": "integer"}}
    parameters = taking(
        parameter("day", schema={"type": "string", "format": "date"}, required=True),
        parameter("one-by-one", schema=many),
        parameter("joined", schema=many, explode=False, style="form"),
        parameter("open", schema={"type": "boolean"}),
        parameter("sort", schema={"enum": ["name", "day"]}),
    )
    operations = build(document({("get", "/seeds"): parameters})).operations
    sent = Sender()
    await operations.call(sent, day=dt.date(2025, 1, 15), one_by_one=[1, 2], joined=[3, 4], open=True, sort="day")
    expected = "/seeds?day=2025-01-15&one-by-one=1&one-by-one=2&joined=3%2C4&open=true&sort=day"
    assert _encode.target(sent.request) == expected
    await operations.call(sent, day=dt.date(2025, 1, 15))
    assert _encode.target(sent.request) == "/seeds?day=2025-01-15"
    assert argument(operations.call, "sort")[0] == typing.Literal["name", "day"] | str | None


async def test_header_parameters_and_client_headers(build):
    parameters = taking(
        parameter("X-Trace", "header", {"type": "array", "items": {"type": "string"}}),
        parameter("X-Bank", "header", {"type": "integer"}, **{"x-coggno-client": True}),
    )
    operations = build(document({("get", "/seeds"): parameters})).operations
    sent = Sender()
    await operations.call(sent, x_trace=["a", "b"])
    assert _encode.header_values(sent.request) == {"X-Trace": "a,b"}
    assert list(inspect.signature(operations.call).parameters) == ["send", "x_trace"]


async def test_a_required_constant_has_a_default(build):
    parameters = taking(
        parameter("as", schema={"const": "csv"}, required=True), parameter("all", schema={"const": True})
    )
    operations = build(document({("get", "/seeds"): parameters})).operations
    sent = Sender()
    await operations.call(sent)
    assert _encode.target(sent.request) == "/seeds?as=csv"


async def test_forms(build):
    new = {
        "type": "object",
        "additionalProperties": False,
        "required": ["e-mail", "pass"],
        "properties": {
            "e-mail": {"type": "string", "format": "email", "maxLength": 80},
            "pass": {"type": "string", "format": "password", "minLength": 6},
            "pin": {"type": "integer", "writeOnly": True},
            "tags": {"type": "array", "items": {"type": "string"}},
        },
    }
    operation = {**sending(ref("New")), "x-coggno-retry": "never"}
    operations = build(document({("delete", "/seeds"): operation}, schemas={"New": new})).operations
    assert operations.CALL.secrets == {"pass", "pin"}
    assert (operations.CALL.body, operations.CALL.retry, operations.CALL.method) == ("form", "never", "DELETE")
    sent = Sender()
    await operations.call(sent, e_mail="a@b", pass_="geheim", tags=["x", "y"])
    assert _encode.body(sent.request) == (
        b"e-mail=a%40b&pass=geheim&tags=x&tags=y",
        "application/x-www-form-urlencoded",
    )
    assert "geheim" not in repr(sent.request)
    assert "An e-mail address. At most 80 characters." in operations.call.__doc__


async def test_an_optional_form_without_values_is_no_body(build):
    form = sending({"type": "object", "properties": {"name": {"type": "string"}}}, required=False)
    operations = build(document({("delete", "/seeds"): form})).operations
    sent = Sender()
    await operations.call(sent)
    assert _encode.body(sent.request) == (b"", None)


async def test_json_bodies_tell_missing_from_null(build):
    new = {
        "type": "object",
        "required": ["name", "kind", "bed"],
        "properties": {
            "name": {"type": "string"},
            "note": {"type": ["string", "null"]},
            "amount": {"type": "integer", "default": 1},
            "kind": {"const": "seed"},
            "secret-code": {"type": "string", "writeOnly": True},
            "sown": {"type": "string", "format": "date"},
            "bed": {"type": "object", "properties": {"pin": {"type": "string", "format": "password"}}},
        },
    }
    package = build(document({("post", "/seeds"): sending(ref("New"), media="application/json")}, schemas={"New": new}))
    new, bed = package.models.New, package.models.NewBed
    assert hints(new)["note"] == str | None | Unset
    assert hints(new)["amount"] == int | Unset
    body = new(name="a", secret_code="geheim", sown=dt.date(2025, 1, 15), bed=bed(pin="1234"))
    assert "geheim" not in repr(body)
    assert "1234" not in repr(body)
    assert package.operations.CALL.secrets == {"secret-code", "pin"}
    sent = Sender()
    await package.operations.call(sent, body=body)
    content, media = _encode.body(sent.request)
    assert media == "application/json"
    assert content == (
        b'{"name": "a", "kind": "seed", "secret-code": "geheim", "sown": "2025-01-15", "bed": {"pin": "1234"}}'
    )
    await package.operations.call(sent, body=new(name="a", note=None, amount=2, bed=bed()))
    assert _encode.body(sent.request)[0] == b'{"name": "a", "note": null, "amount": 2, "kind": "seed", "bed": {}}'


async def test_a_sent_and_received_model_keeps_gaps(build):
    operation = {**sending(ref("Seed"), media="application/json"), **returning(ref("Seed"))}
    package = build(document({("put", "/seeds"): operation}, schemas={"Seed": seed(note={"type": ["string", "null"]})}))
    received = _decode.decode(package.operations.CALL, b'{"id": 1}')
    assert received.note is UNSET
    assert _serialize.unstructure(received) == {"id": 1}


async def test_an_optional_json_body(build):
    operation = sending({"type": "array", "items": {"type": "integer"}}, media="application/json", required=False)
    operations = build(document({("post", "/seeds"): operation})).operations
    sent = Sender()
    await operations.call(sent)
    assert sent.request.json is UNSET
    await operations.call(sent, body=[1])
    assert _encode.body(sent.request) == (b"[1]", "application/json")


ORDER = {
    "type": "object",
    "required": ["name", "lines"],
    "properties": {
        "name": {"type": "string", "minLength": 2},
        "note": {"type": ["string", "null"], "maxLength": 3},
        "lines": {"type": "array", "minItems": 1, "items": ref("Line")},
        "of": ref("Order"),
    },
}
LINE = {
    "type": "object",
    "required": ["unit-count"],
    "properties": {
        "unit-count": {"type": "integer", "minimum": 1, "multipleOf": 5},
        "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
    },
}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": "a"}, "name must have at least 2 characters"),
        ({"note": "long"}, "note must have at most 3 characters"),
        ({"lines": []}, "lines must not be empty"),
        ({"lines": [(5, UNSET), (0, UNSET)]}, r"lines\[1\].unit-count must be at least 1"),
        ({"lines": [(7, UNSET)]}, r"lines\[0\].unit-count must be a multiple of 5"),
        ({"lines": [("5", UNSET)]}, r"lines\[0\].unit-count must be an integer, not str"),
        ({"lines": [(5, ["a", "a"])]}, r"lines\[0\].tags must not have an item twice"),
        ({"name": None}, "name is required and must not be None"),
        ({}, None),
        ({"note": None}, None),
    ],
)
async def test_values_inside_a_json_body_are_checked(build, change, sentence):
    operation = {("post", "/orders"): sending(ref("Order"), media="application/json")}
    package = build(document(operation, schemas={"Order": ORDER, "Line": LINE}))
    values = {"name": "ab", "lines": [(5, UNSET)], **change}
    lines = [package.models.Line(unit_count=count, tags=tags) for count, tags in values.pop("lines")]
    sent = Sender()
    await package.operations.call(sent, body=package.models.Order(**values, lines=lines))
    with pytest.raises(InvalidRequestError, match=f"^{sentence}") if sentence else contextlib.nullcontext():
        _encode.target(sent.request)


def test_a_write_only_field_is_missing_from_answers(build):
    thing = one_field(build, {"type": "string", "writeOnly": True})
    assert _serialize.structure({}, thing).x is None
    assert "geheim" not in repr(thing(x="geheim"))


async def test_a_deprecated_operation_warns_its_caller(build):
    old = {**taking(parameter("q", deprecated=True)), "deprecated": True, "operationId": "oldSeeds"}
    operations = build(document({("get", "/seeds"): old, ("get", "/beds"): {"operationId": "beds"}})).operations
    sent = Sender("response")
    with pytest.warns(DeprecationWarning, match="oldSeeds is deprecated") as caught:
        assert await operations.old_seeds(sent, q="a") == "response"
    assert caught[0].filename == __file__
    with pytest.warns(DeprecationWarning, match="oldSeeds") as caught:
        waiting = operations.old_seeds(sent)
    assert caught[0].filename == __file__, "also when somebody else awaits it"
    await waiting
    await operations.beds(sent)
    assert "Deprecated." in operations.old_seeds.__doc__


def test_docstrings_say_what_arguments_may_be(build):
    parameters = taking(
        parameter("a", schema={"type": "integer", "minimum": 1, "maximum": 9, "default": 3}, description="How many"),
        parameter("b", schema={"type": "string", "pattern": "^x+$", "minLength": 2, "maxLength": 2}),
        parameter("c", schema={"type": "array", "items": {}, "maxItems": 4, "uniqueItems": True}, explode=True)
        | {"schema": {"type": "array", "items": {"type": "integer"}, "maxItems": 4, "uniqueItems": True}},
        parameter("d"),
        parameter("e", schema={"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1, "multipleOf": 0.1}),
    )
    operation = {**parameters, "description": "Finds seeds,\nall of them.\n\n- one\n- two", **returning({})}
    call = build(document({("get", "/seeds"): operation})).operations.call
    assert inspect.cleandoc(call.__doc__) == inspect.cleandoc(
        """Finds seeds, all of them.

        - one
        - two

        `GET /seeds`

        Args:
            send: Sends the request and returns its decoded response.
            a: How many. At least 1. At most 9. The server takes 3 if it is not given.
            b: Exactly 2 characters. Matches '^x+$'.
            c: At most 4 items. No item twice.
            d: Goes into the query.
            e: More than 0. Less than 1. A multiple of 0.1.

        Returns:
            What is asked for.
        """
    )


def test_the_security_of_the_whole_api_is_basic(build):
    spec = document(securitySchemes={"key": {"type": "http", "scheme": "basic", "description": "The key."}})
    build({**spec, "security": [{"key": []}]})


def test_what_people_read_is_passed_over(build):
    spec = document(
        {("get", "/seeds"): {"tags": ["Seeds"], "summary": "Seeds", "externalDocs": {"url": "https://a.b"}}},
        examples={"one": {"value": {"x-anything": 1}}},
        headers={"X-Left": {"schema": {"type": "integer"}}},
    )
    spec["servers"] = [{"url": "https://{bank}.example", "variables": {"bank": {"default": "a"}}}]
    spec["tags"] = [{"name": "Seeds", "description": "All."}]
    build(spec)


@pytest.mark.parametrize("method", ["get", "put", "post", "delete", "patch", "head", "options"])
def test_methods(build, method):
    assert build(document({(method, "/seeds"): {}})).operations.CALL.method == method.upper()


def test_operations_keep_the_order_of_the_document(build):
    operations = {
        ("post", "/a"): {"operationId": "zebra", "x-coggno-retry": "never"},
        ("get", "/a"): {"operationId": "ant"},
    }
    operations = build(document(operations)).operations
    assert operations.OPERATIONS == (operations.ZEBRA, operations.ANT)


async def test_components_are_referred_to_and_described_anew(build):
    shared = {
        "parameters": {"Q": parameter("q", description="Of old."), "Unused": parameter("u")},
        "requestBodies": {"B": {"description": "Of old.", "content": {"application/json": {"schema": ref("Seed")}}}},
        "responses": {"R": {"description": "Of old.", "content": {"application/json": {"schema": ref("Seed")}}}},
    }
    operation = {
        "parameters": [{"$ref": "#/components/parameters/Q", "description": "What to search."}],
        "requestBody": {"$ref": "#/components/requestBodies/B", "description": "What to send."},
        "responses": {"200": {"$ref": "#/components/responses/R", "description": "What came of it."}},
    }
    package = build(document({("post", "/seeds"): operation}, schemas={"Seed": seed()}, **shared))
    documented = package.operations.call.__doc__
    for text in ("q: What to search.", "body: What to send.", "    What came of it."):
        assert text in documented
    assert "Of old" not in documented
    sent = Sender()
    await package.operations.call(sent, q="a")
    assert sent.request.query == {"q": "a"}
    assert sent.request.json is UNSET
