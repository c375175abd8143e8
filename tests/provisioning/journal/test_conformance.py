"""What every journal does: the same tests for each implementation."""

import asyncio
from uuid import uuid4

import pytest

from coggno.provisioning import RowOutcome
from coggno.provisioning.errors import JournalError
from coggno.provisioning.journal import (
    JournalScope,
    MemoryJournal,
    PostgresJournal,
    SavedGroup,
    SavedPlan,
    SavedUser,
    SqliteJournal,
    WriteKind,
    WriteOutcome,
    read_journal,
)
from tests.provisioning.journal.helpers import SCOPE, a_job, a_record, a_write, all_results


class Kept:
    """A journal, and how the next run gets at what it has kept."""

    def __init__(self, make, *, is_durable):
        self._make = make
        self.is_durable = is_durable
        self.journal = make(1000.0)

    async def next_run(self, job=None):
        """End this run, begin the next one, and return its state."""
        await self.journal.close()
        if self.is_durable:
            self.journal = self._make(2000.0)
        return await self.journal.begin(job or a_job())


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def kept(request, tmp_path):
    if request.param == "postgres":
        url = request.getfixturevalue("postgres").url(journal=uuid4())
    makers = {
        "postgres": lambda time: PostgresJournal(url, now=lambda: time),
        "memory": lambda time: MemoryJournal(now=lambda: time),
        "sqlite": lambda time: SqliteJournal(tmp_path / "hires.journal", now=lambda: time),
    }
    kept = Kept(makers[request.param], is_durable=request.param != "memory")
    yield kept
    await kept.journal.close()


@pytest.fixture
async def journal(kept):
    await kept.journal.begin(a_job())
    return kept.journal


durable = pytest.mark.parametrize("kept", ["sqlite", "postgres"], indirect=True)
"""For tests of what only a journal that outlives its process has."""


# Jobs


async def test_first_job_is_new(kept):
    state = await kept.journal.begin(a_job())
    assert (state.number, state.is_resumed, state.is_planned, state.is_finished) == (1, False, False, False)
    assert state.begun == 1000.0


async def test_same_digest_continues_the_job(kept, journal):
    state = await kept.next_run(a_job(roster="renamed.csv"))
    assert (state.number, state.is_resumed, state.is_finished) == (1, True, False)
    assert state.begun == 1000.0


async def test_other_digest_begins_a_new_job(kept, journal):
    state = await kept.next_run(a_job(b"edited"))
    assert (state.number, state.is_resumed) == (2, False)


async def test_only_the_last_job_is_continued(kept, journal):
    """A roster that was edited and then restored is a third job: the second one may have changed what the first did."""
    await kept.next_run(a_job(b"edited"))
    state = await kept.next_run(a_job())
    assert (state.number, state.is_resumed) == (3, False)


async def test_finished_job_is_reported_as_finished(kept, journal):
    await journal.finish()
    assert (await kept.next_run()).is_finished


@pytest.mark.parametrize(
    "other", [JournalScope(address="http://localhost", company="8"), JournalScope(address="http://elsewhere")]
)
async def test_other_scope_is_refused(kept, journal, other):
    with pytest.raises(JournalError) as caught:
        await kept.next_run(a_job(scope=other))
    assert str(SCOPE) in str(caught.value)
    assert str(other) in str(caught.value)


async def test_nothing_is_kept_before_a_job(kept):
    with pytest.raises(JournalError, match="begin"):
        await kept.journal.intend(a_write())


async def test_close_twice_does_nothing(journal):
    await journal.close()
    await journal.close()


# Writes


async def test_intent_without_an_outcome_is_open(kept, journal):
    write = a_write(WriteKind.ADD_MEMBER.value, kind=WriteKind.ADD_MEMBER, group_id=3, company=9, line=7, attempt=2)
    intent = await journal.intend(write)
    await kept.next_run()
    (known,) = await kept.journal.writes()
    assert known.intent == intent
    assert known.write == write
    assert known.sent_at == 1000.0
    assert known.is_open


async def test_before_image_is_kept(kept, journal):
    """An empty one says that nothing was there, which is more than not to know."""
    for before in ([4, 5], [], None):
        await journal.intend(a_write("office", kind=WriteKind.CREATE_GROUP, name="Office", before=before))
    await kept.next_run()
    assert [known.write.before for known in await kept.journal.writes()] == [[4, 5], [], None]


@pytest.mark.parametrize("outcome", [WriteOutcome.NOT_DONE, WriteOutcome.REJECTED])
async def test_write_that_did_nothing_is_forgotten(kept, journal, outcome):
    journal.settle(await journal.intend(a_write()), outcome)
    await kept.next_run()
    assert not await kept.journal.writes()


@pytest.mark.parametrize(("outcome", "is_open"), [(WriteOutcome.DONE, False), (WriteOutcome.UNKNOWN, True)])
async def test_other_writes_are_kept(kept, journal, outcome, is_open):
    journal.settle(await journal.intend(a_write()), outcome, 17)
    await kept.next_run()
    (known,) = await kept.journal.writes()
    assert (known.outcome, known.result_id, known.is_open) == (outcome, 17, is_open)


async def test_write_can_be_settled_again(kept, journal):
    """After a check has found out what became of it."""
    intent = await journal.intend(a_write())
    journal.settle(intent, WriteOutcome.UNKNOWN)
    journal.settle(intent, WriteOutcome.DONE, 17)
    await kept.next_run()
    (known,) = await kept.journal.writes()
    assert known.outcome is WriteOutcome.DONE


async def test_writes_of_a_finished_row_are_forgotten(kept, journal):
    journal.settle(await journal.intend(a_write()), WriteOutcome.DONE, 17)
    journal.settle(await journal.intend(a_write(kind=WriteKind.ADD_MEMBER, group_id=3)), WriteOutcome.DONE)
    journal.record(a_record())
    await kept.next_run()
    assert not await kept.journal.writes()


async def test_writes_of_an_unfinished_row_stay(kept, journal):
    """The next run knows from them that the user was created by this one."""
    journal.settle(await journal.intend(a_write()), WriteOutcome.DONE, 17)
    journal.record(a_record(outcome=RowOutcome.FAILED))
    await kept.next_run()
    (known,) = await kept.journal.writes()
    assert known.result_id == 17


async def test_group_called_like_a_login_stays(kept, journal):
    journal.settle(await journal.intend(a_write(kind=WriteKind.CREATE_GROUP)), WriteOutcome.DONE, 3)
    journal.record(a_record())
    await kept.next_run()
    assert len(await kept.journal.writes()) == 1


async def test_write_after_the_result_stays(kept, journal):
    """A removal may follow in the same commit as the result of the user's row."""
    journal.record(a_record())
    await journal.intend(a_write(kind=WriteKind.REMOVE_MEMBER, group_id=3))
    await kept.next_run()
    assert len(await kept.journal.writes()) == 1


async def test_user_of_another_company_is_another(kept, journal):
    await journal.intend(a_write(company=8))
    journal.record(a_record())
    await kept.next_run()
    assert len(await kept.journal.writes()) == 1


async def test_numbers_of_writes_are_never_used_twice(kept, journal):
    first = await journal.intend(a_write())
    await kept.next_run()
    assert await kept.journal.intend(a_write("grace")) > first


async def test_many_intents_at_once_are_all_kept(kept, journal):
    intents = await asyncio.gather(*(journal.intend(a_write(f"u{number}")) for number in range(100)))
    await kept.next_run()
    assert sorted(known.intent for known in await kept.journal.writes()) == sorted(intents)


# Rows


@durable
async def test_result_is_kept_as_it_was(kept, journal):
    record = a_record(user_id=17, detail="added to Office", inferred=True)
    journal.record(record)
    await kept.next_run()
    assert await all_results(kept.journal) == [record.result]


@durable
async def test_text_is_kept_as_it_was(kept, journal):
    """Several notes of one commit, with what means something in arrays and statements of a database."""
    texts = ["NULL", 'a,"b"', "{c}", "back\\slash", "per%cent %s", "", " ", "\u0130\U0001f600", "two\nlines"]
    intents = [await journal.intend(a_write(text, kind=WriteKind.ADD_MEMBER, name=text)) for text in texts]
    for line, text in enumerate(texts, start=2):
        journal.record(a_record(line, RowOutcome.UNKNOWN, key=text, digest=text.encode(), detail=text))
    await kept.next_run()
    assert [known.write.key for known in await kept.journal.writes()] == texts
    assert [known.write.name for known in await kept.journal.writes()] == texts
    assert [known.intent for known in await kept.journal.writes()] == intents
    assert [result.detail for result in await all_results(kept.journal)] == texts


@durable
async def test_outcomes_come_by_line(kept, journal):
    for line in range(25_000, 1, -1):
        journal.record(a_record(line, RowOutcome.FAILED if line % 2 else RowOutcome.CREATED))
    journal.record(a_record(0))
    await kept.next_run()
    found = [each for part in [part async for part in kept.journal.outcomes()] for each in part]
    assert [line for line, _ in found] == list(range(2, 25_001))
    assert {outcome for line, outcome in found if line % 2} == {RowOutcome.FAILED}


@durable
async def test_last_result_of_a_row_counts(kept, journal):
    journal.record(a_record(outcome=RowOutcome.UNKNOWN))
    journal.record(a_record())
    await kept.next_run()
    assert [result.outcome for result in await all_results(kept.journal)] == [RowOutcome.CREATED]


@durable
async def test_done_row_is_found_in_another_line(kept, journal):
    """A row that was not edited stays done although rows were inserted above it."""
    journal.record(a_record(user_id=17))
    await kept.next_run(a_job(b"edited"))
    found = await kept.journal.earlier_results([(5, b"ada"), (2, b"grace")])
    assert {line: (result.line, result.outcome, result.user_id) for line, result in found.items()} == {
        5: (5, RowOutcome.CREATED, 17)
    }


@durable
async def test_failure_of_an_earlier_job_does_not_count(kept, journal):
    journal.record(a_record(outcome=RowOutcome.FAILED))
    await kept.next_run(a_job(b"edited"))
    assert not await kept.journal.earlier_results([(2, b"ada")])


@durable
async def test_user_who_left_since_is_not_done(kept, journal):
    """A roster may want somebody back whom an earlier run has removed."""
    journal.record(a_record())
    await kept.next_run(a_job(b"without Ada"))
    kept.journal.record(a_record(0, digest=None))
    await kept.next_run(a_job(b"with Ada again"))
    assert not await kept.journal.earlier_results([(2, b"ada")])
    kept.journal.record(a_record())
    await kept.next_run(a_job(b"edited"))
    assert len(await kept.journal.earlier_results([(2, b"ada")])) == 1


@durable
async def test_user_who_may_have_been_deleted_is_not_done(kept, journal):
    """The run ended before the result; finishing it does not settle the removal."""
    journal.record(a_record())
    await kept.next_run(a_job(b"without Ada"))
    await kept.journal.intend(a_write(kind=WriteKind.DELETE_USER))
    await kept.journal.finish()
    await kept.next_run(a_job(b"with Ada again"))
    assert not await kept.journal.earlier_results([(2, b"ada")])


async def test_result_of_one_group_is_of_no_other(journal):
    """The same person leaves two groups, and the process ends before the second response."""
    for group in (1, 2):
        await journal.intend(a_write(kind=WriteKind.REMOVE_MEMBER, group_id=group))
    journal.record(a_record(0, RowOutcome.LEFT, digest=None, group_id=1))
    await journal.flush()
    assert [known.write.group_id for known in await journal.writes()] == [2]


@durable
async def test_digest_of_a_row_is_kept(kept, journal):
    """A result that is recorded again may come from where the digest is not known."""
    journal.record(a_record())
    journal.record(a_record(digest=None))
    await kept.next_run(a_job(b"edited"))
    assert await kept.journal.earlier_results([(2, b"ada")])


@durable
async def test_results_come_by_line(kept, journal):
    journal.record(a_record(0, key="leaver", digest=None))
    journal.record(a_record(0, key="another", digest=None))
    for line in range(2500, 1, -1):
        journal.record(a_record(line, digest=None))
    await kept.next_run()
    journal = kept.journal
    journal.record(a_record(0, key="third", digest=None))
    assert [result.line for result in await all_results(journal)] == [*range(2, 2501), 0, 0, 0]


async def test_removals_of_a_run_are_counted_until_it_ends(kept, journal):
    """Its limits hold for all parts of a run that was interrupted, and not for the next run of the same roster."""
    journal.record(a_record())
    for outcome in (RowOutcome.DELETED, RowOutcome.LEFT, RowOutcome.UNCHANGED, RowOutcome.FAILED):
        journal.record(a_record(0, outcome, digest=None))
    assert (await kept.next_run()).removed == 2
    kept.journal.record(a_record(0, RowOutcome.DELETED, digest=None))
    assert (await kept.next_run()).removed == 3
    for _ in range(2):
        await kept.journal.finish()
        assert (await kept.next_run()).removed == 0
        kept.journal.record(a_record(0, RowOutcome.DELETED, digest=None))
        assert (await kept.next_run()).removed == 1


@durable
@pytest.mark.parametrize("first", ["", "monday"])
async def test_plan_that_a_job_carries_out_is_kept(kept, journal, first):
    """A run without one that goes on is still the run of the plan; another plan takes its place."""
    for plan, expected in ((first, first), ("", first), ("tuesday", "tuesday")):
        await kept.next_run(a_job(settings={"sheet": "1"}, plan=plan))
        with read_journal(kept.journal.location) as reader:
            job = reader.jobs()[-1].job
        assert (job.plan, set(job.settings) - {"sheet"}) == (expected, set())


@durable
async def test_removals_of_finished_runs_are_kept(kept, journal):
    for user_id in (7, 8, 9):
        kept.journal.record(a_record(0, RowOutcome.DELETED, digest=None, user_id=user_id))
        await kept.journal.finish()
        await kept.next_run()
    assert {result.user_id for result in await all_results(kept.journal)} == {7, 8, 9}


@durable
async def test_removals_that_failed_are_forgotten(kept, journal):
    """Who is to be removed is found anew; what was done stays, and no later result takes its place."""
    for outcome in (RowOutcome.FAILED, RowOutcome.DELETED, RowOutcome.UNKNOWN):
        journal.record(a_record(0, outcome, digest=None))
    await kept.next_run()
    kept.journal.record(a_record(0, RowOutcome.LEFT, digest=None))
    assert [result.outcome for result in await all_results(kept.journal)] == [RowOutcome.DELETED, RowOutcome.LEFT]


@durable
async def test_results_are_those_of_the_job(kept, journal):
    journal.record(a_record())
    await kept.next_run(a_job(b"edited"))
    assert not await all_results(kept.journal)


# Plans


@durable
async def test_plan_is_kept(kept, journal):
    plan = SavedPlan(
        groups=[SavedGroup(name="Office", id=3), SavedGroup(name="Office", id=4, company=8)],
        users=[SavedUser(line=2, user_id=17, missing=["Office", "Dock"])],
    )
    await journal.save_plan(plan)
    assert (await kept.next_run()).is_planned
    assert await kept.journal.saved_plan() == plan


@durable
async def test_plan_of_a_finished_run_is_not_used(kept, journal):
    """Neither by the next run nor by one that continues it."""
    await journal.save_plan(SavedPlan(groups=[SavedGroup(name="Office", id=3)], users=[]))
    await journal.finish()
    for is_finished in (True, False):
        state = await kept.next_run()
        assert (state.is_finished, state.is_planned) == (is_finished, False)
        assert await kept.journal.saved_plan() is None


@durable
async def test_plan_of_another_job_is_not_used(kept, journal):
    await journal.save_plan(SavedPlan(groups=[SavedGroup(name="Office", id=3)], users=[]))
    assert not (await kept.next_run(a_job(b"edited"))).is_planned
    assert await kept.journal.saved_plan() is None


async def test_there_is_no_plan_at_first(kept, journal):
    assert await journal.saved_plan() is None


@durable
async def test_flush_keeps_what_was_noted(kept, journal):
    journal.record(a_record())
    await journal.flush()
    assert len(await all_results(journal)) == 1
