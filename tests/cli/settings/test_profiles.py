"""The config file: what people wrote into it stays, and a mistake in it is named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from coggno.cli.exit_codes import CommandError
from coggno.cli.settings.profiles import Profile, config_path, read_profiles, remove_profile, write_profile


def write(text: str) -> Path:
    path = Path(os.environ["COGGNO_CONFIG"])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_profiles_are_read_as_they_were_written():
    acme = Profile(name="acme", base_url="https://beta.coggno.com", company="7", key_variable="ACME_KEY")
    other = Profile(name="default")
    for profile in (acme, other):
        write_profile(profile)
    assert read_profiles() == {"acme": acme, "default": other}


def test_comments_and_other_profiles_stay():
    path = write('# mine\n[profiles.acme]\ncompany = 7  # seven\n\n[profiles."other"]\ncompany = "8"\n')
    write_profile(Profile(name="other", company="9"))
    assert path.read_text() == ('# mine\n[profiles.acme]\ncompany = 7  # seven\n\n[profiles.other]\ncompany = "9"\n')
    remove_profile("acme")
    assert path.read_text() == '# mine\n[profiles.other]\ncompany = "9"\n'


def test_comment_of_the_next_profile_stays():
    """It may be a warning."""
    path = write('[profiles.acme]\n# of acme\ncompany = 7\n\n# PRODUCTION\n\n[profiles.prod]\ncompany = "8"\n')
    remove_profile("acme")
    assert path.read_text() == '# PRODUCTION\n\n[profiles.prod]\ncompany = "8"\n'


@pytest.mark.parametrize("company", ['a"b', 'a"\nkey_variable = "HOME', "a\\b", "\x7f\x00"])
def test_no_value_can_add_a_setting(company):
    write_profile(Profile(name="acme", company=company))
    assert read_profiles() == {"acme": Profile(name="acme", company=company)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[profiles.acme]\nbase_url = x\n", r"config.toml, line 2, cannot be read. Correct it"),
        ("profiles = 3", r"profiles must be sections such as"),
        ("[profiles]\nacme = 3", r"profiles must be sections such as"),
        ('[profiles.acme]\nurl = "x"', r"section \[profiles.acme\]: there is no setting 'url'. Settings: base_url"),
        ("[profiles.acme]\nbase_url = 3", r"base_url must be a text in quotation marks"),
        ('[profiles.acme]\napi_key = "test_SECRET"', r"a key does not belong in a file"),
        ('[profiles.acme]\nkey_variable = "live_SECRET"', r"a key does not belong in a file"),
    ],
)
def test_mistake_in_the_file_is_named(text, message):
    path = write(text)
    with pytest.raises(CommandError, match=message) as error:
        read_profiles()
    assert "SECRET" not in str(error.value)
    with pytest.raises(CommandError):
        write_profile(Profile(name="other"))
    assert path.read_text() == text


def test_file_is_where_the_platform_keeps_such_files(monkeypatch):
    monkeypatch.delenv("COGGNO_CONFIG")
    assert config_path().parts[-2:] == ("coggno", "config.toml")


def test_name_of_a_profile_cannot_break_the_file(coggno):
    ended = coggno("login", "--profile", 'a"]')
    assert ended.code == 2
    assert ended.err.startswith("Error: The name of a profile has letters, digits, - and _ only")


@pytest.mark.parametrize("text", ['[profiles]\nacme = {company = "7"}\n', 'profiles.acme.company = "7"\n'])
def test_profile_in_another_form_is_left_alone(text):
    """It is not found line by line: a second one would make the file invalid."""
    path = write(text)
    assert read_profiles()["acme"].company == "7"
    for change in (lambda: remove_profile("acme"), lambda: write_profile(Profile(name="acme"))):
        with pytest.raises(CommandError, match=r"is not a section that begins with \[profiles.acme\]"):
            change()
    assert path.read_text() == text
