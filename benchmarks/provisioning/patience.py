"""How long `coggno provision` takes when the API fails, refuses or is down.

`python -m benchmarks.provisioning.patience [PART ...]`. In real time, against a sandbox; six minutes for all parts. The
exit code is 1 if a limit is not kept.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from attrs import define, frozen

from benchmarks.measurements.provisioning import write_roster
from benchmarks.peers import KEY
from coggno.sandbox import Sandbox, ServerThread, parse_fault

_COMMAND: Final = (sys.executable, "-c", "import sys; from coggno.cli import main; sys.exit(main())")
_FAULTS: Final = ("*:status=503,p=0.03", "*:status=503,after,p=0.03", "*:drop,p=0.02", "*:drop,after,p=0.02")
_LATENCY: Final = "*:latency=0.02"  # without any, a server in the same machine is faster than any API
_LIMIT: Final = 60  # requests per second
_OUTAGES: Final = ("*:status=503", "*:drop", "*:status=404")
_BEFORE, _DURING, _MOST_AFTER = 3.0, 60.0, 45.0  # seconds
_MOST_SENT: Final = 60  # requests in an outage


@frozen
class Ended:
    """How a run ended.

    Attributes:
        created: how many users there are.
        effects: how many users were created; more than there are logins if one was created twice.
        seconds: how long it took, without the start of the command.
        requests: how many requests the server received.
    """

    created: int
    effects: int
    seconds: float
    requests: int


@define
class Report:
    """Prints figures with their limits, and remembers whether all were kept."""

    is_good: bool = True

    def line(self, what: str, figure: float, *, most: float | None = None, least: float | None = None) -> None:
        """Print a figure and whether it keeps its limit."""
        is_kept = (most is None or figure <= most) and (least is None or figure >= least)
        limit = f"at most {most:g}" if most is not None else f"at least {least:g}"
        print(f"{what}: {figure:.2f} ({limit}){'' if is_kept else '  NOT KEPT'}", flush=True)
        self.is_good = self.is_good and is_kept


def provision(sandbox: Sandbox, rows: int, meanwhile: Callable[[], None] | None = None) -> Ended:
    """Provision new users on a sandbox, in a process of its own.

    Args:
        sandbox: served by this process.
        rows: how many users.
        meanwhile: called in another thread when the first user is there.

    Raises:
        RuntimeError: the command failed.
    """
    with tempfile.TemporaryDirectory() as folder, ServerThread(sandbox) as url:
        roster = write_roster(Path(folder) / "roster.csv", rows)
        process = subprocess.Popen(
            [*_COMMAND, "provision", str(roster), "--base-url", url, "--concurrency", "16"],
            cwd=folder, env={**os.environ, "COGGNO_API_KEY": KEY}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        while not sandbox.requests.total and process.poll() is None:
            time.sleep(0.01)
        begin = time.perf_counter()
        other = threading.Thread(target=meanwhile or (lambda: None))
        other.start()
        code = process.wait()
        seconds = time.perf_counter() - begin
        other.join()
        if code != 0:
            raise RuntimeError(f"coggno provision ended with {code}")
        effects = sum(effect.operation == "createUser" for effect in sandbox.effects)
        return Ended(len(sandbox.users()), effects, seconds, sandbox.requests.total)


def _check(report: Report, ended: Ended, rows: int) -> None:
    report.line("  users there", ended.created, least=rows)
    report.line("  users created", ended.effects, most=rows)


def faults(report: Report) -> None:
    """A tenth of the requests fails, half of these after the effect."""
    rows = 4_000
    sound = provision(Sandbox(keys=[KEY], faults=[_LATENCY]), rows)
    broken = provision(Sandbox(keys=[KEY], faults=[*_FAULTS, _LATENCY], seed=1), rows)
    rates = f"{rows / broken.seconds:.0f} rows per second with faults, {rows / sound.seconds:.0f} without"
    print(f"10 % faults, {rows:,} rows: {rates}")
    _check(report, broken, rows)
    report.line("  share of the rows per second", sound.seconds / broken.seconds, least=1 / 3)


def limit(report: Report) -> None:
    """More requests than the limit are refused with 429."""
    rows = 1_800
    statuses = Sandbox(keys=[KEY], faults=[f"*:rate={_LIMIT}"])
    ended = provision(statuses, rows)
    print(f"{_LIMIT} requests per second, {rows:,} rows: {ended.seconds:.1f} s")
    _check(report, ended, rows)
    report.line("  times what the limit needs", ended.seconds / (rows / _LIMIT), most=1.2)
    # Every request beyond one a row, and the two lists of the plan, was refused or repeated.
    report.line("  share of refused requests", (ended.requests - rows - 2) / ended.requests, most=0.05)


def outage(report: Report) -> None:
    """For a minute every request fails."""
    for fault in _OUTAGES:
        sandbox, rows = Sandbox(keys=[KEY], faults=["*:latency=0.1"]), 2_000
        sent: list[float] = []

        def fail(sandbox: Sandbox = sandbox, fault: str = fault, sent: list[float] = sent) -> None:
            time.sleep(_BEFORE)
            before, rule = sandbox.requests.total, sandbox.faults.add(parse_fault(fault))
            time.sleep(_DURING)
            sent.append(sandbox.requests.total - before)
            sandbox.faults.remove(rule)

        ended = provision(sandbox, rows, fail)
        print(f"outage of {_DURING:.0f} s ({fault}), {rows:,} rows: {ended.seconds:.1f} s")
        _check(report, ended, rows)
        report.line("  requests during it", sent[0], most=_MOST_SENT - 1)
        report.line("  seconds after it", ended.seconds - _BEFORE - _DURING, most=_MOST_AFTER)


PARTS: Final[Mapping[str, Callable[[Report], None]]] = {"faults": faults, "limit": limit, "outage": outage}


def main() -> int:
    """Measure the parts that are named, or all. Return the exit code."""
    parser = argparse.ArgumentParser("python -m benchmarks.provisioning.patience", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="what to measure; everything if not given")
    report = Report()
    for part in parser.parse_args().parts or PARTS:
        PARTS[part](report)
    return 0 if report.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
