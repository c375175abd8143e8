"""What keeps a row from being sent, and what only looks wrong."""

import unicodedata

import pytest

from coggno.provisioning.roster import Person
from coggno.provisioning.roster.checks.validation import problems
from coggno.provisioning.roster.checks.warnings import damage

NFD = unicodedata.normalize("NFD", "José")


def person(**changes):
    values = {
        "email": "ada@example.com",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "password": "s3cret-word",
        **changes,
    }
    return Person(**values)


def wrong(*, needs_password=True, **changes):
    return "; ".join(problems(person(**changes), needs_password=needs_password))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ""),
        ({"email": ""}, "email is missing"),
        ({"first_name": "", "last_name": ""}, "first_name is missing; last_name is missing"),
        ({"email": "ada.example.com"}, "email is not a valid address"),
        ({"email": "@example.com"}, "email is not a valid address"),
        ({"email": "ada@"}, "email is not a valid address"),
        ({"email": "a@b@c"}, "email is not a valid address"),
        ({"email": "a@b.example;c@d.example"}, "email is not a valid address"),
        ({"email": "Ada <ada@example.com>"}, "email is not a valid address"),
        ({"email": "ada\u00a0@example.com"}, "email is not a valid address"),
        ({"email": "a\u200bda@example.com"}, "email contains an invisible character (U+200B"),
        ({"login": "ada\ufeff"}, "login contains an invisible character (U+FEFF"),
        ({"login": ".."}, "login cannot be"),
        ({"first_name": "A\x07da"}, "first_name contains a control character"),
        ({"last_name": "\ud800"}, "last_name contains a control character"),
        ({"groups": ("A", "B\n")}, "group contains a control character"),
        ({"password": "12345"}, "password must have 6 to 40 characters, and has 5"),
        ({"password": "x" * 41}, "password must have 6 to 40 characters, and has 41"),
        ({"password": "s3cret\nword"}, "password contains a control character"),
        ({"password": None}, "password is missing"),
    ],
)
def test_problems_name_their_field(changes, words):
    """And never show a password."""
    found = wrong(**changes)
    assert found.startswith(words) if words else not found
    assert "s3cret" not in found


@pytest.mark.parametrize("password", ["123456", "x" * 40])
def test_passwords_have_6_to_40_characters(password):
    """Both limits included."""
    assert not wrong(password=password)


def test_a_password_may_be_missing_where_one_is_made():
    assert not wrong(password=None, needs_password=False)


@pytest.mark.parametrize(
    "name", ["O'Brien", "Šťastný-Ğ", "بن سعيد", "欧阳", "ʻIolani", "रोहन", NFD, "نی\u200cلوفر", "Björk  G.", "=SUM(A1)"]
)
def test_names_of_all_scripts_are_fine(name):
    assert not wrong(first_name=name, last_name=name)
    assert not list(damage(person(first_name=name, last_name=name)))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"login": "1.23E+11"}, "login '1.23E+11' looks like a number that a spreadsheet has rounded"),
        ({"last_name": "1,5e-7"}, "rounded"),
        ({"groups": ("45291",)}, "group '45291' looks like a date that a spreadsheet has turned into a number"),
        ({"groups": ("1-Mar",)}, "looks like a text that a spreadsheet has turned into a date"),
        ({"first_name": "Jun-01"}, "turned into a date"),
        ({"last_name": "#N/A"}, "an error of a spreadsheet"),
        ({"last_name": "#######"}, "an error of a spreadsheet"),
        ({"first_name": "Ada\u200b"}, r"first_name 'Ada\u200b' contains an invisible character"),
        ({"groups": ("IT\u00a0Security",)}, r"group 'IT\xa0Security' contains an invisible character"),
        ({"password": " s3cret-word"}, "password begins or ends with a space"),
    ],
)
def test_damage_is_warned_of(changes, words):
    (found,) = damage(person(**changes))
    assert words in found
    assert "s3cret" not in found


@pytest.mark.parametrize("changes", [{}, {"login": "45291"}, {"last_name": "May"}, {"groups": ("2024", "123456")}])
def test_sound_values_are_not_warned_of(changes):
    assert not list(damage(person(**changes)))


def test_names_are_compared_without_their_encoding():
    """How accents are encoded and words are spaced makes no difference, letter case does."""
    assert person(first_name=NFD).has_names("José", " Lovelace ")
    assert not person(first_name="ada").has_names("Ada", "Lovelace")


def test_no_password_in_a_repr():
    assert "s3cret" not in repr(person())
