"""Writing the notes of a commit: one statement for all notes of a kind, which costs half as much as one for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, LiteralString

from attrs import frozen

from coggno.provisioning.journal.batch import Batch, Values
from coggno.provisioning.journal.postgres.driver import Database


@frozen
class NoteStatement:
    """A statement that writes notes of one kind.

    Attributes:
        text: where `{notes}` stands for the notes, as a table.
        columns: name and type of each value of a note.
        key: the column whose values must differ within one statement; `None` if they need not.
    """

    text: LiteralString
    columns: Mapping[LiteralString, LiteralString]
    key: LiteralString | None = "id"

    @cached_property
    def query(self) -> LiteralString:
        """The statement for psycopg, with one array of values for each column, and the journal."""
        arrays: LiteralString = ", ".join(f"%({name})s::{kind}[]" for name, kind in self.columns.items())
        names: LiteralString = ", ".join(self.columns)
        return self.text.replace("{notes}", f"unnest({arrays}) AS n({names})")

    async def execute(self, connection: Database, journal: int, notes: Sequence[Values]) -> None:
        """Write notes, in their order."""
        query, names = self.query, list(self.columns)
        for part in self._parts(notes):
            arrays: dict[str, Any] = dict(zip(names, map(list, zip(*part, strict=True)), strict=True))
            await connection.execute(query, {**arrays, "journal": journal})

    def _parts(self, notes: Sequence[Values]) -> Iterator[Sequence[Values]]:
        """Yield the notes in parts without a repetition: one statement changes a row once only."""
        index = None if self.key is None else list(self.columns).index(self.key)
        if index is None or len({note[index] for note in notes}) == len(notes):
            yield notes
            return
        part: dict[Any, Values] = {}
        for note in notes:
            if note[index] in part:
                yield list(part.values())
                part = {}
            part[note[index]] = note
        yield list(part.values())


# A commit whose confirmation was lost is carried out again: a second time each of these changes nothing.
_INTEND: Final = NoteStatement(
    "INSERT INTO coggno.writes "
    "(id, kind, key, company, group_id, name, line, before, attempt, sent_at, journal) "
    "SELECT n.*, %(journal)s FROM {notes} ON CONFLICT DO NOTHING",
    {
        "id": "bigint",
        "kind": "text",
        "key": "text",
        "company": "bigint",
        "group_id": "bigint",
        "name": "text",
        "line": "bigint",
        "before": "text",
        "attempt": "bigint",
        "sent_at": "double precision",
    },
)
_SETTLE: Final = NoteStatement(
    "UPDATE coggno.writes AS w SET outcome = n.outcome, result_id = n.result_id FROM {notes} "
    "WHERE w.id = n.id AND w.journal = %(journal)s",
    {"outcome": "text", "result_id": "bigint", "id": "bigint"},
)
_DROP: Final = NoteStatement(
    "DELETE FROM coggno.writes AS w USING {notes} WHERE w.id = n.id AND w.journal = %(journal)s", {"id": "bigint"}, None
)
# A later result of the same row may not know the digest any more.
_RECORD: Final = NoteStatement(
    "INSERT INTO coggno.rows AS known "
    "(id, digest, login, outcome, user_id, detail, is_inferred, is_not_attempted, journal) "
    "SELECT n.*, %(journal)s FROM {notes} ON CONFLICT (journal, id) DO UPDATE SET "
    "digest = coalesce(excluded.digest, known.digest), login = excluded.login, outcome = excluded.outcome, "
    "user_id = excluded.user_id, detail = excluded.detail, is_inferred = excluded.is_inferred, "
    "is_not_attempted = excluded.is_not_attempted",
    {
        "id": "bigint",
        "digest": "bytea",
        "login": "text",
        "outcome": "text",
        "user_id": "bigint",
        "detail": "text",
        "is_inferred": "boolean",
        "is_not_attempted": "boolean",
    },
)
# A group may be called like somebody's login. Intents that are newer than the result may be in the same batch.
_FORGET: Final = NoteStatement(
    "DELETE FROM coggno.writes AS w USING {notes} WHERE w.key = n.key AND w.company IS NOT DISTINCT FROM n.company "
    "AND w.id <= n.id AND w.journal = %(journal)s AND w.kind <> 'create_group'",
    {"key": "text", "company": "bigint", "id": "bigint"},
    None,
)
_FORGET_REMOVAL: Final = NoteStatement(
    "DELETE FROM coggno.writes AS w USING {notes} WHERE w.key = n.key AND w.company IS NOT DISTINCT FROM n.company "
    "AND w.id <= n.id AND w.group_id IS NOT DISTINCT FROM n.group_id AND w.journal = %(journal)s "
    "AND w.kind IN ('remove_member', 'delete_user')",
    {"key": "text", "company": "bigint", "id": "bigint", "group_id": "bigint"},
    None,
)


_STATEMENTS: Final = (_INTEND, _SETTLE, _DROP, _RECORD, _FORGET, _FORGET_REMOVAL)


async def write_notes(connection: Database, journal: int, batch: Batch) -> None:
    """Write all notes of a batch to a journal."""
    for statement, notes in zip(_STATEMENTS, batch.notes(), strict=True):
        if notes:
            await statement.execute(connection, journal, notes)
