"""Passwords are on the disk before they are sent, for their owner only, and nothing of them is ever overwritten."""

import csv
import io
import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coggno.provisioning import PasswordFile, RosterError
from coggno.provisioning.roster.person import Person

MADE = "abcdefghij0123456789"
OLD = f"login,password\r\nada@example.com,{MADE}\r\n"
HEADER = '"first_name","last_name","login","email","password"\r\n'
WHOLE = f'{HEADER}"Ada","Lovelace","ada","ada@example.com","{MADE}"\r\n'


@pytest.fixture
def path(tmp_path):
    return tmp_path / "passwords.csv"


def written(path, content):
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(0o600)
    return path


def person(login="ada", **changes):
    return Person(**{"email": "ada@example.com", "first_name": "Ada", "last_name": "L", "login": login, **changes})


def ask(path, *logins, **options):
    file = PasswordFile(path, **options)
    try:
        passwords = [file.password_for(login if isinstance(login, Person) else person(login)) for login in logins]
        file.sync()
    finally:
        file.close()
    return passwords


def rows(path):
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline=""), strict=True))


def test_a_password_has_20_ascii_characters(path):
    """They are chosen by the function that is given."""
    assert ask(path, "a", choose=lambda letters: letters[-1]) == ["9" * 20]
    (made,) = ask(path, "b")
    assert len(made) == 20
    assert made.isascii()
    assert made.isalnum()


def test_only_the_owner_can_read_the_file(path):
    """Whatever the umask."""
    before = os.umask(0)
    try:
        ask(path, "a")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_login_keeps_its_password(path):
    """Others are appended; nothing is rewritten."""
    logins = ['a,"b@example.com', "ada@example.com"]
    first = ask(path, *logins)
    before = path.read_bytes()
    assert ask(path, 'A,"B@example.com ', "ADA@example.com") == first
    assert path.read_bytes() == before
    ask(path, "new@example.com")
    assert path.read_bytes().startswith(before)
    assert [row[2] for row in rows(path)] == ["login", *logins, "new@example.com"]


def test_sync_puts_passwords_on_the_disk(path, monkeypatch):
    """A second one without new passwords does nothing."""
    synced = []
    monkeypatch.setattr(os, "fsync", lambda number: synced.append(path.read_text()))
    file = PasswordFile(path)
    file.password_for(person("a@example.com"))
    file.sync()
    assert "a@example.com" in synced[0]
    count = len(synced)
    file.sync()
    assert len(synced) == count
    file.close()


def test_a_full_disk_is_a_roster_error(path, monkeypatch):
    """Closing raises nothing: what was not synced was not sent."""

    def full(_):
        raise OSError(28, "No space left on device")

    file = PasswordFile(path)
    file.password_for(person("a@example.com"))
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RosterError, match="cannot be written: No space left on device"):
        file.sync()
    file.close()
    if os.path.exists("/dev/full"):
        file = PasswordFile.__new__(PasswordFile)
        file._is_new = False
        file._file = open("/dev/full", "w")
        file._file.write("x")
        file.close()


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        ("", []),
        ('"first_na', []),
        (HEADER[:-1], []),
        (HEADER, []),
        (WHOLE, ["ada"]),
        (WHOLE.replace("\r\n", "\n"), ["ada"]),
        (WHOLE.replace('"', ""), ["ada"]),
        ("\ufeff" + WHOLE, ["ada"]),
        (WHOLE + "\r\n\r\n", ["ada"]),
        (WHOLE[:-1], ["ada"]),
        (WHOLE[:-2], ["ada"]),
        (WHOLE + '"bo', ["ada"]),
        (WHOLE + '"Bob","B","bob","bob@example.com","', ["ada"]),
        (WHOLE + f'"Bob","B","bob","bob@example.com","{MADE[:8]}', ["ada"]),
        (WHOLE.encode() + '"bö'.encode()[:-1], ["ada"]),
        (WHOLE + '"Bob","B","bob","bob@example.com","123456"', ["ada", "bob"]),
    ],
)
def test_a_truncated_last_row_is_removed(path, content, kept):
    """A crash left it; the rows before it stay."""
    ask(written(path, content), "new")
    assert [row[2] for row in rows(path) if row] == ["login", *kept, "new"]
    if kept:
        assert ask(path, "ada") == [MADE]


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        ("logi", []),
        ("login,password\r\n", []),
        (OLD, ["ada@example.com"]),
        (OLD.replace("\r\n", "\n"), ["ada@example.com"]),
        (OLD[:-2], ["ada@example.com"]),
        (OLD + "bob@example.com,12345", ["ada@example.com"]),
        (OLD + '"b,""o', ["ada@example.com"]),
        (OLD + "bob@example.com,123456", ["ada@example.com", "bob@example.com"]),
    ],
)
def test_the_old_form_is_read_and_continued(path, content, kept):
    """A file without names keeps its passwords and its two columns."""
    ask(written(path, content), "new@example.com", "=x")
    assert [row[0] for row in rows(path) if row] == ["login", *kept, "new@example.com", "=x"]
    before = path.read_bytes()
    if kept:
        assert ask(path, "ADA@example.com") == [MADE]
    ask(path, "=x")
    assert path.read_bytes() == before


@given(content=st.sampled_from([OLD, WHOLE]), data=st.data())
def test_any_truncation_is_recovered(content, data, tmp_path_factory):
    cut = data.draw(st.integers(0, len(content)))
    path = written(tmp_path_factory.mktemp("cut") / "p.csv", content[:cut])
    login = "ada" if content is WHOLE else "ada@example.com"
    (made,) = ask(path, login)
    assert ask(path, login) == [made]
    assert len(made) == 20 or content[:cut].endswith(made)


def test_the_file_serves_a_mail_merge(path):
    """Names, login, e-mail address and password, for people without a login of their own as well."""
    (made,) = ask(path, person(None, first_name="Zoë", last_name="d'Été, PhD"))
    assert rows(path)[1:] == [["Zoë", "d'Été, PhD", "ada@example.com", "ada@example.com", made]]


@pytest.mark.parametrize("first", ["=1+1", "+1", "-1", "@A1", "'=1", "\uff1d1", "''+1"])
def test_no_cell_is_run_as_a_formula(path, first):
    """In a spreadsheet; the login is the one of the roster all the same."""
    (made,) = ask(path, person(first, first_name=first, last_name="x;=1+1", email=f"{first}@example.com"))
    assert ask(path, first) == [made]
    cells = rows(path)[1]
    assert all(cell.startswith("'") for cell in (cells[0], cells[2], cells[3]))
    assert all(
        cell.startswith('"') and cell.endswith('"') for cell in path.read_text().split("\n")[1].strip().split(",")
    )


def test_names_with_an_apostrophe_stay(path):
    """A mail merge would print a second apostrophe."""
    ask(path, person("'t", last_name="'t Hooft"))
    assert rows(path)[1][1:3] == ["'t Hooft", "'t"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a,b,c\n", "columns are not first_name, last_name, login, email and password"),
        ("my notes", "columns are not"),
        ("login,password\nada@example.com,12345\nx\n", "row 2 is not a login with a password of 6 to 40 characters"),
        (
            "login,password\nada@example.com,s3cret-word,x\n",
            "row 2 is not a login with a password of 6 to 40 characters",
        ),
        (b"login,password\n\xff,abcdefg\n", "not UTF-8"),
        ('login,password\n"a"b,abcdefg\n', "expected after"),
    ],
)
def test_another_kind_of_file_is_refused(path, content, words):
    """And left as it is."""
    before = written(path, content).read_bytes()
    with pytest.raises(RosterError, match=words) as caught:
        PasswordFile(path)
    assert "s3cret" not in str(caught.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o606])
def test_a_file_open_to_others_is_refused(path, mode):
    written(path, WHOLE).chmod(mode)
    with pytest.raises(RosterError, match="chmod 600"):
        PasswordFile(path)


def test_a_link_a_directory_and_a_pipe_are_refused(tmp_path, path):
    path.symlink_to(tmp_path / "elsewhere.csv")
    with pytest.raises(RosterError, match="cannot be opened"):
        PasswordFile(path)
    assert not (tmp_path / "elsewhere.csv").exists()
    with pytest.raises(RosterError, match="cannot be opened"):
        PasswordFile(tmp_path)
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(RosterError, match="not a regular file"):
        PasswordFile(tmp_path / "pipe")


def test_one_run_at_a_time_uses_the_file(path):
    first = PasswordFile(path)
    with pytest.raises(RosterError, match="Another run is using"):
        PasswordFile(path)
    first.close()
    PasswordFile(path).close()


def test_no_password_in_a_repr(path):
    file = PasswordFile(path)
    made = file.password_for(person("a"))
    assert made not in repr(file)
    assert made not in repr(vars(file)["_file"])
    file.close()
