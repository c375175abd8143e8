"""The README is correct: its code runs, CI finds its commands, and its links lead to files."""

import asyncio
import re
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

from coggno.sandbox import Sandbox, ServerThread

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
DOCUMENT = Sybil(parsers=[PythonCodeBlockParser()], path=str(ROOT), pattern="README.md").parse(README)
EXAMPLES = list(DOCUMENT.examples())


def check_fastapi(app):
    import httpx

    async def check():
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http_client:
                found = await http_client.get("/people/ada@example.com")
                missing = await http_client.get("/people/nobody")
        assert (found.json(), missing.status_code) == ({"name": "Ada Lovelace"}, 404)

    asyncio.run(check())


def check_aiohttp(app):
    from aiohttp.test_utils import TestClient, TestServer

    async def check():
        async with TestClient(TestServer(app)) as client:
            response = await client.get("/groups")
            assert await response.json() == ["Warehouse"]

    asyncio.run(check())


@pytest.fixture(scope="module")
def namespace():
    """Return the names that all blocks can use; the environment leads them to a sandbox."""
    with pytest.MonkeyPatch.context() as patch, ServerThread(Sandbox()) as url:
        patch.setenv("COGGNO_API_KEY", "test_key")

        def start_sandbox():
            patch.setenv("COGGNO_BASE_URL", url)

        yield {
            "__name__": "readme",
            "start_sandbox": start_sandbox,
            "check_fastapi": check_fastapi,
            "check_aiohttp": check_aiohttp,
        }


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"line {example.line}")
def test_code_blocks_run(example, namespace):
    example.namespace.update(namespace)
    example.evaluate()


def test_code_blocks_are_found():
    assert len(EXAMPLES) >= 10


@pytest.mark.parametrize("name", ["demo", "tests"])
def test_commands_are_marked_for_ci(name):
    found = re.findall(rf"^<!-- command: {name} -->\n```sh\n(pip install .+)\n```$", README.read_text(), re.MULTILINE)
    assert len(found) == 1


def test_links_lead_to_files():
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", README.read_text())
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []
