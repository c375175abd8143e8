"""A sandbox on a loopback socket, and a command line that runs in this process."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from coggno.cli import main
from coggno.sandbox import Sandbox, ServerThread

KEY = "test_0123456789abcdef"


@frozen
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> list[Any]:
        """The lines of standard output, each as JSON."""
        return [json.loads(line) for line in self.out.splitlines()]


class Typed(io.StringIO):
    """Standard input with a person behind it."""

    def isatty(self) -> bool:
        return True


def pipe(text: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8")


Coggno = Callable[..., Ended]


@pytest.fixture(autouse=True)
def _nothing_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("COGGNO_API_KEY", "COGGNO_BASE_URL", "NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(keys=[KEY])


@pytest.fixture
def address(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The sandbox, served; key and address stand in the environment."""
    with ServerThread(sandbox) as url:
        monkeypatch.setenv("COGGNO_API_KEY", KEY)
        monkeypatch.setenv("COGGNO_BASE_URL", url)
        yield url


@pytest.fixture
def coggno(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Coggno:
    """Runs a command in this process: `coggno("users", "list")`, with text typed or piped in."""

    def run(*arguments: str, typed: str | None = None, piped: str = "") -> Ended:
        monkeypatch.setattr(sys, "stdin", pipe(piped) if typed is None else Typed(typed))
        code = main(arguments)
        out, err = capsys.readouterr()
        assert KEY not in out + err
        return Ended(code, out, err)

    return run
