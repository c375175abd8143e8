"""Invented people."""

import re
from itertools import islice

from coggno.sandbox.samples import numbered, sample_people
from coggno.sandbox.samples.words import FIRST_NAMES, LAST_NAMES


def test_same_seed_gives_same_people():
    assert list(islice(sample_people(7), 50)) == list(islice(sample_people(7), 50))
    assert list(islice(sample_people(7), 50)) != list(islice(sample_people(8), 50))


def test_addresses_are_plain_and_unique():
    """More people than there are combinations of names, so that numbers are needed."""
    count = len(FIRST_NAMES) * len(LAST_NAMES) + 1000
    addresses = {person.email for person in islice(sample_people(0), count)}
    assert len(addresses) == count
    assert all(re.fullmatch(r"[a-z]+\.[a-z]+\d*@example\.com", each) for each in addresses)


def test_names_are_many():
    people = list(islice(sample_people(0), 1000))
    assert len({(person.first_name, person.last_name) for person in people}) > 900


def test_letters_outside_ascii_are_spelled_plainly():
    by_name = {(person.first_name, person.last_name): person.email for person in islice(sample_people(0), 5000)}
    found = {email for (first, _), email in by_name.items() if first == "Øyvind"}
    assert found
    assert all(email.startswith("oyvind.") for email in found)


def test_numbered_names_go_on():
    assert list(islice(numbered(["a", "b"]), 5)) == ["a", "b", "a 2", "b 2", "a 3"]
