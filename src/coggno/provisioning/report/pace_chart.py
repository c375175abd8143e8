"""The pace of a run over time, as inline SVG."""

from __future__ import annotations

from collections.abc import Iterator

from coggno._html import text
from coggno.provisioning.report.timeline import Timeline

_HEIGHT = 60.0  # of the drawing; its width is the number of slices, and the page stretches both


def pace_chart(timeline: Timeline) -> Iterator[str]:
    """Yield the rows per second over time as HTML, the times of waiting behind them."""
    rates = timeline.rates()
    highest = max(rates, default=0.0)
    if not highest:
        return
    seconds = len(rates) * timeline.width
    spoken = f"Rows per second over {duration(seconds)}, {highest:,.1f} at most"
    yield '<p><span class="legend"><span class="good"><i></i>rows per second</span>'
    yield '<span class="open"><i></i>waiting for Coggno</span></span></p>\n'
    yield f'<svg viewBox="0 0 {len(rates)} {_HEIGHT:g}" preserveAspectRatio="none" role="img" '
    yield f'aria-label="{text(spoken)}" style="display: block; width: 100%; height: 9rem">'
    for wait in timeline.waits:
        left, right = wait.since / timeline.width, min(wait.until / timeline.width, len(rates))
        # At least a visible line, however short the wait was in a long run.
        width = max(right - left, 0.2)
        tip = f"<title>{text(wait.reason)}, {duration(wait.seconds)}</title>"
        yield f'<rect class="open" x="{left:.3f}" y="0" width="{width:.3f}" height="{_HEIGHT:g}">{tip}</rect>'
    for index, rate in enumerate(rates):
        height = _HEIGHT * rate / highest
        if height:
            yield f'<rect class="good" x="{index}" y="{_HEIGHT - height:.2f}" width="1" height="{height:.2f}"/>'
    yield "</svg>\n"
    yield '<p style="display: flex; justify-content: space-between; max-width: none; margin: 0">'
    yield f"<span>start</span><span>highest: {highest:,.1f} rows per second</span>"
    yield f"<span>{text(duration(seconds))}</span></p>\n"


def duration(seconds: float) -> str:
    """Return a duration for a person, e.g. `4.2 s` or `1 h 02 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"
