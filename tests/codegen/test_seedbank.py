"""An API with other words and all our quirks becomes a package that works: nothing is tuned to ours."""

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from codegen import cli
from coggno._protocol import decode as _decode
from coggno._protocol import encode as _encode
from coggno._protocol.operation import UNSET
from tests.codegen import helpers
from tests.codegen.helpers import Sender

SEEDBANK = Path(__file__).with_name("seedbank.yaml")


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    return helpers.generate(tmp_path_factory.mktemp("bank"), SEEDBANK.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("call", "target", "body"),
    [
        (lambda api, _: api.list_seeds(send, kind="herb"), "GET /api/seeds?kind=herb", b""),
        (
            lambda api, _: api.list_seeds(send, sown_after=dt.date(2025, 1, 2), tag=["a", "b"], bed_ids=[1, 2]),
            "GET /api/seeds?sown-after=2025-01-02&tag=a&tag=b&bed_ids=1%2C2",
            b"",
        ),
        (lambda api, _: api.create_seed(send, label="a b", code=None), "POST /api/seeds", b"label=a+b"),
        (lambda api, _: api.get_seed(send, 5), "GET /api/seeds/5", b""),
        (lambda api, _: api.get_seed(send, "a/b"), "GET /api/seeds/a%2Fb", b""),
        (
            lambda api, models: api.update_seed(send, "a", body=models.SeedChanges(sown=None, code="b")),
            "PATCH /api/seeds/a",
            b'{"code": "b", "sown": null}',
        ),
        (lambda api, _: api.delete_seed(send, 5), "DELETE /api/seeds/5", b""),
        (lambda api, _: api.water_seed(send, 5), "POST /api/seeds/5/water", b""),
        (lambda api, _: api.list_bed_seeds(send, 3), "GET /api/beds/3/seeds", b""),
        (
            lambda api, _: api.create_gardener(
                send, name="Ann", pass_phrase="s p ss", from_=dt.datetime(2025, 1, 2, tzinfo=dt.UTC)
            ),
            "POST /api/gardeners",
            b"name=Ann&pass-phrase=s+p+ss&from=2025-01-02T00%3A00%3A00%2B00%3A00",
        ),
        (lambda api, _: api.list_gardener_names(send), "GET /api/gardeners/names", b""),
    ],
)
async def test_what_is_called_is_what_is_sent(bank, call, target, body):
    await call(bank.operations, bank.models)
    request = send.request
    content, _ = _encode.body(request)
    assert f"{request.operation.method} {_encode.target(request)}" == target
    assert (json.loads(content) == json.loads(body)) if body.startswith(b"{") else (content == body)


send = Sender()


def test_operations_carry_what_the_run_time_needs(bank):
    api = bank.operations
    assert api.CREATE_SEED.settle.read is api.GET_SEED
    assert api.CREATE_SEED.settle.path == {"seed": ("form.code", "form.label")}
    assert api.CREATE_GARDENER.secrets == {"pass-phrase"}
    assert api.UPDATE_SEED.secrets == {"recipe"}
    assert api.LIST_SEEDS.joined == {"bed_ids"}
    assert {operation.id: operation.retry for operation in api.OPERATIONS if operation.retry != "safe"} == {
        "createSeed": "settle",
        "updateSeed": "never",
        "deleteSeed": "settle",
        "waterSeed": "never",
        "createGardener": "settle",
    }
    assert bank.models.SeedChanges().sown is UNSET


def examples(path):
    """Yield operationId and response for every example of every success in a document."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    for item in document["paths"].values():
        for operation in item.values():
            if not isinstance(operation, dict) or "operationId" not in operation:
                continue
            for status, response in operation["responses"].items():
                if not str(status).startswith("2"):
                    continue
                for content in response.get("content", {}).values():
                    found = [content["example"]] if "example" in content else []
                    found += [example["value"] for example in content.get("examples", {}).values()]
                    for example in found:
                        yield operation["operationId"], json.dumps(example, default=str)


@pytest.mark.parametrize(("operation", "body"), list(examples(SEEDBANK)))
def test_the_examples_decode(bank, operation, body):
    declared = next(item for item in bank.operations.OPERATIONS if item.id == operation)
    response = _decode.decode(declared, body.encode())
    assert isinstance(response, list) == (declared.shape == "many" or operation == "listGardenerNames")


@pytest.mark.parametrize(("operation", "body"), list(examples(cli.SPEC)))
def test_the_examples_of_our_own_document_decode(operation, body):
    from coggno._generated import operations

    declared = next(item for item in operations.OPERATIONS if item.id == operation)
    assert isinstance(_decode.decode(declared, body.encode()), list) == (declared.shape == "many")


def test_generated_source_passes_the_linters(bank):
    config = cli.ROOT / "pyproject.toml"
    for command in (("check",), ("format", "--check")):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--no-cache", "--config", config, bank.folder],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


@pytest.mark.untraced
def test_generated_source_is_typed_strictly(bank):
    api = pytest.importorskip("mypy.api")
    said, errors, code = api.run(
        ["--strict", "--config-file=", "--cache-dir", str(cli.ROOT / ".mypy_cache"), str(bank.folder)]
    )
    assert code == 0, said + errors
