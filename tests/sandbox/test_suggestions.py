"""What somebody may have meant."""

from coggno.sandbox.suggestions import suggest


def test_a_near_word_is_suggested():
    assert suggest("createUsr", ["getUser", "createUser"]) == ", did you mean 'createUser'?"


def test_without_a_near_word_all_are_listed():
    assert suggest("zzz", ["drop", "late"]) == "; known: drop, late"
