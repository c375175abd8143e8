"""Requests per second, CPU time, latency and fairness of one peer; runs in a process of its own."""

from __future__ import annotations

import asyncio
import gc
import time
from typing import Final

from attrs import frozen

from benchmarks.peers import PEERS, Call

_TURNS: Final = 4  # calls per task below which a run goes on
_PATIENCE: Final = 8.0


@frozen
class Load:
    """How many tasks make calls, one after the other, over how many connections, and for how many seconds."""

    tasks: int
    pool: int
    seconds: float


@frozen
class Figures:
    """What one run showed."""

    calls: int
    cpu: float
    """Microseconds of CPU per call."""
    rate: float
    """Calls per second."""
    p50: float
    """Milliseconds."""
    p99: float
    least: float
    """Calls of the task that got fewest, 1.0 being its fair share."""
    most: float
    longest: float
    """The longest wait of a call, in other calls that were served meanwhile; 1.0: every other task once."""


async def measure(peer: str, url: str, load: Load) -> Figures:
    """Let the peer make calls until the time is over; if most tasks had no turn in it yet, up to eight times as long."""
    async with PEERS[peer].open(url, load.pool) as call:
        await asyncio.gather(*(call() for _ in range(load.tasks)))  # opens the connections
        gc.collect()
        return await _run(call, load)


async def _run(call: Call, load: Load) -> Figures:
    durations: list[float] = []
    counts = [0] * load.tasks
    longest = 0
    cpu, begin = time.process_time(), time.perf_counter()
    soon, late = begin + load.seconds, begin + load.seconds * _PATIENCE

    async def task(number: int) -> None:
        nonlocal longest
        start = time.perf_counter()
        while start < soon or (start < late and len(durations) < load.tasks * _TURNS):
            served = len(durations)
            await call()
            longest = max(longest, len(durations) - served)
            now = time.perf_counter()
            durations.append(now - start)
            counts[number] += 1
            start = now

    await asyncio.gather(*map(task, range(load.tasks)))
    return _figures(durations, counts, longest, time.process_time() - cpu, time.perf_counter() - begin)


def _figures(durations: list[float], counts: list[int], longest: int, cpu: float, elapsed: float) -> Figures:
    calls, share = len(durations), len(durations) / len(counts)
    durations.sort()
    return Figures(
        calls=calls,
        cpu=cpu / calls * 1e6,
        rate=calls / elapsed,
        p50=durations[calls // 2] * 1e3,
        p99=durations[calls * 99 // 100] * 1e3,
        least=min(counts) / share,
        most=max(counts) / share,
        longest=longest / len(counts),
    )
