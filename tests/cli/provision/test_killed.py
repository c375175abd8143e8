"""`coggno provision` killed again and again: the same command ends it, with every user, group and membership once."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from coggno.sandbox import Sandbox, parse_fault
from tests.cli.helpers import HEADER, KEY, read_table

# Pauses take no time: what is waited for has either happened at once or never will.
COGGNO = (
    "from coggno import testing; testing.set_testing(True); import sys; from coggno.cli import main; sys.exit(main())"
)
FAULTS = [
    "createUser:latency=0.02,after",
    "*:status=503,p=0.03",
    "createUser:drop,after,p=0.03",
    "addGroupUser:status=503,after,p=0.03",
    "createGroup:drop,after,p=0.3",
]
ROWS = 300
SEEDS = [int(seed) for seed in os.environ.get("COGGNO_TORTURE_SEEDS", "1").split(",")]
KILLS = int(os.environ.get("COGGNO_TORTURE_KILLS", "3"))


@pytest.fixture
def roster() -> str:
    teams = [";".join([f"Team {number % 5}", "Everybody"][: number % 3]) for number in range(ROWS)]
    lines = [
        f"u{number}@example.com,First,Last{number},s3cret-{number},{names}\n" for number, names in enumerate(teams)
    ]
    Path("people.csv").write_text(HEADER + "".join(lines))
    return "people.csv"


def start(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", COGGNO, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def run(*arguments: str) -> tuple[int, str]:
    process = start(*arguments)
    printed, _ = process.communicate()
    return process.returncode, printed


def kill_after(process: subprocess.Popen[str], sandbox: Sandbox, users: int) -> str:
    """Kill a process when so many more users are there, and return what it has printed."""
    wanted = len(sandbox.users()) + users
    while len(sandbox.users()) < wanted and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    return process.communicate()[0]


@pytest.mark.usefixtures("address")
@pytest.mark.parametrize("seed", SEEDS)
def test_killed_runs_end_with_one_of_each(sandbox: Sandbox, roster: str, seed: int):
    chance = random.Random(seed)
    for fault in FAULTS:
        sandbox.faults.add(parse_fault(fault))
    printed = [kill_after(start("provision", roster), sandbox, chance.randrange(1, 60)) for _ in range(KILLS)]
    # What is known so far can be read without another run.
    assert run("journal", "results", "results.journal")[0] == 0
    # One row without a line says that the run has not ended.
    so_far = {row["line"]: row for row in read_table("results.csv") if row["line"]}
    assert len(so_far) == ROWS

    code, last = run("provision", roster)
    assert code == 0, last
    printed.append(last)
    rows = read_table("results.csv")
    assert Counter(row["outcome"] for row in rows) == {"created": ROWS}
    done = [row for row in so_far.values() if row["outcome"] == "created"]
    assert all(row["user_id"] == rows[int(row["line"]) - 2]["user_id"] for row in done)
    check_effects(sandbox)
    kept = "".join(printed) + Path("results.journal").read_bytes().decode(errors="replace") + json.dumps(rows)
    assert "s3cret" not in kept
    assert KEY not in kept

    before = sandbox.requests.total
    assert run("provision", roster)[0] == 0
    assert sandbox.requests.total == before


def check_effects(sandbox: Sandbox) -> None:
    """Every user, group and membership was made once."""
    made = Counter(
        (effect.operation, effect.login or effect.name or (effect.user, effect.group)) for effect in sandbox.effects
    )
    assert set(made.values()) == {1}
    assert len(sandbox.users()) == ROWS
