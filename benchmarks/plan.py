"""What is measured, in which order, and what for: rounds are interleaved, so that a busy minute hits everybody alike."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from attrs import Factory, define, evolve, frozen

from benchmarks import decoding, generated, imports, machine, server, streaming
from benchmarks.crew import Crew, MeasureError
from benchmarks.peers import PEERS

SHAPES: Final = ((1, 1), (10, 10), (100, 100), (500, 500), (100, 50), (500, 50))  # tasks, connections
CROWD: Final = (500, 50)
PARTS: Final = ("traffic", "decoding", "streaming", "imports", "retry")


@frozen
class Size:
    """How much of everything."""

    rounds: int = 3
    seconds: float = 0.4
    """Of one run of one peer; more with many tasks."""
    crowd_seconds: float = 5.0
    """Of the one run that shows how evenly tasks are served."""
    rows: int = 100_000
    streamed: int = 1_000_000
    imports: int = 11
    shapes: tuple[tuple[int, int], ...] = SHAPES
    decoded: tuple[str, ...] = tuple(decoding.WAYS)


QUICK: Final = Size(
    rounds=1, seconds=0.2, crowd_seconds=1.0, rows=20_000, streamed=100_000, imports=3, shapes=((1, 1), (100, 100), CROWD),
    decoded=("coggno-speed", "coggno", "msgspec-attrs", "json-cattrs"),
)  # fmt: skip


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
    for tasks, pool in [shape for _ in range(size.rounds) for shape in size.shapes]:
        for peer in _able(results, PEERS):
            order = {"peer": peer, "url": url, "tasks": tasks, "pool": pool}
            seconds = size.seconds * (2 if tasks >= 500 else 1)
            figures = _try(crew, results, peer, order="traffic", seconds=seconds, **order)
            if figures is not None:
                results.traffic.setdefault((peer, tasks, pool), []).append(figures)
    say("how evenly 500 tasks are served")
    for peer in _able(results, PEERS):
        order = {"peer": peer, "url": url, "tasks": CROWD[0], "pool": CROWD[1]}
        figures = _try(crew, results, peer, order="traffic", seconds=size.crowd_seconds, **order)
        if figures is not None:
            results.crowd[peer] = figures
    crew.dismiss_all()


def _decoding(crew: Crew, folder: Path, _: str, results: Results) -> None:
    size = results.size
    files = decoding.write_data(folder, size.rows)
    for data, file in [item for _ in range(size.rounds + 2) for item in files.items()]:
        for case in _able(results, size.decoded):
            figure = _try(crew, results, case, order="decoding", case=case, data=data, file=file)
            if figure is not None:
                results.decoding.setdefault((case, data), []).append(figure)
    for data, file in files.items():
        for case in _able(results, size.decoded):
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


def _able(results: Results, names: Mapping[str, Any] | tuple[str, ...]) -> Iterator[str]:
    return (name for name in names if name not in results.missing)


def _try(crew: Crew, results: Results, name: str, **order: Any) -> Any:
    try:
        return crew.do(name, **order)
    except MeasureError as error:
        results.missing[name] = str(error)
        say(f"{name}: {error}")
        return None
