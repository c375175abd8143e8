"""Hours of use in minutes: many tasks on one client against a sandbox that fails in every way it knows.

    python -m benchmarks.soak --seconds 300 --tasks 200

Each task takes users through their life (create, read, join, leave, delete) and writes down what it was told. At the
end the sandbox's own log of effects is the judge: no effect twice, nothing claimed that did not happen, nothing denied
that did, no connection left open, no growth of memory. Exit 1 if any of that fails.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TextIO

from attrs import Factory, define

from coggno import APIError, AsyncCoggno

FAULTS = (
    "writes:status=503,p=0.01",
    "writes:status=504,after,p=0.01",
    "writes:drop,p=0.01",
    "writes:drop,after,p=0.01",
    "writes:reset,after,p=0.01",
    "writes:cut=0.5,p=0.01",
    "writes:html=502,after,p=0.01",
    "writes:empty,p=0.005",
    "createUser:late=1.0,p=0.01",
    "deleteUser:late=1.0,p=0.01",
    "*:status=429,retry_after=0,p=0.01",
    "*:latency=0.05,p=0.02",
    "reads:status=502,p=0.01",
    "reads:drop,p=0.01",
    "reads:cut=0.5,p=0.01",
)
LATE = 3.0  # seconds to wait for late commits before the log is read
SETTLED = 10.0  # seconds after which the process has what it needs: modules, caches, connections
GROWTH = 8.0  # MB that it may grow from then on: 30 bytes per call in five minutes


def serve(pipe: Connection, seed: int) -> None:
    """The sandbox, in a process of its own, so that the client's memory is the client's."""
    from coggno.sandbox import Sandbox, serving

    async def main() -> None:
        sandbox = Sandbox(faults=FAULTS, seed=seed)
        group = sandbox.seed_group("Soak")
        async with serving(sandbox) as url:
            pipe.send((url, group.id))
            await asyncio.to_thread(pipe.recv)
            pipe.send([(effect.operation, effect.login) for effect in sandbox.effects])
            pipe.send(dict(Counter(entry for entry in _faults(sandbox))))

    asyncio.run(main())


def _faults(sandbox: Any) -> Iterator[str]:
    return (exchange.fault for exchange in sandbox.requests.recent if exchange.fault)


@define
class Tally:
    """What the tasks were told. The notes go into a file: only the client itself is to take memory."""

    notes: TextIO
    calls: int = 0
    errors: Counter[str] = Factory(Counter)

    async def write(self, operation: str, login: str, call: Awaitable[Any]) -> Any:
        """Await a write and note what became of it; `None` if it failed."""
        self.calls += 1
        try:
            result = await call
        except APIError as error:
            self._note(operation, login, error.outcome)
            self.errors[f"{operation} {type(error).__name__}"] += 1
            return None
        self._note(operation, login, "done")
        return result or True

    def _note(self, operation: str, login: str, told: str) -> None:
        self.notes.write(f"{operation} {login} {told}\n")

    def told(self) -> Iterator[tuple[str, str, str]]:
        """Yield operation, login and done | rejected | not_sent | unknown of every write."""
        self.notes.seek(0)
        for line in self.notes:
            operation, login, told = line.split()
            yield operation, login, told

    async def read(self, call: Awaitable[Any]) -> None:
        """Await a read; a failure is only counted."""
        self.calls += 1
        try:
            await call
        except APIError as error:
            self.errors[f"read {type(error).__name__}"] += 1


async def life(coggno: AsyncCoggno, group: int, login: str, tally: Tally, rng: random.Random) -> None:
    """One user from creation to deletion."""
    user = await tally.write(
        "createUser",
        login,
        coggno.users.create(email=login, first_name="Ada", last_name=login[:8], password="s3cret-word"),
    )
    if user is None:
        return
    await tally.read(coggno.users.get(login))
    if await tally.write("addGroupUser", login, coggno.groups.users.add(group, user.id)) and rng.random() < 0.5:
        await tally.write("removeGroupUser", login, coggno.groups.users.remove(group, login))
    if rng.random() < 0.02:
        await tally.read(_count(coggno))
    await tally.write("deleteUser", login, coggno.users.delete(user.id))


async def _count(coggno: AsyncCoggno) -> int:
    return sum([1 async for _ in coggno.users.iter()])


async def soak(tally: Tally, url: str, group: int, *, seconds: float, tasks: int, seed: int) -> list[str]:
    """Run the tasks for so long and note what they are told; return what is wrong with the client afterwards."""
    wrong: list[str] = []
    end = time.monotonic() + seconds
    before = _sockets()
    async with AsyncCoggno("test_soak", base_url=url, max_retries=6) as coggno:

        async def task(number: int) -> None:
            rng = random.Random(seed * 1_000_003 + number)
            turn = 0
            while time.monotonic() < end:
                turn += 1
                await life(coggno, group, f"t{number}-{turn}@example.com", tally, rng)

        async with asyncio.TaskGroup() as group_of_tasks:
            watch = group_of_tasks.create_task(_watch(end, seconds, tally))
            for number in range(tasks):
                group_of_tasks.create_task(task(number))
        pool = coggno._session.engine.pool  # type: ignore[attr-defined]  # noqa: SLF001 - nobody else can tell
        idle, busy = pool.open_connections
        if busy or idle > 50 or _sockets() - before > 50:
            wrong.append(f"connections: {busy} in use, {idle} idle, {_sockets() - before} sockets")
    await asyncio.sleep(0.1)
    if _sockets() > before:
        wrong.append(f"{_sockets() - before} sockets left open after closing")
    growth = watch.result()
    print(f"memory: {growth:+.1f} MB once things had settled")
    if growth > GROWTH:
        wrong.append(f"memory grew by {growth:.1f} MB")
    return wrong


async def _watch(end: float, seconds: float, tally: Tally) -> float:
    """Print a line now and then; return the growth in MB once things have settled."""
    await asyncio.sleep(min(SETTLED, seconds / 2))
    gc.collect()
    start = _resident()
    while (left := end - time.monotonic()) > 0:
        print(
            f"{left:6.0f} s left, {tally.calls} calls, {sum(tally.errors.values())} failed, {_resident():.0f} MB",
            flush=True,
        )
        await asyncio.sleep(min(left, 15.0))
    gc.collect()
    return _resident() - start


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _sockets() -> int:
    links = (_target(link) for link in Path("/proc/self/fd").iterdir())
    return sum(target.startswith("socket:") for target in links)


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""


def judge(tally: Tally, effects: list[tuple[str, str | None]]) -> list[str]:
    """Compare what was told with what happened."""
    happened = Counter((operation, login) for operation, login in effects if login)
    wrong = [f"{key} happened {count} times" for key, count in happened.items() if count > 1]
    for operation, login, told in tally.told():
        key = operation, login
        count = happened.pop(key, 0)
        if told == "done" and count != 1:
            wrong.append(f"{key} was called done and happened {count} times")
        if told in {"rejected", "not_sent"} and count:
            wrong.append(f"{key} was called {told} and happened")
    wrong += [f"{key} happened and nobody asked" for key in happened]
    return wrong


def main(argv: list[str] | None = None) -> int:
    """Run a soak; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    with tempfile.TemporaryFile("w+", encoding="utf-8") as notes:
        return _report(*_run(Tally(notes), **vars(options)))


def _run(tally: Tally, *, seconds: float, tasks: int, seed: int) -> tuple[Tally, int, list[str]]:
    """Start a sandbox, soak, and compare; return the tally, how many effects there were, and what is wrong."""
    ours, theirs = multiprocessing.Pipe()
    sandbox = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, seed))
    sandbox.start()
    try:
        url, group = ours.recv()
        wrong = asyncio.run(soak(tally, url, group, seconds=seconds, tasks=tasks, seed=seed))
        time.sleep(LATE)
        ours.send(None)
        effects = ours.recv()
        print("faults among the last requests:", ours.recv())
    finally:
        sandbox.join(10)
        if sandbox.is_alive():
            sandbox.terminate()
    return tally, len(effects), wrong + judge(tally, effects)


def _report(tally: Tally, effects: int, wrong: list[str]) -> int:
    outcomes = Counter(f"{operation} {told}" for operation, _, told in tally.told())
    print(f"{tally.calls} calls, {effects} effects, {len(wrong)} contradictions")
    for name, count in sorted({**outcomes, **tally.errors}.items()):
        print(f"  {count:8d} {name}")
    for line in wrong[:20]:
        print("WRONG:", line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
