"""The circuit opens when many rows, and a large share of them, fail for reasons that are not their own."""

import pytest

from coggno.provisioning.pacing import CircuitBreaker


def test_fifty_failures_are_needed():
    breaker = CircuitBreaker()
    for _ in range(49):
        breaker.note(is_trouble=True)
    assert not breaker.is_open
    breaker.note(is_trouble=True)
    assert breaker.is_open


@pytest.mark.parametrize(("failures", "is_open"), [(80, False), (81, True)])
def test_over_40_percent_of_200_are_needed(failures, is_open):
    breaker = CircuitBreaker()
    for number in range(1000):
        breaker.note(is_trouble=number >= 1000 - failures)
    assert breaker.is_open is is_open
