"""URLs of journals in a database."""

import sys

import pytest

from coggno.provisioning.errors import JournalError
from coggno.provisioning.journal import DatabaseUrl, PostgresJournal, journal_location

SECRET = "difference-engine"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"postgresql://ada:{SECRET}@db:5432/hr", "postgresql://ada:***@db:5432/hr"),
        (f"postgres://ada:{SECRET}@db", "postgres://ada:***@db"),
        (f"postgresql://ada:{SECRET}/@x?@db/hr", "postgresql://ada:***@db/hr"),
        (f"postgresql://:{SECRET}@db/hr", "postgresql://:***@db/hr"),
        (f"postgresql://db/hr?password={SECRET}&user=ada", "postgresql://db/hr?password=***&user=ada"),
        (f"postgresql://db/hr?user=ada&sslPassword={SECRET}", "postgresql://db/hr?user=ada&sslPassword=***"),
        ("postgresql://ada@db:5432/hr?journal=hires", "postgresql://ada@db:5432/hr?journal=hires"),
        ("postgresql://db:5432/hr", "postgresql://db:5432/hr"),
    ],
)
def test_secrets_are_masked(text, masked):
    url = DatabaseUrl(text)
    assert str(url) == f"{url}" == masked
    assert repr(url) == f"DatabaseUrl({masked!r})"
    assert repr(PostgresJournal(text)) == f"PostgresJournal({masked!r})"


def test_text_of_the_driver_is_masked():
    url = DatabaseUrl("postgresql://ada:a%40b-c@db/hr")
    assert url.masked("refused a@b-c and a%40b-c") == "refused *** and ***"


@pytest.mark.parametrize(
    ("text", "name", "for_driver"),
    [
        ("postgresql://db/hr", "default", "postgresql://db/hr"),
        ("postgresql://db/hr?journal=", "default", "postgresql://db/hr"),
        ("postgresql://db/hr?journal=new%20hires", "new hires", "postgresql://db/hr"),
        ("postgresql://db/hr?a=1&journal=x&b=2", "x", "postgresql://db/hr?a=1&b=2"),
    ],
)
def test_name_of_the_journal(text, name, for_driver):
    url = DatabaseUrl(text)
    assert (url.name, url.for_driver) == (name, for_driver)


@pytest.mark.parametrize("text", ["mysql://ada:x@db/hr", "hires.journal", f"user=ada password={SECRET}"])
def test_other_text_is_no_url(text):
    with pytest.raises(JournalError, match="is not the URL of a PostgreSQL database"):
        DatabaseUrl(text)


@pytest.mark.parametrize("query", ["?nonsense=1", "?sslmode"])
def test_invalid_url_shows_no_secret(query):
    pytest.importorskip("psycopg")
    from coggno.provisioning.journal.postgres.driver import connect_to_read

    for text in (f"postgresql://ada:%zz{SECRET}@db/hr", f"postgresql://ada:{SECRET}@db/hr{query}"):
        with pytest.raises(JournalError, match="is not a valid URL") as caught:
            connect_to_read(DatabaseUrl(text))
        assert SECRET not in str(caught.value)
        assert caught.value.__cause__ is None


def test_missing_driver_names_the_extra(monkeypatch):
    from coggno.provisioning.journal.postgres.driver import connect_to_read

    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(JournalError, match=r"pip install 'coggno\[postgres\]'"):
        connect_to_read(DatabaseUrl("postgresql://db/hr"))


def test_location_is_a_path_or_a_url(tmp_path):
    assert journal_location(str(tmp_path)) == journal_location(tmp_path) == tmp_path
    url = journal_location("postgresql://db/hr")
    assert url == DatabaseUrl("postgresql://db/hr") == journal_location(url)


@pytest.mark.parametrize(
    ("text", "password", "rest"),
    [
        ("postgresql://ada:a%40b@db/x?journal=y", "a@b", "postgresql://ada@db/x?journal=y"),
        ("postgresql://db/x?password=abc&journal=y", "abc", "postgresql://db/x?journal=y"),
        ("postgresql://db/x?journal=y&password=abc", "abc", "postgresql://db/x?journal=y"),
        ("postgresql://db/x?sslpassword=abc", None, "postgresql://db/x?sslpassword=abc"),
        ("postgresql:///x", None, "postgresql:///x"),
    ],
)
def test_password_can_be_taken_out(text, password, rest):
    url = DatabaseUrl(text)
    assert (url.password, url.without_password.secret_text) == (password, rest)
