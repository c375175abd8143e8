"""A server that always sends a little more: no limit between two pieces strikes, that of the whole attempt does."""

from __future__ import annotations

import asyncio

import pytest
from attrs import evolve

from coggno import APITimeoutError

from .bench import PATIENT, bench
from .kinds import DEFAULT, KINDS, on
from .server import head_bytes, read, send

START = {
    "interim responses": (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "one header": (b"HTTP/1.1 200 OK\r\nX: ", b"y"),
    "spaces": (head_bytes("HTTP/1.1 200 OK", "Content-Length: 90000"), b" "),
    "chunks": (head_bytes("HTTP/1.1 200 OK", "Transfer-Encoding: chunked"), b"1\r\n \r\n"),
    "error body": (head_bytes("HTTP/1.1 422 X", "Content-Length: 60000"), b" "),
}


def drip(data):
    """Send these bytes every few milliseconds until the client leaves."""

    async def step(peer):
        while not peer.writer.transport.is_closing():
            await peer.send(data)
            await asyncio.sleep(0.005)

    return step


# The default engine counts interim responses, see below.
@pytest.mark.parametrize(
    ("kind", "what"),
    [
        pytest.param(kind, what, id=f"{kind}, {what}")
        for kind in KINDS
        for what in START
        if (kind, what) != (DEFAULT, "interim responses")
    ],
)
async def test_total_limit_ends_a_dripping_response(kind, what):
    if kind.needs is not None:
        pytest.importorskip(kind.needs)
    start, piece = START[what]
    limits = evolve(PATIENT, read=5, total=0.3)
    async with bench(kind, (read, send(start), drip(piece)), limits=limits, max_retries=0) as this:
        with pytest.raises(APITimeoutError) as caught:
            await this.coggno.users.get("ada")
        assert caught.value.outcome == "unknown"
        await this.server.at_most_open(0)
        assert (await this.get()).status == 200


@on(DEFAULT)
async def test_interim_responses_are_counted(kind):
    """Without a limit of time, too."""
    limits = evolve(PATIENT, total=None)
    async with bench(kind, (read, drip(b"HTTP/1.1 103 Early Hints\r\n\r\n")), limits=limits) as this:
        result = await asyncio.gather(this.create(), return_exceptions=True)
        assert "too many interim responses" in str(result[0])
        assert result[0].outcome == "unknown"
