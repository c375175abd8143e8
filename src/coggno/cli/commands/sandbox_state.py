"""`coggno sandbox --state FILE`: starting with the data in a file, and keeping it there."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from coggno.cli.exit_codes import CommandError
from coggno.cli.terminal import output

if TYPE_CHECKING:
    from coggno.sandbox import Sandbox, StateSaver


def load_state(made: Sandbox, state: Path) -> bool:
    """Load the state in a file; return whether there was one.

    Raises:
        CommandError: the file is damaged, or cannot be read.
    """
    from coggno.sandbox import StateFileError

    try:
        made.load_state(state)
    except FileNotFoundError:
        return False
    except StateFileError as error:
        message = f"Cannot use the state in {state}: {error}. Repair it, or choose another file to start anew."
        raise CommandError(message) from None
    except OSError as error:
        raise CommandError(f"Cannot read {state}: {error.strerror or error}.") from None
    return True


@contextmanager
def saving_state(made: Sandbox, state: Path | None) -> Generator[None]:
    """Keep the state in a file, if one is given, while the context lasts.

    Raises:
        CommandError: the file cannot be written.
    """
    if state is None:
        yield
        return
    from coggno.sandbox import StateSaver

    saver = StateSaver(made, state, on_error=lambda error: output.write_message(f"Warning: {_unwritten(state, error)}"))
    try:
        saver.start()
    except OSError as error:
        raise CommandError(_unwritten(state, error)) from None
    try:
        yield
    finally:
        _stop_saving(saver, state)


def _stop_saving(saver: StateSaver, state: Path) -> None:
    try:
        saver.stop()
    except OSError as error:
        raise CommandError(_unwritten(state, error)) from None


def _unwritten(state: Path, error: OSError) -> str:
    return f"Cannot write the state to {state}: {error.strerror or error}."
