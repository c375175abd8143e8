"""Users who are probably people of the roster, under another login."""

import pytest

from coggno.models import User
from coggno.provisioning.planning.lookalikes import Lookalikes, skeleton
from coggno.provisioning.roster import Person

ADA = Person(email="ada@example.com", login="ada", first_name="Ada", last_name="Byron")
NUMBER = Person(email="number@example.com", login="123", first_name="Some", last_name="Number")


def reason(login, names=("Other", "Person"), *, company=None, newcomers=(ADA,)):
    found = Lookalikes.of(lambda: [(None, ADA), (None, NUMBER)], lambda: [(None, newcomer) for newcomer in newcomers])
    return found.reason(company, User(id=1, login=login, first_name=names[0], last_name=names[1]))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("123", "00123"),
        ("123", "123.0"),
        ("4912345", "+4912345"),
        ("bob", "'bob"),
        ("bob", '"bob"'),
        ("bob", "b\u043eb"),
        ("bob", "bob\u200b"),
        ("bob", "b\u00a0ob"),
        ("bob", "\uff22ob"),
        ("12345678901234567", "12345678901234500"),
    ],
)
def test_spellings_of_one_login(one, other):
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("123", "1230"),
        ("0", "1"),
        ("a-1", "a1"),
        ("u1.1", "u11"),
        ("123456789012345", "1234567890123451"),
        ("ab", "ba"),
    ],
)
def test_other_logins_differ(one, other):
    assert skeleton(one) != skeleton(other)


@pytest.mark.parametrize(
    ("login", "names", "words"),
    [
        ("00123", ("Other", "Person"), "differs only in how it is written"),
        ("ADA@example.com", ("Other", "Person"), "differs only in how it is written"),
        ("lovelace", ("ada", "BYRON"), "has the same name"),
        ("lovelace", ("Byron", "Ada"), "has the same name"),
        ("ada@other.org", ("Other", "Person"), "up to the @"),
    ],
)
def test_people_of_the_roster_are_recognized(login, names, words):
    assert words in reason(login, names)


@pytest.mark.parametrize("names", [("Other", "Person"), ("Some", "Number"), ("", ""), (None, None)])
def test_others_are_not(names):
    """The names of somebody whose user is not new are not compared: two people may have one name."""
    assert reason("lovelace", names) is None


def test_the_same_login_is_nobody_else():
    assert reason("Ada", ("Ada", "Byron")) is None


def test_companies_are_kept_apart():
    assert reason("00123", company=7) is None


def test_login_of_another_company_is_in_the_roster():
    """No login is there twice: the company of the key may be named in some rows only."""
    assert "another company" in reason("ada", company=7)
