"""The tables of journals in PostgreSQL, and the way from every earlier version of them to this one."""

from __future__ import annotations

from typing import Final, LiteralString

from coggno.provisioning.errors import JournalError
from coggno.provisioning.journal.postgres.driver import Database, ReadDatabase
from coggno.provisioning.journal.postgres.url import DatabaseUrl

_LOCK: Final = 0x434F4747  # "COGG": two runs that begin at the same time must not both create the tables

_FIRST: Final = """
CREATE TABLE coggno.journals (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE,
  address text, company text, account text,
  token bigint NOT NULL DEFAULT 0, expires timestamptz, pid bigint, host text, since double precision
);
CREATE TABLE coggno.jobs (
  journal bigint NOT NULL REFERENCES coggno.journals ON DELETE CASCADE, number bigint NOT NULL, roster text NOT NULL,
  digest bytea NOT NULL, row_count bigint NOT NULL, settings text NOT NULL, begun double precision NOT NULL,
  finished double precision, is_planned boolean NOT NULL DEFAULT false, PRIMARY KEY (journal, number)
);
CREATE TABLE coggno.rows (
  journal bigint NOT NULL REFERENCES coggno.journals ON DELETE CASCADE, id bigint NOT NULL, digest bytea,
  login text NOT NULL, outcome text NOT NULL, user_id bigint, detail text NOT NULL, is_inferred boolean NOT NULL,
  is_not_attempted boolean NOT NULL, PRIMARY KEY (journal, id)
);
CREATE INDEX rows_by_digest ON coggno.rows (journal, digest) WHERE digest IS NOT NULL;
CREATE INDEX leavers ON coggno.rows (journal, id) WHERE id & 549755813888 <> 0;
CREATE TABLE coggno.writes (
  journal bigint NOT NULL REFERENCES coggno.journals ON DELETE CASCADE, id bigint NOT NULL, kind text NOT NULL,
  key text NOT NULL, company bigint, group_id bigint, name text NOT NULL, line bigint NOT NULL, before text,
  attempt bigint NOT NULL, sent_at double precision NOT NULL, outcome text, result_id bigint,
  PRIMARY KEY (journal, id)
);
CREATE INDEX writes_by_key ON coggno.writes (journal, key);
CREATE TABLE coggno.plan_groups (
  journal bigint NOT NULL REFERENCES coggno.journals ON DELETE CASCADE, company bigint, name text NOT NULL,
  id bigint NOT NULL
);
CREATE INDEX plan_groups_of ON coggno.plan_groups (journal);
CREATE TABLE coggno.plan_users (
  journal bigint NOT NULL REFERENCES coggno.journals ON DELETE CASCADE, line bigint NOT NULL, user_id bigint NOT NULL,
  missing text NOT NULL, PRIMARY KEY (journal, line)
);
"""
_SECOND: Final = """
CREATE TABLE coggno.group_locks (
  scope text PRIMARY KEY, journal bigint REFERENCES coggno.journals ON DELETE CASCADE, token bigint
);
"""
_THIRD: Final = """
CREATE TABLE coggno.submissions (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  journal bigint NOT NULL UNIQUE REFERENCES coggno.journals ON DELETE CASCADE, format bigint NOT NULL,
  address text NOT NULL, company text, account text NOT NULL, roster text NOT NULL, digest bytea NOT NULL,
  details text NOT NULL, row_count bigint NOT NULL, salt bytea NOT NULL, submitted double precision NOT NULL,
  begun double precision, planned double precision, cancelled double precision, finished double precision
);
CREATE TABLE coggno.shards (
  job bigint NOT NULL REFERENCES coggno.submissions ON DELETE CASCADE, number bigint NOT NULL,
  journal bigint NOT NULL UNIQUE REFERENCES coggno.journals ON DELETE CASCADE, first_line bigint NOT NULL,
  row_count bigint NOT NULL, finished double precision, counts text, waiting text, waiting_since double precision,
  PRIMARY KEY (job, number)
);
CREATE TABLE coggno.submitted_rows (
  job bigint NOT NULL REFERENCES coggno.submissions ON DELETE CASCADE, line bigint NOT NULL, shard bigint,
  merged_into bigint, data text NOT NULL, password bytea, is_generated boolean NOT NULL DEFAULT false,
  PRIMARY KEY (job, line)
);
CREATE INDEX submitted_rows_of ON coggno.submitted_rows (job, shard, line);
CREATE INDEX group_writes ON coggno.writes (sent_at) WHERE kind = 'create_group';
"""
# Versions of this one row, changed some ten times a second, fit into its page: no index has to be changed with them.
_FOURTH: Final = """
CREATE TABLE coggno.pace (
  address text NOT NULL, account text NOT NULL,
  tat timestamptz NOT NULL DEFAULT 'epoch', granted timestamptz,
  not_before timestamptz NOT NULL DEFAULT 'epoch', refusals bigint NOT NULL DEFAULT 0,
  accepted bigint NOT NULL DEFAULT 0, accepted_since timestamptz, accepted_at timestamptz,
  counted bigint NOT NULL DEFAULT 0, counted_seconds double precision NOT NULL DEFAULT 1, ceiling double precision,
  growth double precision NOT NULL DEFAULT 0, learnt_at timestamptz,
  opened timestamptz, last_opened timestamptz NOT NULL DEFAULT 'epoch',
  progressed timestamptz NOT NULL DEFAULT 'epoch', closings bigint NOT NULL DEFAULT 0,
  probes integer NOT NULL DEFAULT 0, probe_at timestamptz, prober text,
  PRIMARY KEY (address, account)
) WITH (fillfactor = 20);
"""
MIGRATIONS: tuple[LiteralString, ...] = (_FIRST, _SECOND, _THIRD, _FOURTH)
"""Each leads from one version to the next, and is never changed after a release."""

_VERSION: Final = "SELECT version FROM coggno.schema_version"
_EXISTS: Final = "SELECT to_regclass('coggno.schema_version') IS NOT NULL"


async def prepare(connection: Database, url: DatabaseUrl) -> None:
    """Create the tables, or bring those of an earlier version of this program up to date.

    Raises:
        JournalError: they are of a later version.
        psycopg.Error: that is not possible.
    """
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        (exists,) = await (await connection.execute(_EXISTS)).fetchone() or (False,)
        if not exists:
            await _create(connection)
        (version,) = await (await connection.execute(_VERSION)).fetchone() or (0,)
        _check(version, url)
        for migration in MIGRATIONS[version:]:
            await connection.execute(migration)
        if version < len(MIGRATIONS):
            await connection.execute("UPDATE coggno.schema_version SET version = %s", (len(MIGRATIONS),))


def has_tables(connection: ReadDatabase) -> bool:
    """Return whether the database has tables of ours.

    Raises:
        psycopg.Error: the database cannot be read.
    """
    (exists,) = connection.execute(_EXISTS).fetchone() or (False,)
    return bool(exists)


def check_version(connection: ReadDatabase, url: DatabaseUrl) -> None:
    """Check that the tables are those of this version.

    Raises:
        JournalError: there are none, or they are of another version.
        psycopg.Error: the database cannot be read.
    """
    if not has_tables(connection):
        raise JournalError(f"There is no journal {url}.")
    (version,) = connection.execute(_VERSION).fetchone() or (0,)
    _check(version, url)
    if version < len(MIGRATIONS):
        raise JournalError(
            f"The journal {url} has version {version}, this program reads {len(MIGRATIONS)}. The next run updates it."
        )


async def _create(connection: Database) -> None:
    # CREATE SCHEMA needs a right that a role has no more once an administrator has made the schema for it.
    (exists,) = await (await connection.execute("SELECT to_regnamespace('coggno') IS NOT NULL")).fetchone() or (False,)
    if not exists:
        await connection.execute("CREATE SCHEMA coggno")
    await connection.execute("CREATE TABLE coggno.schema_version (version integer NOT NULL)")
    await connection.execute("INSERT INTO coggno.schema_version VALUES (0)")


def _check(version: int, url: DatabaseUrl) -> None:
    if version > len(MIGRATIONS):
        raise JournalError(
            f"The journal {url} has version {version}, this program reads {len(MIGRATIONS)}. Update coggno."
        )
