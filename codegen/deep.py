"""Room for recursion: chains of references may be long, and readers and validator follow them by calling themselves."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, TypeVar

T = TypeVar("T")

_CALLS: Final = 100_000
_STACK: Final = 512 * 1024 * 1024  # bytes; of which the system hands out what is used


def call(work: Callable[[], T]) -> T:
    """Call a function in a thread with a deep stack, and return or raise what it does."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised again by the caller
            future.set_exception(error)

    # Both settings hold for the whole process, so they are put back.
    stack, calls = threading.stack_size(_STACK), sys.getrecursionlimit()
    sys.setrecursionlimit(_CALLS)
    try:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(stack)
        sys.setrecursionlimit(calls)
    return future.result()
