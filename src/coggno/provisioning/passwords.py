"""Passwords that are made for rows without one, written down before they are sent."""

from __future__ import annotations

import csv
import io
import os
import secrets
import string
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from coggno.provisioning.checks import fold
from coggno.provisioning.outcomes import RosterError

LENGTH: Final = 20
_ALPHABET: Final = string.ascii_letters + string.digits
_HEADER: Final = ("login", "password")


class PasswordFile:
    """A CSV file of logins and passwords, readable for its owner only.

    A password is on disk before the request that sets it is sent. A login that stands in the file already keeps its
    password, so a second run with the same file changes nothing.

    Args:
        path: where it is; made with mode 0600 if it is not there.
        choose: picks one character of a sequence; cryptographic if not given.

    Raises:
        RosterError: the file cannot be opened, others may read it, or it is not such a file.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, choose: Callable[[Sequence[str]], str] = secrets.choice
    ) -> None:
        self.path = Path(path)
        self._choose = choose
        self._known: dict[str, str] = {}
        self._file = self._open()

    def __repr__(self) -> str:
        return f"PasswordFile({str(self.path)!r})"

    def password_for(self, login: str) -> str:
        """Return the login's password, making one and writing it down if there is none; `sync` before it is sent."""
        known = self._known.get(fold(login))
        if known is not None:
            return known
        made = "".join(self._choose(_ALPHABET) for _ in range(LENGTH))
        self._known[fold(login)] = made
        self._write(login, made)
        return made

    def sync(self) -> None:
        """Return when all that was written is on the disk.

        Raises:
            OSError: it cannot be; nothing that depends on it may be sent.
        """
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _open(self) -> io.TextIOWrapper:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
        try:
            number = os.open(self.path, flags, 0o600)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise RosterError(f"the password file {self.path} cannot be opened: {reason}") from None
        file = io.TextIOWrapper(io.FileIO(number, "r+"), encoding="utf-8", newline="", write_through=False)
        try:
            self._check_mode(number)
            self._read(file)
        except BaseException:
            file.close()
            raise
        return file

    def _check_mode(self, number: int) -> None:
        if os.name == "posix" and os.fstat(number).st_mode & 0o077:
            raise RosterError(f"others may read the password file {self.path}; run: chmod 600 {self.path}")

    def _read(self, file: io.TextIOWrapper) -> None:
        file.seek(0)
        rows = list(csv.reader(file))
        if not rows:
            file.write(",".join(_HEADER) + "\r\n")
            return
        if tuple(rows[0]) != _HEADER or any(len(row) != len(_HEADER) for row in rows[1:]):
            raise RosterError(
                f"{self.path} is not a password file of ours (columns login, password); give another name"
            )
        self._known = {fold(login): password for login, password in rows[1:]}
        file.seek(0, os.SEEK_END)

    def _write(self, login: str, password: str) -> None:
        line = io.StringIO()
        csv.writer(line).writerow((login, password))
        self._file.write(line.getvalue())
