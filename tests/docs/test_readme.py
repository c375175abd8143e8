"""README: the commands that CI reads, links and the map; and how a package index shows it."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def relative_links(text):
    return re.findall(r"\]\((?!https?:)([^)#]+)\)", text)


@pytest.mark.parametrize("name", ["demo", "tests"])
def test_command_is_where_ci_reads_it(name):
    found = re.findall(rf"^<!-- command: {name} -->\n```sh\n(pip install .+)\n```$", README, re.MULTILINE)
    assert len(found) == 1


def test_links_lead_to_files():
    targets = relative_links(README)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_map_names_files_that_exist():
    """A name that is not found in the repository is meant below the folder of its row."""
    missing = []
    for line in README.partition("## Map of the repository")[2].splitlines():
        names = re.findall(r"`([\w./]+(?:/|\.py))`", line)
        folder = ROOT / names[0] if names else ROOT
        folder = folder if folder.is_dir() else folder.parent
        missing += [name for name in names if not (ROOT / name).exists() and not (folder / name).exists()]
    assert missing == []


def test_package_index_gets_no_broken_links():
    """What hatch-fancy-pypi-readme makes of it, by the same expressions."""
    text = README
    for each in PROJECT["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]:
        text = re.sub(each["pattern"], each["replacement"], text)
    assert relative_links(text) == []
    assert "![" not in text
    assert "Tutorial: five minutes" in text
