"""The code on every page of the documentation runs, and the pages can be read without building the site."""

import re

import pytest
from mypy import api as mypy_api

from coggno.sandbox import Sandbox, ServerThread
from tests.docs.blocks import ROOT, PageRunner

PAGES = sorted((ROOT / "docs").rglob("*.md"))
# The list of pages and the references are made by Sphinx, and cannot do without its directives.
PLAIN = [page for page in PAGES if page.name != "index.md" and page.parent.name != "reference"]


@pytest.fixture
def names(monkeypatch, tmp_path):
    """A sandbox that the environment points to, and an empty working directory."""
    sandbox = Sandbox()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for name in ("NO_COLOR", "FORCE_COLOR", "HTTPS_PROXY", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COGGNO_CONFIG", str(tmp_path / "config" / "config.toml"))
    monkeypatch.setenv("COLUMNS", "100")
    with ServerThread(sandbox) as url:
        monkeypatch.setenv("COGGNO_API_KEY", "test_key")
        monkeypatch.setenv("COGGNO_BASE_URL", url)
        yield {"sandbox": sandbox, "monkeypatch": monkeypatch, "url": url}


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda page: page.relative_to(ROOT).as_posix())
def test_code_of_page_runs(page, names, capsys, request):
    if page.name in {"postgres.md", "workers.md"}:
        server = request.getfixturevalue("postgres")
        server.execute("DROP DATABASE IF EXISTS coggno WITH (FORCE)")
        server.execute("CREATE DATABASE coggno")
        names["monkeypatch"].setenv("PGHOST", str(server.folder))
        names["monkeypatch"].setenv("PGUSER", "coggno")
    with PageRunner(capsys, names) as runner:
        runner.run(page)


@pytest.mark.parametrize("page", PLAIN, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_page_is_plain_markdown(page):
    """Directives of Sphinx would be shown as text where the repository is read in a browser."""
    text = re.sub(r"<!--.*?-->", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert re.findall(r"^%.*|(?<![/\w])\{[a-z:-]+\}[ `].*", text, re.MULTILINE) == []


@pytest.mark.untraced
def test_programs_of_the_guide_are_typed(tmp_path):
    """The README promises it: `mypy --strict` accepts programs that are copied from here."""
    for page in (ROOT / "README.md", ROOT / "docs/tutorial.md", ROOT / "docs/guide/fastapi.md"):
        text = re.sub(r"<!--.*?-->", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        # The page of FastAPI is one program in several pieces; elsewhere a program is one that starts the loop.
        programs = blocks if page.name == "fastapi.md" else [block for block in blocks if "asyncio.run(" in block]
        assert programs
        (tmp_path / f"{page.stem.lower()}_page.py").write_text("\n".join(programs), encoding="utf-8")
    found, errors, code = mypy_api.run(
        ["--strict", "--config-file=", f"--cache-dir={tmp_path / 'cache'}", *map(str, tmp_path.glob("*_page.py"))]
    )
    assert code == 0, found + errors
