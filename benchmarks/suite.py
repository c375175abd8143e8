"""The measurements and their order. Rounds are interleaved, so that a busy minute affects all peers alike."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from attrs import Factory, asdict, define, evolve, frozen

from benchmarks import generated_clients, machine, nginx
from benchmarks.measurements import decoding, import_time, provisioning, streaming
from benchmarks.measurements.request_cost import Load
from benchmarks.peers import PEERS
from benchmarks.worker_pool import MeasurementError, WorkerPool

LOADS: Final = ((1, 1), (10, 10), (100, 100), (500, 500), (100, 50), (500, 50))  # tasks, connections
FAIRNESS_LOAD: Final = (500, 50)
_TARGET_PEERS: Final = ("coggno", "httpx", "coggno-aiohttp", "aiohttp")
_TARGET_RUNS: Final = frozenset((peer, *load) for peer in _TARGET_PEERS for load in ((1, 1), (100, 100), FAIRNESS_LOAD))
_SLOW: Final = 3.0  # seconds; a slower run is not repeated, unless a target depends on it
_FAIRNESS_CALLS: Final = 30  # per task: with fewer, one call more or less is a large part of the share
PARTS: Final = ("requests", "decoding", "streaming", "provisioning", "imports", "retry")
A_MILLION: Final = 1_000_000  # rows
_FEW_ROWS: Final = 1_000  # of a roster whose memory is compared with that of a long one
_SLOWEST: Final = 500  # rows per second: a run that is slower has failed


@frozen
class Size:
    """How much is measured.

    Attributes:
        rounds: how often everything is measured.
        seconds: duration of one run of one peer; twice that from 500 tasks on.
        warm_up: the longest warm-up of a peer in seconds; a peer that needs longer is marked in the report.
        fairness_seconds: the longest duration of the fairness run in seconds.
        rows: length of the lists that are decoded.
        streamed: length of the list that is streamed.
        provisioned: rows of the roster whose rows per second are compared.
        provisioned_at_most: rows of the roster whose memory is measured.
        imports: how often each import is timed.
        loads: pairs of tasks and connections.
        peers: keys of `PEERS`.
        decoders: keys of `decoding.DECODERS`.
    """

    rounds: int = 5
    seconds: float = 0.4
    warm_up: float = 15.0
    fairness_seconds: float = 10.0
    rows: int = 100_000
    streamed: int = 1_000_000
    provisioned: int = 20_000
    provisioned_at_most: int = 100_000
    imports: int = 11
    loads: tuple[tuple[int, int], ...] = LOADS
    peers: tuple[str, ...] = tuple(PEERS)
    decoders: tuple[str, ...] = tuple(decoding.DECODERS)


QUICK: Final = Size(
    rounds=1,
    seconds=0.3,
    warm_up=8.0,
    fairness_seconds=2.0,
    streamed=100_000,
    provisioned=5_000,
    provisioned_at_most=20_000,
    imports=3,
    loads=((1, 1), (100, 100), FAIRNESS_LOAD),
    peers=("coggno", "httpx", "httpx2", "coggno-aiohttp", "aiohttp", "bare"),
    decoders=("coggno-speed", "coggno", "msgspec-attrs", "json-cattrs"),
)


def with_rounds(size: Size, rounds: int) -> Size:
    """Return the same size with another number of rounds."""
    return evolve(size, rounds=rounds)


def with_a_million_rows(size: Size) -> Size:
    """Return the same size, with the memory of provisioning, and a resumed run, measured on a million rows."""
    return evolve(size, provisioned_at_most=A_MILLION)


@define
class Results:
    """Everything that was measured; `missing` holds what could not be measured, and why."""

    size: Size
    machine_load: list[float] = Factory(list)
    requests: dict[tuple[str, int, int], list[dict[str, float]]] = Factory(dict)
    fairness: dict[str, dict[str, float]] = Factory(dict)
    decoding: dict[tuple[str, str], list[float]] = Factory(dict)
    memory: dict[tuple[str, str], float] = Factory(dict)
    streaming: dict[str, dict[str, float]] = Factory(dict)
    provisioning: dict[str, list[dict[str, float]]] = Factory(dict)
    provisioning_memory: dict[int, float] = Factory(dict)
    resume: float | None = None
    imports: dict[str, float] = Factory(dict)
    retry: dict[str, float] = Factory(dict)
    missing: dict[str, str] = Factory(dict)
    seconds: float = 0.0


def run(workers: WorkerPool, folder: Path, size: Size, parts: tuple[str, ...]) -> Results:
    """Measure the parts, one after the other.

    Raises:
        NginxError: nginx is not installed, or does not start.
    """
    begin, results = time.perf_counter(), Results(size)
    if set(_PEER_OF_PACKAGE.values()) & set(size.peers):
        log("generating the clients that are generated from the spec")
        failed = generated_clients.generate(folder)
        results.missing |= {_PEER_OF_PACKAGE[package]: reason for package, reason in failed.items()}
    decoding.write_users(folder / "users.json", size.streamed)
    with nginx.running(folder) as url:
        for part in parts:
            results.machine_load.append(machine.load())
            log(part)
            _PARTS[part](workers, folder, url, results)
    results.machine_load.append(machine.load())
    results.seconds = time.perf_counter() - begin
    return results


_PEER_OF_PACKAGE: Final = {
    generated_clients.OPENAPI_PYTHON_CLIENT: "openapi-python-client",
    generated_clients.OPENAPI_GENERATOR: "openapi-generator",
}


def log(text: str) -> None:
    """Write a line with the time to standard error."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def _requests(workers: WorkerPool, _: Path, url: str, results: Results) -> None:
    size = results.size
    slow: set[tuple[str, int, int]] = set()
    for tasks, connections in [load for _ in range(size.rounds) for load in size.loads]:
        seconds = size.seconds * (2 if tasks >= 500 else 1)
        load = Load(tasks, connections, size.warm_up, seconds, calls_per_task=2, longest=seconds * 5)
        for peer in _available(results, size.peers):
            if (key := (peer, tasks, connections)) in slow:
                continue
            begin = time.perf_counter()
            cost = _try(workers, results, peer, kind="requests", peer=peer, url=url, load=asdict(load))
            if cost is not None:
                results.requests.setdefault(key, []).append(cost)
            if time.perf_counter() - begin > _SLOW and key not in _TARGET_RUNS:
                slow.add(key)
    _fairness(workers, url, results)
    workers.stop_all()


def _fairness(workers: WorkerPool, url: str, results: Results) -> None:
    size = results.size
    log(f"fairness among {FAIRNESS_LOAD[0]} tasks")
    load = Load(*FAIRNESS_LOAD, size.warm_up, 0.0, calls_per_task=_FAIRNESS_CALLS, longest=size.fairness_seconds)
    for peer in _available(results, size.peers):
        cost = _try(workers, results, peer, kind="requests", peer=peer, url=url, load=asdict(load))
        if cost is not None:
            results.fairness[peer] = cost


def _decoding(workers: WorkerPool, folder: Path, _: str, results: Results) -> None:
    size = results.size
    files = decoding.write_data(folder, size.rows)
    for data, file in [item for _ in range(size.rounds) for item in files.items()]:
        for name in _available(results, size.decoders):
            seconds = _try(workers, results, name, kind="decoding", decoder=name, data=data, file=file)
            if seconds is not None:
                results.decoding.setdefault((name, data), []).append(seconds)
    for data, file in files.items():
        for name in [name for name in _available(results, size.decoders) if name in decoding.MEMORY_MEASURED]:
            workers.stop(name)  # the peak of memory is that of a fresh process
            growth = _try(workers, results, name, kind="memory", decoder=name, data=data, file=file)
            if growth is not None:
                results.memory[name, data] = growth
    workers.stop_all()


def _streaming(workers: WorkerPool, _: Path, url: str, results: Results) -> None:
    for reader in streaming.READERS:
        cost = _try(workers, results, reader, kind="streaming", reader=reader, url=url)
        if cost is not None:
            results.streaming[reader] = cost
    workers.stop_all()


def _provisioning(workers: WorkerPool, folder: Path, url: str, results: Results) -> None:
    size, timeout = results.size, workers.timeout

    def run(way: str, rows: int) -> dict[str, float] | None:
        roster = folder / f"roster-{rows}.csv"
        if not roster.exists():
            provisioning.write_roster(roster, rows)
        workers.timeout = timeout + rows / _SLOWEST
        job = {"kind": "provisioning", "way": way, "url": f"{url}/empty", "roster": str(roster), "rows": rows}
        cost: dict[str, float] | None = _try(workers, results, way, **job)
        workers.stop(way)  # an imported module, or a peak of memory, is that of one run
        return cost

    for way in [way for _ in range(size.rounds) for way in provisioning.TITLES]:
        if (cost := run(way, size.provisioned)) is not None:
            results.provisioning.setdefault(way, []).append(cost)
    for rows in (_FEW_ROWS, size.provisioned_at_most):
        if (cost := run("command", rows)) is not None:
            results.provisioning_memory[rows] = cost["peak"]
    if size.provisioned_at_most >= A_MILLION and (cost := run("resume", A_MILLION)) is not None:
        results.resume = A_MILLION / cost["rate"]
    workers.timeout = timeout


def _imports(_: WorkerPool, folder: Path, __: str, results: Results) -> None:
    results.imports = import_time.measure(folder, results.size.imports)


def _retry(workers: WorkerPool, _: Path, __: str, results: Results) -> None:
    results.retry = _try(workers, results, "retry", kind="retry") or {}


_PARTS: Final = {
    "requests": _requests, "decoding": _decoding, "streaming": _streaming, "provisioning": _provisioning,
    "imports": _imports, "retry": _retry,
}  # fmt: skip


def _available(results: Results, names: tuple[str, ...]) -> Iterator[str]:
    return (name for name in names if name not in results.missing)


def _try(workers: WorkerPool, results: Results, name: str, **job: Any) -> Any:
    try:
        return workers.run(name, **job)
    except MeasurementError as error:
        results.missing[name] = str(error)
        log(f"{name}: {error}")
        return None
