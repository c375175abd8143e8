"""Release notes out of the changelog."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / ".ci" / "release_notes.py"
TEXT = """\
# Changelog

## Unreleased

## 1.10.0 (2027-02-01)

### Added

- A line that
  goes on.
- Another one.

## [1.1.0]

- First.
"""


@pytest.fixture
def notes():
    return runpy.run_path(str(SCRIPT))["release_notes"]


def test_section_of_the_version_is_unwrapped(notes):
    assert notes(TEXT, "1.10.0") == "### Added\n\n- A line that goes on.\n- Another one."
    assert notes(TEXT, "1.1.0") == "- First."


@pytest.mark.parametrize("version", ["1.1", "1", "2.0.0", "Unreleased", "1.10.0)"])
def test_missing_or_empty_section_is_an_error(notes, version):
    with pytest.raises(ValueError, match="has no section"):
        notes(TEXT, version)


def test_command_prints_what_is_not_released():
    done = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("### ")
    failed = subprocess.run([sys.executable, str(SCRIPT), "99.0"], capture_output=True, text=True, check=False)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr == "CHANGELOG.md has no section '## 99.0', or it is empty\n"
