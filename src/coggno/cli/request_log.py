"""`--verbose`: a line on standard error for every request, and for every wait before another attempt."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final
from weakref import WeakKeyDictionary

from attrs import define, field

from coggno import Attempt, Exchange
from coggno.cli.api_actions import action_of
from coggno.cli.terminal import output

_WITHOUT_STATUS: Final = {"APITimeoutError": "no response in time", "CancelledError": "interrupted"}


@define
class RequestLines:
    """Writes what the client sends and receives; paths are templates, so that nobody's login is in them, nor a key.

    Attributes:
        clock: returns seconds, of which only differences count.
    """

    clock: Callable[[], float] = time.monotonic
    # When the last attempt of the call in each task has ended: calls run side by side, each within one task.
    _ended: WeakKeyDictionary[asyncio.Task[Any], float] = field(
        factory=WeakKeyDictionary[asyncio.Task[Any], float], repr=False
    )

    def begin(self, attempt: Attempt) -> None:
        """Report how long the client has waited before another attempt."""
        task = asyncio.current_task()
        ended = None if task is None else self._ended.get(task)
        if attempt.attempt > 1 and ended is not None:
            waited = self.clock() - ended
            verb = action_of(attempt.operation).verb
            output.write_message(f"  waited {waited:.2f} s, attempt {attempt.attempt} to {verb}")

    def end(self, exchange: Exchange) -> None:
        """Report how an attempt has ended."""
        task = asyncio.current_task()
        if task is not None:
            self._ended[task] = self.clock()
        result = (
            _WITHOUT_STATUS.get(exchange.failure or "", "no response") if exchange.status is None else exchange.status
        )
        # A truncated body has a status of 200, and is a failure all the same.
        is_unreadable = exchange.status is not None and exchange.status < 400 and exchange.failure is not None
        failure = ", a response that cannot be read," if is_unreadable else ""
        # In the words of a person: the names of operations are the specification's.
        check = f", to check whether {action_of(exchange.check_of).done}" if exchange.check_of else ""
        company = f", company {exchange.lms}" if exchange.lms else ""
        line = f"{exchange.method} {exchange.url}: {result}{failure} in {exchange.elapsed:.3f} s{company}{check}"
        output.write_message(line)
