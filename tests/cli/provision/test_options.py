"""The options of `coggno provision`, and what is rejected before anything is sent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from coggno.sandbox import Sandbox
from tests.cli.helpers import (
    ADA,
    GRACE,
    HEADER,
    RunCommand,
    people,
    write_roster,
)
from tests.cli.provision.helpers import file_names


def test_columns_delimiter_encoding_and_group(provision, sandbox: Sandbox):
    Path("odd.txt").write_bytes(
        "Work_Mail#Rufname#Nachname#Kennwort\nzoe@example.com#Zoë#Größe#difference-engine\n".encode("cp1252")
    )
    maps = ["email=Work_Mail", "first_name=Rufname", "last_name=Nachname", "password=Kennwort"]
    options = [part for item in maps for part in ("--map", item)]
    ended = provision("odd.txt", *options, "--delimiter", "#", "--encoding", "cp1252", "--group", "Hall")
    assert ended.code == 0
    assert sandbox.users()[0].last_name == "Größe"
    assert [member.login for member in sandbox.members(sandbox.groups()[0].id)] == ["zoe@example.com"]


@pytest.mark.parametrize("name", ["tab", r"\t", "\t"])
def test_delimiter_has_a_name(provision, name):
    Path("people.tsv").write_text((HEADER + ADA).replace(",", "\t"))
    assert provision("people.tsv", "--delimiter", name).code == 0


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["missing.csv"], "missing.csv cannot be read"),
        (["."], "is a directory"),
        (["empty.csv"], "is empty"),
        (["one.csv"], "--delimiter"),
        (["people.csv", "--map", "email"], "FIELD=COLUMN"),
        (["people.csv", "--map", "emial=email"], "Did you mean 'email'"),
        (["people.csv", "--map", "email=Mail"], "no such column"),
        (["people.csv", "--map", "email=email", "--map", "email=group"], "twice"),
        (["people.csv", "--delimiter", "ab"], "single character"),
        (["people.csv", "--encoding", "utf-99"], "no encoding"),
        (["people.csv", "--concurrency", "0"], "--concurrency"),
        (["people.csv", "--rate", "0"], "--rate"),
        (["people.csv", "--rate", "nan"], "--rate"),
        (["people.csv", "--patience", "0"], "--patience must be a number above 0"),
        (["people.csv", "--timeout", "-1"], "--timeout must be a number above 0"),
        (["people.csv", "--max-retries", "-1"], "--max-retries must be a whole number of at least 0"),
        (["people.csv", "--company", "abc"], "--company must be the id"),
        (["people.csv", "--company", "no id"], "--company must be the id"),
        (["people.csv", "--base-url", "http://example.com"], "https"),
        (["people.csv", "--results", "."], "directory"),
        (["people.csv", "--results", "-"], "standard output"),
        (["people.csv", "--results", "no/such/results.csv"], "cannot be written"),
        (["people.csv", "--results", "people.csv"], "the same file"),
        (["people.csv", "--results", "./../here/people.csv"], "the same file"),
        (["march-failed.csv", "--results", "march.csv"], "the same file"),
        (["people.csv", "--results", "link.csv"], "the same file"),
        (["people.csv", "--generate-passwords", "people.csv"], "the same file"),
        (["people.csv", "--generate-passwords", "results.csv"], "the same file"),
        (["people.csv", "--generate-passwords", "open.csv"], "chmod 600"),
        (["people.csv", "--results", "x" * 250 + ".csv"], "too long"),
        (["people.csv", "--results", os.devnull], "not a regular file"),
        (["people.csv", "--fault", "drop"], "--sandbox"),
        (["people.csv", "--sandbox", "--base-url", "https://example.com"], "--base-url"),
        (["people.csv", "--sandbox", "--company", "1"], "--company"),
        (["people.csv", "--sandbox", "--fault", "createUsr:drop"], "createUser"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_invalid_option_ends_before_anything_is_sent(
    provision, sandbox: Sandbox, tmp_path, monkeypatch, arguments, hint
):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    text = Path(write_roster(ADA)).read_text()
    Path("empty.csv").touch()
    Path("one.csv").write_text("email\nada@example.com\n")
    Path("open.csv").touch(mode=0o644)
    Path("link.csv").symlink_to("people.csv")
    ended = provision(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert hint in ended.err
    assert sandbox.requests.total == 0
    assert Path("people.csv").read_text() == text


def test_sandbox_needs_no_key(coggno: RunCommand):
    ended = coggno("provision", write_roster(ADA, GRACE), "--sandbox")
    assert ended.code == 0
    assert ended.err.startswith("Using a temporary test server on this machine")
    assert "test_" not in ended.out + ended.err


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["missing.csv"], "missing.csv cannot be read"),
        (["people.csv", "--base-url", "http://example.com"], "https"),
        (["people.csv", "--map", "emial=email"], "Did you mean 'email'"),
        (["people.csv", "--results", "people.csv"], "the same file"),
        (["people.csv", "--generate-passwords", "people.csv"], "--generate-passwords"),
        (["people.csv"], "No API key. Run coggno login"),
    ],
)
def test_key_is_asked_for_last(coggno: RunCommand, arguments, hint):
    """A path is corrected at once, a key takes longer to get."""
    write_roster(ADA)
    ended = coggno("provision", *arguments)
    assert ended.code == 2
    assert hint in ended.err
    assert ("API key" in ended.err) == (hint.startswith("No API key"))
    assert file_names() == ["people.csv"]


def test_sandbox_leaves_the_real_server_alone(provision, sandbox: Sandbox):
    assert provision(write_roster(ADA), "--sandbox").code == 0
    assert sandbox.requests.total == 0


def test_faults_of_the_sandbox_are_survived(coggno: RunCommand):
    faults = ("--fault", "createUser:drop,after,p=0.2", "--fault", "createUser:status=503,p=0.2")
    ended = coggno("provision", write_roster(*people(30)), "--sandbox", *faults, "--json")
    assert ended.code == 0
    assert ended.json[-1]["outcomes"] == {"created": 30}
