"""Start-up files of a shell are changed only after a person has agreed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.helpers import RunCommand


@pytest.fixture(autouse=True)
def _home(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


def in_shell(monkeypatch, name):
    monkeypatch.setattr("shellingham.detect_shell", lambda *_: (name, f"/bin/{name}"))


def test_no_leaves_the_files_alone(coggno: RunCommand, monkeypatch):
    in_shell(monkeypatch, "bash")
    ended = coggno("--install-completion", typed="n\n")
    assert (ended.code, ended.out) == (0, "")
    assert ended.err == (
        "Completion for bash writes ~/.bash_completions/coggno.sh, and a line in ~/.bashrc. Go on? [y/N] "
        "Nothing was changed.\n"
    )
    assert list(Path.home().iterdir()) == []


def test_yes_installs(coggno: RunCommand, monkeypatch):
    in_shell(monkeypatch, "bash")
    assert coggno("--install-completion", typed="y\n").code == 0
    assert "coggno.sh" in Path("~/.bashrc").expanduser().read_text()


@pytest.mark.parametrize(
    ("shell", "typed", "message"),
    [
        ("bash", None, "Cannot ask whether to change ~/.bash_completions/coggno.sh"),
        ("pwsh", "y\n", "Completion cannot be installed for pwsh."),
    ],
)
def test_nothing_is_changed_without_a_reply(coggno: RunCommand, monkeypatch, shell, typed, message):
    """For PowerShell, typer would even allow every script to run."""
    in_shell(monkeypatch, shell)
    ended = coggno("--install-completion", typed=typed)
    assert (ended.code, message in ended.err, "--show-completion" in ended.err) == (2, True, True)
    assert list(Path.home().iterdir()) == []


def test_words_of_an_option_are_completed(coggno: RunCommand, monkeypatch):
    """Without them, a shell offers the files of the folder."""
    monkeypatch.setenv("_COGGNO_COMPLETE", "complete_zsh")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "coggno provision people.csv --remove-missing m")
    assert '"members"' in coggno().out
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "coggno provision people.csv --re")
    assert "--remove-missing" in coggno().out
