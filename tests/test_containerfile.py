"""The Containerfile, as far as it can be checked without building it."""

import json
import re
import tomllib
from pathlib import Path

from typer.main import get_command

from coggno.cli.app import app

ROOT = Path(__file__).parents[1]
CONTENT = (ROOT / "Containerfile").read_text(encoding="utf-8")


def arguments(instruction):
    return json.loads(re.search(rf"^{instruction} (\[.*\])$", CONTENT, re.MULTILINE)[1])


def test_arguments_are_options_of_the_command():
    program, command, *options = arguments("ENTRYPOINT")
    context = get_command(app).commands[command].make_context(command, [*options, *arguments("CMD")])
    assert program == "coggno"
    assert (context.params["host"], context.params["port"], context.params["log"]) == ("0.0.0.0", 8000, True)
    assert context.params["state"].parent == Path(re.search(r"^VOLUME (\S+)$", CONTENT, re.MULTILINE)[1])


def test_files_and_extras_exist():
    extras = re.search(r"whl\)\[(.*?)\]", CONTENT)[1].split(",")
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(extras) <= set(known)
    for source in re.findall(r"^COPY (\S+) ", CONTENT, re.MULTILINE):
        assert source.startswith("--from") or (ROOT / source).exists()
