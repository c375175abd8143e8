"""What a run does when tasks are lost, workers are missing or the database is away: with stand-ins for both."""

from typing import ClassVar

import pytest
from attrs import evolve
from distributed.comm import CommClosedError

from coggno.provisioning import DaskError, JournalError, RowOutcome, StoppedError, Waiting
from coggno.provisioning.jobs import JobPhase, JobStatus, ShardStatus
from coggno.provisioning.journal import JournalScope
from coggno.provisioning.on_dask import DaskRun
from coggno.provisioning.on_dask import progress as progress_module
from coggno.provisioning.on_dask.cluster import Cluster
from coggno.provisioning.on_dask.progress import JobProgress
from coggno.provisioning.on_dask.run import TaskSettings
from coggno.sandbox import ManualClock

URL = "postgresql:///coggno?journal=hires"


class KilledWorker(Exception):  # noqa: N818 - as Dask names it
    """The workers that had a task have died several times."""


class Future:
    def __init__(self, outcome):
        self._outcome = outcome
        self.status = outcome if isinstance(outcome, str) else "error" if outcome is not None else "finished"

    async def result(self):
        return None

    async def exception(self):
        return self._outcome


class Client:
    """Of Dask; `outcomes` says what becomes of the tasks, one after the other."""

    asynchronous = True

    def __init__(self, *outcomes, status="running", workers=2):
        self.outcomes = list(outcomes)
        self.status = status
        self.workers = workers
        self.submitted = []
        self.calls = []

    def submit(self, function, settings, number, *, key, pure):
        assert isinstance(settings, TaskSettings)
        assert not pure
        self.submitted.append((number, key))
        return Future(self.outcomes.pop(0))

    async def nthreads(self):
        return dict.fromkeys(range(self.workers), 1)

    async def run(self, function, *arguments, on_error):
        self.calls.append(arguments[1])
        return {}

    async def cancel(self, futures):
        self.calls.append(len(futures))


class Coggno:
    base_url, lms, account = "http://localhost", None, "0123"


class Progress:
    """Reads one state after the other, the last one again and again."""

    def __init__(self, *states):
        self._states = list(states)

    async def status(self):
        return self._states.pop(0) if len(self._states) > 1 else self._states[0]

    def close(self):
        pass


def state(*finished, done=0, phase=JobPhase.RUNNING):
    shards = [
        ShardStatus(number=number, rows=5, counts={}, finished=1.0 if is_finished else None)
        for number, is_finished in enumerate(finished, start=1)
    ]
    counts = {RowOutcome.CREATED: done} if done else {}
    scope = JournalScope(address="http://localhost")
    return JobStatus(
        name="hires", state=phase, roster="people", scope=scope, rows=10, counts=counts, shards=shards, workers=[],
        submitted=0.0,
    )  # fmt: skip


DONE = state(True, True, done=10, phase=JobPhase.FINISHED)


def run_of(client, *states, **options):
    run = DaskRun.of(client, Coggno(), URL, **options)
    run._progress = Progress(*states)
    return run


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr("coggno.provisioning.on_dask.run._INTERVAL", 0)


async def test_only_what_is_open_is_submitted():
    client = Client(None)
    assert await run_of(client, state(True, False, done=5), DONE).run() == DONE
    assert [number for number, _ in client.submitted] == [2]


async def test_lost_tasks_are_submitted_again():
    """Workers that died too often for Dask, or a task that somebody else has cancelled."""
    client = Client(KilledWorker("hires"), "cancelled", None, None)
    await run_of(client, state(False, False), state(False, False, done=1), DONE).run()
    assert [number for number, _ in client.submitted] == [1, 2, 1, 2]
    assert len({key for _, key in client.submitted}) == 4


async def test_shard_that_kills_its_workers_is_given_up():
    client = Client(*[KilledWorker("hires")] * 10)
    with pytest.raises(DaskError, match="shard 1 of the job hires ended again and again"):
        await run_of(client, state(False)).run()
    assert len(client.submitted) == 4


async def test_progress_of_others_counts():
    """As long as rows are finished, a shard may lose its workers any number of times."""
    client = Client(*[KilledWorker("hires")] * 10, None)
    states = [state(False, done=number) for number in range(11)]
    await run_of(client, *states, DONE).run()
    assert len(client.submitted) == 11


async def test_early_end_of_one_task_stops_all():
    """For the reason that its worker gives."""

    class Stopped(Future):
        async def result(self):
            return "the API refused the key"

    client = Client(None, "pending")
    client.submit = lambda *arguments, **_: (Stopped(None), Future("pending"))[arguments[2] - 1]
    run = run_of(client, state(False, False))
    with pytest.MonkeyPatch.context() as patch, pytest.raises(StoppedError, match="the API refused the key"):
        patch.setattr("coggno.provisioning.on_dask.run._GRACE", 0.05)
        await run.run()
    assert client.calls == ["the API refused the key", 1]


async def test_lost_scheduler_stops_the_run():
    client = Client("cancelled", status="closed")
    with pytest.raises(StoppedError, match="the connection to the Dask scheduler is lost"):
        await run_of(client, state(False)).run()
    assert client.calls == []


async def test_error_of_a_task_names_no_secret():
    """Only errors of this package are shown as they are."""
    client = Client(ValueError("s3cret-word"))
    with pytest.raises(DaskError, match="ValueError. The log of the worker says why") as caught:
        await run_of(client, state(False)).run()
    assert "s3cret" not in str(caught.value)


async def test_missing_workers_are_waited_for():
    client, shown = Client("pending", workers=0), []
    run = run_of(client, state(False), state(False), DONE, on_progress=shown.append)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("coggno.provisioning.on_dask.run._GRACE", 0.05)
        await run.run()
    assert [status.waiting and status.waiting.reason for status in shown] == ["a Dask worker to connect"] * 2 + [None]


class Reader:
    """Of jobs; responds as it is asked to."""

    replies: ClassVar = []

    def __init__(self, url):
        assert str(url) == URL

    def job(self, name):
        reply = Reader.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def close(self):
        pass


async def test_database_that_is_gone_is_waited_for(monkeypatch):
    clock = ManualClock()
    monkeypatch.setattr(progress_module, "JobReader", Reader)
    gone = JournalError("The database does not respond.")
    Reader.replies = [state(False), gone, gone, DONE, gone, gone]
    progress = JobProgress(DaskRun.of(Client(), Coggno(), URL).url, patience=10, clock=clock.now)
    assert await progress.status() == state(False)
    waiting = await progress.status()
    assert (waiting.state, waiting.waiting.reason) == (JobPhase.RUNNING, "the database of the job to respond again")
    clock.advance(5)
    assert isinstance((await progress.status()).waiting, Waiting)
    assert await progress.status() == DONE
    assert evolve(await progress.status(), waiting=None) == DONE
    clock.advance(10)
    with pytest.raises(JournalError, match="does not respond"):
        await progress.status()


async def test_database_that_never_responded_is_reported(monkeypatch):
    monkeypatch.setattr(progress_module, "JobReader", Reader)
    Reader.replies = [JournalError("There is no job 'hires'.")]
    with pytest.raises(JournalError, match="There is no job"):
        await JobProgress(DaskRun.of(Client(), Coggno(), URL).url).status()


class Disconnected:
    """A client of Dask whose connection is lost, and that has not noticed it yet."""

    asynchronous = True

    async def nthreads(self):
        raise CommClosedError("in <TCP (closed)>")


async def test_a_connection_lost_just_now_is_no_error():
    """A moment later the client knows, and the run stops with a message of ours."""
    assert await Cluster(Disconnected()).has_workers()
