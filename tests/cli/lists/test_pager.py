"""A pager shows long lists to people, and nothing else."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from coggno.cli.lists.pager import paged, pager_command
from coggno.cli.terminal import output
from tests.cli.helpers import TypedInput

FOLLOW = "import sys; open('paged.txt', 'w').write(sys.stdin.read())"
LEAVE = "import sys; sys.stdin.readline(); sys.stdin.close()"


class Screen(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def _pager(monkeypatch) -> None:
    monkeypatch.setenv("LINES", "10")
    monkeypatch.setenv("PAGER", f'"{sys.executable}" -c "{FOLLOW}"')


def shown(monkeypatch, count, *, is_allowed=True, **streams):
    """Write lines in front of a person, and return what is on the screen afterwards."""
    screen = Screen()
    with monkeypatch.context() as patch:
        # In the test itself: pytest sets the streams anew after the fixtures.
        for name, stream in {"stdout": screen, "stdin": TypedInput(), **streams}.items():
            patch.setattr(sys, name, stream)
        before = sys.stdout
        with paged(is_allowed=is_allowed):
            for number in range(count):
                output.write(f"line {number}")
        assert sys.stdout is before
        return before.getvalue()


def test_long_list_goes_to_the_pager(monkeypatch):
    assert shown(monkeypatch, 100) == ""
    assert Path("paged.txt").read_text() == "".join(f"line {number}\n" for number in range(100))


def test_short_list_stays_on_the_screen(monkeypatch):
    assert shown(monkeypatch, 8).splitlines()[-1] == "line 7"
    assert not Path("paged.txt").exists()


@pytest.mark.parametrize("name", ["stdin", "stdout"])
def test_pipe_has_no_pager(monkeypatch, name):
    assert len(shown(monkeypatch, 100, **{name: io.StringIO()}).splitlines()) == 100


def test_option_switches_the_pager_off(monkeypatch):
    assert len(shown(monkeypatch, 100, is_allowed=False).splitlines()) == 100


def test_leaving_the_pager_is_no_error(monkeypatch):
    monkeypatch.setenv("PAGER", f'"{sys.executable}" -c "{LEAVE}"')
    assert shown(monkeypatch, 100_000) == ""


def test_pager_that_does_not_start_hides_nothing(monkeypatch, tmp_path):
    broken = tmp_path / "pager"
    broken.write_text("no program")
    broken.chmod(0o755)
    monkeypatch.setenv("PAGER", str(broken))
    assert len(shown(monkeypatch, 100).splitlines()) == 100


@pytest.mark.parametrize("value", ["", "cat", "no-such-pager", "'"])
def test_no_pager_when_none_is_named(monkeypatch, value):
    monkeypatch.setenv("COGGNO_PAGER", value)
    assert pager_command() is None


def test_own_variable_wins(monkeypatch):
    monkeypatch.setenv("PAGER", "cat")
    monkeypatch.setenv("COGGNO_PAGER", f"{os.path.basename(sys.executable)} -x")
    monkeypatch.setenv("PATH", os.path.dirname(sys.executable))
    assert pager_command() == [os.path.basename(sys.executable), "-x"]
