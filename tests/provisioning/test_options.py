"""Options of a run are checked when they are made, before anything is sent."""

import math

import pytest

from coggno import ConfigurationError
from coggno.provisioning import RunOptions


@pytest.mark.parametrize("rate", [0, -1, math.inf, math.nan])
def test_rate_is_a_positive_number(rate):
    with pytest.raises(ConfigurationError, match="rate must be a positive number of requests per second"):
        RunOptions(rate=rate)


def test_concurrency_is_at_least_1():
    with pytest.raises(ConfigurationError, match="concurrency must be at least 1, not 0"):
        RunOptions(concurrency=0)
