"""The progress bar, for a person at a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, Self, TextIO, cast

from attrs import define, field, frozen
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from coggno.cli.progress import Tally

_SHORTEST: Final = 12  # cells; a bar that would be shorter gets a line of its own
_REFRESH: Final = 8  # times a second
_STYLES: Final[Mapping[str, str]] = {
    "created": "green",
    "joined": "green",
    "left": "green",
    "deleted": "green",
    "exists": "cyan",
    "unchanged": "cyan",
    "duplicate": "cyan",
}
_PROBLEM: Final = "red"


@frozen
class _Calm:
    """A terminal that may go away: a run does not end because nobody watches any more."""

    stream: TextIO

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            self.stream.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self.stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@define
class Bar:
    """Progress that is drawn over and over in the same place, and gone at the end."""

    console: Console
    _live: Live = field(init=False)
    _doing: Spinner | None = None
    _tally: Tally | None = None

    def __attrs_post_init__(self) -> None:
        self._live = Live(
            get_renderable=lambda: self,
            console=self.console,
            refresh_per_second=_REFRESH,
            transient=True,
            redirect_stdout=False,
        )

    @classmethod
    def on(cls, stream: TextIO) -> Self:
        """Return a bar that is shown on `stream` from now on."""
        calm = cast("TextIO", _Calm(stream))
        bar = cls(Console(file=calm, markup=False, highlight=False, emoji=False))
        bar._live.start()
        return bar

    def phase(self, text: str) -> None:
        """Show what is being done."""
        self._doing = Spinner("line", Text(f"{text} ..."))

    def begin(self, total: int) -> None:
        """Show the bar, empty."""
        self._doing, self._tally = None, Tally(total)

    def saw(self, outcome: str) -> None:
        """Count; the next frame shows it."""
        if self._tally is not None:
            self._tally.saw(outcome)

    def close(self) -> None:
        """Wipe the bar away."""
        self._live.stop()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw one frame, in one, two or three lines as the terminal is wide."""
        if self._doing is not None:
            yield self._doing
        elif self._tally is not None:
            yield from _frame(self._tally, options.max_width)


def _frame(tally: Tally, width: int) -> RenderResult:
    facts = Text(", ".join(tally.facts()), no_wrap=True, overflow="ellipsis")
    beside = width - facts.cell_len - 2
    if beside >= _SHORTEST:
        yield _row(_bar(tally, beside), facts)
    else:
        yield _row(_bar(tally, width))
        yield facts
    yield _counts(tally)


def _bar(tally: Tally, width: int) -> ProgressBar:
    return ProgressBar(
        total=max(tally.total, 1),
        completed=tally.done,
        width=width,
        complete_style="green",
        finished_style="green",
    )


def _row(*cells: RenderableType) -> Table:
    row = Table.grid(padding=(0, 1))
    row.add_row(*cells)
    return row


def _counts(tally: Tally) -> Text:
    parts = [
        Text(f"{count:,} {outcome}", style=_STYLES.get(outcome, _PROBLEM))
        for outcome, count in tally.outcomes.most_common()
    ]
    return Text(", ").join(parts)
