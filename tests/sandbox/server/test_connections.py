"""Breaking a connection on purpose."""

import pytest

from coggno.sandbox import ConnectionDroppedError
from coggno.sandbox.server.connections import EXTENSION, break_connection


class Recorder:
    def __init__(self):
        self.calls = []

    def close(self):
        self.calls.append("close")

    def reset(self):
        self.calls.append("reset")


@pytest.mark.parametrize(("reset", "call"), [(False, "close"), (True, "reset")])
async def test_extension_breaks_the_connection_and_waits(reset, call):
    messages = iter(["http.request", "http.request", "http.disconnect", "too far"])
    connection = Recorder()

    async def receive():
        return {"type": next(messages)}

    scope = {"type": "http", "extensions": {EXTENSION: connection}}
    await break_connection(scope, receive, reset=reset, error=RuntimeError)
    assert connection.calls == [call]
    assert next(messages) == "too far"


@pytest.mark.parametrize("scope", [{}, {"extensions": {}}])
async def test_without_the_extension_an_error_is_raised(scope):
    with pytest.raises(ConnectionDroppedError):
        await break_connection(scope, None, reset=False, error=ConnectionDroppedError)


def test_dropped_connection_is_a_reset_error():
    assert issubclass(ConnectionDroppedError, ConnectionResetError)
