"""A row that passes the short check passes the full one, without a warning; nearly every row does."""

from __future__ import annotations

import io
import random

import pytest

from coggno._protocol.identity import is_like_an_id
from coggno.provisioning import RowOutcome, read_roster
from coggno.provisioning.roster.columns import find_columns
from coggno.provisioning.roster.group_names import GroupNames
from coggno.provisioning.roster.input import InputRow
from coggno.provisioning.roster.input.cells import cell_of
from coggno.provisioning.roster.other_systems import ForeignColumns
from coggno.provisioning.roster.row_reader import RowReader

HEADER = ("Email", "First Name", "Last Name", "Password", "Group", "Login", "Company", "Shoe size")
SOUND = ["ada@example.com", "Ada", "Lovelace", "s3cret-1815", "Warehouse", "ada", "Acme", "39"]


def reader_of(header=HEADER, *, needs_password=True):
    columns = find_columns(header, {})
    foreign = ForeignColumns.of(columns.names)
    return RowReader(columns, foreign, GroupNames((), foreign.group_marks), needs_password)


def given(cells, problem=None):
    return InputRow(7, cells, problem)


def test_sound_row_is_plain():
    assert reader_of().plain_row(given(SOUND)) == ("ada", True, "Acme", ("Warehouse",))


def test_missing_values_are_plain_where_they_may_be_missing():
    cells = [*SOUND[:3], "", "", "", "", ""]
    assert reader_of(needs_password=False).plain_row(given(cells)) == ("ada@example.com", False, "", ())


@pytest.mark.parametrize(
    "cells",
    [
        {0: ""}, {0: "ada"}, {0: "a@b,c"}, {1: ""}, {2: " "}, {3: ""}, {3: "short"}, {3: "x" * 41}, {3: " s3cret-1815"},
        {3: "s3cret\n1815"}, {1: "Ad\u00e4"}, {1: "Ada\u200b"}, {1: "\u00a0Ada"}, {5: "."}, {5: ".."}, {5: "1815"},
        {5: "'ada"}, {1: "1.5E+10"}, {2: "#N/A"}, {1: "Mar-05"}, {4: "2024-01-02"}, {6: "#REF!"}, {7: "{}"},
        {7: cell_of(True)}, {4: cell_of(["a", "b"])},
    ],
)  # fmt: skip
def test_everything_else_is_checked_in_full(cells):
    reader = reader_of()
    assert reader.plain_row(given([cells.get(at, cell) for at, cell in enumerate(SOUND)])) is None


def test_other_spelling_of_a_group_is_reported():
    reader = reader_of()
    assert reader.plain_row(given(SOUND)) is not None
    assert reader.plain_row(given([*SOUND[:4], "WAREHOUSE", *SOUND[5:]])) is None


def test_row_of_another_length_or_that_cannot_be_read_is_checked_in_full():
    reader = reader_of()
    for row in (given(SOUND[:-1]), given([*SOUND, ""]), given(SOUND, "not JSON")):
        assert reader.plain_row(row) is None


def test_files_of_other_systems_are_checked_in_full():
    """Their rows can be wrong in other ways, such as a user who was deleted."""
    table = "email,first name,last name,status\nada@example.com,Ada,Lovelace,deleted\n"
    roster = read_roster(io.StringIO(table))
    assert roster.rejected == {RowOutcome.INVALID: 1}


def test_rows_in_some_lines_can_be_left_out():
    lines = [f"user{number}@example.com,First,Last" for number in range(5)]
    roster = read_roster(io.StringIO("\n".join(["email,first name,last name", *lines, lines[0]])))
    assert [row.line for row in roster.rows.without(b"")] == [2, 3, 4, 5, 6, 7]
    assert [row.line for row in roster.accepted_without(bytes([0, 0, 0, 1, 0, 9, 0, 0]))] == [2, 4, 6]


PIECES = (
    "", " ", "\t", "a", "A", "-", "Mar-05", "'", "#N/A", "0", "12", "1E5", ".", "..", "@", "@b", ",", ";", "|", "{",
    "}", "\u00e4", "\u00a0", "\u200b", "\ufb01", "\n", "\x00", "\ud800", "x" * 50, "40000", "+", "=1+1", '"', "=\u0661",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(10))
def test_full_check_finds_nothing_in_a_plain_row(seed):
    """Rows are damaged at random; of those that count as plain, the full check finds the same, and no warning."""
    chance = random.Random(f"plain rows {seed}")
    plain = 0
    for _ in range(2000):
        cells = list(SOUND)
        for _ in range(chance.choice([0, 1, 1, 2])):
            at = chance.randrange(len(cells))
            start = chance.randrange(len(cells[at]) + 1)
            end = start + chance.choice([0, 1, 50])
            cells[at] = cells[at][:start] + chance.choice(PIECES) + cells[at][end:]
        reader = reader_of(needs_password=chance.random() < 0.5)
        row = reader.plain_row(given(cells))
        if row is not None:
            plain += 1
            full = reader.row(given(cells))
            person = full.person
            shown = (person.effective_login, person.password is not None, person.company or "", person.groups)
            assert row == shown
            assert full.rejection is None
            assert not is_like_an_id(person.effective_login)
            assert [*reader.warnings(given(cells), full)] == []
    assert plain > 500
