"""Which requests faults apply to, and what they decide, without any HTTP."""

import math
import random

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from coggno.sandbox import (
    Capacity,
    CutBody,
    Drop,
    Empty,
    Fault,
    Faults,
    Gateway,
    Html,
    IdsOnly,
    LateCommit,
    Latency,
    RateLimit,
    ReadLag,
    RequireField,
    SetField,
    Status,
    WrapInList,
    WrongType,
)
from coggno.sandbox.faults import FaultDecision, RequestFacts


def seen(login: str = "ann", operation: str = "createUser") -> RequestFacts:
    return RequestFacts(operation, f"{operation} {login}", frozenset({login}))


def applied(faults: Faults, count: int, *, operation: str = "createUser") -> list[bool]:
    return [faults.decide(seen(str(n), operation), 0.0).ending is not None for n in range(count)]


def test_without_faults_nothing_happens():
    assert Faults().decide(seen(), 0.0) == FaultDecision()


@pytest.mark.parametrize(
    ("aim", "operation", "hit"),
    [
        ("*", "getUser", True),
        ("*", "createUser", True),
        ("createUser", "createUser", True),
        ("createUser", "deleteUser", False),
        ("reads", "getUser", True),
        ("reads", "createUser", False),
        ("writes", "getUser", False),
        ("writes", "deleteGroupByName", True),
    ],
)
def test_fault_applies_to_its_operations(aim, operation, hit):
    faults = Faults()
    faults.add(Fault(Drop(), aim))
    assert applied(faults, 1, operation=operation) == [hit]


def test_times_and_skip_count_requests():
    faults = Faults()
    rule = faults.add(Fault(Status(), times=2, skip=1))
    assert applied(faults, 5) == [False, True, True, False, False]
    assert rule.applied == 2
    assert "applied=2" in repr(rule)


def test_key_selects_requests():
    faults = Faults()
    faults.add(Fault(Status(), key="3"))
    assert applied(faults, 5) == [False, False, False, True, False]


def test_removed_fault_does_not_apply():
    faults = Faults()
    first, second = faults.add(Fault(Drop())), faults.add(Fault(Status()))
    assert list(faults) == [first, second]
    faults.remove(first)
    faults.remove(first)
    assert isinstance(faults.decide(seen(), 0.0).ending, Status)
    faults.clear()
    assert (len(faults), faults.decide(seen(), 0.0)) == (0, FaultDecision())


class TestProbability:
    def test_probability_is_about_the_share(self):
        faults = Faults(seed=1)
        faults.add(Fault(Drop(), p=0.3))
        assert 0.25 < sum(applied(faults, 2000)) / 2000 < 0.35

    @pytest.mark.parametrize(("p", "share"), [(0.0, 0), (1.0, 50)])
    def test_never_and_always(self, p, share):
        faults = Faults()
        faults.add(Fault(Drop(), p=p))
        assert sum(applied(faults, 50)) == share

    @given(seed=st.integers(), shuffle=st.integers())
    def test_same_requests_get_same_faults_in_any_order(self, seed, shuffle):
        """A request that is repeated draws anew, each time the same as in the other run."""
        requests = [seen(str(n % 20)) for n in range(60)]
        results = []
        for order in (0, shuffle):
            faults = Faults(seed)
            faults.add(Fault(Drop(), p=0.5))
            random.Random(order).shuffle(requests)
            found: dict[str, list[bool]] = {}
            for request in requests:
                found.setdefault(request.identity, []).append(faults.decide(request, 0.0).ending is not None)
            results.append(found)
        assert results[0] == results[1]

    def test_seeds_and_rules_draw_independently(self):
        runs = []
        for seed, before in [(1, 0), (2, 0), (1, 1)]:
            faults = Faults(seed)
            for _ in range(before):
                faults.remove(faults.add(Fault(Drop())))
            faults.add(Fault(Drop(), p=0.5))
            runs.append(applied(faults, 64))
        assert len({tuple(run) for run in runs}) == 3

    def test_repeated_request_draws_again(self):
        faults = Faults()
        faults.add(Fault(Drop(), p=0.5))
        assert {faults.decide(seen(), 0.0).ending for _ in range(64)} == {None, Drop()}


class TestTogether:
    def test_waits_add_up_and_the_first_ending_counts(self):
        faults = Faults()
        for action in (Latency(1), Latency(2, after=True), Drop(), Latency(4), Status()):
            faults.add(Fault(action))
        assert faults.decide(seen(), 0.0) == FaultDecision(wait_before=5, wait_after=2, ending=Drop())

    def test_second_ending_is_not_used_up(self):
        faults = Faults()
        faults.add(Fault(Drop(), times=1))
        faults.add(Fault(Status(), times=1))
        assert [faults.decide(seen(), 0.0).ending for _ in range(3)] == [Drop(), Status(), None]


class TestLatency:
    def waits(self, seed: int) -> list[float]:
        faults = Faults(seed)
        faults.add(Fault(Latency(0.1, most=0.3)))
        return [faults.decide(seen(), 0.0).wait_before for _ in range(200)]

    def test_range_is_used_in_full_and_kept(self):
        waits = self.waits(0)
        assert 0.1 <= min(waits) < 0.11
        assert 0.29 < max(waits) <= 0.3

    def test_same_seed_gives_same_waits(self):
        assert self.waits(1) == self.waits(1) != self.waits(2)

    def test_range_the_wrong_way_round_is_refused(self):
        with pytest.raises(ValueError, match=r"most must be at least 0.3, not 0.1"):
            Latency(0.3, most=0.1)


class TestRateLimit:
    def limited(self, limit: RateLimit, times: list[float]) -> list[int | str | None]:
        faults = Faults()
        faults.add(Fault(limit))
        endings = [faults.decide(seen(), now).ending for now in times]
        return [ending.retry_after if isinstance(ending, Status) else None for ending in endings]

    def test_excess_requests_get_retry_after(self):
        assert self.limited(RateLimit(2), [0, 0, 0, 0.4, 0.5, 0.5, 9, 9, 9]) == [
            None,
            None,
            1,
            1,
            None,
            1,
            None,
            None,
            1,
        ]

    def test_a_slow_rate_gives_a_long_wait(self):
        assert self.limited(RateLimit(0.1), [0, 1, 10, 10]) == [None, 9, None, 10]

    def test_a_burst_may_be_given(self):
        assert self.limited(RateLimit(1, burst=3), [0, 0, 0, 0]) == [None, None, None, 1]

    def test_only_refused_requests_count_as_applied(self):
        faults = Faults()
        rule = faults.add(Fault(RateLimit(1)))
        for _ in range(3):
            faults.decide(seen(), 0.0)
        assert rule.applied == 2

    @given(rate=st.floats(0.5, 50), gaps=st.lists(st.floats(0, 0.5), min_size=1, max_size=200))
    def test_rate_and_burst_are_never_exceeded(self, rate, gaps):
        faults = Faults()
        faults.add(Fault(RateLimit(rate)))
        now, through = 0.0, 0
        for gap in gaps:
            now += gap
            through += faults.decide(seen(), now).ending is None
        assert through <= max(1, rate) + now * rate + 1e-6


def test_capacity_limits_requests_at_a_time():
    faults = Faults()
    faults.add(Fault(Capacity(2, seconds=1)))
    waits = [faults.decide(seen(), now).wait_before for now in (0, 0, 0, 0, 0, 2.5, 9)]
    assert waits == [1, 1, 2, 2, 3, 1, 1]


class TestRanges:
    @pytest.mark.parametrize(
        "make",
        [
            lambda: Status(200),
            lambda: Status(600),
            lambda: Latency(-1),
            lambda: RateLimit(0),
            lambda: Capacity(0),
            lambda: CutBody(1.0),
            lambda: CutBody(-0.1),
            lambda: Html(199),
            lambda: Empty(404),
            lambda: LateCommit(-1),
            lambda: LateCommit(requests=-1),
            lambda: ReadLag(-1),
            lambda: ReadLag(reads=-1),
            lambda: Gateway(302),
            lambda: Gateway(body="html"),
            lambda: Fault(Drop(), p=1.1),
            lambda: Fault(Drop(), p=math.nan),
            lambda: Fault(Drop(), times=-1),
            lambda: Fault(Drop(), skip=-1),
        ],
    )
    def test_a_number_out_of_range_is_an_error(self, make):
        with pytest.raises(ValueError, match="must be"):
            make()

    def test_unknown_operation_gets_a_suggestion(self):
        with pytest.raises(ValueError, match="did you mean 'createUser'"):
            Fault(Drop(), "createUsr")

    def test_faults_are_values(self):
        fault = Fault(Drop(), "createUser", p=0.5)
        assert evolve(fault, p=1.0) == Fault(Drop(), "createUser")


class TestQuirks:
    def test_they_go_together_with_an_ending(self):
        """A create that is carried out, whose response is lost, and that reads do not see yet."""
        faults = Faults()
        for action in (Drop(after=True), ReadLag(reads=2), SetField("x", 1), SetField("y", 2)):
            faults.add(Fault(action))
        decision = faults.decide(seen(), 0.0)
        assert (decision.ending, decision.lag) == (Drop(after=True), ReadLag(reads=2))
        assert decision.edits == [SetField("x", 1), SetField("y", 2)]

    def test_they_are_added_to_what_was_decided_before(self):
        quirks, faults = Faults(), Faults()
        quirks.add(Fault(IdsOnly(), "getUser"))
        quirks.add(Fault(WrapInList()))
        faults.add(Fault(RequireField("name"), "deleteGroup"))
        faults.add(Fault(RequireField("description"), "createGroup"))
        decision = faults.decide(seen(operation="createGroup"), 0.0, quirks.decide(seen(operation="createGroup"), 0.0))
        assert (decision.ids_only, decision.required, decision.edits) == (False, ["description"], [WrapInList()])
        assert quirks.decide(seen(operation="getUser"), 0.0).ids_only

    def test_they_apply_with_their_own_counts(self):
        faults = Faults()
        rule = faults.add(Fault(SetField("x"), times=1))
        assert [len(faults.decide(seen(), 0.0).edits) for _ in range(3)] == [1, 0, 0]
        assert rule.applied == 1

    @pytest.mark.parametrize(
        ("ending", "edits", "name"),
        [(None, [], None), (None, [WrongType()], "WrongType"), (Status(), [WrongType()], "Status")],
    )
    def test_the_log_names_what_decided_the_response(self, ending, edits, name):
        assert FaultDecision(ending=ending, edits=edits).name == name
