"""The pace of all workers in PostgreSQL: one row for each API and account, on the database's clock alone.

Every statement is a transaction of its own and changes this one row: a worker that dies, or hangs, holds no lock that
others wait for. The connection is not that of the journal, whose transactions wait for the disk.
"""

from __future__ import annotations

import contextlib
from typing import Any, Final, LiteralString
from uuid import uuid4

from attrs import asdict, define, evolve, field

from coggno.provisioning.journal.locks.machine_lock import Sleep
from coggno.provisioning.journal.postgres import driver, schema
from coggno.provisioning.journal.postgres.driver import Database
from coggno.provisioning.journal.postgres.url import DatabaseUrl
from coggno.provisioning.journal.protocol import Clock
from coggno.provisioning.pacing import SharedPace
from coggno.provisioning.pacing.store import PaceReport, PaceState

_UNLIMITED: Final = 100_000.0  # requests per second; a learnt rate that has grown so far limits nothing any more
_SETTINGS: Final = (
    # A crash of the database may forget the last half second: it takes longer than that to be back.
    "SET synchronous_commit = off",
    # One row is changed some ten times a second: whoever waits longer than this waits for somebody who is gone.
    "SET statement_timeout = '5s'",
)

# Columns without `p.` are parameters. A statement that has waited for another sees the row as that has left it.
_LEARNT: Final = """
CASE WHEN p.learnt_at IS NULL THEN NULL ELSE
  greatest(0.5, 0.9 * least(p.counted / p.counted_seconds, p.ceiling)) * power(
    1 + p.growth, least(3600, greatest(0, extract(epoch FROM clock_timestamp() - p.learnt_at)))::float8
  )
END
"""
_RATE: Final = f"least(%(rate)s::float8, {_LEARNT})"
# What a pause of a single worker has left over, such as one between two shards, is used up at once: 4 % of a second.
_BASE: Final = "greatest(p.tat, clock_timestamp() - interval '40 ms')"
# Counts of a run long ago say nothing of what the server accepts.
_IS_FRESH: Final = "p.accepted_at > clock_timestamp() - interval '10 s'"
_ACCEPTED: Final = f"CASE WHEN {_IS_FRESH} THEN p.accepted ELSE 0 END"
_SINCE: Final = f"CASE WHEN {_IS_FRESH} THEN p.accepted_since END"
_IS_MEASURED: Final = f"coalesce(clock_timestamp() - {_SINCE} >= interval '1 s', false)"
# As in `RateLimiter.refused`: a rate that is refused before anything could be measured is reduced to 70 %.
_IS_GUESS: Final = f"p.learnt_at IS NOT NULL AND NOT {_IS_MEASURED}"
_HERE: Final = "WHERE p.address = %(address)s AND p.account = %(account)s"

_ADD: Final = "INSERT INTO coggno.pace (address, account) VALUES (%(address)s, %(account)s) ON CONFLICT DO NOTHING"
_EXCHANGE: Final[LiteralString] = f"""
UPDATE coggno.pace AS p SET
  granted = CASE WHEN %(slots)s > 0 THEN {_BASE} ELSE p.granted END,
  tat = CASE WHEN %(slots)s > 0 THEN {_BASE} + make_interval(secs => coalesce(%(slots)s / {_RATE}, 0)) ELSE p.tat END,
  accepted = CASE WHEN p.refusals = %(refusals)s THEN {_ACCEPTED} + %(accepted)s ELSE p.accepted END,
  accepted_since = CASE WHEN p.refusals = %(refusals)s AND %(accepted)s > 0 THEN
    least({_SINCE}, greatest(p.not_before, clock_timestamp() - make_interval(secs => %(accepted_for)s)))
    ELSE p.accepted_since END,
  accepted_at = CASE WHEN p.refusals = %(refusals)s AND %(accepted)s > 0 THEN clock_timestamp() ELSE p.accepted_at END,
  counted = p.counted + CASE WHEN p.refusals = %(refusals)s + 1 THEN %(accepted)s ELSE 0 END,
  progressed = CASE WHEN %(has_progress)s THEN clock_timestamp() ELSE p.progressed END,
  probe_at = CASE WHEN %(is_probing)s AND p.prober = %(me)s THEN clock_timestamp() + interval '3 s' ELSE p.probe_at END
{_HERE}
RETURNING {_RATE}, extract(epoch FROM p.granted - clock_timestamp())::float8,
  extract(epoch FROM p.tat - p.granted)::float8,
  extract(epoch FROM greatest(p.not_before, clock_timestamp()) - clock_timestamp())::float8, p.refusals,
  p.opened IS NOT NULL, p.closings, extract(epoch FROM p.probe_at - clock_timestamp())::float8,
  p.prober = %(me)s AND p.opened IS NOT NULL
"""  # noqa: S608 - parts of this module
_REFUSE: Final[LiteralString] = f"""
UPDATE coggno.pace AS p SET
  refusals = p.refusals + 1, counted = CASE WHEN {_IS_GUESS} THEN 1000000 ELSE {_ACCEPTED} END,
  ceiling = {_RATE} * CASE WHEN {_IS_GUESS} THEN 0.7 / 0.9 ELSE 1 END,
  counted_seconds = CASE WHEN {_IS_MEASURED} THEN extract(epoch FROM clock_timestamp() - {_SINCE}) ELSE 1 END,
  growth = CASE WHEN {_IS_MEASURED} THEN 0.01 ELSE 0.2 END,
  not_before = clock_timestamp() + make_interval(secs => %(pause)s),
  learnt_at = clock_timestamp() + make_interval(secs => %(pause)s),
  tat = clock_timestamp() + make_interval(secs => %(pause)s), accepted = 0, accepted_since = NULL
{_HERE} AND p.refusals = %(refusals)s AND p.not_before <= clock_timestamp()
"""  # noqa: S608
_PROBES: Final = "CASE WHEN p.progressed > p.last_opened THEN 0 ELSE p.probes END"
_PAUSE: Final = "make_interval(secs => least(30, power(2, least({}, 5))))"
_OPEN: Final[LiteralString] = f"""
UPDATE coggno.pace AS p SET
  opened = clock_timestamp(), last_opened = clock_timestamp(), prober = NULL, probes = {_PROBES},
  probe_at = clock_timestamp() + {_PAUSE.format(_PROBES)}
{_HERE} AND p.opened IS NULL AND p.closings = %(closings)s
"""  # noqa: S608
_CLOSE: Final[LiteralString] = f"""
UPDATE coggno.pace AS p SET opened = NULL, closings = p.closings + 1, prober = NULL
{_HERE} AND p.opened IS NOT NULL AND p.closings = %(closings)s
"""  # noqa: S608
_GIVE_UP: Final[LiteralString] = f"""
UPDATE coggno.pace AS p SET prober = NULL, probe_at = clock_timestamp() + {_PAUSE.format("p.probes")}
{_HERE} AND p.prober = %(me)s
"""  # noqa: S608
# Renewed by each exchange of the worker that sends it: when that is killed, another one is free to after 3 seconds.
_PROBE: Final[LiteralString] = f"""
UPDATE coggno.pace AS p SET
  prober = %(me)s, probes = p.probes + 1, probe_at = clock_timestamp() + interval '3 s'
{_HERE} AND p.opened IS NOT NULL AND p.probe_at <= clock_timestamp()
"""  # noqa: S608


@define
class PostgresPace:
    """Keeps the pace of all workers that use one database.

    Attributes:
        url: of a journal in the database.
        address: of the API.
        account: what tells the keys of accounts apart, and is no key.
    """

    url: DatabaseUrl
    address: str
    account: str
    _me: str = field(factory=lambda: uuid4().hex)
    _connection: Database | None = None

    async def exchange(self, report: PaceReport) -> PaceState:
        """Note what a worker reports, and return the pace of all.

        Raises:
            ConnectionError: the database is gone.
            JournalError: it cannot be used.
        """
        try:
            return await self._exchange(report)
        except Exception as error:  # noqa: BLE001 - psycopg, whose errors these are, is imported late
            await self.close()
            if driver.is_outage(error):
                raise ConnectionError(driver.reason_of(self.url, error)) from None
            raise driver.unusable(self.url, error) from None
        except BaseException:
            await self.close()  # cancelled in the middle of a statement
            raise

    async def close(self) -> None:
        """Close the connection. A second call does nothing."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):
                await connection.close()

    async def _exchange(self, report: PaceReport) -> PaceState:
        connection = self._connection or await self._connect()
        events = _events(report)
        if events:
            # What was accepted before a refusal counts for the rate that it teaches.
            await self._execute(connection, _EXCHANGE, evolve(report, slots=0))
            for statement in events:
                await self._execute(connection, statement, report)
            report = evolve(report, accepted=0)
        found = await (await self._execute(connection, _EXCHANGE, report)).fetchone()
        if found is None:  # somebody has emptied the table
            await connection.execute(_ADD, {"address": self.address, "account": self.account})
            return await self._exchange(report)
        return _state(found, report)

    async def _connect(self) -> Database:
        connection = await driver.connect(self.url)
        self._connection = connection  # closed by `exchange` if one of the following fails
        await schema.prepare(connection, self.url)
        for setting in _SETTINGS:
            await connection.execute(setting)
        await connection.execute(_ADD, {"address": self.address, "account": self.account})
        return connection

    async def _execute(self, connection: Database, statement: LiteralString, report: PaceReport) -> Any:
        values = {"address": self.address, "account": self.account, "me": self._me}
        return await connection.execute(statement, values | asdict(report))


def shared_pace(
    url: DatabaseUrl, address: str, account: str, *, patience: float, clock: Clock, sleep: Sleep
) -> SharedPace:
    """Return the pace that all workers share which use one database, without a limit of the rate as yet.

    Args:
        url: of a journal in the database.
        address: of the API.
        account: what tells the keys of accounts apart, and is no key.
        patience: seconds that the database may be gone.
        clock: seconds that only grow.
        sleep: waits for so many seconds.
    """
    store = PostgresPace(url, address, account)
    return SharedPace(store, rate=None, patience=patience, clock=clock, sleep=sleep)


def _events(report: PaceReport) -> list[LiteralString]:
    """Return the statements for what seldom happens, in the order in which it is to take effect."""
    wanted: tuple[tuple[LiteralString, bool], ...] = (
        (_CLOSE, report.closes),
        (_GIVE_UP, report.gives_up),
        (_REFUSE, report.pause is not None),
        (_OPEN, report.opens),
        (_PROBE, report.wants_probe),
    )
    return [statement for statement, is_wanted in wanted if is_wanted]


def _state(found: Any, report: PaceReport) -> PaceState:
    rate, first, width, pause, refusals, is_open, closings, next_probe, is_prober = found
    return PaceState(
        rate=None if rate is not None and rate > max(_UNLIMITED, report.rate or 0.0) else rate,
        first=first if report.slots else 0.0,
        step=width / report.slots if report.slots else 0.0,
        pause=pause,
        refusals=refusals,
        is_open=is_open,
        closings=closings,
        next_probe=next_probe or 0.0,
        may_probe=bool(is_prober) and report.wants_probe,
    )
