"""The circuit opens in an outage, and asks for control reads less and less often."""

import pytest

from coggno.provisioning.pacing import Circuit


def circuit(*outcomes):
    made = Circuit(clock=lambda: 5.0)
    for is_failure in outcomes:
        made.failed() if is_failure else made.succeeded()
    return made


@pytest.mark.parametrize(
    ("outcomes", "is_open"),
    [
        ([True] * 3, False),
        ([True] * 4, True),
        ([True, True, True, False] * 2, False),
        ([True, True, True, False] * 3, True),
        ([False, True] * 20, False),
    ],
)
def test_circuit_opens_when_most_calls_fail(outcomes, is_open):
    """Four in a row, or more than half of the last twenty once there are ten."""
    assert circuit(*outcomes).is_open is is_open


def test_control_reads_become_rarer():
    found = circuit(*[True] * 4)
    assert [found.next_pause() for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]


def test_failures_before_the_end_of_an_outage_are_forgotten():
    found = circuit(*[True] * 20)
    found.close()
    assert not found.is_open
    found.failed()
    assert not found.is_open


def test_control_reads_are_no_progress():
    """Else an API that only reads would keep a run waiting for ever."""
    now = 0.0
    found = Circuit(clock=lambda: now)
    now = 60.0
    found.succeeded()
    found.close()
    assert found.seconds_without_progress == 60.0
    found.progressed()
    assert found.seconds_without_progress == 0.0


def test_opening_again_without_progress_waits_longer():
    """Where reads succeed and writes do not, control reads alone must not bring the writes back each second."""
    times = iter(range(1000))
    found = Circuit(clock=lambda: next(times))

    def next_pause():
        for _ in range(4):
            found.failed()
        pause = found.next_pause()
        found.close()
        return pause

    assert [next_pause() for _ in range(3)] == [1, 2, 4]
    found.progressed()
    assert next_pause() == 1
