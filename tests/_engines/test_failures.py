"""What our errors report of a library's, without engines."""

from __future__ import annotations

import contextlib
import traceback

import pytest

from coggno import APIConnectionError, APITimeoutError
from coggno._engines.failures import failure, raise_alone, without_quotations


@pytest.mark.parametrize(
    ("sent", "timed_out", "outcome", "kind", "start"),
    [
        (False, False, "not_sent", APIConnectionError, "no connection (OSError: x y)"),
        (False, True, "not_sent", APITimeoutError, "no connection in time"),
        (True, False, "unknown", APIConnectionError, "the connection failed after the request may have been sent"),
        (True, True, "unknown", APITimeoutError, "no response in time"),
    ],
)
def test_message_of_a_failure(sent, timed_out, outcome, kind, start):
    error = failure(OSError("x\n  y"), sent=sent, timed_out=timed_out)
    assert type(error) is kind
    assert error.outcome == outcome
    assert str(error).startswith(start)


def test_failure_takes_another_detail():
    assert str(failure(OSError("x"), sent=False, timed_out=False, detail="y")) == "no connection (OSError: y)"
    assert str(failure(OSError("x"), sent=False, timed_out=False, detail="")) == "no connection (OSError)"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("illegal status line: bytearray(b'HTTP/2 200')", "illegal status line"),
        ("illegal header line: bytearray(b'x')", "illegal header line"),
        ("Illegal header value b'Basic x'", "Illegal header value"),
        ('Illegal header value b"Basic x"', "Illegal header value"),
        ("malformed chunk footer: bytearray(b'xx') (expected b'\\r\\n')", "malformed chunk footer"),
        (
            "peer closed connection without sending complete message body (received 1 bytes, expected 9)",
            "peer closed connection without sending complete message body",
        ),
        ("Bad status line:\n Expected HTTP/:\n\n b'x'\n ^", "Bad status line"),
        ("<RawResponseMessage(version=...)>", ""),
        ("Response payload is not completed: <ContentLengthError: 400>", "Response payload is not completed"),
        ("Receive buffer too long", "Receive buffer too long"),
        ("Server disconnected without sending a response.", "Server disconnected without sending a response."),
        ("first\nsecond", "first"),
        ("", ""),
    ],
)
def test_quotations_of_a_response_are_removed(text, left):
    assert without_quotations(text) == left


def test_an_error_raised_alone_leads_back_to_nothing():
    with pytest.raises(ValueError, match="ours") as caught, instead_of(KeyError):
        raise KeyError("theirs")
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert "theirs" not in "".join(traceback.format_exception(caught.value))


@contextlib.contextmanager
def instead_of(kind):
    try:
        yield
    except kind:
        raise_alone(ValueError("ours"))
