"""Change one thing in our own document, and the executed request changes with it: through the session, to the bytes."""

import copy
from urllib.parse import parse_qsl

import pytest
import yaml

from codegen import cli
from coggno import DecodeError, OutcomeUnknownError, UnprocessableEntityError
from tests.codegen import helpers
from tests.helpers.scripted_engine import RESET, response, session_on, user

SPEC = yaml.safe_load(cli.SPEC.read_text(encoding="utf-8"))
NEW = {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace", "password": "s3cret-word"}
FOUND = response(200, user(login="ada@example.com"))


@pytest.fixture
def changed(tmp_path):
    """Generate a client from our document after a change of it."""

    def make(change=lambda _: None):
        spec = copy.deepcopy(SPEC)
        change(spec)
        return helpers.generate(tmp_path, spec)

    return make


def write(spec, path="/users", method="post"):
    return spec["paths"][f"/api/v1{path}"][method]


async def test_unchanged_a_write_in_doubt_is_looked_for(changed):
    session, engine = session_on(RESET, FOUND)
    await changed().operations.create_user(session, **NEW)
    assert engine.sent == ["POST /api/v1/users", "GET /api/v1/users/ada%40example.com"]


async def test_retry_never_sends_nothing_after_a_loss(changed):
    def never(spec):
        write(spec)["x-coggno-retry"] = "never"
        del write(spec)["x-coggno-settle"]

    session, engine = session_on(RESET)
    with pytest.raises(OutcomeUnknownError):
        await changed(never).operations.create_user(session, **NEW)
    assert engine.sent == ["POST /api/v1/users"]


async def test_retry_safe_sends_again_after_a_loss(changed):
    def safe(spec):
        write(spec)["x-coggno-retry"] = "safe"
        del write(spec)["x-coggno-settle"]

    session, engine = session_on(RESET, FOUND)
    await changed(safe).operations.create_user(session, **NEW)
    assert engine.sent == ["POST /api/v1/users"] * 2


async def test_a_renamed_form_field_is_sent_renamed(changed):
    def rename(spec):
        form = spec["components"]["schemas"]["NewGroup"]
        form["properties"]["remark"] = form["properties"].pop("description")

    session, engine = session_on(response(200, {"id": 1, "name": "X"}))
    await changed(rename).operations.create_group(session, name="X", remark="Y")
    assert dict(parse_qsl(engine.requests[0].content.decode())) == {"name": "X", "remark": "Y"}


async def test_only_secrets_are_masked(changed):
    def publish(spec):
        password = spec["components"]["schemas"]["NewUser"]["properties"]["password"]
        password.pop("writeOnly")
        password.pop("format")

    refusal = response(422, {"error": "s3cret-word is weak"})
    for change, shown in ((lambda _: None, "***"), (publish, "s3cret-word")):
        session, _ = session_on(refusal)
        with pytest.raises(UnprocessableEntityError) as caught:
            await changed(change).operations.create_user(session, **NEW)
        assert caught.value.message == f"422: {shown} is weak"


async def test_the_promised_answer_decides_what_comes_back(changed):
    def many(spec):
        content = write(spec, "/users/{user}", "get")["responses"]["200"]["content"]
        content["application/json"]["schema"]["x-coggno-returns"] = "many"
        for other in (write(spec), write(spec, "/users/{user}", "delete")):  # they settle by it
            other["x-coggno-retry"] = "never"
            del other["x-coggno-settle"]

    package = changed(many)
    session, _ = session_on(response(200, user()))
    assert await package.operations.get_user(session, 1) == [package.models.User(**user())]


async def test_required_and_null_decide_what_decodes(changed):
    def loosen(spec):
        person = spec["components"]["schemas"]["User"]
        person["required"].remove("last_name")
        person["properties"]["login"]["type"] = ["string", "null"]

    odd = {"id": 1, "login": None, "first_name": "Ada"}
    session, _ = session_on(response(200, odd))
    found = await changed(loosen).operations.get_user(session, 1)
    assert (found.login, found.last_name) == (None, None)
    session, _ = session_on(response(200, odd))
    with pytest.raises(DecodeError):
        await changed().operations.get_user(session, 1)


async def test_a_new_operation_with_a_new_model_works(changed):
    def add_rooms(spec):
        spec["components"]["schemas"]["Room"] = {
            "type": "object",
            "description": "A room.",
            "required": ["id"],
            "properties": {"id": {"type": "integer"}, "seats": {"type": "array", "items": {"type": "integer"}}},
        }
        get = copy.deepcopy(write(spec, "/groups/{group_id}", "get"))
        get |= {"operationId": "getRoom", "summary": "Get a room"}
        get["responses"]["200"]["content"]["application/json"] = {"schema": {"$ref": "#/components/schemas/Room"}}
        spec["paths"]["/api/v1/rooms/{group_id}"] = {
            **{key: value for key, value in spec["paths"]["/api/v1/groups/{group_id}"].items() if key == "parameters"},
            "get": get,
        }

    package = changed(add_rooms)
    session, engine = session_on(response(200, [{"id": 7, "seats": [1, 2]}]))
    assert await package.operations.get_room(session, 7) == package.models.Room(id=7, seats=[1, 2])
    assert engine.sent == ["GET /api/v1/rooms/7"]
