"""What is measured and in which order: rounds are interleaved, so that a busy minute hits everybody alike."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from attrs import Factory, asdict, define, evolve, frozen

from benchmarks import decoding, generated, imports, machine, server, streaming
from benchmarks.crew import Crew, MeasureError
from benchmarks.peers import PEERS
from benchmarks.traffic import Load

SHAPES: Final = ((1, 1), (10, 10), (100, 100), (500, 500), (100, 50), (500, 50))  # tasks, connections
CROWD: Final = (500, 50)
AIMED: Final = frozenset((peer, *shape) for peer in ("coggno", "httpx") for shape in ((1, 1), (100, 100), CROWD))
_SLOW: Final = 3.0  # seconds: what takes longer is not repeated, unless a target hangs on it
_CROWD_TURNS: Final = 30  # calls per task: with fewer, one more or less is a large part
PARTS: Final = ("traffic", "decoding", "streaming", "imports", "retry")


@frozen
class Size:
    """How much of everything."""

    rounds: int = 5
    seconds: float = 0.4
    """Of one run of one peer; more with many tasks."""
    warm: float = 15.0
    """The longest that a peer may take to get under way, in seconds; who takes longer is marked."""
    crowd_seconds: float = 10.0
    """The longest that the run may take which shows how evenly tasks are served."""
    rows: int = 100_000
    streamed: int = 1_000_000
    imports: int = 11
    shapes: tuple[tuple[int, int], ...] = SHAPES
    peers: tuple[str, ...] = tuple(PEERS)
    decoded: tuple[str, ...] = tuple(decoding.WAYS)


QUICK: Final = Size(
    rounds=1,
    seconds=0.3,
    warm=8.0,
    crowd_seconds=2.0,
    streamed=100_000,
    imports=3,
    shapes=((1, 1), (100, 100), CROWD),
    peers=("coggno", "httpx", "httpx2", "coggno-aiohttp", "aiohttp", "bare"),
    decoded=("coggno-speed", "coggno", "msgspec-attrs", "json-cattrs"),
)


def with_rounds(size: Size, rounds: int) -> Size:
    """The same, repeated so often."""
    return evolve(size, rounds=rounds)


@define
class Results:
    """Everything that was measured. What could not be stands in `missing` with the reason."""

    size: Size
    load: list[float] = Factory(list)
    traffic: dict[tuple[str, int, int], list[dict[str, float]]] = Factory(dict)
    crowd: dict[str, dict[str, float]] = Factory(dict)
    decoding: dict[tuple[str, str], list[float]] = Factory(dict)
    memory: dict[tuple[str, str], float] = Factory(dict)
    streaming: dict[str, dict[str, float]] = Factory(dict)
    imports: dict[str, float] = Factory(dict)
    retry: dict[str, float] = Factory(dict)
    missing: dict[str, str] = Factory(dict)
    seconds: float = 0.0


def carry_out(crew: Crew, folder: Path, size: Size, parts: tuple[str, ...]) -> Results:
    """Measure the parts, one after the other."""
    begin, results = time.perf_counter(), Results(size)
    if set(_PEER_OF.values()) & set(size.peers):
        say("generating the peers that are generated")
        ungenerated = generated.make(folder)
        results.missing |= {_PEER_OF[package]: reason for package, reason in ungenerated.items()}
    decoding.write_users(folder / "users.json", size.streamed)
    with server.running(folder) as url:
        for part in parts:
            results.load.append(machine.load())
            say(part)
            _PARTS[part](crew, folder, url, results)
    results.load.append(machine.load())
    results.seconds = time.perf_counter() - begin
    return results


_PEER_OF: Final = {generated.OPC: "openapi-python-client", generated.OAG: "openapi-generator"}


def say(text: str) -> None:
    """Tell who waits."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def _traffic(crew: Crew, _: Path, url: str, results: Results) -> None:
    size = results.size
    slow: set[tuple[str, int, int]] = set()
    for tasks, pool in [shape for _ in range(size.rounds) for shape in size.shapes]:
        seconds = size.seconds * (2 if tasks >= 500 else 1)
        load = Load(tasks, pool, warm=size.warm, seconds=seconds, turns=2, longest=seconds * 5)
        for peer in _able(results, size.peers):
            if (key := (peer, tasks, pool)) in slow:
                continue
            begin = time.perf_counter()
            figures = _try(crew, results, peer, order="traffic", peer=peer, url=url, load=asdict(load))
            if figures is not None:
                results.traffic.setdefault(key, []).append(figures)
            if time.perf_counter() - begin > _SLOW and key not in AIMED:
                slow.add(key)
    _crowd(crew, url, results)
    crew.dismiss_all()


def _crowd(crew: Crew, url: str, results: Results) -> None:
    size = results.size
    say(f"how evenly {CROWD[0]} tasks are served")
    load = Load(*CROWD, warm=size.warm, seconds=0.0, turns=_CROWD_TURNS, longest=size.crowd_seconds)
    for peer in _able(results, size.peers):
        figures = _try(crew, results, peer, order="traffic", peer=peer, url=url, load=asdict(load))
        if figures is not None:
            results.crowd[peer] = figures


def _decoding(crew: Crew, folder: Path, _: str, results: Results) -> None:
    size = results.size
    files = decoding.write_data(folder, size.rows)
    for data, file in [item for _ in range(size.rounds) for item in files.items()]:
        for case in _able(results, size.decoded):
            figure = _try(crew, results, case, order="decoding", case=case, data=data, file=file)
            if figure is not None:
                results.decoding.setdefault((case, data), []).append(figure)
    for data, file in files.items():
        for case in [case for case in _able(results, size.decoded) if case in decoding.WEIGHED]:
            crew.dismiss(case)
            figure = _try(crew, results, case, order="memory", case=case, data=data, file=file)
            if figure is not None:
                results.memory[case, data] = figure
    crew.dismiss_all()


def _streaming(crew: Crew, _: Path, url: str, results: Results) -> None:
    for way in streaming.WAYS:
        figures = _try(crew, results, way, order="streaming", way=way, url=url)
        if figures is not None:
            results.streaming[way] = figures
    crew.dismiss_all()


def _imports(_: Crew, folder: Path, __: str, results: Results) -> None:
    results.imports = imports.measure(folder, results.size.imports)


def _retry(crew: Crew, _: Path, __: str, results: Results) -> None:
    results.retry = _try(crew, results, "retry", order="retry") or {}


_PARTS: Final = {
    "traffic": _traffic, "decoding": _decoding, "streaming": _streaming, "imports": _imports, "retry": _retry,
}  # fmt: skip


def _able(results: Results, names: tuple[str, ...]) -> Iterator[str]:
    return (name for name in names if name not in results.missing)


def _try(crew: Crew, results: Results, name: str, **order: Any) -> Any:
    try:
        return crew.do(name, **order)
    except MeasureError as error:
        results.missing[name] = str(error)
        say(f"{name}: {error}")
        return None
