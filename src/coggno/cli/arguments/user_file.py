"""A file with users: one login or id per line, or CSV with a column `id` or `login`."""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from coggno.cli.arguments.user import UserReference
from coggno.cli.exit_codes import CommandError
from coggno.cli.terminal import output

# An id means one user for certain; a login may have been given to somebody else since the file was written.
_COLUMNS: Final = ("id", "login")


def read_users(path: str, *, are_logins: bool) -> list[UserReference]:
    """Return the users that a file names.

    Args:
        path: the file, or `-` for standard input.
        are_logins: whether `--login` was given: lines of digits are logins, too, and a table needs the
            column `login`.

    Raises:
        CommandError: the file cannot be read, has nobody, or a line that names no user.
    """
    lines = _read(path).splitlines()
    # A spreadsheet may have been saved with semicolons or tabs.
    delimiter = next((sign for sign in ",;\t" if lines and sign in lines[0]), ",")
    header = [name.strip().casefold() for name in _first(lines, delimiter)]
    columns = [name for name in _COLUMNS if name in header and not (are_logins and name == "id")]
    found = (
        [*_of_table(path, lines, delimiter, header, columns[0])] if columns else [*_of_lines(path, lines, are_logins)]
    )
    if not found:
        what = "login" if are_logins else "login or id"
        raise CommandError(f"{_label(path)} names no user. Write one {what} per line. Nothing was changed.")
    return found


def _first(lines: Sequence[str], delimiter: str) -> list[str]:
    return next(csv.reader(lines[:1], delimiter=delimiter)) if lines else []


def _of_table(
    path: str, lines: Sequence[str], delimiter: str, header: Sequence[str], column: str
) -> Iterator[UserReference]:
    index = header.index(column)
    reader = csv.reader(lines[1:], delimiter=delimiter)
    for row in reader:
        if not any(cell.strip() for cell in row):
            continue
        cell = row[index].strip() if index < len(row) else ""
        is_wrong = not cell or (column == "id" and not (cell.isascii() and cell.isdigit()))
        if is_wrong:
            message = f"{_label(path)}, line {reader.line_num + 1}: the column {column} has no {column} of a user"
            raise CommandError(f"{message}. Nothing was changed.")
        yield UserReference(cell, is_login=column == "login")


def _of_lines(path: str, lines: Sequence[str], are_logins: bool) -> Iterator[UserReference]:  # noqa: FBT001 - as in `UserReference`
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        # A row of a table without a header that is known: each guess at the right cell could delete somebody else.
        if any(sign in text for sign in ",;\t"):
            kinds = ("login", "login") if are_logins else ("login or id", "id or login")
            message = f"{_label(path)}, line {number}: this is no {kinds[0]}. Write one user per line"
            raise CommandError(f"{message}, or CSV with a column {kinds[1]}. Nothing was changed.")
        yield UserReference(_sound(path, number, text), are_logins)


def _sound(path: str, number: int, text: str) -> str:
    """Return the text of a line without the quotes that a spreadsheet writes.

    Raises:
        CommandError: it has what is in no login: it would name nobody, and protect nobody.
    """
    from coggno.provisioning.roster.checks.validation import INVISIBLE

    (cell,) = next(csv.reader([text]))
    wrong = INVISIBLE.search(cell) or re.search(r"\s#", cell)
    if wrong is not None:
        what = "a comment needs a line of its own" if "#" in wrong[0] else "it contains an invisible character"
        raise CommandError(f"{_label(path)}, line {number}: {what}. Nothing was changed.")
    return cell.strip()


def _read(path: str) -> str:
    try:
        if path != "-":
            return Path(path).read_text(encoding="utf-8-sig")
        if output.is_terminal(sys.stdin):
            output.write_message("Reading users from standard input, one login or id per line; Ctrl-D ends it.")
        return sys.stdin.read()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror or error}. Nothing was changed.") from None
    except UnicodeDecodeError:
        raise CommandError(f"{_label(path)} is not UTF-8 text. Save it as CSV in UTF-8. Nothing was changed.") from None


def _label(path: str) -> str:
    return "Standard input" if path == "-" else path
