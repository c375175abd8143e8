"""The progress bar, for a person at a terminal."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final, Self, TextIO, cast

from attrs import define, field, frozen
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from coggno.cli.terminal.row_counter import RowCounter

_SHORTEST: Final = 12  # cells; a bar that would be shorter gets a line of its own
_REFRESH: Final = 8  # times a second


@frozen
class _ForgivingStream:
    """A stream whose errors are ignored: a closed terminal must not end a run that is changing accounts."""

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
class ProgressBarDisplay:
    """Progress that is redrawn in place, and removed at the end."""

    console: Console
    _live: Live = field(init=False)
    _phase: Spinner | None = None
    _rows: RowCounter | None = None

    def __attrs_post_init__(self) -> None:
        # Standard output is left alone: rich would draw what a command prints there into the bar on standard error.
        self._live = Live(
            get_renderable=lambda: self,
            console=self.console,
            refresh_per_second=_REFRESH,
            transient=True,
            redirect_stdout=False,
        )

    @classmethod
    def start(cls, stream: TextIO) -> Self:
        """Return a bar that is shown on `stream` from now on."""
        forgiving = cast("TextIO", _ForgivingStream(stream))
        # Text comes from rosters and servers: brackets in a name are no markup, `:smile:` is no emoji.
        display = cls(Console(file=forgiving, markup=False, highlight=False, emoji=False))
        display._live.start()
        return display

    def show_phase(self, text: str) -> None:
        """Show what is being done, with a spinner."""
        self._phase = Spinner("line", Text(f"{text} ..."))

    def show_rows(self, rows: RowCounter) -> None:
        """Show a bar of the rows from now on."""
        self._phase, self._rows = None, rows

    def update(self) -> None:
        """Do nothing: the next frame, an eighth of a second away at most, reads the counter."""

    def waiting_changed(self) -> None:
        """Do nothing, for the same reason."""

    def pause(self) -> None:
        """Remove the bar for a while."""
        self._live.stop()

    def resume(self) -> None:
        """Show the bar again."""
        self._live.start()

    def close(self) -> None:
        """Remove the bar."""
        self._live.stop()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw one frame, in one to four lines depending on the width of the terminal."""
        if self._phase is not None:
            yield self._phase
        elif self._rows is not None:
            yield from _frame(self._rows, options.max_width)


def _frame(rows: RowCounter, width: int) -> RenderResult:
    status = Text(rows.status(), no_wrap=True, overflow="ellipsis")
    beside = width - status.cell_len - 2
    if beside >= _SHORTEST:
        yield _line(_bar(rows, beside), status)
    else:
        yield _line(_bar(rows, width))
        # Why a run waits is read to its end, on as many lines as that takes.
        yield status if rows.waiting is None else Text(rows.status())
    yield _counts(rows)


def _bar(rows: RowCounter, width: int) -> ProgressBar:
    return ProgressBar(
        # rich draws a bar of 0 as one that pulses without end
        total=max(rows.total, 1),
        completed=rows.done,
        width=width,
        complete_style="green",
        finished_style="green",
    )


def _line(*cells: RenderableType) -> Table:
    line = Table.grid(padding=(0, 1))
    line.add_row(*cells)
    return line


def _counts(rows: RowCounter) -> Text:
    parts = [
        Text(f"{count:,} {label}", style="red" if label in rows.needing_attention else "green")
        for label, count in rows.labels.most_common()
    ]
    return Text(", ").join(parts)
