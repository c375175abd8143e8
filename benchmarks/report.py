"""The results as text: targets first, then every figure; and where the documentation keeps them."""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from attrs import frozen

from benchmarks import decoding, machine, picture, streaming
from benchmarks.peers import PEERS, Peer
from benchmarks.plan import CROWD, Results

DOCS: Final = Path(__file__).parents[1] / "docs"
_BEGIN: Final = "<!-- figures: written by python -m benchmarks --write -->"
_END: Final = "<!-- end of figures -->"
_LIBRARIES: Final = (
    "httpx", "httpcore", "httpx2", "aiohttp", "httptools", "attrs", "cattrs", "msgspec", "orjson", "pydantic", "ijson",
    "openapi-python-client", "openapi-generator-cli",
)  # fmt: skip


@frozen
class Target:
    """Something to reach, and whether it was."""

    what: str
    limit: float
    measured: float | None
    unit: str = ""

    def cells(self) -> tuple[str, str, str, str]:
        """The row of the table."""
        if self.measured is None:
            return self.what, f"≤ {self.limit:g}{self.unit}", "not measured", ""
        reached = "reached" if self.measured <= self.limit else "**missed**"
        return self.what, f"≤ {self.limit:g}{self.unit}", f"{self.measured:.2f}{self.unit}", reached


def text(results: Results) -> str:
    """All tables, in Markdown."""
    return "\n".join(line for section in _sections(results) for line in [*section, ""])


def write(results: Results) -> None:
    """Put the tables between their marks in docs/performance.md, and draw docs/performance.svg."""
    page = DOCS / "performance.md"
    before, _, rest = page.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    page.write_text(f"{before}{_BEGIN}\n\n{text(results)}\n{_END}{after}")
    (DOCS / "performance.svg").write_text(picture.draw(results))


def targets(results: Results) -> Iterator[Target]:
    """What was to be reached, and what was."""
    ours = "default engine, CPU per POST against plain httpx"
    for (tasks, pool), limit in {(1, 1): 0.60, (100, 100): 0.20, CROWD: 0.15}.items():
        yield Target(f"{ours}, {_shape(tasks, pool)}", limit, _against(results, "coggno", "httpx", tasks, pool))
    crowd = results.crowd.get("coggno")
    off = None if crowd is None else 100 * max(1 - crowd["least"], crowd["most"] - 1)
    yield Target("default engine, how far a task is off its fair share of calls", 20, off, " %")
    yield Target(
        "aiohttp engine, CPU per POST against hand-written aiohttp, 100 tasks",
        1.35,
        _against(results, "coggno-aiohttp", "aiohttp", 100, 100),
    )
    waits = results.crowd.get("coggno-aiohttp")
    yield Target("aiohttp engine, longest wait against the fair one", 2, None if waits is None else waits["longest"])
    for data, limit in {"users": 1.5, "licences": 1.7}.items():
        figure = _slower(results, "coggno-speed", data)
        yield Target(f"{results.size.rows:,} {data} decoded, CPU against msgspec into attrs", limit, figure)
    for data in ("users", "licences"):
        yield Target(f"{data}: peak of memory against json + cattrs", 1, _fuller(results, data))
    grown = results.streaming.get("iter")
    yield Target(
        f"`users.iter()` over {results.size.streamed:,} users, growth",
        20,
        None if grown is None else grown["growth"],
        " MB",
    )
    both = results.imports.get("coggno"), results.imports.get("httpx, attrs, cattrs, tenacity")
    yield Target(
        "`import coggno` against `import httpx, attrs, cattrs, tenacity`",
        1.15,
        both[0] / both[1] if both[0] and both[1] else None,
    )


def middle(results: Results, peer: str, tasks: int, pool: int, figure: str) -> float | None:
    """The median of a figure of a peer over all rounds."""
    rounds = results.traffic.get((peer, tasks, pool))
    return statistics.median(figures[figure] for figures in rounds) if rounds else None


def _against(results: Results, one: str, other: str, tasks: int, pool: int) -> float | None:
    """The median of the ratios of CPU per call, each of one round: what was slow then was slow for both."""
    pairs = zip(
        results.traffic.get((one, tasks, pool), ()), results.traffic.get((other, tasks, pool), ()), strict=False
    )
    ratios = [mine["cpu"] / theirs["cpu"] for mine, theirs in pairs]
    return statistics.median(ratios) if ratios else None


def _slower(results: Results, case: str, data: str) -> float | None:
    pairs = zip(results.decoding.get((case, data), ()), results.decoding.get(("msgspec-attrs", data), ()), strict=False)
    ratios = [mine / theirs for mine, theirs in pairs]
    return statistics.median(ratios) if ratios else None


def _fuller(results: Results, data: str) -> float | None:
    ours, theirs = results.memory.get(("coggno-speed", data)), results.memory.get(("json-cattrs", data))
    return ours / theirs if ours and theirs else None


def _sections(results: Results) -> Iterator[list[str]]:
    yield [_circumstances(results)]
    yield _table(["what", "target", "measured", ""], (target.cells() for target in targets(results)))
    if results.traffic:
        yield from _traffic(results)
    if results.decoding:
        yield _decoding(results)
    if results.streaming:
        yield _streaming(results)
    if results.imports:
        rows = (
            [f"`{title}`" if " made" not in title else title, f"{figure:.0f}"]
            for title, figure in results.imports.items()
        )
        yield ["**Import**, net of bare Python.", "", *_table(["", "ms"], rows)]
    if results.retry:
        rows = ([title, f"{figure:.1f}"] for title, figure in results.retry.items())
        yield ["**Being ready to retry**, on a call that succeeds at once.", "", *_table(["", "µs per call"], rows)]
    if results.missing:
        yield ["Not measured: " + "; ".join(f"{name} ({reason})" for name, reason in results.missing.items()) + "."]


def _circumstances(results: Results) -> str:
    day = dt.datetime.now(dt.UTC).date().isoformat()
    loads = " → ".join(f"{load:.1f}" for load in results.load)
    return (
        f"{day}; {machine.describe()}; {', '.join(_versions())}. {results.size.rounds} interleaved rounds in "
        f"{results.seconds:.0f} s; load of the machine {loads}, its own two processes included; between the rounds the CPU "
        f"time of one and the same run differed by {_noise(results):.0f} % (median of all runs)."
    )


def _versions() -> Iterator[str]:
    for library in _LIBRARIES:
        try:
            yield f"{library} {version(library)}"
        except PackageNotFoundError:
            yield f"no {library}"


def _noise(results: Results) -> float:
    spreads = [_spread([figures["cpu"] for figures in rounds]) for rounds in results.traffic.values()]
    spreads += [_spread(rounds) for rounds in results.decoding.values()]
    return 100 * statistics.median(spreads) if spreads else 0.0


def _spread(figures: Sequence[float]) -> float:
    return (max(figures) - min(figures)) / statistics.median(figures)


def _traffic(results: Results) -> Iterator[list[str]]:
    shapes = results.size.shapes
    heads = ["", *(_shape(tasks, pool) for tasks, pool in shapes)]
    for title, figure, form in (
        ("**CPU time per request**, microseconds.", "cpu", "{:.0f}"),
        ("**Requests per second.**", "rate", "{:,.0f}"),
    ):
        rows = (
            [peer.title, *(_cell(middle(results, name, *shape, figure), form) for shape in shapes)]
            for name, peer in _taking_part(results)
        )
        yield [title, "", *_table(heads, rows)]
    rows = (
        [
            peer.title,
            *(
                f"{_cell(middle(results, name, *shape, 'p50'), '{:.2f}')} / {_cell(middle(results, name, *shape, 'p99'), '{:.1f}')}"
                for shape in shapes
            ),
        ]
        for name, peer in _taking_part(results)
    )
    yield ["**Latency**, p50 / p99 in milliseconds.", "", *_table(heads, rows)]
    rows = (
        [
            PEERS[name].title,
            *(f"{crowd[figure]:.2f}" for figure in ("least", "most", "longest")),
            f"{crowd['calls'] / CROWD[0]:.0f}",
        ]
        for name, crowd in results.crowd.items()
    )
    yield [
        f"**Fairness**, {_shape(*CROWD)}. Calls of the task that got fewest and of the one that got most, 1 being the fair "
        "share; the longest wait, in calls that others were served meanwhile, 1 being one for every task.",
        "",
        *_table(["", "fewest", "most", "longest wait", "calls per task"], rows),
    ]


def _taking_part(results: Results) -> list[tuple[str, Peer]]:
    return [(name, PEERS[name]) for name in results.size.peers]


def _shape(tasks: int, pool: int) -> str:
    return f"{tasks} task{'s' * (tasks > 1)}" + (f", {pool} connections" if pool != tasks else "")


def _cell(figure: float | None, form: str) -> str:
    return "–" if figure is None else form.format(figure)


def _decoding(results: Results) -> list[str]:
    def row(case: str) -> Iterator[str]:
        yield decoding.TITLES[case]
        for data in ("users", "licences"):
            times = results.decoding.get((case, data))
            yield f"{statistics.median(times) * 1e3:.0f}" if times else "–"
            yield _cell(_slower(results, case, data), "{:.2f}")
            yield _cell(results.memory.get((case, data)), "{:.0f}")

    return [
        f"**Decoding** {results.size.rows:,} rows, from bytes to typed objects: CPU milliseconds, ratio to msgspec into attrs, "
        "peak of memory in MB.",
        "",
        *_table(["", "users, ms", "ratio", "MB", "licences, ms", "ratio", "MB"], map(row, results.size.decoded)),
    ]


def _streaming(results: Results) -> list[str]:
    rows = (
        [streaming.TITLES[way], f"{found['rate']:,.0f}", f"{found['cpu']:.1f}", f"{found['growth']:.1f}"]
        for way, found in results.streaming.items()
    )
    return [
        f"**Reading {results.size.streamed:,} users**, each typed and then dropped.",
        "",
        *_table(["", "users per second", "CPU µs per user", "growth, MB"], rows),
    ]


def _table(heads: Sequence[str], rows: Iterable[Iterable[str]]) -> list[str]:
    lines = [heads, ["---"] + ["---:"] * (len(heads) - 1), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]
