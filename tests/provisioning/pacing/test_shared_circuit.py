"""An outage that one worker finds stops all, and one control read is for all."""

import asyncio
from itertools import pairwise

import pytest

from coggno import ServerError
from coggno.provisioning.pacing import AdaptiveLimit
from coggno.provisioning.requests import StopSignal
from coggno.provisioning.requests.gate import Gate


class Api:
    """Responds after 50 ms, or fails at once while it is down; its control reads may hang."""

    def __init__(self, time):
        self.time = time
        self.is_down = False
        self.hanging = 0.0  # seconds that a control read takes
        self.requests, self.probes = [], []

    async def request(self):
        self.requests.append(self.time.now)
        if self.is_down:
            raise ServerError("down", status_code=503, outcome="unknown")
        await self.time.sleep(0.05)

    async def probe(self):
        self.probes.append(self.time.now)
        await self.time.sleep(self.hanging)
        if self.is_down:
            raise ServerError("down", status_code=503, outcome="unknown")

    def sent(self, begin, end):
        return sum(begin <= moment < end for moment in [*self.requests, *self.probes])


@pytest.fixture
def api(workers):
    return Api(workers.time)


def begin(workers, api, pace, tasks=8, patience=900.0):
    """Rows of one worker, each sent again and again until it succeeds."""
    clock, sleep, signal = pace._clock, workers.time.sleep, StopSignal()
    gate = Gate(api.probe, signal, pace.limiter, AdaptiveLimit(16, clock), pace.circuit, patience, sleep)

    async def rows():
        while signal.reason is None:
            try:
                async with gate.request():
                    await api.request()
            except ServerError:
                await sleep(1.0)
            else:
                gate.circuit.progressed()

    for _ in range(tasks):
        workers.start(rows())
    return gate


@pytest.mark.parametrize(("count", "rate"), [(1, None), (5, None), (5, 100.0)])
async def test_few_requests_leave_in_an_outage(workers, api, count, rate):
    """Fewer than 30 a minute from the second second on, however many workers there are; then all go on."""
    gates = [begin(workers, api, workers.add(rate)) for _ in range(count)]
    await workers.run(3.0)
    api.is_down = True
    await workers.run(64.0)
    assert api.sent(4.0, 64.0) < 30
    assert api.sent(3.0, 4.0) < 20 * count
    api.is_down = False
    await workers.run(105.0)
    assert all(gate.waiting is None for gate in gates)
    assert api.sent(100.0, 105.0) > 100


async def test_those_who_wait_for_their_turn_stay(workers, api):
    """At five requests a second the others have a turn within the next seconds; an outage begins before."""
    pace = workers.add(5.0)
    begin(workers, api, pace)
    await workers.run(3.0)
    api.is_down = True
    for _ in range(4):
        pace.circuit.failed()
    await workers.run(9.0)
    assert len(api.probes) == 2
    assert api.sent(3.0, 9.0) <= len(api.probes) + 1


async def test_control_reads_of_all_are_at_growing_intervals(workers, api):
    """After 1, 2, 4 ... 30 seconds, as if there were one worker."""
    for _ in range(4):
        begin(workers, api, workers.add())
    await workers.run(3.0)
    api.is_down = True
    await workers.run(120.0)
    moments = [3.0, *api.probes]
    pauses = [after - before for before, after in pairwise(moments)]
    assert pauses[:6] == pytest.approx([1, 2, 4, 8, 16, 30], abs=1.3)
    assert all(pause > 29 for pause in pauses[5:])


async def test_what_one_worker_finds_stops_all(workers, api):
    """The others stop within a second, although none of their requests has failed."""
    one, other = begin(workers, api, workers.add()), begin(workers, Api(workers.time), workers.add())
    await workers.run(3.0)
    api.hanging = 10.0
    for _ in range(4):
        one.circuit.failed()
    await workers.run(4.1)
    assert other.circuit.is_open
    assert not other.circuit.has_just_failed
    assert other.waiting.reason == "Coggno to respond again"


async def test_one_success_lets_all_go_on(workers, api):
    """Within a second and a bit after the control read of one worker."""
    gates = [begin(workers, api, workers.add()) for _ in range(3)]
    await workers.run(3.0)
    for _ in range(4):
        gates[0].circuit.failed()
    await workers.run(6.5)
    assert len(api.probes) == 1
    assert not any(gate.circuit.is_open for gate in gates)
    assert all(gate.waiting is None for gate in gates)


async def test_a_control_read_that_hangs_is_the_only_one(workers, api):
    """As long as its worker lives, nobody sends another one."""
    for _ in range(3):
        begin(workers, api, workers.add())
    await workers.run(3.0)
    api.is_down, api.hanging = True, 20.0
    await workers.run(20.0)
    assert len(api.probes) == 1


async def test_a_killed_worker_does_not_keep_the_control_read(workers, api):
    """Another worker sends one some three seconds after the kill."""
    paces = [workers.add() for _ in range(3)]
    for pace in paces:
        begin(workers, api, pace)
    await workers.run(3.0)
    api.is_down, api.hanging = True, 1000.0
    await workers.run(10.0)
    assert len(api.probes) == 1
    workers.kill(next(pace for pace in paces if pace.circuit._is_probing))
    api.is_down, api.hanging = False, 0.0
    await workers.run(15.5)
    assert len(api.probes) == 2
    assert sum(not pace.circuit.is_open for pace in paces) >= 2


async def test_a_cancelled_control_read_is_given_up(workers, api):
    """A row that is cut off while it sends the control read does not leave the others waiting."""
    pace = workers.add()
    gate = Gate(
        api.probe, StopSignal(), pace.limiter, AdaptiveLimit(16, pace._clock), pace.circuit, 900.0, workers.time.sleep
    )
    for _ in range(4):
        pace.circuit.failed()
    api.hanging = 1000.0
    row = asyncio.create_task(gate._wait_for_api())
    await workers.run(5.0)
    assert pace.circuit._is_probing
    row.cancel()
    await asyncio.gather(row, return_exceptions=True)
    await workers.run(6.0)
    assert not pace.circuit._is_probing
    api.hanging = 0.0
    begin(workers, api, workers.add())
    await workers.run(12.0)
    assert not pace.circuit.is_open


async def test_an_outage_that_all_workers_died_in_is_not_inherited(workers, api):
    """Who begins a day later sends a control read at once."""
    old = workers.add()
    begin(workers, api, old)
    await workers.run(3.0)
    api.is_down = True
    await workers.run(60.0)
    workers.kill(old)
    workers.time.now, api.is_down = 90_000.0, False
    before = len(api.probes)
    new = begin(workers, api, workers.add())
    await workers.run(90_002.0)
    assert len(api.probes) == before + 1
    assert not new.circuit.is_open


async def test_failures_of_before_the_end_open_nothing(workers, api):
    """A worker that reports an outage after another one has found that it is over."""
    one, other = workers.add(), workers.add()
    await workers.run(2.0)
    for _ in range(4):
        one.circuit.failed()
    await workers.run(2.1)
    one.circuit.close()
    await workers.run(2.2)
    for _ in range(4):
        other.circuit.failed()  # it knows of neither
    await workers.run(4.0)
    assert not one.circuit.is_open
    assert not other.circuit.is_open


async def test_every_worker_keeps_its_patience(workers, api):
    """Also one whose control reads others send."""
    gates = [begin(workers, api, workers.add(), patience=60.0) for _ in range(3)]
    await workers.run(3.0)
    api.is_down = True
    await workers.run(75.0)
    for gate in gates:
        assert gate.signal.reason == "no row could be finished for 60 seconds (down)"
