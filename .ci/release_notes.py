"""Print the release notes of a version: its section of CHANGELOG.md.

usage: python .ci/release_notes.py [VERSION]     without a version, what is not released yet
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

CHANGELOG = Path(__file__).parents[1] / "CHANGELOG.md"


def release_notes(text: str, version: str) -> str:
    """Return the section of a version in a changelog, without its heading.

    Raises:
        ValueError: there is no such section, or nothing in it.
    """
    # A heading may go on: "## 1.2.0 (2027-01-31)".
    found = re.search(
        rf"^## \[?{re.escape(version)}\]?(?:[ (][^\n]*)?\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL
    )
    notes = found[1].strip() if found else ""
    if not notes:
        raise ValueError(f"CHANGELOG.md has no section '## {version}', or it is empty")
    return unwrapped(notes)


def unwrapped(text: str) -> str:
    """Return Markdown with one line for each paragraph and item: some hosts show every line break of release notes."""
    return re.sub(r"(?<=\S)\n +(?=[^\s*-])", " ", text)


def main() -> None:
    """Print the notes."""
    try:
        notes = release_notes(CHANGELOG.read_text(encoding="utf-8"), *(sys.argv[1:] or ["Unreleased"]))
    except ValueError as error:
        sys.exit(str(error))
    sys.stdout.write(f"{notes}\n")


if __name__ == "__main__":
    main()
