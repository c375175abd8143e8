"""Key and password are in no error, nor on anything that hangs on one, also when the server sends them back."""

from __future__ import annotations

import gc
import logging

import attrs
import httpx
import pytest

from coggno import APIError, AsyncCoggno, ConfigurationError

from .cases import CASES
from .kinds import HTTPX, HTTPX2, on, on_every_engine
from .server import Step, close, head_bytes, read_head, reset, send, until_it_leaves
from .world import GRACE, KEY, PASSWORD, secrets_in, world


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
    "as a place": echo(b"HTTP/1.1 302 X\r\nContent-Length: 0\r\nLocation: http://["),
    "the key alone as a status line": secret_header(b""),
    "the key alone as a header": secret_header(OK),
    "the key alone as a length": secret_header(OK + b"Content-Length: "),
    "cut headers with the key": secret_header(OK + b"X: "),
}


@on_every_engine
@pytest.mark.parametrize("ending", [close, reset], ids=lambda step: step.__name__)
@pytest.mark.parametrize("way", ECHOES)
async def test_a_server_that_sends_back_what_it_was_sent(kind, way, ending, caplog):
    caplog.set_level(logging.DEBUG, "coggno")
    seen = []
    async with world(kind, *[(ECHOES[way], ending)] * 9) as this:
        coggno = this.coggno
        coggno._init(attrs.evolve(coggno._session, on_exchange=seen.append), owner=True)
        try:
            await coggno.users.create(**GRACE)
        except APIError as error:
            assert list(secrets_in(error)) == []
            assert PASSWORD not in caplog.text
            assert KEY not in caplog.text
        try:
            await this.create()
        except APIError as error:
            assert list(secrets_in(error)) == []
    assert seen


@on_every_engine
async def test_a_cut_answer_with_the_key_in_a_header(kind):
    """A library may hand out what it has of an answer with the error."""
    script = (secret_header(b"HTTP/1.1 200 OK\r\nX: 1\r\nY: "), close)
    async with world(kind, script, (read_head, send(b"HTTP/1.1 200 OK\r\n"), close), max_retries=0) as this:
        for _ in range(2):
            try:
                await this.create()
            except APIError as error:
                assert list(secrets_in(error)) == []


@on(HTTPX, HTTPX2)
@pytest.mark.parametrize("name", ["UnsupportedProtocol", "InvalidURL", "ConnectError", "ReadTimeout", "DecodingError", "RemoteProtocolError", "TooManyRedirects", "ProxyError"])  # fmt: skip
async def test_the_request_that_httpx_hangs_on_its_errors_is_taken_off(kind, name):
    library = pytest.importorskip(kind.name)

    def handle(request):
        raise getattr(library, name)("x")

    client = library.AsyncClient(transport=library.MockTransport(handle))
    with pytest.raises((APIError, ConfigurationError)) as caught:
        await AsyncCoggno(KEY, http_client=client, max_retries=0).users.create(**GRACE)
    assert list(secrets_in(caught.value)) == []


def test_the_search_for_secrets_finds_them():
    """So that the tests above prove something."""
    request = httpx.Request("POST", "https://x.example", headers={"X": KEY}, content=b"x")
    cause = httpx.ReadError("x")
    cause.request = request
    error = ValueError("x")
    error.__cause__ = cause
    assert any("request" in path for path in secrets_in(error))
    assert list(secrets_in(ValueError(f"a {PASSWORD}")))
    assert list(secrets_in(ValueError("x", {"a": [PASSWORD.encode()]})))
    try:
        try:
            raise KeyError(KEY)
        except KeyError:
            raise ValueError("x") from None
    except ValueError as found:
        assert list(secrets_in(found))
    assert list(secrets_in(ValueError("x"))) == []


def test_the_search_looks_at_every_failing_case():
    """test_conformance.py runs it on each of these."""
    gc.collect()
    assert sum(isinstance(case.told, str) for case in CASES) > 40
    assert until_it_leaves
    assert head_bytes("x") == b"x\r\n\r\n"
