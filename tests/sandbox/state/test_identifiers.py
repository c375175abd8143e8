"""Ids in text, and when two logins are the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coggno.sandbox.state.identifiers import login_key, parse_id, parse_integer


@pytest.mark.parametrize("text", ["0", "7", "123456789012345678"])
def test_an_id_is_plain_digits(text):
    assert parse_id(text) == int(text)


@pytest.mark.parametrize("text", ["", "007", "-1", "+1", "1.0", " 1", "1_0", "٣", "²", "9" * 19, "a"])
def test_other_text_is_no_id(text):
    assert parse_id(text) is None


@pytest.mark.parametrize(("text", "value"), [("7", 7), ("0", 0), ("-1", -1), ("-70", -1), ("9" * 19, -1)])
def test_integer_out_of_range_is_minus_one(text, value):
    assert parse_integer(text) == value


@pytest.mark.parametrize("text", ["", "-", "01", "-01", "+1", "1.0", " 1", "²", "1\n", "a"])
def test_other_text_is_no_integer(text):
    assert parse_integer(text) is None


COMPOSED, DECOMPOSED = "Zo\u00eb", "Zoe\u0308"


@pytest.mark.parametrize(
    ("folding", "one", "other", "same"),
    [
        (False, "Ann", "ann", False),
        (False, COMPOSED, DECOMPOSED, False),
        ("case", "Ann", "aNN", True),
        ("case", "STRASSE", "straße", True),
        ("case", COMPOSED, DECOMPOSED, False),
        ("nfc", COMPOSED, DECOMPOSED, True),
        ("nfc", "Ann", "ann", False),
        (True, COMPOSED.upper(), DECOMPOSED, True),
        (True, "ann", "bob", False),
    ],
)
def test_folding_says_which_logins_are_the_same(folding, one, other, same):
    key = login_key(folding)
    assert (key(one) == key(other)) is same


@given(st.text(), st.sampled_from([False, True, "case", "nfc"]))
def test_a_folded_login_stays_the_same(login, folding):
    key = login_key(folding)
    assert key(key(login)) == key(login)


def test_an_unknown_folding_is_an_error():
    with pytest.raises(ValueError, match="fold_logins must be"):
        login_key("upper")
