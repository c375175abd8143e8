"""`coggno provision`, against the sandbox: what it makes, tells, writes and refuses, and how it ends."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path

import pytest

from coggno.sandbox import Sandbox, parse_fault
from tests.cli.helpers import (
    ADA,
    GRACE,
    HEADER,
    INVALID,
    KEY,
    CommandResult,
    RunCommand,
    people,
    read_table,
    write_roster,
)


def files(folder: str = ".") -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())


def made(sandbox: Sandbox) -> Counter[str]:
    return Counter(effect.operation for effect in sandbox.effects)


@pytest.fixture
def provision(coggno: RunCommand, address: str):
    def run(*arguments: str, **options) -> CommandResult:
        ended = coggno("provision", *arguments, **options)
        assert "difference-engine" not in ended.out + ended.err
        assert "Traceback" not in ended.err
        return ended

    return run


def test_users_groups_and_memberships_are_made(provision, sandbox: Sandbox):
    ended = provision(write_roster(ADA, GRACE))
    assert ended.code == 0
    assert made(sandbox) == {"createGroup": 2, "createUser": 2, "addGroupUser": 1}
    assert "2 rows in" in ended.out
    assert "2 created" in ended.out
    assert [row["outcome"] for row in read_table("results.csv")] == ["created", "created"]
    assert not Path("failed.csv").exists()
    assert "difference-engine" not in Path("results.csv").read_text()


def test_the_same_roster_again_changes_nothing(provision, sandbox: Sandbox):
    provision(write_roster(ADA, GRACE))
    before = sandbox.effects
    ended = provision("people.csv")
    assert (ended.code, sandbox.effects) == (0, before)
    assert "2 exists" in ended.out


def test_rows_that_are_wrong_are_listed_and_make_the_code_1(provision):
    ended = provision(write_roster(ADA, INVALID))
    assert ended.code == 1
    assert (
        "line 3, alan.example.com: email is not an address; password must have 6 to 40 characters, has 3" in ended.out
    )
    assert [row["first name"] for row in read_table("failed.csv")] == ["Alan"]
    assert "failed.csv (1 row;" in ended.out


def test_allow_refused_says_that_one_knows(provision):
    assert provision(write_roster(ADA, INVALID), "--allow-refused").code == 0


def test_allow_refused_does_not_hide_what_the_api_did(provision, sandbox: Sandbox):
    sandbox.seed_user("ada@example.com", first_name="Augusta", last_name="King")
    ended = provision(write_roster(ADA, INVALID), "--allow-refused")
    assert ended.code == 1
    assert "Augusta King" in ended.out


def test_allow_refused_does_not_hide_what_was_refused_later(provision, sandbox: Sandbox):
    sandbox.seed_group("Analysts")
    sandbox.seed_group("Analysts")
    ended = provision(write_roster(ADA, INVALID), "--allow-refused")
    assert ended.code == 1
    assert "refused:\n  line 2, ada@example.com: several groups" in ended.out


def test_allow_refused_knows_rows_that_contradict_each_other(provision):
    assert provision(write_roster(GRACE, ADA, ADA.replace("Ada,", "Augusta,")), "--allow-refused").code == 0


def test_of_each_kind_ten_rows_are_listed(provision):
    rows = [row.replace("Everybody", f"{number};G") for number, row in enumerate(people(13))]
    clash = [f"{row}{row.replace('First', 'Other')}" for row in rows]
    ended = provision(write_roster(*clash))
    assert ended.out.count("  line ") == 10
    assert "  and 16 more, see results.csv" in ended.out


def test_what_many_rows_have_in_common_is_said_once(provision):
    wrong = [row.replace("@", " at ") for row in people(13)]
    ended = provision(write_roster(ADA, *wrong))
    assert ended.out.count("  13 rows, the first in line 3: ") == 1
    assert "  line " not in ended.out


def test_what_no_run_wrote_is_not_overwritten(provision, sandbox: Sandbox):
    Path("mine.csv").write_text("precious")
    ended = provision(write_roster(ADA), "--results", "mine.csv")
    assert (ended.code, Path("mine.csv").read_text()) == (2, "precious")
    assert "--results" in ended.err
    Path("failed.csv").write_text("precious")
    ended = provision(write_roster(ADA))
    assert (ended.code, Path("failed.csv").read_text()) == (2, "precious")
    assert "move it away" in ended.err
    assert made(sandbox) == {}


def test_the_rows_to_run_again_of_a_run_of_ours_give_way_to_the_next(provision):
    provision(write_roster(ADA, INVALID))
    assert Path("failed.csv").exists()
    assert provision(write_roster(ADA)).code == 0
    assert not Path("failed.csv").exists()


def test_whoever_has_no_password_any_more_is_led_to_where_it_stands(provision):
    ended = provision(write_roster(ADA, INVALID))
    assert "people.csv, where their passwords are" in ended.out
    Path("failed.csv").write_text(Path("failed.csv").read_text().replace("alan.", "alan@"))
    ended = provision("failed.csv")
    assert "Fill in the passwords" in ended.out
    assert "where their passwords are" not in ended.out


def test_json_is_one_object_and_nothing_else(provision):
    ended = provision(write_roster(ADA, INVALID), "--json")
    (summary,) = ended.json
    assert summary["outcomes"] == {"created": 1, "invalid": 1}
    assert (summary["rows"], summary["not_as_wanted"], summary["stopped"]) == (2, 1, None)
    assert (summary["results"], summary["failed"], summary["passwords"]) == ("results.csv", "failed.csv", None)
    assert [problem["line"] for problem in summary["problems"]] == [3]
    assert ended.code == 1


def test_a_dry_run_tells_and_changes_nothing(provision, sandbox: Sandbox):
    sandbox.seed_user("ada@example.com", first_name="Ada", last_name="Lovelace")
    ended = provision(write_roster(ADA, GRACE, GRACE), "--dry-run")
    assert ended.code == 0
    assert "3 rows would be: " in ended.out
    assert {"1 joined", "1 created", "1 duplicate"} <= set(ended.out.split("would be: ")[1].splitlines()[0].split(", "))
    assert "Groups to make: " in ended.out
    assert sandbox.effects == ()
    assert files() == ["people.csv"]


def test_a_dry_run_makes_no_passwords_and_forecasts_the_code(provision):
    assert provision(write_roster(INVALID), "--dry-run", "--generate-passwords", "secret.csv").code == 1
    assert not Path("secret.csv").exists()


def test_a_dry_run_says_of_every_row_what_the_run_will_say(provision, sandbox: Sandbox):
    sandbox.seed_user("grace@example.com", first_name="Grace", last_name="Someone")
    without = ADA.replace("difference-engine", "").replace("ada@", "ida@")
    arguments = [write_roster(ADA, ADA, GRACE, GRACE, INVALID, without, without, *people(3)), "--json"]
    planned, happened = provision(*arguments, "--dry-run").json[0], provision(*arguments).json[0]
    assert planned["outcomes"] == happened["outcomes"]
    assert [problem["line"] for problem in planned["problems"]] == [problem["line"] for problem in happened["problems"]]


def test_standard_input(provision, sandbox: Sandbox):
    ended = provision("-", piped=HEADER + ADA)
    assert ended.code == 0
    assert "standard input: 1 row," in ended.err
    assert len(sandbox.users()) == 1


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
def test_the_delimiter_has_a_name(provision, name):
    Path("people.tsv").write_text((HEADER + ADA).replace(",", "\t"))
    assert provision("people.tsv", "--delimiter", name).code == 0


def test_passwords_are_made_kept_for_their_owner_and_shown_nowhere(provision):
    ended = provision(write_roster(ADA.replace("difference-engine", "")), "--generate-passwords", "secret.csv")
    assert ended.code == 0
    secret = read_table("secret.csv")[0]["password"]
    assert Path("secret.csv").stat().st_mode & 0o777 == 0o600
    assert secret not in ended.out + ended.err + Path("results.csv").read_text()


def test_without_passwords_the_way_to_have_them_made_is_told(provision):
    ended = provision(write_roster(ADA.replace("difference-engine", "")))
    assert ended.code == 1
    assert "--generate-passwords FILE" in ended.out


def test_who_is_there_already_needs_no_password(provision):
    provision(write_roster(ADA))
    ended = provision(write_roster(ADA.replace("difference-engine", "").replace("Analysts", "Navy")))
    assert ended.code == 0
    assert "1 joined" in ended.out


def test_the_failed_rows_of_a_run_are_a_roster_that_overwrites_nothing(provision, sandbox: Sandbox):
    provision(write_roster(ADA, GRACE.replace("nanoseconds", "")))
    first = Path("results.csv").read_text(), Path("failed.csv").read_text()
    ended = provision("failed.csv", "--generate-passwords", "secret.csv")
    assert ended.code == 0
    assert (Path("results.csv").read_text(), Path("failed.csv").read_text()) == first
    assert [row["outcome"] for row in read_table("results-2.csv")] == ["created"]
    assert len(sandbox.users()) == 2


def test_results_go_where_they_are_wanted(provision):
    Path("out").mkdir()
    ended = provision(write_roster(ADA, INVALID), "--results", "out/march.csv")
    assert ended.code == 1
    assert files("out") == ["march-failed.csv", "march.csv"]


def test_runs_side_by_side_in_one_folder_leave_each_other_alone(provision):
    provision(write_roster(ADA, INVALID), "--results", "march.csv")
    first = Path("march-failed.csv").read_text()
    assert provision(write_roster(ADA), "--results", "april.csv").code == 0
    assert Path("march-failed.csv").read_text() == first


def test_what_looks_odd_and_what_is_not_used_is_told_once(provision):
    Path("people.csv").write_text(
        "email,first name,last name,password,Shoe size\nada@example.com,Ada,1.23E+11,difference-engine,38\n"
    )
    ended = provision("people.csv")
    assert ended.err.count("Shoe size") == 1
    assert "Warning: line 2: last_name '1.23E+11'" in ended.err


def test_a_hostile_name_stays_inert(provision, sandbox: Sandbox):
    sandbox.seed_user("ada@example.com", first_name="\x1b[2J[red]", last_name="\u202eK")
    ended = provision(write_roster(ADA))
    assert r"\x1b[2J[red] \u202eK" in ended.out
    assert all(line.isprintable() for line in (ended.out + ended.err).splitlines())


# What cannot be used: exit code 2, and nothing was sent


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["missing.csv"], "missing.csv cannot be read"),
        (["."], "is a directory"),
        (["empty.csv"], "is empty"),
        (["one.csv"], "--delimiter"),
        (["people.csv", "--map", "email"], "FIELD=COLUMN"),
        (["people.csv", "--map", "emial=email"], "did you mean 'email'"),
        (["people.csv", "--map", "email=Mail"], "no such column"),
        (["people.csv", "--map", "email=email", "--map", "email=group"], "twice"),
        (["people.csv", "--delimiter", "ab"], "one character"),
        (["people.csv", "--encoding", "utf-99"], "no encoding"),
        (["people.csv", "--concurrency", "0"], "--concurrency"),
        (["people.csv", "--rate", "0"], "--rate"),
        (["people.csv", "--rate", "nan"], "--rate"),
        (["people.csv", "--timeout", "-1"], "timeout"),
        (["people.csv", "--max-retries", "-1"], "max_retries"),
        (["people.csv", "--company", "no id"], "company"),
        (["people.csv", "--base-url", "http://example.com"], "https"),
        (["people.csv", "--results", "."], "directory"),
        (["people.csv", "--results", "-"], "standard output"),
        (["people.csv", "--results", "no/such/results.csv"], "cannot be written"),
        (["people.csv", "--results", "people.csv"], "one file"),
        (["people.csv", "--results", "./../here/people.csv"], "one file"),
        (["march-failed.csv", "--results", "march.csv"], "one file"),
        (["people.csv", "--results", "link.csv"], "one file"),
        (["people.csv", "--generate-passwords", "people.csv"], "one file"),
        (["people.csv", "--generate-passwords", "results.csv"], "one file"),
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
def test_what_cannot_be_used_ends_with_2_before_anything_is_sent(
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


def test_a_disk_that_is_too_full_is_noticed_before_anything_is_sent(provision, sandbox: Sandbox, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 10))
    ended = provision(write_roster(ADA))
    assert ended.code == 2
    assert "are free" in ended.err
    assert sandbox.requests.total == 0


def test_without_a_key_nothing_is_sent(coggno: RunCommand):
    ended = coggno("provision", write_roster(ADA))
    assert ended.code == 2
    assert "COGGNO_API_KEY" in ended.err
    assert "--sandbox" in ended.err


# Runs that end early


def test_a_key_that_is_refused_at_once_is_3_and_nothing_was_changed(provision, monkeypatch):
    monkeypatch.setenv("COGGNO_API_KEY", "test_wrong")
    ended = provision(write_roster(ADA))
    assert (ended.code, ended.out) == (3, "")
    assert "Nothing was changed" in ended.err
    assert "COGGNO_API_KEY" in ended.err


def test_a_key_that_is_refused_later_stops_the_run(provision, sandbox: Sandbox):
    sandbox.faults.add(parse_fault("createUser:status=401,skip=5"))
    ended = provision(write_roster(*people(40)), "--concurrency", "2", "--json")
    assert ended.code == 3
    (summary,) = ended.json
    assert summary["outcomes"]["created"] == made(sandbox)["createUser"] == 5
    assert sum(summary["outcomes"].values()) == 40
    assert "again" in summary["stopped"]
    assert "again" in ended.err
    sandbox.faults.clear()
    assert provision("people.csv").code == 0
    assert made(sandbox)["createUser"] == 40


def test_results_that_cannot_be_written_after_all_are_told_and_the_run_too(provision, sandbox: Sandbox, monkeypatch):
    def full(*_):
        from coggno.provisioning import RosterError

        raise RosterError("results.csv cannot be written: No space left on device")

    monkeypatch.setattr("coggno.cli.provision.run.write_results", full)
    ended = provision(write_roster(ADA))
    assert ended.code == 1
    assert "1 created" in ended.out
    assert "No space left on device" in ended.err
    assert made(sandbox)["createUser"] == 1


def test_a_password_file_that_cannot_be_written_stops_before_any_user_is_made(provision, sandbox: Sandbox, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("coggno.provisioning.PasswordFile.sync", full)
    ended = provision(write_roster(ADA.replace("difference-engine", "")), "--generate-passwords", "secret.csv")
    assert ended.code == 3
    assert "No space left" in ended.err
    assert sandbox.effects == ()


# The private sandbox


def test_a_sandbox_of_its_own_needs_no_key_and_says_so(coggno: RunCommand):
    ended = coggno("provision", write_roster(ADA, GRACE), "--sandbox")
    assert ended.code == 0
    assert "Sandbox" in ended.err
    assert "test_" not in ended.out + ended.err


def test_a_sandbox_of_its_own_leaves_the_real_one_alone(provision, sandbox: Sandbox):
    assert provision(write_roster(ADA), "--sandbox").code == 0
    assert sandbox.requests.total == 0


def test_faults_of_the_sandbox_are_survived(coggno: RunCommand):
    faults = ("--fault", "createUser:drop,after,p=0.2", "--fault", "createUser:status=503,p=0.2")
    ended = coggno("provision", write_roster(*people(30)), "--sandbox", *faults, "--json")
    assert ended.code == 0
    assert ended.json[0]["outcomes"] == {"created": 30}


def test_company_and_key_are_those_of_the_environment(provision, sandbox: Sandbox):
    company = sandbox.seed_company(name="Acme")
    assert provision(write_roster(ADA), "--company", str(company.id)).code == 0
    assert [user.login for user in sandbox.users(company.id)][-1] == "ada@example.com"
    assert KEY not in Path("results.csv").read_text()
