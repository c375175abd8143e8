"""Jobs that any number of workers carry out together, on any number of machines, with one PostgreSQL database.

`submit_job` keeps a roster in the database, `Worker` carries it out, `JobReader` shows how far it is. Needs the extra
`postgres`.
"""

from __future__ import annotations

from coggno.provisioning.errors import JobNotFoundError
from coggno.provisioning.jobs.database.sealing import JobClient
from coggno.provisioning.jobs.observer import WorkerObserver
from coggno.provisioning.jobs.reader import JobReader
from coggno.provisioning.jobs.records import JobPhase, JobStatus, ShardStatus, SubmittedJob
from coggno.provisioning.jobs.submission import submit_job
from coggno.provisioning.jobs.worker import Worker, WorkerReport

__all__ = [
    "JobClient",
    "JobNotFoundError",
    "JobPhase",
    "JobReader",
    "JobStatus",
    "ShardStatus",
    "SubmittedJob",
    "Worker",
    "WorkerObserver",
    "WorkerReport",
    "submit_job",
]
