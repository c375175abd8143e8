"""Passwords that are generated for rows without one, on the disk before they are sent."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import secrets
import stat
import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

from attrs import field, frozen

from coggno._protocol.identity import login_key
from coggno.provisioning.errors import RosterError
from coggno.provisioning.file_lock import LockAttempt, try_lock
from coggno.provisioning.roster.checks.validation import LONGEST_PASSWORD, SHORTEST_PASSWORD
from coggno.provisioning.roster.person import Person
from coggno.provisioning.safe_file import sync_directory
from coggno.provisioning.spreadsheet import harmless, original

LENGTH: Final = 20
_ALPHABET: Final = string.ascii_letters + string.digits
_HEADER: Final[tuple[str, ...]] = ("first_name", "last_name", "login", "email", "password")
_OLD_HEADER: Final[tuple[str, ...]] = ("login", "password")
_OLD_HEADER_LINE: Final = b"login,password\r\n"


class PasswordFile:
    """A CSV file of names, logins, e-mail addresses and passwords, for a mail merge, readable for its owner only.

    A password is on the disk before the request that sets it is sent. A login that is in the file already keeps its
    password, so a second run with the same file changes nothing. No password in the file is ever overwritten. One run
    at a time can use it. A file of an earlier version, which has only logins and passwords, is continued as it is.

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
            size = os.fstat(number).st_size
            content = self._content(number)
            if content.torn_at is not None:
                os.ftruncate(number, content.torn_at)
            # Buffered: a raw file may write a part only, and nobody would notice.
            self._file: IO[str] = os.fdopen(number, "a", encoding="utf-8", newline="")
        except BaseException:
            os.close(number)
            raise
        self._is_new = not size
        self._known = dict(content.passwords)
        self._header = content.header
        if content.lacks:
            self._write(content.lacks)

    def __repr__(self) -> str:
        return f"PasswordFile({str(self.path)!r})"

    def password_for(self, person: Person) -> str:
        """Return the password of a person's login, generating it and adding it to the file if there is none.

        It may be sent after the next `sync` only.

        Raises:
            OSError: the file cannot be written.
        """
        login = person.effective_login
        known = self._known.get(login_key(login))
        if known is not None:
            return known
        generated = generate_password(self._choose)
        self._write(_line(self._header, person, generated))
        self._known[login_key(login)] = generated
        return generated

    def add(self, person: Person, password: str) -> None:
        """Add a password that was generated elsewhere; one that the file has for that login stays.

        Raises:
            OSError: the file cannot be written.
        """
        key = login_key(person.effective_login)
        if key not in self._known:
            self._write(_line(self._header, person, password))
            self._known[key] = password

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
        """Close the file, so that another run can use it; a new one without passwords is removed.

        What `sync` could not write was never sent.
        """
        with contextlib.suppress(OSError):
            if self._is_new and not self._known:
                # Before it is unlocked: the next run may open it at once.
                self.path.unlink()
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
        # Where the file system has no locks, it is up to the caller.
        if try_lock(number) is LockAttempt.HELD:
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


def generate_password(choose: Callable[[Sequence[str]], str] = secrets.choice) -> str:
    """Return a new password.

    Args:
        choose: picks one character of a sequence.
    """
    return "".join(choose(_ALPHABET) for _ in range(LENGTH))


@frozen
class _Content:
    """What is in a file.

    Attributes:
        header: its columns.
        passwords: key of the login -> password.
        lacks: what must be written before anything is appended.
        torn_at: where a row begins that a crash has truncated. It was not on the disk, hence never sent: it may go.
    """

    header: tuple[str, ...]
    passwords: Mapping[str, str] = field(repr=False)
    lacks: str = ""
    torn_at: int | None = None


def _line(header: tuple[str, ...], person: Person, password: str) -> str:
    """Return the line of a person, in the columns of the file."""
    if header == _OLD_HEADER:
        return _quoted([person.effective_login, password])
    cells = (person.first_name, person.last_name, person.effective_login, person.email, password)
    return _quoted(map(harmless, cells))


def _quoted(cells: Iterable[str]) -> str:
    line = io.StringIO()
    # Quoted: where the list separator is a semicolon, `x;=1+1` would be two cells, the second one a formula. It also
    # shows where a crash has truncated a password.
    csv.writer(line, quoting=csv.QUOTE_ALL).writerow(cells)
    return line.getvalue()


def _parse(content: bytes) -> _Content:
    """Read a password file.

    Raises:
        ValueError: it is another kind of file; the message says why, and quotes nothing of it.
    """
    # After a crash while the header was written, nothing is below it.
    for columns, line in ((_HEADER, _quoted(_HEADER).encode()), (_OLD_HEADER, _OLD_HEADER_LINE)):
        if line.startswith(content):
            return _Content(columns, {}, line.decode()[len(content) :])
    whole, newline, tail = content.rpartition(b"\n")
    header, passwords = _rows(whole)
    if not tail:
        return _Content(header, passwords)
    try:
        # An editor may have left out the last line break.
        return _Content(header, _rows(whole + newline + tail)[1], "\r\n")
    except ValueError:
        return _Content(header, passwords, torn_at=len(content) - len(tail))


def _rows(content: bytes) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the header of a file and the passwords in it."""
    try:
        text = content.decode("utf-8-sig")  # an editor may have put a byte order mark there
        titles, *rows = list(csv.reader(io.StringIO(text, newline=""), strict=True)) or [[]]
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    except csv.Error as error:
        raise ValueError(str(error)) from None
    header = tuple(titles)
    if header not in {_HEADER, _OLD_HEADER}:
        raise ValueError(f"its columns are not {', '.join(_HEADER[:-1])} and password")
    passwords: dict[str, str] = {}
    for number, row in enumerate(rows, start=2):
        if not row:
            continue
        if len(row) != len(header) or not SHORTEST_PASSWORD <= len(row[-1]) <= LONGEST_PASSWORD:
            limits = f"{SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters"
            raise ValueError(f"row {number} is not a login with a password of {limits}")
        # In the old form cells are as they are; in the other one `harmless` may have changed a login.
        login = row[0] if header == _OLD_HEADER else original(row[_HEADER.index("login")])
        passwords[login_key(login)] = row[-1]
    return header, passwords
