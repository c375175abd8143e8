"""The gate that all requests of a worker for one job go through, from the first shard to the last."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import define, field

from coggno.provisioning.client import ProvisioningClient
from coggno.provisioning.jobs.records import SubmittedJob
from coggno.provisioning.journal.postgres.pace import shared_pace
from coggno.provisioning.journal.postgres.url import DatabaseUrl
from coggno.provisioning.options import RunOptions
from coggno.provisioning.pacing import SharedPace
from coggno.provisioning.requests import Sender
from coggno.provisioning.requests.sender import Clock, Sleep


@define
class JobSenders:
    """One sender for each job: what it has learnt of the API in one shard holds for the next.

    All workers of the database share one pace: as many requests leave as if there were one.

    Attributes:
        client: sends the requests.
        url: of the database.
        patience: seconds that the database may be gone.
        clock: seconds that only grow.
        sleep: waits for so many seconds.
    """

    client: ProvisioningClient
    url: DatabaseUrl
    patience: float
    clock: Clock
    sleep: Sleep
    _senders: dict[int, Sender] = field(factory=dict[int, Sender])
    _pace: SharedPace | None = None

    def of(self, job: SubmittedJob) -> Sender:
        """Return the sender of a job."""
        options = options_of(job)
        if job.id not in self._senders:
            # The run repeats requests itself: it knows when the API is down.
            client = self.client.with_options(max_retries=0)
            self._senders[job.id] = Sender.of(
                client, options, clock=self.clock, sleep=self.sleep, pace=self._shared_pace()
            )
        else:
            # Between two shards a worker may have had nothing to do for longer than the patience.
            self._senders[job.id].gate.circuit.progressed()
        # One job at a time: the connection serves them all.
        self._shared_pace().limiter.rate = options.rate
        return self._senders[job.id]

    def drop(self, job: SubmittedJob) -> None:
        """Begin anew with the next shard of a job: a sender that was stopped sends nothing more."""
        self._senders.pop(job.id, None)

    def keep(self, jobs: Iterable[SubmittedJob]) -> None:
        """Forget all other jobs, which are done: a worker may run for months."""
        known = {job.id for job in jobs}
        self._senders = {number: sender for number, sender in self._senders.items() if number in known}

    async def close(self) -> None:
        """Give the connection back that paces the requests."""
        self._senders.clear()
        pace, self._pace = self._pace, None
        if pace is not None:
            await pace.close()

    def _shared_pace(self) -> SharedPace:
        if self._pace is None or self._pace.has_failed:
            # Senders of one that has failed were stopped by that, and dropped.
            self._pace = shared_pace(
                self.url,
                self.client.base_url,
                self.client.account,
                patience=self.patience,
                clock=self.clock,
                sleep=self.sleep,
            )
        return self._pace


def options_of(job: SubmittedJob) -> RunOptions:
    """Return how the runs of a job proceed."""
    return RunOptions(**job.details.options)
