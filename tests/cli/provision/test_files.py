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
    assert file_names("out") == ["march-failed.csv", "march.csv"]


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
