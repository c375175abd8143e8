"""A chart of lines as SVG: rows per second over the rows that are there already, in the style of the other charts."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Sequence
from typing import Final

from attrs import frozen

from benchmarks.chart import STYLE

_WIDTH: Final = 860
_HEIGHT: Final = 330
_LEFT: Final = 62  # start of the lines
_RIGHT: Final = 120  # space for the names after them
_TOP: Final = 62
_BOTTOM: Final = 36
_NOTE: Final = "over the rows that are there already; each with its intent, outcome and result; green: the least wanted"
_LINES: Final = """
  polyline { fill: none; stroke-width: 2; stroke: #59636e } polyline.ours { stroke: #0969da }
  line.grid { stroke: #d1d9e0; stroke-dasharray: none }
  @media (prefers-color-scheme: dark) {
    polyline { stroke: #9198a1 } polyline.ours { stroke: #4493f8 } line.grid { stroke: #3d444d }
  }
"""


@frozen
class Line:
    """One line.

    Attributes:
        name: beside its end.
        points: rows that are there, and rows per second at that moment.
    """

    name: str
    points: Sequence[tuple[float, float]]


@frozen
class _Scale:
    rows: float
    rate: float

    def x(self, rows: float) -> float:
        return _LEFT + rows / self.rows * (_WIDTH - _LEFT - _RIGHT)

    def y(self, rate: float) -> float:
        return _HEIGHT - _BOTTOM - rate / self.rate * (_HEIGHT - _TOP - _BOTTOM)


def draw(lines: Sequence[Line], *, target: float) -> str:
    """Return the chart.

    Args:
        lines: the last one is not highlighted.
        target: rows per second that are wanted; a dashed line.
    """
    most = max(rate for line in lines for _, rate in line.points)
    step = 1000 if most < 10_000 else 5000
    scale = _Scale(max(line.points[-1][0] for line in lines), math.ceil(most / step) * step)
    box = f'width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {box}>',
        f"<title>{html.escape(_title(lines))}</title>",
        f"<style>{STYLE}{_LINES}</style>",
        '<text class="title" x="0" y="18">Rows per second of a journal in PostgreSQL</text>',
        f'<text class="note" x="0" y="36">{_NOTE}</text>',
        *_grid(scale, step),
        f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{scale.y(target):.1f}" y2="{scale.y(target):.1f}"/>',
        *(part for index, line in enumerate(lines) for part in _drawn(line, scale, is_ours=index < len(lines) - 1)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _title(lines: Sequence[Line]) -> str:
    ends = (f"{line.name} {line.points[0][1]:,.0f} at first, {line.points[-1][1]:,.0f} at last" for line in lines)
    return f"Rows per second while a journal grows to {lines[0].points[-1][0]:,.0f} rows: {'; '.join(ends)}"


def _grid(scale: _Scale, step: int) -> Iterator[str]:
    for rate in range(0, int(scale.rate) + 1, step):
        y = scale.y(rate)
        yield f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text class="note" x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{rate:,}</text>'
    for part in range(5):
        rows = scale.rows * part / 4
        x = scale.x(rows)
        yield f'<text class="note" x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 20}" text-anchor="middle">{rows:,.0f}</text>'


def _drawn(line: Line, scale: _Scale, *, is_ours: bool) -> Iterator[str]:
    kind = ' class="ours"' if is_ours else ""
    points = " ".join(f"{scale.x(rows):.1f},{scale.y(rate):.1f}" for rows, rate in line.points)
    yield f'<polyline{kind} points="{points}"/>'
    _, last = line.points[-1]
    yield f'<text{kind} x="{_WIDTH - _RIGHT + 8}" y="{scale.y(last) + 4:.1f}">{html.escape(line.name)}</text>'
