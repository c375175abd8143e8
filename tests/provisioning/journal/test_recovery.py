"""What can be saved of a damaged journal."""

import os

import pytest

from coggno.provisioning.errors import JournalError
from coggno.provisioning.journal import SavedGroup, SavedPlan, SqliteJournal, recover
from tests.provisioning.journal.helpers import a_job, a_record, a_write, all_results

ROWS = 3000
PAGE = 4096


@pytest.fixture
async def path(tmp_path):
    path = tmp_path / "hires.journal"
    async with SqliteJournal(path) as journal:
        await journal.begin(a_job())
        await journal.save_plan(SavedPlan(groups=[SavedGroup(name="Office", id=3)], users=[]))
        for line in range(2, 2 + ROWS):
            journal.record(a_record(line, key=f"u{line}", detail="x" * 40))
        await journal.intend(a_write())
        await journal.finish()
    return path


async def contents(path):
    async with SqliteJournal(path) as journal:
        state = await journal.begin(a_job())
        return state, [result.line for result in await all_results(journal)], await journal.writes()


async def test_sound_journal_is_copied_whole(path, tmp_path):
    recovered = recover(path, tmp_path / "new.journal")
    assert (recovered.rows, recovered.writes, recovered.is_complete) == (ROWS, 1, True)
    state, lines, (known,) = await contents(tmp_path / "new.journal")
    assert lines == list(range(2, 2 + ROWS))
    assert known.write == a_write()
    assert state.is_resumed


async def test_plan_is_left_behind(path, tmp_path):
    """A group whose record is lost must be listed, not created again."""
    recover(path, tmp_path / "new.journal")
    state, _, _ = await contents(tmp_path / "new.journal")
    assert not state.is_planned
    assert not state.is_finished


async def test_truncated_journal_keeps_its_prefix(path, tmp_path):
    os.truncate(path, path.stat().st_size // 2 // PAGE * PAGE)
    content = path.read_bytes()
    recovered = recover(path, tmp_path / "new.journal")
    assert not recovered.is_complete
    assert ROWS // 4 < recovered.rows < ROWS
    _, lines, _ = await contents(tmp_path / "new.journal")
    assert lines == list(range(2, 2 + recovered.rows))
    assert path.read_bytes() == content


@pytest.mark.parametrize("share", range(5, 100, 5))
async def test_small_journal_cut_anywhere_is_recovered(tmp_path, share):
    """Its tables are a few pages, any of which may be missing: a record without its values is none."""
    path, target = tmp_path / "small.journal", tmp_path / "new.journal"
    async with SqliteJournal(path) as journal:
        await journal.begin(a_job())
        for line in range(2, 52):
            journal.record(a_record(line, key=f"u{line}"))
    os.truncate(path, path.stat().st_size * share // 100)
    try:
        recovered = recover(path, target)
    except JournalError as error:
        assert "can be read" in str(error)
        assert not target.exists()
    else:
        assert recovered.rows == 50 or not recovered.is_complete
        _, lines, _ = await contents(target)
        assert len(lines) == recovered.rows


async def test_rows_behind_a_damaged_page_are_found(path, tmp_path):
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2 // PAGE * PAGE)
        file.write(b"\xaa" * PAGE)
    recovered = recover(path, tmp_path / "new.journal")
    assert not recovered.is_complete
    assert ROWS * 0.8 < recovered.rows < ROWS
    _, lines, _ = await contents(tmp_path / "new.journal")
    assert {2, 1 + ROWS} <= set(lines)


@pytest.mark.parametrize("content", [b"login,password\r\n", b"\0" * 9000])
def test_hopeless_file_is_reported(tmp_path, content):
    path = tmp_path / "hires.journal"
    path.write_bytes(content)
    with pytest.raises(JournalError, match="Begin again with a new journal"):
        recover(path, tmp_path / "new.journal")
    assert not (tmp_path / "new.journal").exists()


async def test_existing_target_is_kept(path, tmp_path):
    (tmp_path / "new.journal").write_text("mine")
    with pytest.raises(JournalError, match="exists"):
        recover(path, tmp_path / "new.journal")
    assert (tmp_path / "new.journal").read_text() == "mine"


def test_missing_journal_is_reported(tmp_path):
    with pytest.raises(JournalError, match="There is no journal"):
        recover(tmp_path / "missing.journal", tmp_path / "new.journal")


async def test_journal_in_use_is_refused(path, tmp_path):
    async with SqliteJournal(path) as journal:
        await journal.begin(a_job())
        with pytest.raises(JournalError, match="Another run is using"):
            recover(path, tmp_path / "new.journal")
