"""The package as a whole: what it exports, what importing it costs, and that no error shows a secret."""

import subprocess
import sys

import coggno
from coggno import models
from coggno._generated import models as generated


def test_the_public_names_are_there_once():
    for module in (coggno, models):
        names = module.__all__
        assert len(set(names)) == len(names)
        assert all(hasattr(module, name) for name in names)


def test_every_model_is_exported():
    made = {
        name for name, value in vars(generated).items() if isinstance(value, type) and hasattr(value, "__attrs_attrs__")
    }
    assert set(models.__all__) == made


def test_importing_the_client_loads_no_room_that_it_does_not_need():
    program = "import sys, coggno; print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()
    )
    unwanted = {
        "coggno.cli",
        "coggno.sandbox",
        "coggno.provisioning",
        "starlette",
        "uvicorn",
        "rich",
        "typer",
        "aiohttp",
        "jinja2",
        "yaml",
    }
    assert not unwanted & loaded


def test_the_version_is_the_one_that_is_installed():
    from importlib.metadata import version

    assert coggno.__version__ == version("coggno")
