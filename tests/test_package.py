"""The package as a whole: its public names, what an import loads, and its version."""

import ast
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import coggno
from coggno import models, otel, provisioning, reports, sandbox
from coggno._generated import models as generated
from coggno.provisioning import jobs

PUBLIC_MODULES = (coggno, models, otel, provisioning, jobs, reports, sandbox)
TYPING = Path(__file__).parent / "typing"
OPTIONAL = {"coggno.cli", "coggno.otel", "coggno.sandbox", "coggno.provisioning", "coggno.reports"}
HEAVY = {"opentelemetry", "starlette", "uvicorn", "rich", "typer", "aiohttp", "httpx2", "jinja2", "yaml"}
RARELY_USED = {"decimal", "email.utils", "hashlib", "html", "pathlib", "uuid"}  # 10 ms together


@pytest.mark.parametrize("module", PUBLIC_MODULES, ids=lambda module: module.__name__)
def test_public_names_exist_once(module):
    names = module.__all__
    assert len(set(names)) == len(names)
    assert all(hasattr(module, name) for name in names)


@pytest.mark.parametrize("module", PUBLIC_MODULES, ids=lambda module: module.__name__)
def test_public_names_are_type_checked(module):
    """User code in tests/typing imports each public name, so that mypy and pyright check its types."""
    imports = [
        node
        for path in TYPING.glob("*.py")
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.ImportFrom) and node.module == module.__name__
    ]
    missing = set(module.__all__) - {alias.name for node in imports for alias in node.names}
    assert not missing, f"use these names of {module.__name__} in tests/typing: {sorted(missing)}"


def test_every_model_is_exported():
    """Base classes of models are not: nothing returns them."""
    classes = {name: value for name, value in vars(generated).items() if hasattr(value, "__attrs_attrs__")}
    bases = {base.__name__ for value in classes.values() for base in value.__mro__[1:-1]}
    assert set(models.__all__) == set(classes) - bases


def test_import_loads_only_what_the_client_needs():
    # What a `.pth` file of the environment imports at the start is not ours.
    program = "import sys; before = set(sys.modules); import coggno; print(*set(sys.modules) - before)"
    output = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert not (OPTIONAL | HEAVY | RARELY_USED) & set(output.split())


def test_version_is_the_installed_one():
    assert coggno.__version__ == version("coggno")
