"""The page at `/docs`, with and without the package that carries Swagger UI."""

import itertools
import json
import re
import shlex

import pytest

from coggno.sandbox.api.operations import OPERATION_IDS, OPERATIONS
from coggno.sandbox.pages import viewer
from coggno.sandbox.pages.viewer import FILES, curl, docs_page, operation_list, viewer_file
from tests.sandbox.helpers import connect

ADDRESS = "http://localhost:8000"


@pytest.fixture(params=["installed", "missing"])
def bundle(request, monkeypatch, tmp_path):
    """The folder of Swagger UI, made up so that no test needs the package."""
    for name in FILES:
        (tmp_path / name).write_text(f"/* {name} */")
    folder = tmp_path if request.param == "installed" else None
    monkeypatch.setattr(viewer, "_folder", lambda: folder)
    return folder


async def test_bundle_is_served_if_installed(bundle, sandbox):
    async with connect(sandbox, key=None) as api:
        for name, media_type in FILES.items():
            response = await api.get(f"http://localhost/docs/{name}")
            assert response.status_code == (404 if bundle is None else 200)
            if bundle is not None:
                assert response.headers["content-type"].startswith(media_type)


def test_docs_page_depends_on_the_extra(bundle):
    page = docs_page(ADDRESS, "test_sandbox")
    if bundle is None:
        assert "pip install 'coggno[swagger]'" in page
        assert page.count("<tr>") == 1 + len(OPERATIONS)
    else:
        assert 'const key = "test_sandbox"' in page
        assert 'url: "openapi.yaml"' in page
        assert "displayOperationId: true" in page


@pytest.mark.parametrize("key", [None, "</script>", 'test_"x', "test_sandbox"])
def test_key_cannot_end_the_script(monkeypatch, tmp_path, key):
    monkeypatch.setattr(viewer, "_folder", lambda: tmp_path)
    page = docs_page(ADDRESS, key)
    assert page.count("</script>") == 2
    assert json.loads(re.search("const key = (.*)", page)[1]) == key


def test_only_files_of_the_bundle_are_read(bundle):
    for name in ("../viewer.py", "VERSION", "", "swagger-ui.js"):
        assert viewer_file(name) is None


def test_list_shows_every_operation_with_a_command():
    page = operation_list(ADDRESS, "test_sandbox")
    assert all(f"<code>{name}</code>" in page for name in OPERATION_IDS)
    assert "pip install" not in page
    assert "YOUR_KEY" in operation_list(ADDRESS, None)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
async def test_commands_are_accepted(sandbox, operation):
    """The command of every operation, run in order on a sandbox in which its ids exist."""
    sandbox.seed_user("x")
    sandbox.seed_group("Warehouse", members=[2] if operation.id != "addGroupUser" else [])
    words = shlex.split(curl(operation, ADDRESS, "test_sandbox"))
    form = dict(word.split("=", 1) for flag, word in itertools.pairwise(words) if flag == "-d")
    method = words[words.index("-X") + 1] if "-X" in words else "GET"
    async with connect(sandbox) as api:
        response = await api.request(method, words[1], data=form or None)
    assert (response.status_code, sandbox.requests.count(operation.id, status=200)) == (200, 1)


def test_installed_package_has_the_files():
    """The contract with flask-swagger-ui: seen with 5.34."""
    pytest.importorskip("importlib.metadata")
    if viewer._folder() is None:
        pytest.skip("the extra swagger is not installed")
    assert b"SwaggerUIBundle" in viewer_file("swagger-ui-bundle.js")
    assert b".swagger-ui" in viewer_file("swagger-ui.css")
