"""What a request costs with one peer: CPU time, requests per second, latency, fairness. Runs in a worker process."""

from __future__ import annotations

import asyncio
import gc
import time
from typing import Final

from attrs import frozen

from benchmarks.peers import PEERS, Call

_WARM_UP_CALLS: Final = 5  # per task, not counted: opening 500 connections at once has a cost of its own
_POLL_INTERVAL: Final = 0.01  # seconds


@frozen
class Load:
    """Tasks that make calls, one after the other.

    Attributes:
        tasks: number of tasks.
        connections: number of connections that they share.
        warm_up: seconds after which measuring begins in any case; some peers take long to open all connections.
        seconds: the shortest duration of the measurement.
        calls_per_task: the measurement goes on until each task could make so many calls on average ...
        longest: ... but no longer than so many seconds.
    """

    tasks: int
    connections: int
    warm_up: float
    seconds: float
    calls_per_task: int
    longest: float


@frozen
class RequestCost:
    """The result of one run.

    Attributes:
        calls: number of calls.
        cpu: microseconds of CPU per call.
        rate: calls per second.
        p50: median of the latency in milliseconds.
        p99: 99th percentile of the latency in milliseconds.
        fewest: calls of the task that made fewest, 1.0 being its fair share.
        most: calls of the task that made most.
        longest_wait: the longest wait of a call, counted in calls that completed meanwhile; 1.0 is one per task.
        is_warm: whether all connections were opened before measuring began.
    """

    calls: int
    cpu: float
    rate: float
    p50: float
    p99: float
    fewest: float
    most: float
    longest_wait: float
    is_warm: bool


async def measure(peer: str, url: str, load: Load) -> RequestCost:
    """Let a peer make calls under a load and return what they cost. Tasks never pause; the warm-up is not counted."""
    async with PEERS[peer].open(url, load.connections) as call:
        callers = _Callers(call, load.tasks)
        tasks = [asyncio.create_task(callers.work(number)) for number in range(load.tasks)]
        try:
            is_warm = await callers.until(_WARM_UP_CALLS * load.tasks, 0.0, load.warm_up, tasks)
            gc.collect()
            callers.reset()
            await callers.until(load.calls_per_task * load.tasks, load.seconds, load.longest, tasks)
            return callers.result(is_warm=is_warm)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


class _Callers:
    """Tasks that make one call after the other, and the figures since `reset`."""

    def __init__(self, call: Call, size: int) -> None:
        self._call = call
        self._size = size
        self._completed = 0  # calls since the start, the warm-up included
        self.reset()

    def reset(self) -> None:
        """Measure from now on."""
        self._durations: list[float] = []
        self._counts = [0] * self._size
        self._longest_wait = 0
        self._cpu, self._start = time.process_time(), time.perf_counter()

    async def work(self, number: int) -> None:
        """Make calls until cancelled."""
        while True:
            completed, start = self._completed, time.perf_counter()
            await self._call()
            self._completed += 1
            self._counts[number] += 1
            self._durations.append(time.perf_counter() - start)
            self._longest_wait = max(self._longest_wait, self._completed - completed)

    async def until(self, calls: int, shortest: float, longest: float, tasks: list[asyncio.Task[None]]) -> bool:
        """Wait for so many calls, for at least `shortest` and at most `longest` seconds.

        Returns:
            Whether there were so many calls.
        """
        elapsed = 0.0
        while elapsed < shortest or (elapsed < longest and len(self._durations) < calls):
            failed = next((task for task in tasks if task.done()), None)
            if failed is not None:
                failed.result()
            await asyncio.sleep(_POLL_INTERVAL)
            elapsed = time.perf_counter() - self._start
        return len(self._durations) >= calls

    def result(self, *, is_warm: bool) -> RequestCost:
        """Return the figures since `reset`."""
        cpu, elapsed = time.process_time() - self._cpu, time.perf_counter() - self._start
        durations, calls = sorted(self._durations), len(self._durations)
        share = calls / self._size
        return RequestCost(
            calls=calls,
            cpu=cpu / calls * 1e6,
            rate=calls / elapsed,
            p50=durations[calls // 2] * 1e3,
            p99=durations[calls * 99 // 100] * 1e3,
            fewest=min(self._counts) / share,
            most=max(self._counts) / share,
            longest_wait=self._longest_wait / self._size,
            is_warm=is_warm,
        )
