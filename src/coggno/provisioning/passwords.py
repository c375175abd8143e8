"""Passwords that are generated for rows without one, on the disk before they are sent."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import secrets
import stat
import string
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

from attrs import field, frozen

from coggno._protocol.identity import login_key
from coggno.provisioning.errors import RosterError
from coggno.provisioning.roster.validation import LONGEST_PASSWORD, SHORTEST_PASSWORD
from coggno.provisioning.safe_file import sync_directory

LENGTH: Final = 20
_ALPHABET: Final = string.ascii_letters + string.digits
_HEADER: Final = ["login", "password"]
_HEADER_LINE: Final = b"login,password\r\n"


class PasswordFile:
    """A CSV file of logins and passwords, readable for its owner only.

    A password is on the disk before the request that sets it is sent. A login that is in the file already keeps its
    password, so a second run with the same file changes nothing. No password in the file is ever overwritten. One run
    at a time can use it.

    Args:
        path: where it is; created with mode 0600 if it does not exist. A symbolic link is refused.
        choose: picks one character of a sequence; cryptographically random if not given.

    Raises:
        RosterError: the file cannot be opened, others may read it, another run uses it, or it is another kind of file.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, choose: Callable[[Sequence[str]], str] = secrets.choice
    ) -> None:
        self.path = Path(path)
        self._choose = choose
        self._is_dirty = False
        self._has_name = False
        number = self._open()
        try:
            self._check(number)
            content = self._content(number)
            if content.torn_at is not None:
                os.ftruncate(number, content.torn_at)
            # Buffered: a raw file may write a part only, and nobody would notice.
            self._file: IO[str] = os.fdopen(number, "a", encoding="utf-8", newline="")
        except BaseException:
            os.close(number)
            raise
        self._known = dict(content.passwords)
        if content.lacks:
            self._write(content.lacks)

    def __repr__(self) -> str:
        return f"PasswordFile({str(self.path)!r})"

    def password_for(self, login: str) -> str:
        """Return the login's password, generating it and adding it to the file if there is none.

        It may be sent after the next `sync` only.

        Raises:
            OSError: the file cannot be written.
        """
        known = self._known.get(login_key(login))
        if known is not None:
            return known
        generated = "".join(self._choose(_ALPHABET) for _ in range(LENGTH))
        line = io.StringIO()
        csv.writer(line).writerow([login, generated])
        self._write(line.getvalue())
        self._known[login_key(login)] = generated
        return generated

    def sync(self) -> None:
        """Return when all passwords so far are on the disk.

        Raises:
            RosterError: they cannot be written; nothing that depends on them may be sent.
        """
        if not self._is_dirty:
            return
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            if not self._has_name:
                # A new file's name is on the disk only when its directory is.
                sync_directory(self.path.parent)
                self._has_name = True
        except OSError as error:
            raise RosterError(f"The password file {self.path} cannot be written: {error.strerror or error}.") from None
        self._is_dirty = False

    def close(self) -> None:
        """Close the file, so that another run can use it. What `sync` could not write was never sent."""
        with contextlib.suppress(OSError):
            self._file.close()

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        try:
            return os.open(self.path, flags, 0o600)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise RosterError(f"The password file {self.path} cannot be opened: {reason}.") from None

    def _check(self, number: int) -> None:
        mode = os.fstat(number).st_mode
        if not stat.S_ISREG(mode):
            raise RosterError(f"The password file {self.path} is not a regular file. Give another name.")
        if os.name == "posix" and mode & 0o077:
            raise RosterError(f"Other users may read the password file {self.path}. Run: chmod 600 {self.path}")
        if not _lock(number):
            message = f"Another run is using the password file {self.path}. Wait until it ends, or give another name."
            raise RosterError(message)

    def _content(self, number: int) -> _Content:
        try:
            with os.fdopen(number, "rb", closefd=False) as file:
                return _parse(file.read())
        except OSError as error:
            raise RosterError(f"The password file {self.path} cannot be read: {error.strerror or error}.") from None
        except ValueError as error:
            message = f"{self.path} is not a password file of this program: {error}. Give another name."
            raise RosterError(message) from None

    def _write(self, text: str) -> None:
        self._file.write(text)
        self._is_dirty = True


def _lock(number: int) -> bool:
    """Lock the file for this run, and return whether that worked; where the system has no such locks it always does."""
    try:
        import fcntl
    except ModuleNotFoundError:  # pragma: no cover - Windows
        return True
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


@frozen
class _Content:
    """What is in a file.

    Attributes:
        passwords: key of the login -> password.
        lacks: what must be written before anything is appended.
        torn_at: where a row begins that a crash has truncated. It was not on the disk, hence never sent: it may go.
    """

    passwords: Mapping[str, str] = field(repr=False)
    lacks: str = ""
    torn_at: int | None = None


def _parse(content: bytes) -> _Content:
    """Read a password file.

    Raises:
        ValueError: it is another kind of file; the message says why, and quotes nothing of it.
    """
    if _HEADER_LINE.startswith(content):
        return _Content({}, _HEADER_LINE.decode()[len(content) :])
    whole, newline, tail = content.rpartition(b"\n")
    passwords = _rows(whole)
    if not tail:
        return _Content(passwords)
    try:
        # An editor may have left out the last line break.
        return _Content({**passwords, **_rows(whole + newline + tail)}, "\r\n")
    except ValueError:
        return _Content(passwords, torn_at=len(content) - len(tail))


def _rows(content: bytes) -> dict[str, str]:
    try:
        text = content.decode("utf-8-sig")  # an editor may have put a byte order mark there
        header, *rows = list(csv.reader(io.StringIO(text, newline=""), strict=True)) or [[]]
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    except csv.Error as error:
        raise ValueError(str(error)) from None
    if header != _HEADER:
        raise ValueError("its columns are not login and password")
    passwords: dict[str, str] = {}
    for number, row in enumerate(rows, start=2):
        if not row:
            continue
        if len(row) != len(_HEADER) or not SHORTEST_PASSWORD <= len(row[1]) <= LONGEST_PASSWORD:
            limits = f"{SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters"
            raise ValueError(f"row {number} is not a login with a password of {limits}")
        passwords[login_key(row[0])] = row[1]
    return passwords
