"""`coggno login`, `logout`, `whoami` and `profiles`: a key is checked, kept in the keyring, and shown nowhere."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import keyring
import keyring.errors
import pytest

from coggno.sandbox import Sandbox
from tests.cli.helpers import KEY, RunCommand


def config() -> str:
    path = Path(os.environ["COGGNO_CONFIG"])
    return path.read_text() if path.exists() else ""


def test_login_from_key_to_use(coggno: RunCommand, sandbox: Sandbox, ring, url):
    sandbox.seed_user("ada")
    ended = coggno("login", "--key-stdin", "--base-url", url, piped=KEY + "\n")
    assert ended.code == 0
    assert ended.out == f"The key works with {url}. Profile: default; key: the keyring of the tests.\n"
    assert ring.keys == {("coggno", "default"): KEY}
    assert config() == f'[profiles.default]\nbase_url = "{url}"\n'
    assert coggno("users", "list", "--json").json[0]["login"] == "ada"
    who = coggno("whoami", "--json").json[0]
    assert who == {"profile": "default", "mode": "test", "company": None, "address": url, "key": "the keyring"}


def test_typed_key_is_asked_for(coggno: RunCommand, ring, url, monkeypatch):
    monkeypatch.setattr("getpass.getpass", lambda *_, **__: f" {KEY} ")
    assert coggno("login", "--base-url", url, typed="").code == 0
    assert ring.keys == {("coggno", "default"): KEY}


def test_wrong_key_is_not_kept(coggno: RunCommand, ring, url):
    ended = coggno("login", "--key-stdin", "--base-url", url, piped="test_wrong_key\n")
    assert ended.code == 1
    assert ended.err.startswith(f"Error: {url} rejected this API key (401: no valid API key provided). Nothing was")
    assert "COGGNO_API_KEY" not in ended.err  # not what the key came from
    assert "test_wrong_key" not in ended.out + ended.err
    assert (ring.keys, config()) == ({}, "")


def test_key_without_a_keyring_needs_a_variable(coggno: RunCommand, url, monkeypatch):
    """Before the key is typed for nothing."""
    import keyring.backends.fail

    monkeypatch.setattr(keyring, "get_keyring", keyring.backends.fail.Keyring)
    ended = coggno("login", "--base-url", url, typed="")
    assert ended.code == 2
    assert "has no keyring" in ended.err
    assert "--key-variable" in ended.err


def test_profile_whose_key_cannot_be_read(coggno: RunCommand, ring, url, monkeypatch):
    """A job that runs at night, or a container, has no keyring, though the profile was made with one."""
    assert coggno("login", "--key-stdin", "--base-url", url, piped=KEY + "\n").code == 0
    monkeypatch.setattr(keyring, "get_keyring", keyring.backends.fail.Keyring)
    ended = coggno("groups", "list")
    assert ended.code == 2
    assert "no keyring that the key of the profile default could be read from. Set COGGNO_API_KEY" in ended.err


def test_broken_keyring_is_one_message(coggno: RunCommand, ring, url, monkeypatch):
    """What a configuration of keyring names is imported and called: it raises what it likes."""

    def broken():
        raise ModuleNotFoundError("No module named 'no'")

    with monkeypatch.context() as patch:
        patch.setattr(keyring, "get_keyring", broken)
        ended = coggno("login", "--base-url", url, typed="")
    assert ended.code == 2
    assert ended.err.startswith("Error: The keyring cannot be used: No module named 'no'. Check PYTHON_KEYRING_BACKEND")
    monkeypatch.setattr(ring, "set_password", lambda *_: 1 / 0)
    ended = coggno("login", "--key-stdin", "--base-url", url, piped=KEY + "\n")
    assert (ended.code, ended.err) == (
        1,
        "Error: The keyring cannot be written to: division by zero. Unlock it, and try again.\n",
    )


def test_empty_standard_input_is_no_key(coggno: RunCommand, ring, url):
    ended = coggno("login", "--key-stdin", "--base-url", url, piped="\n")
    assert ended.code == 2
    assert ended.err == "Error: The first line of standard input is empty: pipe the API key into the command.\n"


def test_missing_extra_names_the_command(coggno: RunCommand, url, monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring.errors", None)
    ended = coggno("login", "--base-url", url, typed="")
    assert ended.code == 2
    assert "pip install 'coggno[keyring]'" in ended.err


def test_key_of_a_variable_is_not_stored(coggno: RunCommand, ring, url, monkeypatch):
    monkeypatch.setenv("ACME_KEY", KEY)
    assert coggno("login", "--profile", "acme", "--key-variable", "ACME_KEY", "--base-url", url).code == 0
    assert ring.keys == {}
    assert KEY not in config()
    assert coggno("whoami", "--profile", "acme", "--json").json[0]["key"] == "ACME_KEY"
    monkeypatch.delenv("ACME_KEY")
    ended = coggno("users", "list", "--profile", "acme")
    assert ended.code == 2
    assert "The profile acme takes its key from ACME_KEY, which is not set." in ended.err


def test_key_as_the_name_of_a_variable_is_hidden(coggno: RunCommand, ring):
    ended = coggno("login", "--key-variable", "test_secret_key")
    assert ended.code == 2
    assert "test_secret_key" not in ended.err


def test_company_of_the_profile_is_used(coggno: RunCommand, sandbox: Sandbox, ring, url):
    company = sandbox.seed_company(name="Acme")
    sandbox.seed_user("eve", company=company.id)
    options = ("--profile", "acme", "--company", str(company.id), "--base-url", url)
    assert coggno("login", *options, "--key-stdin", piped=KEY).code == 0
    assert coggno("users", "list", "--profile", "acme", "--csv", "--columns", "login").out == "login\neve\n"
    assert coggno("whoami", "--profile", "acme", "--json").json[0]["company"] == f"{company.id} (Acme)"
    # Companies are those of the account, whichever of them a profile acts for.
    assert coggno("companies", "list", "--profile", "acme", "--json").json[0]["name"] == "Acme"


def test_variable_chooses_the_profile(coggno: RunCommand, ring, url, monkeypatch):
    coggno("login", "--profile", "acme", "--base-url", url, "--key-stdin", piped=KEY)
    monkeypatch.setenv("COGGNO_PROFILE", "acme")
    assert coggno("whoami", "--json").json[0]["profile"] == "acme"


def test_key_of_the_environment_comes_first(coggno: RunCommand, ring, url, monkeypatch):
    """Unless a profile is named on the command line."""
    coggno("login", "--base-url", url, "--key-stdin", piped=KEY)
    monkeypatch.setenv("COGGNO_API_KEY", KEY)
    monkeypatch.setenv("COGGNO_BASE_URL", "http://127.0.0.1:9")
    assert coggno("whoami", "--json").json[0]["address"] == "http://127.0.0.1:9"
    assert coggno("whoami", "--profile", "default", "--json").json[0]["address"] == url


def test_key_is_never_sent_to_another_address(coggno: RunCommand, ring, url, monkeypatch):
    """COGGNO_BASE_URL belongs to COGGNO_API_KEY, and not to the key of a profile; that it is not used is said."""
    coggno("login", "--base-url", url, "--key-stdin", piped=KEY)
    monkeypatch.setenv("COGGNO_BASE_URL", "http://127.0.0.1:9")
    ended = coggno("whoami", "--json")
    assert ended.json[0]["address"] == url
    ignored = "Warning: COGGNO_BASE_URL is not used, since COGGNO_API_KEY is not set: the key is that of the profile"
    assert f"{ignored} default, for {url}" in " ".join(ended.err.split())
    assert coggno("whoami", "--profile", "default").err == ""
    monkeypatch.setenv("COGGNO_BASE_URL", f"{url}/")
    assert coggno("whoami").err == ""


def test_logout_removes_key_and_profile(coggno: RunCommand, ring, url):
    coggno("login", "--base-url", url, "--key-stdin", piped=KEY)
    assert coggno("logout").out == "Removed the profile default.\n"
    assert (ring.keys, config()) == ({}, "\n")
    ended = coggno("logout")
    assert (ended.code, "There is no profile 'default'" in ended.err) == (1, True)
    assert coggno("users", "list").err.startswith("Error: No API key. Run coggno login, ")


@pytest.mark.parametrize("previous", ["key_of_other", None])
def test_failed_login_leaves_key_and_address(coggno: RunCommand, ring, url, previous):
    """A new key beside the old address would be sent to another server."""
    path = Path(os.environ["COGGNO_CONFIG"])
    path.parent.mkdir(parents=True)
    path.write_text('[profiles]\nacme = {base_url = "https://other.example"}\n')
    before = {} if previous is None else {("coggno", "acme"): previous}
    ring.keys.update(before)
    ended = coggno("login", "--profile", "acme", "--key-stdin", "--base-url", url, piped=KEY + "\n")
    assert ended.code == 2
    assert "is not a section" in ended.err
    assert ring.keys == before


def test_death_between_key_and_profile_pairs_nothing(coggno: RunCommand, ring, url, monkeypatch):
    coggno("login", "--base-url", "http://127.0.0.1:9", "--key-stdin", piped=KEY)
    ring.keys["coggno", "default"] = "key_of_other"
    monkeypatch.setattr("coggno.cli.settings.keys.store_key", lambda *_: sys.exit(3))
    coggno("login", "--base-url", url, "--key-stdin", piped=KEY)
    assert ring.keys == {}


def test_login_with_a_variable_removes_the_stored_key(coggno: RunCommand, ring, url, monkeypatch):
    coggno("login", "--base-url", url, "--key-stdin", piped=KEY)
    monkeypatch.setenv("ACME_KEY", KEY)
    assert coggno("login", "--base-url", url, "--key-variable", "ACME_KEY").code == 0
    assert ring.keys == {}


def test_logout_works_without_the_keyring(coggno: RunCommand, ring, url, monkeypatch):
    coggno("login", "--base-url", url, "--key-stdin", piped=KEY)
    monkeypatch.setitem(sys.modules, "keyring.errors", None)
    ended = coggno("logout")
    assert (ended.code, ended.out) == (0, "Removed the profile default.\n")
    assert "no keyring now" in ended.err
    assert config() == "\n"


def test_unknown_profile_lists_the_known(coggno: RunCommand, ring, url):
    coggno("login", "--profile", "acme", "--base-url", url, "--key-stdin", piped=KEY)
    ended = coggno("users", "list", "--profile", "amce")
    assert ended.code == 2
    assert "There is no profile 'amce'" in ended.err
    assert "Profiles: acme." in ended.err


def test_locked_keyring_is_reported(coggno: RunCommand, ring, url):
    coggno("login", "--base-url", url, "--key-stdin", piped=KEY)
    ring.failure = keyring.errors.KeyringLocked("the collection is locked")
    ended = coggno("users", "list")
    assert ended.code == 1
    assert ended.err == (
        "Error: The keyring cannot be read from: the collection is locked. Unlock it, and try again.\n"
    )


def test_profiles_are_listed_without_keys(coggno: RunCommand, ring, url):
    assert "There are no profiles." in coggno("profiles", "list").err
    coggno("login", "--profile", "acme", "--base-url", url, "--key-stdin", piped=KEY)
    ring.failure = keyring.errors.KeyringLocked("locked")  # no key is read
    assert coggno("profiles", "list", "--json").json == [
        {"profile": "acme", "company": None, "address": url, "key": "the keyring"}
    ]
    assert "acme" in coggno("profiles", "list").out


def test_key_of_a_profile_is_masked_in_errors(coggno: RunCommand, sandbox: Sandbox, ring, url):
    from coggno.cli import error_messages

    coggno("login", "--base-url", url, "--key-stdin", piped=KEY)
    coggno("users", "list")
    written: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("coggno.cli.terminal.output.write_message", written.append)
        error_messages.report_error(f"who is {KEY}?")
    assert KEY not in written[0]
    assert "who is" in written[0]
