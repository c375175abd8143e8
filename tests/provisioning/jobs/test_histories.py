"""What can happen to workers and jobs, one history in each test."""

import asyncio
from collections import Counter

import pytest

from coggno.errors import ConfigurationError
from coggno.provisioning import JournalError, Removals, RosterError, RowOutcome, RunOptions
from coggno.provisioning.jobs import JobPhase, JobReader, Worker
from coggno.provisioning.jobs import worker as worker_module
from coggno.provisioning.jobs.database import tables
from coggno.provisioning.jobs.journals import ShardJournal
from coggno.provisioning.jobs.senders import JobSenders
from coggno.sandbox import ManualClock, parse_fault
from tests.provisioning.helpers import people
from tests.provisioning.jobs.helpers import QUICK, all_rows, check, claim, client, execute, read, submit, take_over

WANTED = {RowOutcome.CREATED}


class Notes:
    """Keeps what a worker notes; does something when a row has ended."""

    def __init__(self, on_row=lambda: None):
        self.notes, self.rows, self.on_row = [], 0, on_row

    def planning(self, job):
        pass

    def shard_begun(self, job, number, progress):
        pass

    def row_ended(self, result, progress):
        self.rows += 1
        self.on_row()

    def tick(self, progress):
        pass

    def idle(self, reason):
        pass

    def note(self, text):
        self.notes.append(text)


@pytest.fixture
async def coggno(address):
    async with client(address) as coggno:
        yield coggno


@pytest.fixture
def quick_poll(monkeypatch):
    monkeypatch.setattr(worker_module, "_POLL", 0.1)


# Workers that die


async def test_death_between_claim_and_begin(coggno, sandbox, url, monkeypatch):
    """Its lease runs out, and another worker carries out the shard."""
    monkeypatch.setattr(tables, "OPENING", 0.0)
    await submit(coggno, people(10), url)
    planner = Worker(coggno, url)
    planner._carry_out_shard = lambda _: asyncio.sleep(0, planner.stop("died"))
    await planner.run()
    dead = await claim(url, coggno)
    assert dead.number == 1
    status, _ = read(url)
    assert (status.state, len(status.workers)) == (JobPhase.RUNNING, 1)
    report = await Worker(coggno, url).run()
    assert report.counts == {RowOutcome.CREATED: 10}
    check(sandbox, read(url)[1], 10)


async def test_death_between_last_row_and_done(coggno, sandbox, url, monkeypatch):
    """All rows have their outcomes, and nothing says that the shard is done: the next worker sends nothing."""
    await submit(coggno, people(10), url)

    async def die(self):
        await self.flush()
        raise JournalError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(ShardJournal, "finish", die)
        assert (await Worker(coggno, url).run()).stopped == "killed"
    assert read(url)[0].state is JobPhase.STOPPED
    writes, lists = len(sandbox.effects), sandbox.requests.total
    report = await Worker(coggno, url).run()
    assert (report.shards, report.rows) == (1, 0)
    assert (len(sandbox.effects), sandbox.requests.total) == (writes, lists)
    status, results = read(url)
    assert (status.state, status.counts) == (JobPhase.FINISHED, {RowOutcome.CREATED: 10})
    check(sandbox, results, 10)


async def test_death_while_planning(coggno, sandbox, url, monkeypatch):
    """Some shards have their plan, the job is not planned: the next worker plans it again."""
    await submit(coggno, people(10), url, shard_rows=4)

    async def die(*_):
        raise JournalError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(tables, "mark_planned", die)
        patched.setattr(worker_module, "_TRIES", 1)
        with pytest.raises(JournalError, match="killed"):
            await Worker(coggno, url).run()
    assert not sandbox.effects
    await Worker(coggno, url).run()
    assert sandbox.requests.count("listUsers") == 2
    check(sandbox, read(url)[1], 10)


async def test_opening_the_journal_may_take_long(coggno, sandbox, url, monkeypatch):
    """Longer than a short lease: the worker that has taken the planning, or a shard, keeps it."""
    await submit(coggno, people(5), url)
    opened, notes = ShardJournal._opened, [Notes(), Notes()]

    async def slowly(self):
        if self._writer is None:
            await asyncio.sleep(0.6)
        return await opened(self)

    monkeypatch.setattr(ShardJournal, "_opened", slowly)
    monkeypatch.setattr(worker_module, "_POLL", 0.05)
    reports = await asyncio.gather(*(Worker(coggno, url, lease=0.3, observer=each).run() for each in notes))
    assert sum(report.shards for report in reports) == 1
    assert [each.notes for each in notes] == [[], []]


async def test_two_workers_believe_they_hold_one_shard(postgres, coggno, sandbox, url):
    """The clock of the first one stood still: it is fenced off, sends nothing more, and goes on with other work."""
    sandbox.faults.add(parse_fault("createUser:latency=0.05"))
    await submit(coggno, people(60), url, RunOptions(settle_time=0.5, concurrency=2))
    taken = asyncio.Event()
    notes = Notes(on_row=taken.set)
    first = Worker(coggno, url, lease=600.0, observer=notes)
    running = asyncio.create_task(first.run())
    await taken.wait()
    take_over(postgres, url, "hires/1")
    second = await Worker(coggno, url, lease=600.0).run()
    report = await running
    assert second.shards + report.shards == 1
    assert "Another run has taken over" in notes.notes[0]
    status, results = read(url)
    assert status.counts == {RowOutcome.CREATED: 60}
    check(sandbox, results, 60)


async def test_stopped_worker_gives_its_part_back(coggno, sandbox, url):
    await submit(coggno, people(30), url, RunOptions(settle_time=0.5, concurrency=2))
    sandbox.faults.add(parse_fault("createUser:latency=0.05"))
    notes = Notes(on_row=lambda: first.stop("the machine is needed"))
    first = Worker(coggno, url, lease=600.0, observer=notes)
    report = await first.run()
    assert (report.stopped, report.shards) == ("the machine is needed", 0)
    assert 0 < report.rows < 30
    assert read(url)[0].state is JobPhase.STOPPED
    second = await Worker(coggno, url).run()
    assert report.rows + second.rows == 30
    check(sandbox, read(url)[1], 30)


async def test_worker_is_stopped_while_it_plans(coggno, sandbox, url, monkeypatch):
    """A list that takes long is cut off."""
    monkeypatch.setattr(worker_module, "GRACE", 0.1)
    monkeypatch.setattr(worker_module, "_AFTER_GRACE", 0.1)
    sandbox.faults.add(parse_fault("listUsers:latency=20"))
    await submit(coggno, people(3), url)
    worker = Worker(coggno, url)
    running = asyncio.create_task(worker.run())
    while not sandbox.requests.in_flight:
        await asyncio.sleep(0.01)
    worker.stop("SIGTERM")
    async with asyncio.timeout(5):
        assert (await running).stopped == "SIGTERM"
    assert read(url)[0].state is JobPhase.STOPPED


async def test_worker_that_is_stopped_begins_nothing(coggno, sandbox, url, monkeypatch):
    """Also when it is stopped while the database gives it a part, which goes back at once."""
    await submit(coggno, people(3), url)
    worker, claim = Worker(coggno, url), Worker._claim

    async def stopped(self, *arguments):
        found = await claim(self, *arguments)
        worker.stop("SIGTERM")
        return found

    monkeypatch.setattr(Worker, "_claim", stopped)
    assert (await worker.run()).stopped == "SIGTERM"
    assert sandbox.requests.total == 0
    assert read(url)[0].workers == []


async def test_idle_time_is_no_lack_of_progress(postgres, coggno, url):
    """A worker that had nothing to do for longer than its patience does not stop at the next failure."""
    await submit(coggno, people(3), url)
    with JobReader(url) as reader:
        job = reader.submitted("hires")
    clock = ManualClock()
    senders = JobSenders(coggno, Worker(coggno, url).url, 900.0, clock.now, clock.sleep)
    sender = senders.of(job)
    clock.advance(10_000)
    assert sender.gate.circuit.seconds_without_progress >= 900
    assert senders.of(job) is sender
    assert sender.gate.circuit.seconds_without_progress == 0
    await senders.close()


# Jobs that end in another way


async def test_job_is_cancelled_while_it_runs(coggno, sandbox, url, monkeypatch):
    """Nothing more begins; the passwords are erased; the other worker has nothing to do."""
    monkeypatch.setattr("coggno.provisioning.jobs.shard_run._INTERVAL", 0.05)
    sandbox.faults.add(parse_fault("createUser:latency=0.1"))
    await submit(coggno, people(60), url, RunOptions(settle_time=0.5, concurrency=2), shard_rows=30)

    def cancel():
        if notes.rows == 3:
            with JobReader(url) as reader:
                reader.cancel("hires")

    notes = Notes(on_row=cancel)
    report = await Worker(coggno, url, observer=notes).run()
    assert (report.stopped, report.shards) == (None, 0)
    assert notes.notes == ["The job hires was cancelled."]
    status, results = read(url)
    assert status.state is JobPhase.CANCELLED
    made = [result for result in results if result.outcome is RowOutcome.CREATED]
    assert len(made) == len(sandbox.users()) < 30
    assert {result.detail for result in results if result.not_attempted} == {"not attempted: the job was cancelled"}
    check(sandbox, results, 60)
    assert (await Worker(coggno, url).run()).rows == 0


async def test_finished_job_is_not_cancelled(coggno, url):
    await submit(coggno, people(3), url)
    await Worker(coggno, url).run()
    with JobReader(url) as reader:
        assert reader.cancel("hires").state is JobPhase.FINISHED


async def test_key_that_is_refused_ends_the_worker(coggno, sandbox, url):
    """With what was done; another worker continues."""
    await submit(coggno, people(20), url, RunOptions(settle_time=0.5, concurrency=2))
    notes = Notes(on_row=lambda: notes.rows == 5 and sandbox.faults.add(parse_fault("createUser:status=401")))
    report = await Worker(coggno, url, observer=notes).run()
    assert "the API refused the key" in report.stopped
    assert read(url)[0].state is JobPhase.STOPPED
    sandbox.faults.clear()
    await Worker(coggno, url).run()
    check(sandbox, read(url)[1], 20)


@pytest.mark.usefixtures("quick_poll")
async def test_worker_waits_for_jobs(coggno, sandbox, url):
    """Also for one that is not submitted yet, and again after it has done one."""
    worker = Worker(coggno, url)
    running = asyncio.create_task(worker.run(forever=True))
    while not await worker.is_alive():
        await asyncio.sleep(0.05)
    await submit(coggno, people(5), url)
    while read(url)[0].state is not JobPhase.FINISHED:
        await asyncio.sleep(0.05)
    assert not running.done()
    worker.stop("SIGTERM")
    report = await running
    assert (report.shards, report.was_busy) == (1, False)
    assert not await worker.is_alive()


@pytest.mark.usefixtures("quick_poll")
async def test_failure_does_not_end_a_worker_that_waits(coggno, sandbox, url, monkeypatch):
    monkeypatch.setattr(worker_module, "_AFTER_FAILURE", 0.1)
    fault = sandbox.faults.add(parse_fault("listUsers:status=401"))
    await submit(coggno, people(5), url)
    notes = Notes()
    worker = Worker(coggno, url, observer=notes)
    running = asyncio.create_task(worker.run(forever=True))
    while not notes.notes:
        await asyncio.sleep(0.02)
    assert "Trying again in" in notes.notes[0]
    assert fault.applied
    sandbox.faults.clear()
    while read(url)[0].state is not JobPhase.FINISHED:
        await asyncio.sleep(0.05)
    worker.stop("SIGTERM")
    await running
    check(sandbox, read(url)[1], 5)


# Submissions


async def test_submission_that_dies_leaves_nothing(postgres, coggno, url, monkeypatch):
    """Whoever submits again begins anew."""

    def die(_):
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr("coggno.provisioning.jobs.submission.text_of", die)
        with pytest.raises(MemoryError):
            await submit(coggno, people(10), url)
    assert all_rows(postgres, url, "journals") == "[]"
    assert (await submit(coggno, people(10), url)).is_new


async def test_same_submission_at_the_same_moment(coggno, sandbox, url):
    statuses = await asyncio.gather(*(submit(coggno, people(200), url, shard_rows=50) for _ in range(4)))
    assert sorted(status.is_new for status in statuses) == [False, False, False, True]
    assert {status.rows for status in statuses} == {200}
    with JobReader(url) as reader:
        assert [job.name for job in reader.jobs()] == ["hires"]


async def test_name_of_a_part_is_no_name_of_a_job(coggno, url):
    await submit(coggno, people(3), url)
    with pytest.raises(JournalError, match="is the journal of a run"):
        await submit(coggno, people(4), f"{url}/1")


async def test_company_that_is_not_connected_is_refused(coggno, url):
    """By the submission: a worker could only give up."""
    with pytest.raises(RosterError, match="is not a connected company"):
        await submit(coggno, people(3, company="Nowhere"), url)


@pytest.mark.parametrize(
    ("options", "settings", "message"),
    [
        (RunOptions(removals=Removals()), {}, "A submitted job removes nobody"),
        (QUICK, {"shard_rows": 0}, "shard_rows must be at least 1"),
    ],
)
async def test_options_that_mean_nothing_are_refused(coggno, url, options, settings, message):
    with pytest.raises(ConfigurationError, match=message):
        await submit(coggno, people(3), url, options, **settings)


# Keys and versions


async def test_other_key_leaves_the_job_alone(address, coggno, sandbox, url):
    await submit(coggno, people(3), url)
    base = url.partition("&journal")[0]
    async with client(address, "test_another_key_000") as other:
        notes = Notes()
        report = await Worker(other, base, observer=notes).run()
        assert report.rows == sandbox.requests.total == 0
        assert notes.notes == [*report.left_alone]
        assert "was submitted with another API key" in notes.notes[0]
        with pytest.raises(JournalError, match="another API key"):
            await Worker(other, url).run()
        with JobReader(url) as reader, pytest.raises(JournalError, match="for another API key"):
            await submit(other, people(3), url)
        assert reader is not None


async def test_job_of_a_later_version_is_left_alone(postgres, coggno, sandbox, url):
    await submit(coggno, people(3), url)
    execute(postgres, url, """UPDATE coggno.submissions SET format = 99, details = '{"unknown": 1}'""")
    report = await Worker(coggno, url.partition("&journal")[0]).run()
    assert report.rows == sandbox.requests.total == 0
    assert "a later version of coggno. Update the worker." in report.left_alone[0]
    assert read(url)[0].rows == 3


# Shards by number


async def test_shard_that_does_not_exist_is_refused(coggno, sandbox, url):
    """Instead of waiting for it for ever."""
    await submit(coggno, people(3), url)
    for number in (0, 2):
        with pytest.raises(ConfigurationError, match=f"has 1 parts, and no part {number}"):
            await Worker(coggno, url).run_shard(number)
    with pytest.raises(ConfigurationError, match="needs the name of a job"):
        await Worker(coggno, url.partition("&journal")[0]).run_shard(1)
    assert sandbox.requests.total == 0


async def test_shard_by_number_is_carried_out_once(coggno, sandbox, url):
    """As a task of another system, which may be run twice at the same time."""
    await submit(coggno, people(20), url, shard_rows=10)
    reports = await asyncio.gather(*(Worker(coggno, url).run_shard(number) for number in (1, 2, 2, 1)))
    assert sum(report.shards for report in reports) == 2
    assert sum((report.counts for report in reports), Counter()) == {RowOutcome.CREATED: 20}
    assert (await Worker(coggno, url).run_shard(1)).rows == 0
    check(sandbox, read(url)[1], 20)
