"""All workers together keep one pace, on the clock of the database."""

import asyncio
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.provisioning.pacing.shared import Workers, most_in_a_second


def sending(workers, pace, moments, *, seconds=0.03, tasks=16):
    """Send requests that take so many seconds, so many at once, for ever."""

    async def send():
        while True:
            await pace.limiter.acquire()
            moments.append(workers.time.now)
            await workers.time.sleep(seconds)
            pace.limiter.accepted()

    for _ in range(tasks):
        workers.start(send())


# Rate


@pytest.mark.parametrize("count", [1, 2, 4])
async def test_the_rate_is_for_all_workers_together(workers, count):
    """100 a second in every second, however many workers send."""
    moments = []
    for _ in range(count):
        sending(workers, workers.add(100.0), moments)
    await workers.run(10.0)
    for second in range(1, 10):
        assert 98 <= sum(second <= moment < second + 1 for moment in moments) <= 102


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rate=st.sampled_from([5.0, 40.0, 100.0, 400.0]),
    tasks=st.lists(st.integers(1, 20), min_size=1, max_size=5),
    latency=st.sampled_from([0.0, 0.001, 0.02, 0.15]),
    busy=st.sampled_from([0.005, 0.05, 0.5]),
    seed=st.integers(0, 1000),
)
def test_no_second_has_more_than_rate_and_burst(postgres, tables, rate, tasks, latency, busy, seed):
    """Whatever the workers do: requests that come and go, slow databases, and workers that stop and go on."""

    async def run():
        workers, chance, moments = Workers(postgres), random.Random(seed), []

        async def send(pace):
            while True:
                await workers.time.sleep(chance.expovariate(1 / busy))
                for _ in range(chance.choice([1, 1, 1, 30])):
                    await pace.limiter.acquire()
                    moments.append(workers.time.now)

        for count in tasks:
            pace = workers.add(rate, latency=lambda: chance.uniform(0, latency))
            for _ in range(count):
                workers.start(send(pace))
        try:
            await workers.run(4.0)
        finally:
            await workers.close()
        return moments

    moments = asyncio.run(run())
    # A slot may be used up to a tenth of a second late, or come 40 ms of the database's clock and a reply's way late.
    assert most_in_a_second(moments) <= rate * (1 + 0.1 + 0.04 + latency) + 2


async def test_clocks_of_machines_do_not_count(workers):
    """One is an hour ahead, one three hours behind: only the clock of the database decides."""
    moments = []
    for offset in (0.0, 3600.0, -10_800.0):
        sending(workers, workers.add(50.0, offset=offset), moments)
    await workers.run(5.0)
    for second in range(1, 5):
        assert 48 <= sum(second <= moment < second + 1 for moment in moments) <= 52


async def test_a_killed_worker_takes_a_tenth_of_a_second(workers):
    """The slots that it had reserved are lost, and no more."""
    moments = []
    killed = workers.add(100.0)
    sending(workers, killed, [])
    sending(workers, workers.add(100.0), moments)
    await workers.run(2.0)
    workers.kill(killed)
    await workers.run(4.0)
    assert sum(2.0 <= moment < 4.0 for moment in moments) >= 175


async def test_slots_are_not_saved_up(workers):
    """Five workers that stop, one after the other, with slots left: together they begin anew at the rate."""
    paces, moments = [workers.add(100.0) for _ in range(5)], []

    async def send(pace, times):
        for begin, end in times:
            await workers.time.sleep(begin - workers.time.now)
            while workers.time.now < end:
                await pace.limiter.acquire()
                moments.append(workers.time.now)

    for number, pace in enumerate(paces):
        for _ in range(3):
            workers.start(send(pace, [(number, number + 0.95), (6.0, 7.0)]))
    await workers.run(8.0)
    assert sum(6.0 <= moment < 7.0 for moment in moments) <= 110


async def test_retries_are_paid_by_all(workers):
    """A worker that repeats each request takes twice as much of the rate."""
    one, other = workers.add(100.0), workers.add(100.0)
    mine, others = [], []

    async def send_twice():
        while True:
            await one.limiter.acquire()
            mine.append(workers.time.now)
            one.limiter.charge(1)
            await workers.time.sleep(0.03)

    for _ in range(8):
        workers.start(send_twice())
    sending(workers, other, others)
    await workers.run(4.0)
    assert sum(1 <= moment < 4 for moment in mine) * 2 + sum(1 <= moment < 4 for moment in others) <= 310


async def test_nothing_is_reserved_without_a_limit(workers):
    """One exchange a second, however much is sent."""
    pace, moments, exchanges = workers.add(None), [], []
    exchange = pace._store.exchange

    async def counted(report):
        exchanges.append(report.slots)
        return await exchange(report)

    pace._store.exchange = counted
    sending(workers, pace, moments)
    await workers.run(5.0)
    assert len(moments) > 2000
    assert len(exchanges) <= 6
    assert not any(exchanges)


async def test_a_fast_worker_reserves_many_at_once(workers):
    """Some ten exchanges a second, for hundreds of requests of which few wait at a time."""
    pace, moments, exchanges = workers.add(1000.0), [], []
    exchange = pace._store.exchange

    async def counted(report):
        exchanges.append(report.slots)
        return await exchange(report)

    pace._store.exchange = counted
    sending(workers, pace, moments, seconds=0.02)
    await workers.run(5.0)
    assert len(moments) > 3000
    assert len(exchanges) < 100


# Refusals


async def test_a_refusal_holds_back_all(workers):
    """One worker gets a 429 with `Retry-After: 5`: nobody sends before it is over, a second excepted."""
    one, moments = workers.add(100.0), []
    sending(workers, one, moments)
    sending(workers, workers.add(100.0), moments)
    await workers.run(2.0)
    one.limiter.refused(5.0)
    await workers.run(8.0)
    assert not [moment for moment in moments if 2.3 < moment < 7.0]
    assert [moment for moment in moments if moment >= 7.0]


async def test_slots_of_before_a_refusal_are_void(workers):
    """Also those far ahead, which another worker has reserved: at half a request a second, for the next seconds."""
    one, moments = workers.add(0.5), []
    sending(workers, one, moments)
    sending(workers, workers.add(0.5), moments)
    await workers.run(4.5)
    one.limiter.refused(5.0)
    await workers.run(15.0)
    assert not [moment for moment in moments if 5.6 < moment < 9.5]
    assert [moment for moment in moments if moment >= 9.5]


async def test_the_rate_that_all_have_learnt_is_shared(workers):
    """100 a second were accepted together when one was refused: from then on 90 a second leave together."""
    one, moments = workers.add(100.0), []
    sending(workers, one, moments)
    sending(workers, workers.add(100.0), moments)
    await workers.run(5.0)
    one.limiter.refused(1.0)
    await workers.run(10.0)
    for second in range(7, 10):
        assert 87 <= sum(second <= moment < second + 1 for moment in moments) <= 98


async def test_a_rate_is_learnt_where_none_was_given(workers):
    """What the workers without a limit have sent counts, although they report it a second later."""
    one, moments = workers.add(None), []
    sending(workers, one, moments, seconds=0.1, tasks=5)
    sending(workers, workers.add(None), moments, seconds=0.1, tasks=5)
    await workers.run(1.9)
    one.limiter.refused(2.0)
    await workers.run(9.0)
    sent = sum(5 <= moment < 9 for moment in moments) / 4
    assert 82 <= sent <= 98


async def test_refusals_of_one_moment_count_once(workers):
    """Both workers get a 429 before they know of each other's: the rate is reduced once."""
    one, other, moments = workers.add(100.0), workers.add(100.0), []
    sending(workers, one, moments)
    sending(workers, other, moments)
    await workers.run(5.0)
    one.limiter.refused(1.0)
    other.limiter.refused(1.0)
    await workers.run(5.5)
    one.limiter.refused(1.0)  # of a request that was in progress
    await workers.run(7.2)
    assert 85 <= sum(6.2 <= moment < 7.2 for moment in moments) <= 98


async def test_a_late_refusal_does_not_stop_all(workers):
    """A response that was on its way for longer than the pause: the rate is reduced to 70 %, and grows again."""
    one, moments = workers.add(100.0), []
    sending(workers, one, moments)
    sending(workers, workers.add(100.0), moments)
    await workers.run(5.0)
    one.limiter.refused(1.0)
    await workers.run(6.15)
    one.limiter.refused(1.0)
    await workers.run(8.2)
    assert 50 <= sum(7.2 <= moment < 8.2 for moment in moments) <= 80


async def test_a_rate_of_long_ago_is_forgotten(workers, postgres):
    """What a run of yesterday counted does not become the rate of today."""
    one, moments = workers.add(None), []
    sending(workers, one, moments, tasks=1)
    await workers.run(2.0)
    workers.kill(one)
    workers.time.now = 90_000.0
    other, moments = workers.add(None), []
    sending(workers, other, moments, seconds=0.1, tasks=10)
    await workers.run(90_003.0)
    other.limiter.refused(0.0)
    await workers.run(90_006.0)
    assert sum(90_004 <= moment < 90_006 for moment in moments) / 2 >= 75
