"""The package: what it offers, and what it needs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import coggno.sandbox

FOLDER = Path(coggno.sandbox.__file__).parent
ALLOWED = {"attrs", "starlette", "uvicorn"} | set(sys.stdlib_module_names)


def test_all_is_sorted_and_complete():
    names = coggno.sandbox.__all__
    # Constants, classes, functions, each by name: the order of ruff's RUF022.
    assert names == sorted(names, key=lambda name: (not name.isupper(), name[0].islower(), name))
    assert all(hasattr(coggno.sandbox, name) for name in names)


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.py")), ids=lambda path: str(path.relative_to(FOLDER)))
def test_it_shares_no_code_with_the_client(path):
    """A mistake of the client that it repeats would go unnoticed: it imports itself, and what the extra installs."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            assert {alias.name.partition(".")[0] for alias in node.names} <= ALLOWED
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            module = str(node.module)
            assert module.partition(".")[0] in ALLOWED or module.startswith("coggno.sandbox.")
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 1


def imported(without: str, code: str) -> str:
    """The message of a new Python process in which a library is missing."""
    program = f"import sys; sys.modules[{without!r}] = None\ntry:\n    {code}\nexcept ImportError as exc: print(exc)"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def test_without_starlette_the_error_names_the_extra():
    assert (
        imported("starlette", "import coggno.sandbox") == "the sandbox needs starlette: pip install 'coggno[sandbox]'"
    )


def test_without_uvicorn_only_serving_is_missing():
    message = imported("uvicorn", "import coggno.sandbox as s; s.run(s.Sandbox())")
    assert message == "serving the sandbox needs uvicorn: pip install 'coggno[sandbox]'"


def test_importing_it_does_not_import_a_server():
    code = "import sys, coggno.sandbox; print('uvicorn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
