"""Workers on one row of PostgreSQL, on a clock that the test moves: that of the database included."""

import asyncio
import heapq
from itertools import count
from urllib.parse import quote
from uuid import uuid4

from coggno.provisioning.journal.postgres import driver
from coggno.provisioning.journal.postgres.pace import PostgresPace
from coggno.provisioning.journal.postgres.url import DatabaseUrl
from coggno.provisioning.pacing import SharedPace

EPOCH = 1_700_000_000.0
# Found before that of `pg_catalog`, since the connections of these tests search the schema first.
_CLOCK = """
CREATE SCHEMA IF NOT EXISTS test_time;
CREATE OR REPLACE FUNCTION test_time.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
  $$ SELECT to_timestamp(current_setting('test_time.now')::float8) $$;
"""


class VirtualTime:
    """Moves on when all tasks wait for it; exchanges with the database take no time of it, unless told."""

    def __init__(self):
        self.now = 0.0
        self.busy = 0  # exchanges in progress, which take real time
        self._sleepers = []
        self._order = count()

    async def sleep(self, seconds):
        await self.alarm(seconds)

    def alarm(self, seconds):
        """Return a future that is done after so many seconds, if nobody ends it before."""
        done = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + max(0.0, seconds), next(self._order), done))
        return done

    async def run(self, until):
        """Let time pass up to a moment."""
        while True:
            await self._settle()
            if not self._sleepers or self._sleepers[0][0] > until:
                break
            moment, _, done = heapq.heappop(self._sleepers)
            self.now = max(self.now, moment)
            if not done.done():
                done.set_result(None)
        self.now = until

    async def _settle(self):
        quiet = 0
        while quiet < 5:
            await asyncio.sleep(0)
            quiet = 0 if self.busy else quiet + 1


class TimedStore:
    """The row of a test, with a connection whose clock is that of the test."""

    def __init__(self, time, store, latency):
        self._time, self._store, self._latency = time, store, latency

    async def exchange(self, report):
        await self._time.sleep(self._latency())
        self._time.busy += 1
        try:
            if self._store._connection is None:
                self._store._connection = await driver.connect(self._store.url)
                values = {"address": self._store.address, "account": self._store.account}
                await self._store._connection.execute(
                    "INSERT INTO coggno.pace (address, account) VALUES (%(address)s, %(account)s) "
                    "ON CONFLICT DO NOTHING",
                    values,
                )
            now = str(EPOCH + self._time.now)
            await self._store._connection.execute("SELECT set_config('test_time.now', %s, false)", (now,))
            state = await self._store.exchange(report)
        finally:
            self._time.busy -= 1
        await self._time.sleep(self._latency())
        return state

    async def close(self):
        await self._store.close()


class Workers:
    """Several workers that share a pace."""

    def __init__(self, postgres, time=None):
        postgres.execute(_CLOCK)
        url = f"{postgres.url(journal='pace')}&options={quote('-c search_path=test_time,pg_catalog')}"
        self.time = time or VirtualTime()
        self.address = uuid4().hex
        self._url = DatabaseUrl(url)
        self.paces, self._tasks = [], []

    def add(self, rate=None, latency=lambda: 0.001, offset=0.0):
        """A worker, on a machine whose clock is off by `offset` seconds."""
        store = TimedStore(self.time, PostgresPace(self._url, self.address, "account"), latency)
        pace = SharedPace(store, rate=rate, patience=60.0, clock=lambda: self.time.now + offset, sleep=self.time.sleep)
        changed = asyncio.Event()
        pace.limiter.wake = pace.circuit.wake = changed.set  # the task below takes the place of its own
        self.paces.append(pace)
        self._tasks.append(asyncio.create_task(self._keep(pace, changed)))
        return pace

    def start(self, work):
        self._tasks.append(asyncio.create_task(work))

    def kill(self, pace):
        """End a worker without a word."""
        self._tasks[self.paces.index(pace)].cancel()

    async def run(self, until):
        await self.time.run(until)
        for task in self._tasks:
            if task.done() and not task.cancelled():
                task.result()

    async def close(self):
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for pace in self.paces:
            await pace.close()

    async def _keep(self, pace, changed):
        while True:
            while (seconds := pace.seconds_until_needed) > 0:
                changed.clear()
                woken = asyncio.create_task(changed.wait())
                await asyncio.wait({woken, self.time.alarm(seconds)}, return_when=asyncio.FIRST_COMPLETED)
                woken.cancel()
            await pace.exchange()


def most_in_a_second(moments):
    """Return how many moments are in the second that has most of them."""
    moments, first, most = sorted(moments), 0, 0
    for index, moment in enumerate(moments):
        while moments[first] <= moment - 1.0:
            first += 1
        most = max(most, index - first + 1)
    return most
