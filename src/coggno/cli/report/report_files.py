"""Where the rows of a report go: files that may be replaced, or standard output."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from coggno.cli.exit_codes import CommandError
from coggno.cli.terminal import output
from coggno.provisioning.safe_file import check_writable

STDOUT: Final = Path("-")
# How files of earlier reports begin; a spreadsheet may have put a mark of its own before it.
_HEADS: Final = (b"document_id,document,user_id,login,", b"<title>Who has finished what</title>")


class StdoutFile:
    """Standard output as a file that `csv` writes lines to."""

    def write(self, line: str) -> None:
        """Write a line, which is data for a program and harmless to a terminal; raises as `output.write` does."""
        output.write(line.removesuffix("\n"))


def check_files(csv: Path | None, html: Path | None, *, as_json: bool) -> None:
    """Check that the report can be written where it is wanted, before anything is sent.

    Raises:
        CommandError: two outputs have one place, or a file is there that is no report.
        RosterError: a file cannot be written.
    """
    if csv == STDOUT and as_json:
        raise CommandError("--csv - and --json both write to standard output. Give one of them.")
    if html == STDOUT:
        raise CommandError("--html needs the name of a file.")
    if csv is not None and html is not None and csv.resolve() == html.resolve():
        raise CommandError(f"--csv and --html name the same file, {csv}. Give each one of its own.")
    for path in (csv, html):
        if path is not None and path != STDOUT:
            check_writable(path)
            _check_replaceable(path)


def _check_replaceable(path: Path) -> None:
    """Raise `CommandError` if there is a file of somebody else's: a roster, say, whose name was typed by mistake."""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except FileNotFoundError:
        return
    except OSError:  # it may be written, but not be read
        head = b"?"
    if head and not any(each in head for each in _HEADS):
        raise CommandError(f"{path} is no report of this command, and is kept. Give another name, or remove it first.")
