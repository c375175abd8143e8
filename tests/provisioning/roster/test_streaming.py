"""Rows are read again whenever they are needed: the same each time, in constant memory, or refused if they changed."""

import gc
import io
import json
import os
import random
import stat
import tempfile
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coggno.provisioning import RosterError, RosterOptions, RowOutcome, read_roster
from tests.helpers.hr_export import make_hr_export
from tests.provisioning.helpers import ADA, HEADER, people, roster

BOB = "Bob,Stone,bob@example.com,s3cret-word,Office\n"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text(HEADER + ADA + BOB)
    return path


def test_rows_are_the_same_each_time():
    """Two readings at once do not disturb each other."""
    found = roster(make_hr_export(300).text)
    one, other = iter(found.rows), iter(found.rows)
    assert list(zip(one, other, strict=True)) == [(row, row) for row in found.rows]
    assert len(found.rows) == 300


@pytest.mark.parametrize("count", [5, 20_000])
def test_rows_from_code_are_copied(count):
    """An iterator can be read once, and a list may be changed by its owner; more than a megabyte goes to the disk."""
    rows = people(count)
    found, again = read_roster(rows), read_roster(iter(rows))
    rows[0]["email"] = "changed@example.com"
    rows.pop()
    assert [row.line for row in found.rows] == list(range(1, count + 1))
    assert next(iter(found.rows)).person.email == "u0@example.com"
    assert again.digest == found.digest


def test_an_upload_may_be_closed():
    """Standard input and uploads are copied."""
    with io.BytesIO((HEADER + ADA).encode()) as upload:
        found = read_roster(upload)
    assert [row.person.email for row in found.rows] == ["ada@example.com"]


@pytest.mark.untraced
def test_a_long_copy_is_private(monkeypatch):
    """The copy is in no folder, or belongs to its owner only, and is closed with the roster."""
    files = []
    make = tempfile.TemporaryFile

    def noted(*args, **options):
        files.append(make(*args, **options))
        return files[-1]

    monkeypatch.setattr(tempfile, "TemporaryFile", noted)
    found = read_roster(io.StringIO(HEADER + ADA + long_rows()))
    (copy,) = files
    mode = os.fstat(copy.fileno()).st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert len(list(found.rows)) == 30_001
    del found
    gc.collect()
    assert copy.closed


def long_rows():
    return "".join(f"First,Last,u{number}@example.com,s3cret-{number},Warehouse\n" for number in range(30_000))


@pytest.mark.skipif(not os.path.isdir("/dev/fd"), reason="only where open files have paths")
def test_a_pipe_is_a_roster():
    """As `<(command)` in a shell."""
    reader, writer = os.pipe()
    os.write(writer, (HEADER + ADA).encode())
    os.close(writer)
    found = read_roster(f"/dev/fd/{reader}")
    os.close(reader)
    assert [row.person.email for row in found.rows] == ["ada@example.com"]


def test_a_device_is_refused():
    with pytest.raises(RosterError, match="is a device or a socket"):
        read_roster(os.devnull)


@pytest.mark.parametrize("change", [ADA.replace("Ada", "Eve"), BOB + ADA, ""])
def test_a_changed_file_is_refused(path, change):
    """Its rows were not checked."""
    found = read_roster(path)
    path.write_text(HEADER + change)
    with pytest.raises(RosterError, match="people.csv was changed after it was checked"):
        list(found.rows)


@pytest.mark.parametrize("text", [HEADER + BOB + ADA, HEADER + ADA + BOB + BOB, ""])
def test_a_file_that_changes_while_it_is_read(path, text):
    """Even if it is written in place, by a program that keeps it open."""
    found = read_roster(path)
    rows = iter(found.rows)
    next(rows)
    path.write_text(text)
    with pytest.raises(RosterError, match="was changed"):
        list(rows)


def test_no_row_of_a_changed_file_is_returned(tmp_path):
    """The rest of a long file is read later: after the change, none of its new rows may be carried out."""
    path = tmp_path / "people.csv"
    path.write_text(HEADER + long_rows())
    rows = iter(read_roster(path).rows)
    returned = [next(rows)]
    path.write_text((HEADER + long_rows()).replace("First", "Other"))
    with pytest.raises(RosterError, match="was changed"):
        returned.extend(rows)
    assert 1 < len(returned) < 2000
    assert {row.person.first_name for row in returned} == {"First"}


def test_a_file_with_another_time_is_the_same(path):
    found = read_roster(path)
    os.utime(path, ns=(1, 1))
    assert len(list(found.rows)) == 2


def test_a_deleted_file_is_an_error(path):
    found = read_roster(path)
    path.unlink()
    with pytest.raises(RosterError, match="cannot be read: No such file"):
        list(found.rows)


@pytest.mark.untraced
def test_memory_does_not_grow_with_the_rows(tmp_path):
    """But for eight bytes a row, with which rows of one user are found."""
    path = tmp_path / "people.csv"
    path.write_text(HEADER + long_rows())
    tracemalloc.start()
    found = read_roster(path)
    count = sum(1 for _ in found.rows)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 30_000
    assert peak < 2_500_000


def test_a_huge_file_of_nothing_is_refused_at_once(tmp_path):
    """A sparse file takes no space on the disk, and would take hours to read."""
    path = tmp_path / "people.csv"
    with path.open("wb") as file:
        file.write(HEADER.encode())
        file.truncate(10_000_000_000)
    with pytest.raises(RosterError, match="line 2.*NUL"):
        read_roster(path)


def test_a_line_without_end_is_refused():
    """Its characters would fill the memory."""
    with pytest.raises(RosterError, match="line 1 has more than 10,000,000 characters"):
        roster("a" * 11_000_000)


def test_a_quotation_mark_that_is_not_closed_in_a_long_file():
    """It would take all rows below it into one cell."""
    with pytest.raises(RosterError, match=r"begins in line 2: a cell has more than 131,072 characters; is a quotation"):
        roster(HEADER + '"Ada,Lovelace,' + "ada@example.com,s3cret-word,\n" * 10_000)


def test_facts_are_those_of_the_rows():
    """They are kept, so that nobody has to read the rows for them."""
    found = roster(make_hr_export(1000).text)
    rows = list(found.rows)
    rejected = [row.rejection.outcome for row in rows if row.rejection]
    assert found.rejected == {outcome: rejected.count(outcome) for outcome in set(rejected)}
    assert found.accepted_count == len(list(found.accepted)) == 1000 - len(rejected) - len(found.merged)
    assert found.last_line == rows[-1].line
    assert found.groups == tuple(dict.fromkeys(name for row in found.accepted for name in row.person.groups))
    assert found.gives_passwords == any(row.person and row.person.password for row in rows)
    merged = {row.line: row.merged_into for row in rows if row.merged_into is not None}
    assert {row.line: first for first in merged.values() for row in found.merged.with_first(first, "")} == merged


def test_merges_are_found_from_both_sides():
    """Also where the first row of a user is invalid, so that a later one takes its place."""
    ada, bob = "Ada,Lovelace,ada@example.com,s3cret-word,", "Bob,Stone,bob@example.com,s3cret-word,"
    invalid = ",Lovelace,ada@example.com,s3cret-word,"
    found = roster(f"{HEADER}{invalid}\n{bob}\n{bob}\n{ada}\n{ada}\n{bob}\n{ada}\n")
    assert [row.merged_into for row in found.rows] == [None, None, 3, None, 5, 3, 5]
    assert {first: [row.line for row in found.merged.with_first(first, "")] for first in (2, 3, 5)} == {
        2: [],
        3: [4, 7],
        5: [6, 8],
    }


def test_a_merged_row_keeps_its_login():
    found = roster(HEADER + ADA + ADA.replace("ada@", "ADA@") + ADA)
    (first,) = found.accepted
    merged = found.merged.with_first(first.line, first.person.effective_login)
    assert [(row.line, row.login) for row in merged] == [(3, "ADA@example.com"), (4, "ada@example.com")]


def test_groups_of_refused_rows_are_not_wanted():
    found = roster(HEADER + ADA + ADA.replace("Ada", "Eve").replace("Warehouse", "Office") + BOB)
    assert found.rejected == {RowOutcome.REFUSED: 2}
    assert found.groups == ("Office",)


def test_many_contradicting_lines_are_counted():
    text = "".join(ADA.replace("Ada,", f"Ada{number},") for number in range(50))
    details = {row.rejection.detail for row in roster(HEADER + text).rows}
    (detail,) = details
    assert "20, 21 and 30 more have the same login but differ in first_name" in detail


def test_the_digest_of_a_row_is_what_it_wants():
    """Columns, spelling, order of groups and password make no difference."""
    one = roster("First Name,Last Name,Email,Password,Group\nAda,Lovelace,ada@example.com,s3cret-word,X;Y\n")
    two = roster("email;last name;first name;group;shoe\nADA@example.com;Lovelace;Ada;y|x;38\n")
    other = roster("First Name,Last Name,Email,Password,Group\nAda,Lovelace,ada@example.com,s3cret-word,X\n")
    digests = [next(iter(found.rows)).digest for found in (one, two, other)]
    assert digests[0] == digests[1] != digests[2]
    assert len(digests[0]) == 16


def test_the_digest_of_a_roster_is_stable():
    """But for options that change what is wanted."""
    text = HEADER + ADA + BOB
    assert roster(text).digest == roster(text).digest
    assert roster(text).digest != roster(text, groups="All").digest
    assert roster(text).digest != roster(HEADER + BOB + ADA).digest


KEYS = st.sampled_from(["a@b.example", "A@b.example", "c@d.example", "e@f.example"])
NAMES = st.sampled_from(["Ada", "Bob"])
WANTED = st.lists(st.tuples(NAMES, KEYS, st.sampled_from(["X", "Y", "x;Y", ""])), min_size=1, max_size=12)


@given(WANTED)
def test_forms_give_the_same_rows(rows):
    """CSV, JSON Lines and mappings."""
    mappings = [{"first_name": name, "last_name": "L", "email": mail, "group": group} for name, mail, group in rows]
    csv_text = "first_name,last_name,email,group\n" + "".join(f"{a},L,{b},{c}\n" for a, b, c in rows)
    found = [roster(csv_text), roster("\n".join(map(json.dumps, mappings))), read_roster(iter(mappings))]
    persons = [[(row.person, row.merged_into is None, row.rejection is None) for row in each.rows] for each in found]
    assert persons[0] == persons[1] == persons[2]


def test_shuffled_rows_end_alike():
    """Which rows are refused does not depend on their order."""
    lines = [f"F{number % 7},L,u{number % 40}@example.com,s3cret-word,G{number % 3}\n" for number in range(300)]
    shuffled = random.Random(7).sample(lines, len(lines))
    ends = []
    for text in (lines, shuffled):
        found = read_roster(io.StringIO(HEADER + "".join(text)), RosterOptions())
        ends.append({(row.person.key, row.rejection is None) for row in found.rows})
    assert ends[0] == ends[1]
