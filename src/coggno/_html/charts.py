"""Bar charts as inline SVG: a bar for each group, document or outcome, divided into segments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from attrs import frozen

from .parts import text

KINDS: Final = ("good", "open", "bad", "none", "other")
"""What a segment means, and so which color it has; the colors are in the style sheet of `page`."""


@frozen
class Segment:
    """What the segments of one color stand for.

    Attributes:
        label: its meaning in the legend, e.g. `passed`.
        kind: one of `KINDS`.
    """

    label: str
    kind: str

    def __attrs_post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {self.kind!r}")


@frozen
class Bar:
    """A bar of a chart.

    Attributes:
        name: its label.
        counts: a number for each segment of the chart.
        note: what stands beside the bar; how many are in its first segment if not given.
    """

    name: str
    counts: Sequence[int]
    note: str | None = None


def bar_chart(title: str, segments: Sequence[Segment], bars: Iterable[Bar], *, note: str | None = None) -> str:
    """Return a chart of bars of equal length: what share of each bar every segment has.

    Args:
        title: what the chart shows.
        segments: the segments of every bar, from left to right.
        bars: the bars; one whose counts are all 0 is shown empty.
        note: heading of what stands beside the bars; the label of the first segment if not given.
    """
    legend = "".join(f'<span class="{segment.kind}"><i></i>{text(segment.label)}</span>' for segment in segments)
    rows = "".join(_row(bar, segments) for bar in bars)
    first = text(segments[0].label if note is None else note)
    head = f'<caption>{text(title)}<span class="legend">{legend}</span></caption>'
    return f'<table class="chart">{head}<thead><tr><th><th><th>{first}</tr></thead><tbody>\n{rows}</tbody></table>\n'


def _row(bar: Bar, segments: Sequence[Segment]) -> str:
    total = sum(bar.counts)
    first = f"{bar.counts[0]:,} of {total:,} ({_percent(bar.counts[0], total)} %)" if total else "0"
    note = text(first if bar.note is None else bar.note)
    return f"<tr><th>{text(bar.name)}</th><td>{_svg(bar, segments, total)}</td><td class=n>{note}</td></tr>\n"


def _svg(bar: Bar, segments: Sequence[Segment], total: int) -> str:
    # People who cannot see the bar hear this sentence instead.
    spoken = ", ".join(f"{count} {segment.label}" for count, segment in zip(bar.counts, segments, strict=True))
    pieces: list[str] = []
    left = 0.0
    for count, segment in zip(bar.counts, segments, strict=True):
        width = 100 * count / total if total else 0.0
        if count:
            tip = f"<title>{text(segment.label)}: {count:,}</title>"
            pieces.append(f'<rect class="{segment.kind}" x="{left:.3f}" width="{width:.3f}" height="10">{tip}</rect>')
        left += width
    label = text(f"{bar.name}: {spoken}")
    # Stretched to whatever width the page has; a rectangle suffers no harm from that.
    return (
        f'<svg viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="{label}">{"".join(pieces)}</svg>'
    )


def _percent(part: int, total: int) -> int:
    # Rounded down, so that 100 % means everybody: 1,999 of 2,000 are 99 %.
    return 100 * part // total
