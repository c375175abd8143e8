"""Why there is no connection, without the names of Python's exceptions."""

from __future__ import annotations

import errno
import socket
import ssl

import pytest

from coggno.cli.connection_reasons import connection_reason
from coggno.sandbox import Sandbox, parse_fault
from tests.cli.helpers import RunCommand


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed ('127.0.0.1', 1)"), "connection refused"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "the name of the server cannot be found"),
        (ssl.SSLError(), "TLS failed"),
        (OSError("Multiple exceptions: [Errno 111] Connect call failed"), None),
        (ValueError("not about a connection"), None),
        (None, None),
    ],
)
def test_reason_is_in_everyday_words(error, reason):
    assert connection_reason(error) == reason


@pytest.mark.usefixtures("address")
def test_classes_of_exceptions_are_left_out(coggno: RunCommand, sandbox: Sandbox):
    sandbox.faults.add(parse_fault("createGroup:drop,after"))
    ended = coggno("groups", "create", "Hall")
    assert ended.code == 1
    assert ended.err.startswith("Error: It is not known whether the group was created: the connection failed after the")
    assert "Error:" not in ended.err.removeprefix("Error:")


def test_refused_connection_is_plain(coggno: RunCommand, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("COGGNO_BASE_URL", f"http://127.0.0.1:{free.getsockname()[1]}")
        monkeypatch.setenv("COGGNO_API_KEY", "test_key")
        ended = coggno("groups", "list")
    assert ended.code == 1
    assert ended.err.startswith("Error: Could not list the groups: no connection: connection refused (4 attempts).\n")
    assert "Errno" not in ended.err
