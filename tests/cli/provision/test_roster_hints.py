"""What helps is named as an option of the command line; in code it is a setting."""

import pytest

from coggno.cli.provision.roster_hints import message_of
from coggno.provisioning import RosterError, RosterHint, RosterOptions, read_roster


@pytest.mark.parametrize(
    ("header", "options", "ending"),
    [
        ("email,Given Name,Family", {}, "Name it with --map last_name=COLUMN"),
        ("email", {}, "Name the right one with --delimiter CHAR"),
        ("first name,last name,email,Work Mail,mail", {}, "Choose one: --map email=email or --map email=mail"),
        ("e,f", {"encoding": "klingon"}, "Give one such as utf-8, utf-16 or cp1252."),
    ],
)
def test_a_hint_names_the_option(header, options, ending, tmp_path):
    path = tmp_path / "people.csv"
    path.write_text(f"{header}\n")
    with pytest.raises(RosterError) as caught:
        read_roster(path, RosterOptions(**options))
    assert message_of(caught.value).endswith(ending)
    assert "--" not in str(caught.value)


def test_a_column_is_quoted_for_the_shell():
    error = RosterError("Two.", hint=RosterHint("Choose one:", "mapping", ({"email": "Work Mail"}, {"email": "it's"})))
    assert message_of(error) == """Two. Choose one: --map email='Work Mail' or --map email='it'"'"'s'"""
    assert str(error) == """Two. Choose one: mapping={'email': 'Work Mail'} or mapping={'email': "it's"}."""
