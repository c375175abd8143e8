"""When two logins, names or groups are the same."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coggno._protocol import identity


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ada", "ADA"),
        (" ada@example.com ", "Ada@Example.com"),
        ("jos\u00e9", "jose\u0301"),
        ("STRASSE", "stra\u00dfe"),
        ("\u0130lker", "i\u0307lker"),
    ],
)
def test_same_login(one, other):
    assert identity.same_login(one, other)


@pytest.mark.parametrize(("one", "other"), [("ada", "ada1"), ("jose", "jos\u00e9"), ("a b", "ab"), ("7", "07")])
def test_different_logins(one, other):
    assert not identity.same_login(one, other)


@given(st.text())
def test_login_key_is_idempotent(text):
    key = identity.login_key(text)
    assert identity.login_key(key) == key.strip()
    assert unicodedata.is_normalized("NFC", key)


@pytest.mark.parametrize(("login", "expected"), [("7", True), (" 7 ", True), ("007", True), ("7a", False), ("", False)])
def test_is_like_an_id(login, expected):
    assert identity.is_like_an_id(login) is expected


def test_names_of_people_keep_their_case():
    assert identity.name_key("Ada  King") == identity.name_key("Ada King")
    assert identity.name_key("Ada") != identity.name_key("ada")


def test_named_prefers_the_exact_spelling():
    assert identity.named(["Night", "night", "NIGHT shift"], "night", str) == ["night"]


def test_named_falls_back_to_case_and_spacing():
    assert identity.named(["Night  Shift", "Day"], "night shift", str) == ["Night  Shift"]
    assert identity.named(["Night", "NIGHT"], "night", str) == ["Night", "NIGHT"]
    assert identity.named(["Night"], "Day", str) == []


@pytest.mark.parametrize(
    ("login", "expected"),
    [
        ("7", True), (" 7up@x.example", True), ("+49 170 1234", True), ("-7", True), ("\t+ 7", True), ("a7", False),
        ("+a", False), ("", False),
    ],
)  # fmt: skip
def test_begins_like_an_id(login, expected):
    assert identity.begins_like_an_id(login) is expected


def test_accents_do_not_change_the_order():
    names = ["Zürich", "Łódź", "Lyon", "Østerbro", "Österreich", "Oslo", "Ostrava", "zebra", "Ωmega", "Lodz"]
    assert sorted(names, key=identity.alphabetical) == [
        "Lodz",
        "Łódź",
        "Lyon",
        "Oslo",
        "Østerbro",
        "Österreich",
        "Ostrava",
        "zebra",
        "Zürich",
        "Ωmega",
    ]
