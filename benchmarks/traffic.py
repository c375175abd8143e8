"""Requests per second, CPU time, latency and fairness of one peer; runs in a process of its own."""

from __future__ import annotations

import asyncio
import gc
import time
from typing import Final

from attrs import frozen

from benchmarks.peers import PEERS, Call

_WARM: Final = 5  # calls per task before anything counts: opening 500 connections at once is another matter
_LOOK: Final = 0.01  # seconds


@frozen
class Load:
    """Tasks that make calls, one after the other."""

    tasks: int
    pool: int
    """Connections that they share."""
    warm: float
    """Seconds after which counting begins in any case: some peers take long to open all connections."""
    seconds: float
    """How long a run takes ..."""
    turns: int
    """... and it goes on until there were so many calls per task ..."""
    longest: float
    """... but no longer than so many seconds."""


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
    warm: bool
    """Whether there had been enough calls before counting began."""


async def measure(peer: str, url: str, load: Load) -> Figures:
    """Let the peer make calls until the time is over. Tasks never pause; what they do to get warm is not counted."""
    async with PEERS[peer].open(url, load.pool) as call:
        crowd = _Crowd(call, load.tasks)
        tasks = [asyncio.create_task(crowd.work(number)) for number in range(load.tasks)]
        try:
            warm = await crowd.until(_WARM * load.tasks, 0.0, load.warm, tasks)
            gc.collect()
            crowd.begin()
            await crowd.until(load.turns * load.tasks, load.seconds, load.longest, tasks)
            return crowd.figures(warm=warm)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


class _Crowd:
    """Tasks that make one call after the other, and what they saw since `begin`."""

    def __init__(self, call: Call, size: int) -> None:
        self._call = call
        self._size = size
        self._served = 0
        """Calls, ever."""
        self.begin()

    def begin(self) -> None:
        """Count from here."""
        self._durations: list[float] = []
        self._counts = [0] * self._size
        self._longest = 0
        self._cpu, self._start = time.process_time(), time.perf_counter()

    async def work(self, number: int) -> None:
        """Be one of the tasks."""
        while True:
            served, start = self._served, time.perf_counter()
            await self._call()
            self._served += 1
            self._counts[number] += 1
            self._durations.append(time.perf_counter() - start)
            self._longest = max(self._longest, self._served - served)

    async def until(self, calls: int, soon: float, late: float, tasks: list[asyncio.Task[None]]) -> bool:
        """Wait until there were so many calls, at least until `soon` and at most until `late`; return if there were."""
        elapsed = 0.0
        while elapsed < soon or (elapsed < late and len(self._durations) < calls):
            failed = next((task for task in tasks if task.done()), None)
            if failed is not None:
                failed.result()
            await asyncio.sleep(_LOOK)
            elapsed = time.perf_counter() - self._start
        return len(self._durations) >= calls

    def figures(self, *, warm: bool) -> Figures:
        """What was seen since `begin`."""
        cpu, elapsed = time.process_time() - self._cpu, time.perf_counter() - self._start
        durations, calls = sorted(self._durations), len(self._durations)
        share = calls / self._size
        return Figures(
            calls=calls,
            cpu=cpu / calls * 1e6,
            rate=calls / elapsed,
            p50=durations[calls // 2] * 1e3,
            p99=durations[calls * 99 // 100] * 1e3,
            least=min(self._counts) / share,
            most=max(self._counts) / share,
            longest=self._longest / self._size,
            warm=warm,
        )
