"""Columns are found by name, however it is spelt; what may hold a password is never shown."""

import pytest

from coggno.provisioning import RosterError
from coggno.provisioning.roster.columns import find_columns, recognized
from tests.provisioning.helpers import roster

NEEDED = ("email", "first name", "last name")


@pytest.mark.parametrize(
    "header",
    [
        "first_name,last_name,email,password,group,login",
        "First Name [Required],Last Name [Required],Email Address [Required],Password [Required],groups,Username",
        "given name,family-name,E-Mail,PASSWORD,Group,LOGIN NAME",
        "firstname,lastname,mail,password,cohort1,username",
        "\ufeffForename*,SurName,email,password,GROUPS, login ",
    ],
)
def test_columns_are_found_in_any_spelling(header):
    columns = find_columns(header.split(","), {})
    assert columns.indexes == {
        "first_name": (0,),
        "last_name": (1,),
        "email": (2,),
        "password": (3,),
        "group": (4,),
        "login": (5,),
    }
    assert columns.visible == (0, 1, 2, 4, 5)


def test_all_cohorts_and_groups_are_read():
    """The other columns are unused."""
    columns = find_columns([*NEEDED, "cohort1", "cohort12", "Group", "User_Id", "Sex"], {})
    assert columns.indexes["group"] == (3, 4, 5)
    assert columns.unused == ("User_Id", "Sex")


def test_first_and_last_are_names_of_columns():
    """They give way to a column with the full name of the field."""
    assert find_columns(["First", "Last", "Mail"], {}).indexes == {"first_name": (0,), "last_name": (1,), "email": (2,)}
    found = find_columns(["Last", "First", "email", "first name", "last name"], {})
    assert (found.indexes["first_name"], found.indexes["last_name"]) == ((3,), (4,))
    assert found.unused == ("Last", "First")
    with pytest.raises(RosterError, match="called 'Last'"):
        find_columns(["First", "Last", "Mail", "Last"], {})


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gruop", "column 'gruop' is not used. Did you mean 'group'?"),
        ("Logn", "column 'Logn' is not used. Did you mean 'login'?"),
        ("pasword", "column 'pasword' is not used, and no user gets a password from it. If it has the passwords"),
        ("Kennwort", "column 'Kennwort' is not used, and no user gets a password from it. If it has the passwords"),
        ("Department", ""),
    ],
)
def test_a_mistyped_column_is_warned_of(name, words):
    """A column that may hold passwords is not shown either."""
    header = [*NEEDED, name]
    found = roster(",".join(header) + "\nada@example.com,Ada,Lovelace,s3cret-word\n")
    assert [warning[: len(words)] for warning in found.warnings] == [words] * bool(words)
    assert ("s3cret-word" in next(iter(found.rows)).cells) == (name not in {"pasword", "Kennwort"})


def test_a_mistyped_column_may_be_a_second_one():
    """Where the field has a column, nobody is warned."""
    assert roster("group,gruop,Password,Password2,email,first name,last name\n,,,,a@b.example,A,B\n").warnings == ()


def test_a_mapping_comes_before_the_usual_names():
    """And need not be spelt exactly."""
    columns = find_columns([*NEEDED, "Work_Mail", "group"], {"email": "work mail", "group": "Work_Mail"})
    assert columns.indexes["email"] == columns.indexes["group"] == (3,)
    assert columns.unused == ("email", "group")


@pytest.mark.parametrize(
    ("names", "mapping", "words"),
    [
        (
            ["email", "mail", "first name", "last name"],
            {},
            (
                "'email' and 'mail' could both hold the email. "
                "Choose one: mapping={'email': 'email'} or mapping={'email': 'mail'}"
            ),
        ),
        (["Password", "password", *NEEDED], {}, "could both hold the password"),
        (
            ["first name", "last name", "Post"],
            {},
            "no column for email. The columns are 'first name', 'last name', 'Post'. Name it with mapping={'email':",
        ),
        (["email", "last name"], {}, "no column for first_name"),
        (
            NEEDED,
            {"emial": "email"},
            "names a field 'emial', which does not exist. Did you mean 'email'\\? Fields: email, first_name",
        ),
        (NEEDED, {"email": "emial"}, "there is no such column. Did you mean 'email'\\?"),
        ([*NEEDED, "x y", "x_y"], {"login": "xy"}, "several columns have that name"),
    ],
)
def test_unclear_columns_are_refused(names, mapping, words):
    """The message says what to do."""
    with pytest.raises(RosterError, match=words):
        find_columns(names, mapping)


@pytest.mark.parametrize("row", [["Ada", "Lovelace", "ada.example.com", "s3cret-word"], ["1001", "Ada", "pa$$word"]])
def test_a_first_line_that_may_be_a_row_is_not_shown(row):
    """Also without an e-mail address: one of its cells may be a password."""
    for mapping in ({}, {"email": "mail"}):
        with pytest.raises(RosterError, match="line with the names of the columns is missing") as caught:
            find_columns(row, mapping)
        assert not any(cell in str(caught.value) for cell in row)
        assert caught.value.hint is None


@pytest.mark.parametrize(
    ("names", "advice"),
    [
        (["Ada", "Lovelace"], "If they are a person, put a line above them that names the columns"),
        (["email", "Ada"], "no column for first_name, last_name.*Add what is missing"),
        (["first name", "last name", "login"], "no column for email.*Add what is missing"),
    ],
)
def test_no_column_is_asked_for_that_cannot_be_there(names, advice):
    with pytest.raises(RosterError, match=advice) as caught:
        find_columns(names, {})
    assert caught.value.hint is None


def test_a_foreign_header_is_shown():
    with pytest.raises(
        RosterError, match="The columns are 'Vorname', 'Nachname \\(neu\\)', 'Postfach'. Name it with mapping="
    ):
        find_columns(["Vorname", "Nachname (neu)", "Postfach"], {})


def test_a_missing_header_is_reported():
    """The first line is data then: it may hold a password and is not shown."""
    row = ["Ada", "Lovelace", "ada@example.com", "s3cret-word"]
    with pytest.raises(RosterError, match="line with the names of the columns is missing") as caught:
        find_columns(row, {})
    assert "s3cret" not in str(caught.value)
    assert caught.value.hint is None, "no advice to name a column that the file does not have"
    with pytest.raises(RosterError) as caught:
        find_columns(row, {"password": "s3cret-worm"})
    assert "s3cret-word" not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    ["Password", "New_Password", "Passwort", "Kennwort (neu)", "passwd", "Pass-Phrase", "pwd", "PIN", "Contraseña"],
)
def test_columns_of_passwords_are_not_visible(name):
    """Even when the password is read from another one."""
    columns = find_columns([*NEEDED, "Code", name], {"password": "Code"})
    assert columns.indexes["password"] == (3,)
    assert columns.visible == (0, 1, 2)


def test_surplus_cells_hide_the_password():
    """It may have moved to the right."""
    columns = find_columns(["first name", "last name", "password", "email"], {})
    assert columns.shown(["Ada", "L", "s3cret", "a@b"]) == ("Ada", "L", "a@b")
    assert columns.shown_if_shifted(["Ada", "Love", "lace", "s3cret", "a@b"]) == ("Ada", "Love", "")


def test_missing_cells_hide_the_password():
    """It may have moved to the left."""
    columns = find_columns(["first name", "last name", "password", "email"], {})
    assert columns.shown_if_shifted(["Ada L", "s3cret", "a@b"]) == ("", "", "")
    columns = find_columns(["password", "first name", "last name", "email"], {})
    assert columns.shown_if_shifted(["s3cret", "Ada L", "a@b"]) == ("Ada L", "a@b", "")


def test_known_column_names_are_counted():
    assert recognized(["email", "given name", "Shoe size", "Job"], {"group": "job"}) == 3
