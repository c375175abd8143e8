"""Change one thing in our own document, and exactly that changes in what is generated."""

import ast
import copy

import pytest
import yaml

from codegen import cli
from coggno._protocol import encode as _encode
from tests.codegen import helpers

pytestmark = pytest.mark.untraced  # the generator runs twice in each

SPEC = yaml.safe_load(cli.SPEC.read_text(encoding="utf-8"))
API = "/api/v1"


def pieces(folder, document):
    """Return everything that the generated source declares, whatever its layout: a name -> its source."""
    found = {}
    for name, text in cli.generate(helpers.write(folder, document)).files.items():
        if name == "decoders.py":  # follows from the models; what it does is tested by decoding
            continue
        for statement in ast.parse(text).body:
            found.update(_pieces(name.removesuffix(".py"), statement))
    return found


def _pieces(room, statement):
    match statement:
        case ast.AnnAssign(target=ast.Name(name), value=ast.Call(keywords=keywords)):
            yield f"{room}.{name}", ast.unparse(statement.annotation)
            yield from ((f"{room}.{name}.{item.arg}", ast.unparse(item.value)) for item in keywords)
        case ast.AnnAssign(target=ast.Name(name)):
            yield f"{room}.{name}", ast.unparse(statement.value)
        case ast.ClassDef(name=name):
            yield f"{room}.{name}", ast.get_docstring(statement)
            for item in statement.body:
                if isinstance(item, ast.AnnAssign):
                    value = f" = {ast.unparse(item.value)}" if item.value else ""
                    yield f"{room}.{name}.{item.target.id}", f"{ast.unparse(item.annotation)}{value}"
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield f"{room}.{name}", f"({ast.unparse(statement.args)}) -> {ast.unparse(statement.returns)}"
            yield f"{room}.{name}.doc", ast.get_docstring(statement)
            yield f"{room}.{name}.body", "\n".join(ast.unparse(item) for item in statement.body[1:])
        case ast.ImportFrom(module=module) if module != "__future__":
            yield f"{room} from {module}", sorted(item.name for item in statement.names)


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    return pieces(tmp_path_factory.mktemp("before"), SPEC)


@pytest.fixture
def difference(tmp_path, before):
    """Return what a change changes: name -> (source before, source after). Of imports only the fact counts."""

    def compare(change):
        changed = copy.deepcopy(SPEC)
        change(changed)
        after = pieces(tmp_path, changed)
        names = sorted(before.keys() | after.keys())
        found = {name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)}
        return {name: values for name, values in found.items() if " from " not in name}

    return compare


def schema(name):
    return lambda spec: spec["components"]["schemas"][name]


def operation(method, path):
    return lambda spec: spec["paths"][API + path][method]


def test_the_unchanged_document_changes_nothing(difference):
    assert difference(lambda spec: None) == {}


def test_rename_a_field(difference):
    def change(spec):
        properties = schema("Company")(spec)["properties"]
        properties["brand-name"] = properties.pop("name")

    assert difference(change) == {
        "models.Company.name": ("str | None = None", None),
        "models.Company.brand_name": (None, "str | None = field(default=None, metadata={'wire': 'brand-name'})"),
    }


def test_rename_a_field_that_a_settle_needs(tmp_path, capsys):
    spec = copy.deepcopy(SPEC)
    user = schema("User")(spec)
    user["properties"]["handle"] = user["properties"].pop("login")
    user["required"] = ["id", "handle"]
    code, said = helpers.run("--spec", helpers.write(tmp_path, spec), "--out", tmp_path / "out", capsys=capsys)
    assert code == 1
    assert "/post/x-coggno-settle/key/login: the response of getUser has no field 'login'" in said.err


def test_rename_a_field_of_a_form(difference):
    def change(spec):
        new = schema("GroupByName")(spec)
        new["properties"]["title"] = new["properties"].pop("name")
        new["required"] = ["title"]
        operation("delete", "/groups")(spec)["x-coggno-settle"]["key"] = {"name": "form.title"}

    changed = difference(change)
    assert set(changed) == {
        "operations.DELETE_GROUP_BY_NAME.constraints",
        "operations.DELETE_GROUP_BY_NAME.settle",
        "operations.delete_group_by_name",
        "operations.delete_group_by_name.body",
        "operations.delete_group_by_name.doc",
    }
    for old, new in changed.values():
        assert old != new
        assert (
            old.replace("form.name", "form.title")
            .replace(" name: ", " title: ")
            .replace("{'name': name}", "{'title': title}")
            .replace("(*, name", "(*, title")
            == new
        )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            lambda spec: schema("Company")(spec)["required"].append("name"),
            {"models.Company.name": ("str | None = None", "str | None")},
        ),
        (
            lambda spec: schema("User")(spec)["required"].remove("last_name"),
            {"models.User.last_name": ("str", "str | None = None")},
        ),
        (
            lambda spec: schema("DocumentSummary")(spec)["properties"]["title"].update(type=["string", "null"]),
            {"models.DocumentSummary.title": ("str", "str | None")},
        ),
        (
            lambda spec: schema("Document")(spec)["properties"]["published"].update(type="boolean"),
            {"models.Document.published": ("int | None = None", "bool | None = None")},
        ),
        (
            lambda spec: schema("License")(spec)["required"].append("score"),
            {"models.License.score": ("float | None = None", "float | None")},
        ),
        (
            lambda spec: schema("Group")(spec)["properties"]["description"].update(writeOnly=True),
            {"models.Group.description": ("str | None = None", "str | None = field(default=None, repr=False)")},
        ),
        (
            lambda spec: schema("User")(spec)["properties"]["login"].update(writeOnly=True),
            {"models.User.login": ("str", "str | None = field(default=None, repr=False)")},
        ),
        (
            lambda spec: schema("NewUser")(spec)["properties"]["group_id"].update(writeOnly=True),
            {
                "operations.CREATE_USER.secrets": (
                    "frozenset({'password'})",
                    "frozenset({'group_id', 'password'})",
                )
            },
        ),
        (
            lambda spec: operation("get", "/documents")(spec).update({"x-coggno-retry": "never"}),
            {"operations.LIST_DOCUMENTS.retry": ("'safe'", "'never'")},
        ),
    ],
)
def test_change_one_word(difference, change, expected):
    assert difference(change) == expected


def test_make_a_field_of_a_form_required(difference):
    changed = difference(lambda spec: schema("NewUser")(spec)["required"].append("group_id"))
    assert "'form.group_id': Constraint(required=True" in changed.pop("operations.CREATE_USER.constraints")[1]
    ((old, new),) = changed.values()
    assert set(changed) == {"operations.create_user"}
    assert old.replace("group_id: int | None=None", "group_id: int") == new


def test_make_a_password_public(difference):
    def change(spec):
        password = schema("NewUser")(spec)["properties"]["password"]
        del password["writeOnly"], password["format"]

    assert difference(change) == {"operations.CREATE_USER.secrets": ("frozenset({'password'})", None)}


def test_change_the_retry_of_a_write(difference):
    def change(spec):
        write = operation("delete", "/users/{user}")(spec)
        write["x-coggno-retry"] = "never"
        del write["x-coggno-settle"]

    changed = difference(change)
    assert changed.pop("operations.DELETE_USER.retry") == ("'settle'", "'never'")
    assert changed.pop("operations.DELETE_USER.settle")[1] is None
    assert changed.pop("operations.DELETE_USER") == (
        "Final[Operation[models.User | None]]",
        "Final[Operation[models.User]]",
    )
    assert changed.pop("operations.delete_user") == (
        "(send: Send, user: int | str) -> models.User | None",
        "(send: Send, user: int | str) -> models.User",
    )
    assert set(changed) == {"operations.delete_user.doc"}


def test_change_a_verdict(difference):
    changed = difference(lambda spec: operation("post", "/groups")(spec)["x-coggno-settle"].update(absent="resend"))
    old, new = changed.pop("operations.CREATE_GROUP.settle")
    assert not changed
    assert old.replace("absent='unknown'", "absent='resend'") == new


def test_change_which_answer_is_promised(difference):
    def change(spec):
        content = operation("get", "/groups/{group_id}/users")(spec)["responses"]["200"]["content"]
        content["application/json"]["schema"]["x-coggno-returns"] = "one"

    assert difference(change) == {
        "operations.LIST_GROUP_USERS": ("Final[Operation[list[models.User]]]", "Final[Operation[models.User]]"),
        "operations.LIST_GROUP_USERS.shape": ("'many'", "'one'"),
        "operations.LIST_GROUP_USERS.returns": ("list[models.User]", "models.User"),
        "operations.list_group_users": (
            "(send: Send, group_id: int) -> list[models.User]",
            "(send: Send, group_id: int) -> models.User",
        ),
    }


def test_change_a_path(difference):
    def change(spec):
        spec["paths"][f"{API}/files"] = spec["paths"].pop(f"{API}/documents")

    changed = difference(change)
    assert changed.pop("operations.LIST_DOCUMENTS.path") == ("'/api/v1/documents'", "'/api/v1/files'")
    assert set(changed) == {"operations.list_documents.doc", "operations.OPERATIONS"}, "the order and the docstring"


def test_deprecate_an_operation(difference):
    changed = difference(lambda spec: operation("get", "/documents")(spec).update(deprecated=True))
    assert changed.pop("operations.list_documents")[1] == "(send: Send) -> Coroutine[Any, Any, list[models.Document]]"
    assert changed.pop("operations.list_documents.body")[1] == (
        "warnings.warn('list_documents: listDocuments is deprecated', DeprecationWarning, stacklevel=2)\n"
        "return send(Request(operation=LIST_DOCUMENTS))"
    )
    assert set(changed) == {"operations.list_documents.doc"}


def add_rooms(spec):
    """Add an operation with a model that nobody has seen."""
    spec["components"]["schemas"]["Room"] = {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"type": "integer"}, "seats": {"type": "array", "items": {"type": "integer"}}},
    }
    room = {"application/json": {"schema": {"$ref": "#/components/schemas/Room"}}}
    spec["paths"][f"{API}/rooms/{{room}}"] = {
        "put": {
            "operationId": "putRoom",
            "x-coggno-retry": "never",
            "parameters": [{"name": "room", "in": "path", "required": True, "schema": {"type": "integer"}}],
            "requestBody": {"required": True, "content": room},
            "responses": {"200": {"description": "The room.", "content": room}},
        }
    }


def test_add_an_operation_with_a_new_model(difference):
    changed = difference(add_rooms)
    old, new = changed.pop("operations.OPERATIONS")
    assert new == old.replace(")", ", PUT_ROOM)")
    assert all(old is None for old, _ in changed.values())
    assert changed["models.Room.seats"][1] == "list[int] | Unset = UNSET"
    assert changed["operations.put_room"][1] == "(send: Send, room: int, *, body: models.Room) -> models.Room"
    assert {name.split(".")[1] for name in changed} == {"Room", "PUT_ROOM", "put_room"}


async def test_the_new_operation_works(tmp_path):
    spec = copy.deepcopy(SPEC)
    add_rooms(spec)
    package = helpers.generate(tmp_path, spec)
    sent = helpers.Sender()
    await package.operations.put_room(sent, 7, body=package.models.Room(id=7, seats=[1]))
    assert _encode.target(sent.request) == "/api/v1/rooms/7"
    assert _encode.body(sent.request)[0] in {b'{"id": 7, "seats": [1]}', b'{"id":7,"seats":[1]}'}


async def test_a_renamed_field_is_sent_under_its_new_name(tmp_path):
    spec = copy.deepcopy(SPEC)
    new = schema("NewUser")(spec)
    new["properties"]["first-name"] = new["properties"].pop("first_name")
    new["required"] = ["email", "first-name"]
    operation("post", "/users")(spec)["x-coggno-settle"]["same"] = {"first_name": "form.first-name"}
    operations = helpers.generate(tmp_path, spec).operations
    sent = helpers.Sender()
    await operations.create_user(sent, email="a@b.c", first_name="Ann")
    assert _encode.body(sent.request)[0] == b"email=a%40b.c&first-name=Ann"
    assert operations.CREATE_USER.settle.same == {"first_name": ("form.first-name",)}


@pytest.mark.parametrize("name", ["x-coggno-retry", "x-coggno-settle", "operationId", "responses"])
def test_what_every_write_must_say_cannot_be_left_out(tmp_path, name):
    spec = copy.deepcopy(SPEC)
    del operation("post", "/users")(spec)[name]
    assert helpers.run("--spec", helpers.write(tmp_path, spec), "--out", tmp_path / "out") == 1
    assert not (tmp_path / "out").exists()
