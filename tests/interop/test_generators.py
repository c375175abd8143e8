"""Other people's generators make clients from the spec without a warning, and the clients work."""

from __future__ import annotations

import base64
import importlib
import re
import shutil
import sys
from collections.abc import Generator
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest

from coggno.sandbox import OPERATION_IDS, Sandbox, ServerThread

from . import tools
from .calls import ODD

NAME: Final = "generated_coggno"


@pytest.mark.node
def test_typescript_types_compile(tmp_path):
    done = tools.node(tools.program("openapi-typescript"), tools.SPEC, "-o", tmp_path / "coggno.d.ts")
    assert (done.returncode, done.stderr) == (0, "")
    assert not re.search("warn|error", done.stdout, re.IGNORECASE)
    shutil.copy(tools.HERE / "typed.ts", tmp_path)
    options = ("--noEmit", "--strict", "--skipLibCheck", "false", "--target", "es2022", "--module", "esnext")
    compiled = tools.node(tools.program("tsc"), *options, "--moduleResolution", "bundler", "typed.ts", cwd=tmp_path)
    assert compiled.returncode == 0, compiled.stdout


class GeneratedClient:
    """Calls operations by their id: `generated("getUser", 1)` returns the status and the parsed response."""

    def __init__(self, package: ModuleType, url: str) -> None:
        self._operations = _modules(package)
        self.models = importlib.import_module(f"{package.__name__}.models")
        # It supports bearer tokens only, so the value of basic authentication is passed as a token.
        token = base64.b64encode(b"test_generated:").decode()
        self.client = package.AuthenticatedClient(base_url=url, token=token, prefix="Basic")

    def __call__(self, operation: str, *path: int | str, **options: Any) -> tuple[int, Any]:
        response = self._operations[operation].sync_detailed(*path, client=self.client, **options)
        return response.status_code, response.parsed

    def ok(self, operation: str, *path: int | str, **options: Any) -> Any:
        """Return the parsed response of a call that must succeed."""
        status, parsed = self(operation, *path, **options)
        assert status == 200, (operation, status, parsed)
        return parsed


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Generator[ModuleType]:
    """Return the package that openapi-python-client generates; its warnings are errors."""
    folder = tmp_path_factory.mktemp("generated")
    arguments = ("--path", tools.SPEC, "--output-path", folder / NAME, "--meta", "none", "--fail-on-warning")
    done = tools.run("openapi-python-client", "generate", *arguments, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    yield importlib.import_module(NAME)
    sys.path.remove(str(folder))


@pytest.fixture(params=[(), ("reference",)], ids=["plain", "reference"])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """Return a sandbox that responds as the spec promises, or as the reference shows."""
    return Sandbox(quirks=request.param)


@pytest.fixture
def generated(package: ModuleType, sandbox: Sandbox) -> Generator[GeneratedClient]:
    """Return the generated client, connected to a sandbox."""
    with ServerThread(sandbox) as url:
        generated = GeneratedClient(package, url)
        with generated.client:
            yield generated


def test_generated_client_has_every_operation(package):
    assert set(_modules(package)) == set(OPERATION_IDS)


def test_generated_client_manages_groups(generated, sandbox):
    make = generated.models
    group = generated.ok("createGroup", body=make.NewGroup(name=ODD, description="1 & 2"))
    assert (group.name, group.description) == (ODD, "1 & 2")
    assert generated.ok("getGroup", group.id) == group
    assert [each.to_dict() for each in generated.ok("listGroups")] == [group.to_dict()]

    user = generated.ok("createUser", body=make.NewUser("ada@x.example", "Ada", "L", "s3cret-word", ODD, group.id))
    assert sandbox.user(user.id) == sandbox.members(group.id)[0]
    assert _one(generated.ok("getGroupUser", group.id, ODD)) == _one(generated.ok("listGroupUsers", group.id)) == user
    assert generated.ok("removeGroupUser", group.id, ODD) == user
    assert generated("getGroupUser", group.id, user.id)[0] == 404
    assert generated.ok("addGroupUser", group.id, body=make.NewGroupUser(user.id)) == user
    assert [member.id for member in sandbox.members(group.id)] == [user.id]

    assert generated.ok("deleteGroup", group.id, body=make.GroupNameCheck(ODD)).id == group.id
    other = generated.ok("createGroup", body=make.NewGroup("Office"))
    assert generated.ok("deleteGroupByName", body=make.GroupByName("Office")).id == other.id
    assert sandbox.groups() == ()


def test_generated_client_manages_users(generated, sandbox):
    make = generated.models
    user = generated.ok("createUser", body=make.NewUser("ada@x.example", "Ada", "Lovelace", "s3cret-word"))
    assert user.to_dict() == {"id": user.id, "login": "ada@x.example", "first_name": "Ada", "last_name": "Lovelace"}
    assert generated.ok("listUsers") == [_one(generated.ok("getUser", user.login))] == [user]

    document = generated.ok("listDocuments")[0]
    sandbox.seed_license(user.id, document.id, score=7, passed=True, start_date="2025-01-16")
    (license_,) = generated.ok("getUserLicenses", user.login).licenses
    assert (license_.document.title, license_.score, license_.passed) == (document.title, 7, True)
    assert (license_.start_date.isoformat(), license_.complete_date) == ("2025-01-16", None)
    assert [each.user.id for each in generated.ok("getDocumentLicenses", document.id).licenses] == [user.id]

    assert generated.ok("deleteUser", user.login) == user
    assert generated("getUser", user.id)[0] == 404
    assert generated("createUser", body=make.NewUser("ada@x.example", "Ada", "Lovelace", "s3cret-word"))[0] == 422


def test_generated_client_manages_companies(generated, sandbox):
    make = generated.models
    company = generated.ok("createCompany", body=make.NewCompany("o@x.example", "O", "W", "s3cret-word", name="A & B"))
    assert [each.to_dict() for each in generated.ok("listCompanies")] == [company.to_dict()]
    group = generated.ok("createGroup", body=make.NewGroup("Theirs"), coggno_lms=company.id)
    assert [each.id for each in sandbox.groups(company.id)] == [group.id]
    assert generated.ok("listGroups") == []
    assert generated("listGroups", coggno_lms=999)[0] == 403


def _modules(package: ModuleType) -> dict[str, ModuleType]:
    """Return the module of each operation by `operationId`."""
    folder = Path(str(package.__file__)).parent
    found = [path.relative_to(folder.parent).with_suffix("") for path in folder.glob("api/*/*.py")]
    names = {path.name: ".".join(path.parts) for path in found if path.name != "__init__"}
    return {re.sub("_(.)", lambda m: m[1].upper(), name): importlib.import_module(names[name]) for name in names}


def _one(response: Any) -> Any:
    """Return the user of a response that holds one user or a list of one."""
    (user,) = response if isinstance(response, list) else [response]
    return user
