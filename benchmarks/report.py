"""The results as text: targets first, then every figure; and where the documentation keeps them."""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from attrs import frozen

from benchmarks import decoding, machine, picture, streaming
from benchmarks.peers import PEERS
from benchmarks.plan import CROWD, Results

ROOT: Final = Path(__file__).parents[1]
DOCS: Final = ROOT / "docs"
_BEGIN: Final = "<!-- figures: written by python -m benchmarks --write -->"
_END: Final = "<!-- end of figures -->"
_NONE: Final = "-"
_SHORT: Final = ((1, 1), (100, 100), CROWD)
_COLD: Final = "†"
_LIBRARIES: Final = (
    "httpx", "httpcore", "httpx2", "aiohttp", "httptools", "attrs", "cattrs", "msgspec", "orjson", "pydantic", "ijson",
    "openapi-python-client", "openapi-generator-cli",
)  # fmt: skip


@frozen
class Target:
    """Something to reach, and how far it was reached."""

    what: str
    limit: float
    measured: float | None
    unit: str = ""

    def cells(self) -> tuple[str, str, str, str]:
        """The row of the table."""
        limit = f"≤ {self.limit:.2f}" if not self.unit else f"≤ {self.limit:g}{self.unit}"
        if self.measured is None:
            return self.what, limit, "not measured", ""
        return self.what, limit, f"{self.measured:.2f}{self.unit}", "yes" if self.measured <= self.limit else "**no**"


def text(results: Results) -> str:
    """All tables, in Markdown."""
    return "\n".join(line for section in _sections(results) for line in [*section, ""])


def write(results: Results) -> None:
    """Put the tables between their marks in docs/performance.md and README.md, and draw docs/performance.svg."""
    _replace(DOCS / "performance.md", text(results))
    _replace(ROOT / "README.md", "\n".join([*_in_short(results), ""]))
    (DOCS / "performance.svg").write_text(picture.draw(results))


def _replace(page: Path, figures: str) -> None:
    before, _, rest = page.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    page.write_text(f"{before}{_BEGIN}\n\n{figures}\n{_END}{after}")


def _in_short(results: Results) -> list[str]:
    """What a reader of the README wants to know: the cost of a request, and how evenly tasks are served."""
    heads = ["CPU per request, µs", *(_shape(*shape) for shape in _SHORT), "share of the worst served task"]
    rows = (
        [
            PEERS[peer].title,
            *(_middle(results, (peer, *shape), "{cpu:.0f}") for shape in _SHORT),
            _cell(_of(results.crowd.get(peer), lambda crowd: crowd["least"]), "{:.2f}"),
        ]
        for peer in results.size.peers
    )
    return _table(heads, rows)


def targets(results: Results) -> Iterator[Target]:
    """What was to be reached, and what was."""
    for shape, limit in {(1, 1): 0.60, (100, 100): 0.20, CROWD: 0.15}.items():
        what = f"default engine: CPU per POST against plain httpx, {_shape(*shape)}"
        yield Target(what, limit, _against(results, "coggno", "httpx", shape))
    off = _of(results.crowd.get("coggno"), lambda crowd: 100 * max(1 - crowd["least"], crowd["most"] - 1))
    yield Target(f"default engine: how far a task is off its fair share of calls, {_shape(*CROWD)}", 20, off, " %")
    what = "aiohttp engine: CPU per POST against hand-written aiohttp, 100 tasks"
    yield Target(what, 1.35, _against(results, "coggno-aiohttp", "aiohttp", (100, 100)))
    waited = _of(results.crowd.get("coggno-aiohttp"), lambda crowd: crowd["longest"])
    yield Target(f"aiohttp engine: longest wait against the fair one, {_shape(*CROWD)}", 2, waited)
    for data, limit in {"users": 1.5, "licences": 1.7}.items():
        what = f"{results.size.rows:,} {data} decoded with the extra `speed`: CPU against msgspec into the same models"
        yield Target(what, limit, _slower(results, "coggno-speed", data))
    for data in ("users", "licences"):
        yield Target(f"{data} decoded: peak of memory against json + cattrs", 1, _fuller(results, data))
    grown = _of(results.streaming.get("iter"), lambda found: found["growth"])
    yield Target(f"`users.iter()` over {results.size.streamed:,} users: growth of memory", 20, grown, " MB")
    what = "`import coggno` against `import httpx, attrs, cattrs, tenacity`"
    yield Target(what, 1.15, _quotient(results.imports, "coggno", "httpx, attrs, cattrs, tenacity"))


def _of(figures: dict[str, float] | None, pick: Callable[[dict[str, float]], float]) -> float | None:
    return None if figures is None else pick(figures)


def _quotient(figures: dict[str, float], one: str, other: str) -> float | None:
    return figures[one] / figures[other] if one in figures and other in figures else None


def _against(results: Results, one: str, other: str, shape: tuple[int, int]) -> float | None:
    """The median of the ratios of CPU per call, each of one round: a slow moment is slow for both."""
    mine, theirs = (results.traffic.get((peer, *shape), ()) for peer in (one, other))
    return _ratio([figures["cpu"] for figures in mine], [figures["cpu"] for figures in theirs])


def _slower(results: Results, case: str, data: str) -> float | None:
    return _ratio(results.decoding.get((case, data), ()), results.decoding.get(("msgspec-attrs", data), ()))


def _ratio(mine: Iterable[float], theirs: Iterable[float]) -> float | None:
    ratios = [one / other for one, other in zip(mine, theirs, strict=False)]
    return statistics.median(ratios) if ratios else None


def _fuller(results: Results, data: str) -> float | None:
    weights = {case: results.memory[case, data] for case in decoding.WEIGHED if (case, data) in results.memory}
    return _quotient(weights, "coggno-speed", "json-cattrs")


def _sections(results: Results) -> Iterator[list[str]]:
    yield [_circumstances(results)]
    yield _table(["what", "target", "measured", "reached"], (target.cells() for target in targets(results)))
    if results.traffic:
        yield _traffic(results, "**CPU time per request**, microseconds.", "{cpu:.0f}")
        yield _traffic(results, "**Requests per second.**", "{rate:,.0f}")
        yield _traffic(results, "**Latency**, p50 / p99 in milliseconds.", "{p50:.2f} / {p99:.1f}")
        if _is_any_cold(results):
            late = f"After {results.size.warm:.0f} s there had not been five calls per task yet"
            yield [f"{_COLD} {late}: connections were still being opened."]
    if results.crowd:
        yield _crowd(results)
    if results.decoding:
        yield _decoding(results)
    if results.streaming:
        yield _streaming(results)
    if results.imports:
        rows = [[title, f"{figure:.0f}"] for title, figure in results.imports.items()]
        yield ["**Import**, net of bare Python.", "", *_table(["", "ms"], rows)]
    if results.retry:
        rows = [[title, f"{figure:.1f}"] for title, figure in results.retry.items()]
        yield ["**Being ready to retry**, on a call that succeeds at once.", "", *_table(["", "µs per call"], rows)]
    if results.missing:
        yield ["Not measured: " + "; ".join(f"{name} ({reason})" for name, reason in results.missing.items()) + "."]


def _circumstances(results: Results) -> str:
    day = dt.datetime.now(dt.UTC).date().isoformat()
    loads = " → ".join(f"{load:.1f}" for load in results.load)
    return (
        f"{day}; {machine.describe()}; {', '.join(_versions())}. {results.size.rounds} interleaved rounds in "
        f"{results.seconds:.0f} s. Noise: the load of the machine was {loads} (our own two processes included); "
        f"from round to round the CPU time of the same run differed by {_noise(results):.0f} % (median over all runs)."
    )


def _versions() -> Iterator[str]:
    for library in _LIBRARIES:
        try:
            yield f"{library} {version(library)}"
        except PackageNotFoundError:
            yield f"no {library}"


def _noise(results: Results) -> float:
    runs = [[figures["cpu"] for figures in rounds] for rounds in results.traffic.values()] + [
        *results.decoding.values()
    ]
    spreads = [(max(run) - min(run)) / statistics.median(run) for run in runs if len(run) > 1]
    return 100 * statistics.median(spreads) if spreads else 0.0


def _traffic(results: Results, title: str, form: str) -> list[str]:
    shapes = results.size.shapes
    rows = (
        [PEERS[peer].title, *(_middle(results, (peer, *shape), form) for shape in shapes)]
        for peer in results.size.peers
    )
    return [title, "", *_table(["", *(_shape(*shape) for shape in shapes)], rows)]


def _middle(results: Results, key: tuple[str, int, int], form: str) -> str:
    """The median of each figure over all rounds; with a mark where the peer was not under way yet."""
    rounds = results.traffic.get(key)
    if not rounds:
        return _NONE
    cell = form.format(**{name: statistics.median(figures[name] for figures in rounds) for name in rounds[0]})
    return cell if all(figures["warm"] for figures in rounds) else f"{cell} {_COLD}"


def _is_any_cold(results: Results) -> bool:
    return any(not figures["warm"] for rounds in results.traffic.values() for figures in rounds)


def _crowd(results: Results) -> list[str]:
    form = "{least:.2f}", "{most:.2f}", "{longest:.2f}"
    rows = (
        [PEERS[peer].title, *(cell.format(**crowd) for cell in form), f"{crowd['calls'] / CROWD[0]:.0f}"]
        for peer, crowd in results.crowd.items()
    )
    title = (
        f"**Fairness**, {_shape(*CROWD)}: calls of the task that got fewest and of the one that got most, 1 being the "
        "fair share; the longest wait, in calls that others were served meanwhile, 1 being one for every task."
    )
    return [title, "", *_table(["", "fewest", "most", "longest wait", "calls per task"], rows)]


def _shape(tasks: int, pool: int) -> str:
    return f"{tasks} task{'s' * (tasks > 1)}" + (f", {pool} connections" if pool != tasks else "")


def _decoding(results: Results) -> list[str]:
    def row(case: str) -> Iterator[str]:
        yield decoding.TITLES[case]
        for data in ("users", "licences"):
            times = results.decoding.get((case, data))
            yield f"{statistics.median(times) * 1e3:.0f}" if times else _NONE
            yield _cell(_slower(results, case, data), "{:.2f}")
            yield _cell(results.memory.get((case, data)), "{:.0f}")

    title = (
        f"**Decoding** {results.size.rows:,} rows, from bytes to typed objects: CPU milliseconds, ratio to msgspec "
        "into the same models, peak of memory in MB."
    )
    heads = ["", "users, ms", "ratio", "MB", "licences, ms", "ratio", "MB"]
    return [title, "", *_table(heads, map(row, results.size.decoded))]


def _streaming(results: Results) -> list[str]:
    rows = (
        [streaming.TITLES[way], f"{found['rate']:,.0f}", f"{found['cpu']:.1f}", f"{found['growth']:.1f}"]
        for way, found in results.streaming.items()
    )
    title = f"**Reading {results.size.streamed:,} users**, each typed and then dropped."
    return [title, "", *_table(["", "users per second", "CPU µs per user", "growth, MB"], rows)]


def _cell(figure: float | None, form: str) -> str:
    return _NONE if figure is None else form.format(figure)


def _table(heads: Sequence[str], rows: Iterable[Iterable[str]]) -> list[str]:
    lines = [heads, ["---"] + ["---:"] * (len(heads) - 1), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]
