"""The files of a run: nothing that a run has not written is overwritten."""

from __future__ import annotations

import shutil
from pathlib import Path

from coggno.sandbox import Sandbox
from tests.cli.helpers import (
    ADA,
    GRACE,
    INVALID,
    read_table,
    write_roster,
)
from tests.cli.provision.helpers import created, file_names


def test_foreign_files_are_not_overwritten(provision, sandbox: Sandbox):
    Path("mine.csv").write_text("precious")
    ended = provision(write_roster(ADA), "--results", "mine.csv")
    assert (ended.code, Path("mine.csv").read_text()) == (2, "precious")
    assert "--results" in ended.err
    Path("failed.csv").write_text("precious")
    ended = provision(write_roster(ADA))
    assert (ended.code, Path("failed.csv").read_text()) == (2, "precious")
    assert "Move it away" in ended.err
    assert created(sandbox) == {}


def test_own_failed_file_is_replaced(provision):
    provision(write_roster(ADA, INVALID))
    assert Path("failed.csv").exists()
    assert provision(write_roster(ADA)).code == 0
    assert not Path("failed.csv").exists()


def test_files_of_another_roster_are_kept(provision):
    """Its rows to run again are not written anywhere else."""
    provision(write_roster(ADA, INVALID, name="march.csv"))
    first = Path("results.csv").read_text(), Path("failed.csv").read_text()
    ended = provision(write_roster(GRACE, INVALID, name="april.csv"))
    assert "results.csv has the results of another roster, and is kept." in ended.err
    assert "This run writes results-2.csv and failed-2.csv.\n" in ended.err
    assert "Outcome of every row: results-2.csv" in ended.out
    assert "Rows to run again: failed-2.csv" in ended.out
    assert provision(write_roster(GRACE, name="may.csv")).code == 0
    assert [row["roster"] for row in read_table("results-3.csv")] == ["may.csv"]
    assert (Path("results.csv").read_text(), Path("failed.csv").read_text()) == first
    assert [row["email"] for row in read_table("failed-2.csv")] == ["alan.example.com"]


def test_repeated_run_uses_its_numbered_files_again(provision):
    provision(write_roster(ADA, name="march.csv"))
    provision(write_roster(GRACE, INVALID, name="april.csv"))
    provision("./april.csv")
    provision("march.csv")
    journals = ["results-2.journal", "results.journal"]
    assert file_names() == sorted(["april.csv", "failed-2.csv", "march.csv", "results-2.csv", "results.csv", *journals])


def test_named_results_of_another_roster_are_kept(provision):
    Path("out").mkdir()
    provision(write_roster(ADA, INVALID, name="march.csv"), "--results", "out/2026-03.csv")
    ended = provision(write_roster(GRACE, INVALID, name="april.csv"), "--results", "out/2026-03.csv")
    assert "out/2026-03-2.csv" in ended.err
    tables = ["2026-03-2-failed.csv", "2026-03-2.csv", "2026-03-failed.csv", "2026-03.csv"]
    assert file_names("out") == sorted([*tables, "2026-03-2.journal", "2026-03.journal"])


def test_forecast_of_another_roster_has_its_own_file(provision):
    provision(write_roster(ADA, name="march.csv"))
    ended = provision(write_roster(GRACE, name="april.csv"), "--dry-run")
    assert "results of another roster, and is kept. This run writes results-2.csv.\n" in ended.err
    assert file_names() == ["april.csv", "march.csv", "results-2.csv", "results.csv", "results.journal"]


def test_failed_file_is_a_roster(provision, sandbox: Sandbox):
    provision(write_roster(ADA, GRACE.replace("nanoseconds", "")))
    first = Path("results.csv").read_text(), Path("failed.csv").read_text()
    ended = provision("failed.csv", "--generate-passwords", "secret.csv")
    assert ended.code == 0
    assert (Path("results.csv").read_text(), Path("failed.csv").read_text()) == first
    assert [row["outcome"] for row in read_table("results-2.csv")] == ["created"]
    assert len(sandbox.users()) == 2


def test_results_option_names_both_files(provision):
    Path("out").mkdir()
    ended = provision(write_roster(ADA, INVALID), "--results", "out/march.csv")
    assert ended.code == 1
    assert file_names("out") == ["march-failed.csv", "march.csv", "march.journal"]


def test_two_runs_in_one_folder_stay_apart(provision):
    provision(write_roster(ADA, INVALID), "--results", "march.csv")
    first = Path("march-failed.csv").read_text()
    assert provision(write_roster(ADA), "--results", "april.csv").code == 0
    assert Path("march-failed.csv").read_text() == first


def test_full_disk_ends_before_anything_is_sent(provision, sandbox: Sandbox, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 10))
    ended = provision(write_roster(ADA))
    assert ended.code == 2
    assert "are free" in ended.err
    assert sandbox.requests.total == 0
