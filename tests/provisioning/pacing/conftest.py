"""Workers that share the pace of one database."""

import asyncio
from uuid import uuid4

import pytest

from coggno.provisioning.journal import PostgresJournal
from tests.provisioning.journal.helpers import a_job
from tests.provisioning.pacing.shared import Workers


@pytest.fixture(scope="session")
def tables(postgres):
    async def create():
        async with PostgresJournal(postgres.url(journal=uuid4())) as journal:
            await journal.begin(a_job())

    asyncio.run(create())


@pytest.fixture
async def workers(postgres, tables):
    workers = Workers(postgres)
    yield workers
    await workers.close()
