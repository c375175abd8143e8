"""Models work as return types and response models of FastAPI, and are described in its OpenAPI page."""

import datetime as dt
import sys
from typing import Annotated

import pytest

from coggno import models
from coggno._protocol.tolerant import structure
from coggno.models import DocumentSummary, LicenseUser, User, UserLicense, UserLicenses

fastapi = pytest.importorskip("fastapi")
testclient = pytest.importorskip("fastapi.testclient")
pydantic = pytest.importorskip("pydantic")

ADA = {"id": 1, "login": "ada", "first_name": "Ada", "last_name": "Lovelace"}
PERSON = LicenseUser(id=1, first_name="Ada", last_name="Lovelace")
LICENSE = UserLicense(
    amount=1,
    used=0,
    status="new",
    passed=False,
    start_date=dt.date(2025, 1, 15),
    document=DocumentSummary(id=5, title="Training"),
)


@pytest.fixture(scope="module")
def client():
    app = fastapi.FastAPI()

    @app.get("/user")
    async def user() -> User:
        return User(**ADA, extra={"email": "a@b.c"})

    @app.get("/odd", response_model=list[User])
    async def odd():
        return structure([{**ADA, "last_name": None}], list[User])

    @app.get("/licenses")
    async def licenses() -> UserLicenses:
        return UserLicenses(user=PERSON, licenses=[LICENSE])

    @app.post("/user")
    async def post(user: Annotated[User, fastapi.Body()]) -> int:
        assert user == User(**ADA)
        return user.id

    with testclient.TestClient(app) as client:
        yield client


def test_a_model_is_a_return_type(client):
    assert client.get("/user").json() == {**ADA, "email": "a@b.c"}


def test_a_tolerantly_decoded_model_is_served_as_it_is(client):
    assert client.get("/odd").json() == [{**ADA, "last_name": None}]


def test_nested_models_are_served(client):
    data = client.get("/licenses").json()
    assert data["licenses"][0]["start_date"] == "2025-01-15"
    assert data["licenses"][0]["document"] == {"id": 5, "title": "Training"}


def test_a_model_is_a_request_body(client):
    assert client.post("/user", json=ADA).json() == 1
    assert client.post("/user", json={**ADA, "id": "x"}).status_code == 422


def test_models_are_described_in_openapi(client):
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    assert {"User", "UserLicense", "DocumentSummary"} <= schemas.keys()
    assert schemas["User"]["required"] == ["id", "login", "first_name", "last_name"]
    assert schemas["User"]["properties"]["id"]["type"] == "integer"
    assert "extra" not in schemas["User"]["properties"]
    dates = schemas["UserLicense"]["properties"]["start_date"]["anyOf"]
    assert {"type": "string", "format": "date"} in dates


@pytest.mark.parametrize("name", models.__all__)
def test_every_model_has_a_schema(name):
    adapter = pydantic.TypeAdapter(getattr(models, name))
    assert adapter.json_schema(mode="serialization")["title"] == name


def test_pydantic_is_imported_by_pydantic_only():
    from coggno._protocol import model

    assert not {"pydantic", "pydantic_core"} & vars(sys.modules[model.__name__]).keys()
