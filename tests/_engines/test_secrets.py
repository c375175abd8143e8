"""Key and password are in no error, nor on anything that hangs on one, also when the server sends them back."""

from __future__ import annotations

import logging
import traceback

import httpx
import pytest

from coggno import APIError, AsyncCoggno, ConfigurationError

from .bench import GRACE, bench
from .kinds import HTTPX, HTTPX2, on, on_every_engine
from .secrecy import AUTHORIZATION, KEY, PASSWORD, secrets_in
from .server import Step, close, read, read_head, reset


def echo(before: bytes, after: bytes = b"\r\n\r\n") -> Step:
    """Read a request and send back all of it in one line, between these."""

    async def step(peer):
        await read_head(peer)
        head = peer.server.heads[-1]
        body = await peer.reader.readexactly(head.length)
        await peer.send(before + head.raw.replace(b"\r\n", b" ") + body + after)

    return step


def secret_header(before: bytes) -> Step:
    async def step(peer):
        await read_head(peer)
        head = peer.server.heads[-1]
        await peer.reader.readexactly(head.length)
        await peer.send(before + head.header("authorization").encode() + b"\r\n\r\n")

    return step


OK = b"HTTP/1.1 200 OK\r\n"
ECHOES = {
    "as it is": echo(b""),
    "in the status line": echo(b"HTTP/1.1 200 "),
    "instead of the status": echo(b"HTTP/1.1 "),
    "as a header": echo(OK + b"\x00"),
    "in a header": echo(OK + b"X: \x00"),
    "as a length": echo(OK + b"Content-Length: "),
    "as an encoding": echo(OK + b"Transfer-Encoding: "),
    "as a content encoding": echo(OK + b"Content-Length: 9\r\nContent-Encoding: "),
    "as a chunk": echo(OK + b"Transfer-Encoding: chunked\r\n\r\n"),
    "as a location": echo(b"HTTP/1.1 302 X\r\nContent-Length: 0\r\nLocation: http://["),
    "the key alone as a status line": secret_header(b""),
    "the key alone as a header": secret_header(OK),
    "the key alone as a length": secret_header(OK + b"Content-Length: "),
    "cut headers with the key": secret_header(OK + b"X: "),
}


async def failure_of(call):
    """Return what a call fails with, if it does."""
    try:
        await call
    except APIError as error:
        return error
    return None


@on_every_engine
@pytest.mark.parametrize("ending", [close, reset], ids=lambda step: step.__name__)
@pytest.mark.parametrize("way", ECHOES)
async def test_a_server_that_sends_back_what_it_was_sent(kind, way, ending, caplog):
    caplog.set_level(logging.DEBUG, "coggno")
    async with bench(kind, *[(ECHOES[way], ending)] * 9) as this:
        for call in (this.coggno.users.create(**GRACE), this.create()):
            error = await failure_of(call)
            assert error is None or list(secrets_in(error)) == []
    assert PASSWORD not in caplog.text
    assert KEY not in caplog.text


@on_every_engine
async def test_no_variable_of_a_traceback_shows_the_key(kind):
    """Error trackers record the variables of every frame."""
    async with bench(kind, *[(read, reset)] * 9) as this:
        error = await failure_of(this.coggno.users.create(**GRACE))
    shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "http11.py" in shown or kind.name != "default"
    assert KEY not in shown
    assert AUTHORIZATION.removeprefix("Basic ") not in shown


NAMES = [
    "UnsupportedProtocol",
    "InvalidURL",
    "ConnectError",
    "ReadTimeout",
    "PoolTimeout",
    "ProxyError",
    "DecodingError",
    "RemoteProtocolError",
    "TooManyRedirects",
]


@on(HTTPX, HTTPX2)
@pytest.mark.parametrize("name", NAMES)
async def test_request_is_taken_off_errors_of_httpx(kind, name):
    library = pytest.importorskip(kind.name)

    def handle(request):
        raise getattr(library, name)("x")

    client = library.AsyncClient(transport=library.MockTransport(handle))
    with pytest.raises((APIError, ConfigurationError)) as caught:
        await AsyncCoggno(KEY, http_client=client, max_retries=0).users.create(**GRACE)
    assert list(secrets_in(caught.value)) == []


# The search itself


def with_a_request(error):
    error.request = httpx.Request("POST", "https://x.example", headers={"X": KEY})
    return error


def with_context(error, context):
    error.__context__ = context
    error.__suppress_context__ = True
    return error


@pytest.mark.parametrize(
    "error",
    [
        ValueError(f"a {PASSWORD}"),
        ValueError("x", {"a": [PASSWORD.encode()]}),
        ValueError(f"x {AUTHORIZATION}"),
        with_a_request(httpx.ReadError("x")),
        with_context(ValueError("x"), with_a_request(httpx.ReadError("x"))),
        with_context(ValueError("x"), KeyError(KEY)),
    ],
    ids=range(6),
)
def test_the_search_finds_what_is_there(error):
    assert list(secrets_in(error))


def test_the_search_finds_nothing_where_nothing_is():
    assert list(secrets_in(ValueError("x", {"a": ["password"]}))) == []
