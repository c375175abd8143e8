"""What the tests of several command groups share: a command's result, typed input, rosters."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from attrs import frozen

KEY = "test_0123456789abcdef"
COGGNO = [sys.executable, "-c", "import sys; from coggno.cli import main; sys.exit(main())"]
"""The program, as a process of its own."""

ADA_OPTIONS = ("--email", "ada@example.com", "--first-name", "Ada", "--last-name", "Lovelace")
HEADER = "email,first name,last name,password,group\n"
ADA = "ada@example.com,Ada,Lovelace,difference-engine,Analysts\n"
GRACE = "grace@example.com,Grace,Hopper,nanoseconds,Navy; Analysts\n"
INVALID = "alan.example.com,Alan,Turing,abc,Analysts\n"


@frozen
class CommandResult:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> list[Any]:
        """The lines of standard output, each as JSON."""
        return [json.loads(line) for line in self.out.splitlines()]


RunCommand: TypeAlias = Callable[..., CommandResult]


class TypedInput(io.StringIO):
    """Standard input with a person behind it."""

    def isatty(self) -> bool:
        return True


def piped_input(text: str) -> io.TextIOWrapper:
    """Standard input that is a pipe."""
    return io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8")


def run_process(*arguments: str, program: Sequence[str] = COGGNO, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, with nobody at standard input."""
    command = [*program, *arguments]
    settings = {"stdin": subprocess.DEVNULL, "timeout": 60, **options}
    return subprocess.run(command, capture_output=True, text=True, check=False, **settings)


def write_roster(*rows: str, name: str = "people.csv") -> str:
    Path(name).write_text(HEADER + "".join(rows), encoding="utf-8")
    return name


def people(count: int) -> list[str]:
    return [
        f"user{number}@example.com,First{number},Last{number},pass-word-{number},Everybody\n" for number in range(count)
    ]


def read_table(path: str) -> list[dict[str, str]]:
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
