"""The summary at the end of a run, for people and for programs."""

from __future__ import annotations

from pathlib import Path

from coggno.sandbox import Sandbox, parse_fault
from tests.cli.helpers import (
    ADA,
    GRACE,
    INVALID,
    people,
    read_table,
    write_roster,
)


def test_invalid_rows_are_listed(provision):
    ended = provision(write_roster(ADA, INVALID))
    assert ended.code == 1
    assert (
        "line 3, alan.example.com: email is not a valid address; password must have 6 to 40 characters, and has 3"
        in ended.out
    )
    assert [row["first name"] for row in read_table("failed.csv")] == ["Alan"]
    assert "failed.csv (1 row;" in ended.out


def test_new_groups_are_named(provision, sandbox: Sandbox):
    """A mistyped name is a group of its own. Those that exist are not named, and no more than ten."""
    sandbox.seed_group("Analysts")
    assert "Groups created" not in provision(write_roster(ADA)).out
    numbered = [ADA.replace("ada@", f"a{number:02}@").replace("Analysts", f"G{number:02}") for number in range(12)]
    ended = provision(write_roster(ADA, *numbered))
    assert "Groups created: G00, G01," in ended.out
    assert " and 2 more" in ended.out
    assert "G11" not in ended.out


def test_mistyped_columns_are_warned_of(provision):
    roster = write_roster(ADA)
    Path(roster).write_text(Path(roster).read_text().replace("password", "pasword").replace("group", "gruop"))
    ended = provision(roster, "--generate-passwords", "new.csv")
    said = " ".join(ended.err.split())
    assert "Warning: column 'pasword' is not used, and no user gets a password from it." in said
    assert "Warning: column 'gruop' is not used. Did you mean 'group'?" in said


def test_allow_refused_ignores_invalid_rows(provision):
    assert provision(write_roster(ADA, INVALID), "--allow-refused").code == 0


def test_allow_refused_does_not_hide_conflicts(provision, sandbox: Sandbox):
    sandbox.seed_user("ada@example.com", first_name="Augusta", last_name="King")
    ended = provision(write_roster(ADA, INVALID), "--allow-refused")
    assert ended.code == 1
    assert "Augusta King" in ended.out


def test_allow_refused_does_not_hide_later_refusals(provision, sandbox: Sandbox):
    sandbox.seed_group("Analysts")
    sandbox.seed_group("Analysts")
    ended = provision(write_roster(ADA, INVALID), "--allow-refused")
    assert ended.code == 1
    assert "Refused (1 row):\n  line 2, ada@example.com: several groups" in ended.out


def test_allow_refused_ignores_contradicting_rows(provision):
    assert provision(write_roster(GRACE, ADA, ADA.replace("Ada,", "Augusta,")), "--allow-refused").code == 0


def test_rows_without_their_group_are_failed(provision, sandbox: Sandbox):
    """In a run that was not stopped, "not attempted" would hide the failure."""
    sandbox.faults.add(parse_fault("createGroup:status=422"))
    ended = provision(write_roster(ADA))
    assert ended.code == 1
    assert "s: 1 failed\n" in ended.out
    assert "group 'Analysts' could not be created: 422" in ended.out


def test_ten_rows_of_each_kind_are_listed(provision):
    rows = [row.replace("Everybody", f"{number};G") for number, row in enumerate(people(13))]
    clash = [f"{row}{row.replace('First', 'Other')}" for row in rows]
    ended = provision(write_roster(*clash))
    assert ended.out.count("  line ") == 10
    assert "  and 16 more, see results.csv" in ended.out


def test_common_details_are_limited(provision, sandbox: Sandbox):
    """A roster of a thousand groups, none of which can be created, must not print a thousand lines."""
    sandbox.faults.add(parse_fault("createGroup:status=422"))
    rows = [row.replace("Everybody", f"Group {number // 11}") for number, row in enumerate(people(132))]
    ended = provision(write_roster(*rows))
    assert ended.out.count("  11 rows from line ") == 10
    assert "  and 22 more, see results.csv" in ended.out


def test_common_details_are_one_line(provision):
    wrong = [row.replace("@", " at ") for row in people(13)]
    ended = provision(write_roster(ADA, *wrong))
    assert ended.out.count("  13 rows from line 3 on: ") == 1
    assert "  line " not in ended.out


def test_summary_leads_to_the_passwords(provision):
    ended = provision(write_roster(ADA, INVALID))
    assert "To keep their passwords, correct people.csv" in ended.out
    Path("failed.csv").write_text(Path("failed.csv").read_text().replace("alan.", "alan@"))
    ended = provision("failed.csv")
    assert "Fill in the missing passwords" in ended.out
    assert "To keep their passwords" not in ended.out


def test_last_event_is_the_summary(provision):
    ended = provision(write_roster(ADA, INVALID), "--json")
    summary = ended.json[-1]
    assert summary["event"] == "end"
    assert summary["outcomes"] == {"created": 1, "invalid": 1}
    assert (summary["rows"], summary["not_as_wanted"], summary["stopped"]) == (2, 1, None)
    assert summary["not_attempted"] == 0
    assert (summary["results"], summary["failed"], summary["passwords"]) == ("results.csv", "failed.csv", None)
    assert [problem["line"] for problem in summary["problems"]] == [3]
    assert ended.code == 1


def test_warnings_and_unused_columns_are_reported(provision):
    Path("people.csv").write_text(
        "email,first name,last name,password,Shoe size\nada@example.com,Ada,1.23E+11,difference-engine,38\n"
    )
    ended = provision("people.csv")
    assert ended.err.count("Shoe size") == 1
    assert "Warning: line 2: last_name '1.23E+11'" in ended.err


def test_hostile_name_is_harmless(provision, sandbox: Sandbox):
    sandbox.seed_user("ada@example.com", first_name="\x1b[2J[red]", last_name="\u202eK")
    ended = provision(write_roster(ADA))
    assert r"\x1b[2J[red] \u202eK" in ended.out
    assert all(line.isprintable() for line in (ended.out + ended.err).splitlines())


def test_report_is_one_html_file(provision, sandbox: Sandbox):
    """It is written anew by the next run; a page of somebody else is not overwritten."""
    sandbox.seed_user("grace@example.com", first_name="<b>Grace", last_name="Other")
    ended = provision(write_roster(ADA, GRACE, INVALID), "--report", "report.html", "--json")
    page = Path("report.html").read_text(encoding="utf-8")
    assert ended.json[-1]["report"] == "report.html"
    assert "<title>Provisioning: people.csv</title>" in page
    assert "the login belongs to &lt;b&gt;Grace Other" in page
    assert "coggno provision failed.csv" in page
    assert "difference-engine" not in page
    ended = provision("people.csv", "--report", "report.html", "--dry-run")
    assert "Report: report.html" in ended.out
    assert "<title>Forecast: " in Path("report.html").read_text(encoding="utf-8")
    Path("report.html").write_text("<!doctype html><title>Mine</title>")
    ended = provision("people.csv", "--report", "report.html")
    assert ended.code == 2
    assert "is not the report of a run. Choose another name with --report." in ended.err


def test_unwritten_report_is_reported(provision, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("coggno.cli.provision.summary.html_file.write_report", full)
    ended = provision(write_roster(ADA), "--report", "report.html")
    assert ended.code == 1
    assert "1 created" in ended.out
    assert "No space left on device" in ended.err
