"""A run waits instead of giving up: what is not the rows' fault costs time, and no row."""

from collections import Counter

import pytest

from coggno.provisioning import StoppedError, make_plan, read_roster
from coggno.sandbox import ManualClock, parse_fault
from tests.provisioning.helpers import broken, carry_out, check_against_effects, client_of, collect, outcomes, people

pytestmark = pytest.mark.untraced  # thousands of rows, all alike


class OutageClock(ManualClock):
    """A clock under which every request fails between two moments."""

    def __init__(self, fault, begin, end):
        super().__init__()
        self.fault, self.begin, self.end = parse_fault(fault), begin, end
        self.rule, self.sent = None, []

    async def sleep(self, seconds):
        await super().sleep(seconds)
        if self.rule is None and self.begin <= self.now() < self.end:
            self.rule = self.sandbox.faults.add(self.fault)
            self.sent.append(self.sandbox.requests.total)
        elif self.rule is not None and self.now() >= self.end and len(self.sent) == 1:
            self.sandbox.faults.remove(self.rule)
            self.sent.append(self.sandbox.requests.total)


async def carry_out_under(sandbox, rows, *faults, **options):
    """Plan without faults, then run with them, and let the sandbox judge."""
    roster = read_roster(rows)
    async with client_of(sandbox) as coggno:
        plan = await make_plan(coggno, roster)
        for fault in faults:
            sandbox.faults.add(parse_fault(fault))
        results = await collect(carry_out(coggno, plan, **options))
    sandbox.clock.finished_at = sandbox.clock.now()
    groups = {row.line: row.person.groups for row in roster.rows}
    check_against_effects(sandbox, results, [row.line for row in roster.rows], groups)
    return results


@pytest.mark.parametrize("seed", range(3))
async def test_a_tenth_of_failures_costs_no_row(seed):
    """3 % before and 3 % after the effect, 2 % and 2 % dropped: all rows are done."""
    faults = ["*:status=503,p=0.03", "*:status=503,after,p=0.03", "*:drop,p=0.02", "*:drop,after,p=0.02"]
    results = await carry_out_under(broken(seed=seed), people(400), *faults)
    assert Counter(outcomes(results)) == {"created": 400}


@pytest.mark.parametrize("fault", ["*:status=503", "*:drop", "*:status=404", "*:html=404", "*:status=500,after"])
async def test_an_outage_is_waited_out(fault):
    """60 s of nothing but failures in the middle of a run: no row is lost, and few requests are sent meanwhile."""
    clock = OutageClock(fault, begin=2.0, end=62.0)
    sandbox = clock.sandbox = broken("createUser:latency=0.2", clock=clock)
    results = await carry_out_under(sandbox, people(400))
    assert Counter(outcomes(results)) == {"created": 400}
    assert clock.sent[1] - clock.sent[0] < 60
    assert clock.finished_at < 62 + 45


async def test_an_outage_at_full_concurrency():
    """All sixteen rows in progress fail at once, and each is checked: nothing new runs into it."""
    clock = OutageClock("*:status=404", begin=6.0, end=66.0)
    sandbox = clock.sandbox = broken("*:latency=0.2", clock=clock)
    results = await carry_out_under(sandbox, people(1200, groups=[]))
    assert Counter(outcomes(results)) == {"created": 1200}
    assert clock.sent[1] - clock.sent[0] < 60


async def test_a_run_reports_that_it_waits():
    """The progress says since when and for what."""
    clock, seen = OutageClock("*:status=503", begin=1.0, end=30.0), []
    sandbox = clock.sandbox = broken("createUser:latency=0.2", clock=clock)
    async with client_of(sandbox) as coggno:
        plan, sleep = await make_plan(coggno, read_roster(people(100))), clock.sleep

        async def watched(seconds):
            await sleep(seconds)
            seen.append(work.progress.waiting)

        clock.sleep = watched
        work = carry_out(coggno, plan)
        await collect(work)
    assert seen[0] is None
    assert {waiting.reason for waiting in seen if waiting} == {"Coggno to respond again"}
    assert work.progress.waiting is None


async def test_a_rate_limit_is_learnt():
    """60 requests a second: at most 1.2 times the time that the limit needs, and at most 5 % are refused."""
    clock, statuses = ManualClock(), []
    sandbox = broken("createUser:latency=0.005", clock=clock)
    async with client_of(sandbox, on_exchange=lambda exchange: statuses.append(exchange.status)) as coggno:
        plan = await make_plan(coggno, read_roster(people(1200, groups=[])))
        sandbox.faults.add(parse_fault("*:rate=60"))
        begin = clock.now()
        results = await collect(carry_out(coggno, plan))
    assert Counter(outcomes(results)) == {"created": 1200}
    assert statuses.count(429) <= 0.05 * len(statuses)
    assert clock.now() - begin <= 1.2 * 1200 / 60


async def test_late_commits_are_waited_for():
    """504 at once, carried out 3 s later."""
    results = await carry_out_under(broken(), people(200, groups=[]), "createUser:late=3,p=0.05")
    assert Counter(outcomes(results)) == {"created": 200}


async def test_patience_ends_the_run():
    """Every row has an outcome then, and the same roster continues the run."""
    sandbox, results = broken(), {}
    async with client_of(sandbox) as coggno:
        plan = await make_plan(coggno, read_roster(people(50)))
        sandbox.faults.add(parse_fault("*:status=503"))
        begin = sandbox.clock.now()
        with pytest.raises(StoppedError, match="no row could be finished for 10 minutes .503: Service Unavailable"):
            await collect(carry_out(coggno, plan, patience=600), results)
    assert 600 <= sandbox.clock.now() - begin < 640
    assert len(results) == 50
    check_against_effects(sandbox, results, range(1, 51))


async def test_a_row_with_trouble_of_its_own_fails_alone():
    """While others are finished, a row is tried twenty times."""
    faults = ["createUser:status=500,key=u7@example.com", "createUser:latency=1.5"]
    results = await carry_out_under(broken(), people(300, groups=[]), *faults, concurrency=2)
    assert Counter(outcomes(results)) == {"created": 299, "unknown": 1}
    assert results[8].outcome.value == "unknown"


async def test_a_long_retry_after_stops_the_run():
    """Longer than its patience."""
    with pytest.raises(StoppedError, match="Coggno asks to wait 3600 seconds"):
        await carry_out_under(broken(), people(20), "*:status=429,retry_after=3600")
