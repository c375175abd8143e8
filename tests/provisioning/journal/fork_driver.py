"""A process that runs rosters in children of its own, which die whenever they are asked to.

Forked, as starting Python anew for every death would take most of the time. Reads one JSON object a line: `url`,
`folder` (with `roster.csv`), `journal`, the URL of one in PostgreSQL if it is not to be a file in the folder, and
`dies_at`, the number of the boundary at which the child ends without a farewell;
prints the child's process id, and its exit code when it has ended. The child writes `results.json`.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

import attrs

from coggno import AsyncCoggno, testing
from coggno.provisioning import (
    PostgresJournal,
    RunOptions,
    SqliteJournal,
    StoppedError,
    apply_plan,
    make_plan,
    read_roster,
)
from tests.provisioning.helpers import KEY

DIED = 9


class Boundaries:
    """Counts what happens, and ends the process at the moment that is asked for."""

    def __init__(self, dies_at):
        self.passed = 0
        self.dies_at = dies_at

    def step(self, *_):
        self.passed += 1
        if self.passed == self.dies_at:
            os._exit(DIED)


LEASE = 0.3  # seconds; the next run waits for it after every death


def dying(boundaries, kind):
    """A journal that ends the process before or after any of its calls."""

    class DyingJournal(kind):
        pass

    def wrapped(name, method):
        if asyncio.iscoroutinefunction(method):

            async def call(self, *args, **kwargs):
                boundaries.step()
                result = await method(self, *args, **kwargs)
                boundaries.step()
                return result
        else:

            def call(self, *args, **kwargs):
                boundaries.step()
                result = method(self, *args, **kwargs)
                boundaries.step()
                return result

        setattr(DyingJournal, name, call)

    for name in ("begin", "save_plan", "intend", "settle", "record", "flush", "finish", "close"):
        wrapped(name, getattr(kind, name))
    return DyingJournal


def open_journal(boundaries, folder, url):
    if url is None:
        return dying(boundaries, SqliteJournal)(folder / "results.journal")
    return dying(boundaries, PostgresJournal)(url, lease=LEASE)


async def run(url, folder, dies_at, journal=None, **options):
    boundaries = Boundaries(dies_at)
    folder = Path(folder)
    results = {}
    client = AsyncCoggno(KEY, base_url=url, on_request=boundaries.step, on_exchange=boundaries.step)
    async with client as coggno, open_journal(boundaries, folder, journal) as opened:
        settings = RunOptions(journal=opened, **{"concurrency": 2, **options})
        plan = await make_plan(coggno, read_roster(folder / "roster.csv"), settings)
        try:
            async for result in apply_plan(coggno, plan, settings):
                results[result.line] = attrs.asdict(result)
        except StoppedError as error:
            results["stopped"] = error.reason
    return boundaries.passed, results


def child(task):
    # Pauses take no time: what is waited for has either happened at once or never will.
    testing.set_testing(task.pop("skips_pauses", True))
    passed, results = asyncio.run(run(**task))
    Path(task["folder"], "results.json").write_text(json.dumps({"passed": passed, "results": results}))


def report(number):
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def main():
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            code = 1
            try:
                child(json.loads(line))
                code = 0
            finally:
                sys.stderr.flush()
                os._exit(code)
        report(pid)
        _, status = os.waitpid(pid, 0)
        report(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
