"""Which failures waiting can cure."""

import pytest

from coggno import APIConnectionError, APITimeoutError, RateLimitError, ServerError, UnprocessableEntityError
from coggno.provisioning.requests.failures import is_curable


def not_retryable(error):
    error.retryable = False
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (APIConnectionError("refused", outcome="not_sent"), True),
        (APITimeoutError("slow", outcome="unknown"), True),
        (RateLimitError("slowly", status_code=429), True),
        (ServerError("oops", status_code=503, outcome="unknown"), True),
        (UnprocessableEntityError("taken", status_code=422), False),
        (not_retryable(APIConnectionError("the certificate is not trusted", outcome="not_sent")), False),
    ],
)
def test_waiting_cures_what_may_change(error, expected):
    assert is_curable(error) is expected
