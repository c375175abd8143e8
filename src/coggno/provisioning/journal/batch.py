"""What one commit of a SQLite journal writes."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from attrs import define, field

from coggno.provisioning.journal.schema import transaction

Values: TypeAlias = Sequence[Any]
Answered: TypeAlias = "asyncio.Future[Any]"

_INTEND: Final = "INSERT INTO writes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)"
_SETTLE: Final = "UPDATE writes SET outcome = ?, result_id = ? WHERE id = ?"
_DROP: Final = "DELETE FROM writes WHERE id = ?"
# A later result of the same row may not know the digest any more.
_RECORD: Final = (
    "INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
    "digest = coalesce(excluded.digest, digest), login = excluded.login, outcome = excluded.outcome, "
    "user_id = excluded.user_id, detail = excluded.detail, is_inferred = excluded.is_inferred, "
    "is_not_attempted = excluded.is_not_attempted"
)
# A group may be called like somebody's login. Intents that are newer than the result may be in the same batch.
_FORGET: Final = "DELETE FROM writes WHERE key = ? AND company IS ? AND id <= ? AND kind <> 'create_group'"


@define
class Batch:
    """Notes that go into one commit, and who waits for it.

    Attributes:
        intents: writes to keep.
        settled: outcome, id of the result and number of writes.
        dropped: numbers of writes that were not carried out.
        rows: results of rows.
        finished: key, company and last intent of rows that are as wanted.
        waiting: those who wait for the commit.
        calls: what is to be done with the connection after the commit, and who waits for it.
    """

    intents: list[Values] = field(factory=list[Values])
    settled: list[Values] = field(factory=list[Values])
    dropped: list[Values] = field(factory=list[Values])
    rows: list[Values] = field(factory=list[Values])
    finished: list[Values] = field(factory=list[Values])
    waiting: list[Answered] = field(factory=list[Answered])
    calls: list[tuple[Callable[[sqlite3.Connection], Any], Answered]] = field(
        factory=list[tuple[Callable[[sqlite3.Connection], Any], Answered]]
    )

    @property
    def is_urgent(self) -> bool:
        """Whether somebody waits."""
        return bool(self.waiting or self.calls)

    @property
    def has_notes(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.intents or self.settled or self.dropped or self.rows or self.finished)

    def write(self, connection: sqlite3.Connection) -> None:
        """Write all notes in one transaction.

        Raises:
            sqlite3.Error: they cannot be written; none of them is.
        """
        with transaction(connection):
            # Intents first: what became of them may be part of the same commit.
            for statement, values in (
                (_INTEND, self.intents),
                (_SETTLE, self.settled),
                (_DROP, self.dropped),
                (_RECORD, self.rows),
                (_FORGET, self.finished),
            ):
                if values:
                    connection.executemany(statement, values)


def resolve(waiting: Sequence[Answered], error: Exception | None) -> None:
    """Wake those who wait, from another thread than theirs.

    Args:
        waiting: futures, possibly of several event loops.
        error: what to raise there; `None` if all went well.
    """
    by_loop: defaultdict[asyncio.AbstractEventLoop, list[Answered]] = defaultdict(list)
    for future in waiting:
        by_loop[future.get_loop()].append(future)
    for loop, futures in by_loop.items():
        call_in(loop, _resolve, futures, error)


def call_in(loop: asyncio.AbstractEventLoop, function: Callable[..., None], *arguments: Any) -> None:
    """Call a function in the thread of an event loop, unless that has ended."""
    with contextlib.suppress(RuntimeError):  # closed: nobody waits any more
        loop.call_soon_threadsafe(function, *arguments)


def set_result(future: Answered, result: Any, error: Exception | None) -> None:
    """End a future that was not cancelled meanwhile."""
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)


def _resolve(futures: Sequence[Answered], error: Exception | None) -> None:
    for future in futures:
        # One exception each: raised in several tasks, one would collect all their tracebacks.
        set_result(future, None, error and type(error)(*error.args))
