"""The chart docs/performance.svg: two bar charts, readable on light and dark pages."""

from __future__ import annotations

import html
import re
import statistics
from collections.abc import Iterator
from typing import Final

from benchmarks.peers import PEERS
from benchmarks.suite import FAIRNESS_LOAD, Results

_WIDTH: Final = 860
_LEFT: Final = 268  # start of the bars
_RIGHT: Final = 120  # space for the figures after the bars
_ROW: Final = 24
_HEAD: Final = 46
STYLE: Final = """
  text { font: 13px -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif; fill: #1f2328 }
  .title { font-weight: 600; font-size: 15px } .note { fill: #59636e; font-size: 12px } .ours { font-weight: 600 }
  rect { fill: #afb8c1 } rect.ours { fill: #0969da } line { stroke: #1a7f37; stroke-dasharray: 3 3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .note { fill: #9198a1 }
    rect { fill: #656c76 } rect.ours { fill: #4493f8 } line { stroke: #3fb950 }
  }
"""


def draw(results: Results) -> str:
    """Return the chart of the results as SVG."""
    cost = _cost(results)
    shares = {name: (cost["fewest"], cost["most"]) for name, cost in results.fairness.items()}
    first, second = _HEAD + _ROW * len(cost), _HEAD + _ROW * len(shares)
    height = first + second + 34
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{_WIDTH}" height="{height}" {_box(height)}>',
        f"<title>{_title(cost)}</title>",
        f"<style>{STYLE}</style>",
        *_bars(cost),
        *_ranges(shares, first + 22),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _box(height: int) -> str:
    return f'viewBox="0 0 {_WIDTH} {height}"'


def _cost(results: Results) -> dict[str, float]:
    tasks, connections = 100, 100
    rounds = {name: results.requests.get((name, tasks, connections)) for name in PEERS}
    return {name: statistics.median(run["cpu"] for run in runs) for name, runs in rounds.items() if runs}


def _title(cost: dict[str, float]) -> str:
    return "CPU time per request: " + ", ".join(f"{_plain(name)} {figure:.0f} µs" for name, figure in cost.items())


def _bars(cost: dict[str, float]) -> Iterator[str]:
    yield from _heading(
        0, "CPU time per request", "form POST, typed response; 100 tasks, 100 connections; shorter is better"
    )
    most = max(cost.values())
    for index, (name, figure) in enumerate(cost.items()):
        width = max(2.0, figure / most * (_WIDTH - _LEFT - _RIGHT))
        yield from _row(name, _HEAD + index * _ROW, 0.0, width, f"{figure:,.0f} µs")


def _ranges(shares: dict[str, tuple[float, float]], top: int) -> Iterator[str]:
    tasks, connections = FAIRNESS_LOAD
    note = f"fewest and most calls of one of {tasks} tasks over {connections} connections; green: the fair share"
    yield from _heading(top, "Fairness", note)
    most = max(high for _, high in shares.values())
    scale = (_WIDTH - _LEFT - _RIGHT) / most
    for index, (name, (low, high)) in enumerate(shares.items()):
        width = max(4.0, (high - low) * scale)
        yield from _row(name, top + _HEAD + index * _ROW, low * scale, width, f"{low:.2f} to {high:.2f}")
    fair, bottom = _LEFT + scale, top + _HEAD + len(shares) * _ROW
    yield f'<line x1="{fair:.1f}" x2="{fair:.1f}" y1="{top + _HEAD - 4}" y2="{bottom}"/>'


def _heading(top: int, title: str, note: str) -> Iterator[str]:
    yield f'<text class="title" x="0" y="{top + 18}">{html.escape(title)}</text>'
    yield f'<text class="note" x="0" y="{top + 36}">{html.escape(note)}</text>'


def _row(name: str, top: int, begin: float, width: float, figure: str) -> Iterator[str]:
    kind = ' class="ours"' if PEERS[name].is_ours else ""
    middle = top + _ROW - 9
    yield f'<text{kind} x="{_LEFT - 10}" y="{middle}" text-anchor="end">{html.escape(_plain(name))}</text>'
    yield f'<rect{kind} x="{_LEFT + begin:.1f}" y="{top + 4}" width="{width:.1f}" height="{_ROW - 8}" rx="2"/>'
    yield f'<text{kind} x="{_LEFT + begin + width + 8:.1f}" y="{middle}">{html.escape(figure)}</text>'


def _plain(name: str) -> str:
    """Return the title of a peer without markup and explanation."""
    return re.sub(r"[*`]", "", PEERS[name].title).partition(":")[0]
