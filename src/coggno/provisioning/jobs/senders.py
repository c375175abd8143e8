"""The gate that all requests of a worker for one job go through, from the first shard to the last."""

from __future__ import annotations

from attrs import define, field

from coggno.provisioning.client import ProvisioningClient
from coggno.provisioning.jobs.records import SubmittedJob
from coggno.provisioning.options import RunOptions
from coggno.provisioning.requests import Sender
from coggno.provisioning.requests.sender import Clock, Sleep


@define
class JobSenders:
    """One sender for each job: what it has learnt of the API in one shard holds for the next.

    Attributes:
        client: sends the requests.
        clock: seconds that only grow.
        sleep: waits for so many seconds.
    """

    client: ProvisioningClient
    clock: Clock
    sleep: Sleep
    _senders: dict[int, Sender] = field(factory=dict[int, Sender])

    def of(self, job: SubmittedJob) -> Sender:
        """Return the sender of a job."""
        if job.id not in self._senders:
            # The run repeats requests itself: it knows when the API is down.
            client = self.client.with_options(max_retries=0)
            self._senders[job.id] = Sender.of(client, options_of(job), clock=self.clock, sleep=self.sleep)
        return self._senders[job.id]

    def drop(self, job: SubmittedJob) -> None:
        """Begin anew with the next shard of a job: a sender that was stopped sends nothing more."""
        self._senders.pop(job.id, None)


def options_of(job: SubmittedJob) -> RunOptions:
    """Return how the runs of a job proceed."""
    return RunOptions(**job.details.options)
