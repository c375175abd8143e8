"""Warnings that the client logs, as messages of the command line."""

from __future__ import annotations

import logging
from typing import Final

from coggno.cli.terminal.output import write_message

_LOGGER: Final = logging.getLogger("coggno")
# Advice for a program: no command has this argument.
_FOR_PROGRAMS: Final = " Use decoding='strict' to get an error instead."


class _Messages(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        write_message(f"Warning: {record.getMessage().removesuffix(_FOR_PROGRAMS)}")


def show_warnings() -> None:
    """Write what the client logs as a warning to standard error, as a message; once, however often it is called."""
    if not any(isinstance(handler, _Messages) for handler in _LOGGER.handlers):
        _LOGGER.addHandler(_Messages(logging.WARNING))
