"""Jobs, writes and results for the tests of journals."""

from coggno.provisioning import RowOutcome, RowResult
from coggno.provisioning.journal import Job, JournalScope, RowRecord, Write, WriteKind

SCOPE = JournalScope(address="http://localhost", company="7")


def a_job(digest=b"one", scope=SCOPE, **values):
    return Job(**{"scope": scope, "roster": "hires.csv", "digest": digest, "rows": 2, **values})


def a_write(key="ada@example.com", kind=WriteKind.CREATE_USER, **values):
    return Write(kind=kind, key=key, **values)


def a_record(line=2, outcome=RowOutcome.CREATED, key="ada@example.com", digest=b"ada", group_id=None, **values):
    result = RowResult(line=line, login="Ada@example.com", outcome=outcome, **values)
    return RowRecord(result=result, digest=digest, key=key, group_id=group_id)


async def all_results(journal):
    return [result async for result in journal.results()]
