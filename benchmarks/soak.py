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
import time
from collections import Counter
from collections.abc import Awaitable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

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
GROWTH = 20.0  # MB that the client may grow after the first fifth


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
    """What the tasks were told: (operation, login) -> done | rejected | not_sent | unknown."""

    told: dict[tuple[str, str], str] = Factory(dict)
    calls: int = 0
    errors: Counter[str] = Factory(Counter)

    async def write(self, operation: str, login: str, call: Awaitable[Any]) -> Any:
        """Await a write and note what became of it; `None` if it failed."""
        self.calls += 1
        try:
            result = await call
        except APIError as error:
            self.told[operation, login] = error.outcome
            self.errors[f"{operation} {type(error).__name__}"] += 1
            return None
        self.told[operation, login] = "done"
        return result or True

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


async def soak(url: str, group: int, seconds: float, tasks: int, seed: int) -> tuple[Tally, list[str]]:
    """Run the tasks for so long; return what they were told and what is wrong with the client afterwards."""
    tally, wrong = Tally(), []
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
    print(f"memory: {growth:+.1f} MB after the first fifth (the notes of what was told included)")
    if growth > GROWTH + tally.calls * 400 / 1e6:
        wrong.append(f"memory grew by {growth:.1f} MB")
    return tally, wrong


async def _watch(end: float, seconds: float, tally: Tally) -> float:
    """Print a line now and then; return the growth in MB from the first fifth to the end."""
    await asyncio.sleep(seconds / 5)
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
    for key, told in tally.told.items():
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
    ours, theirs = multiprocessing.Pipe()
    sandbox = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, options.seed))
    sandbox.start()
    try:
        url, group = ours.recv()
        tally, wrong = asyncio.run(soak(url, group, options.seconds, options.tasks, options.seed))
        time.sleep(LATE)
        ours.send(None)
        effects = ours.recv()
        print("faults among the last requests:", ours.recv())
    finally:
        sandbox.join(10)
        if sandbox.is_alive():
            sandbox.terminate()
    wrong += judge(tally, effects)
    outcomes = Counter(f"{operation} {told}" for (operation, _), told in tally.told.items())
    print(f"{tally.calls} calls, {len(effects)} effects, {len(wrong)} contradictions")
    for name, count in sorted({**outcomes, **tally.errors}.items()):
        print(f"  {count:8d} {name}")
    for line in wrong[:20]:
        print("WRONG:", line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
