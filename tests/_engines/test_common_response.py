"""What is read without h11 is what h11 reads, and everything that is unusual is left to it."""

from __future__ import annotations

import random

import h11
import pytest

from coggno._engines.default.common_response import parse

STATUS = b"HTTP/1.1 200 OK\r\n"
OK = STATUS + b"Content-Type: application/json\r\nX-Id:\t 7  8\r\nContent-Length: 2\r\n\r\n{}"


def read_by_h11(received, method=b"POST"):
    """Return status, headers and body, and whether the connection can be used again."""
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(received)
    head, body = connection.next_event(), b""
    while isinstance(event := connection.next_event(), h11.Data):
        body += event.data
    headers = {name.decode(): value.decode() for name, value in head.headers}
    assert isinstance(event, h11.EndOfMessage)
    is_open = connection.their_state is h11.DONE and not connection.trailing_data[0]
    return head.status_code, headers, body, is_open


def test_common_response_is_read():
    head = parse(OK)
    assert (head.status, head.content) == (200, b"{}")
    assert head.headers == {"content-type": "application/json", "x-id": "7  8", "content-length": "2"}


def test_empty_body_is_common():
    assert parse(b"HTTP/1.1 422 \r\nContent-Length: 0\r\nConnection: Keep-Alive\r\n\r\n").content == b""


@pytest.mark.parametrize(
    "received",
    [
        b"",
        OK[:-1],
        OK + b"x",
        OK.replace(b"200", b"103"),
        OK.replace(b"200", b"204"),
        OK.replace(b"200", b"304"),
        OK.replace(b"200", b"20"),
        OK.replace(b"200 OK", b"200"),
        OK.replace(b"1.1", b"1.0"),
        OK.replace(b"\r\n", b"\n"),
        OK.replace(b"\r\n\r\n", b"\n\r\n"),
        OK.replace(b"Length: 2", b"Length: +2"),
        OK.replace(b"Length: 2", b"Length: 2, 2"),
        OK.replace(b"Length: 2", b"Length: \xb2"),
        OK.replace(b"Length: 2", b"Length: 0x2"),
        OK.replace(b"Length: 2", b"Length:"),
        OK.replace(b"Content-Length", b"Content-Length "),
        OK.replace(b"X-Id:", b"Content-Length: 2\r\nX-Id:"),
        OK.replace(b"X-Id:", b"content-length: 3\r\nX-Id:"),
        OK.replace(b"X-Id:", b"Transfer-Encoding: chunked\r\nX-Id:"),
        OK.replace(b"X-Id:", b"Connection: close\r\nX-Id:"),
        OK.replace(b"X-Id:", b"Connection: keep-alive, close\r\nX-Id:"),
        OK.replace(b"X-Id:", b"X-Id: 1\r\n folded\r\nX-Id:"),
        OK.replace(b"X-Id:", b"x-id: 1\r\nX-Id:"),
        OK.replace(b"X-Id", b"X(Id"),
        OK.replace(b"X-Id", b""),
        OK.replace(b"7  8", b"7\x008"),
        OK.replace(b"7  8", b"7\r8"),
        OK.replace(b"7  8", b"7\x7f8"),
        OK.replace(b"7  8", b"\xe9"),
        OK.replace(b"OK", b"O\xe9"),
        OK.replace(b"7  8", b"7" * (1 << 16)),
        b"\r\n" + OK,
        STATUS + b"\r\n",
        STATUS + b"Content-Type: a/b\r\n\r\n{}",
    ],
)
def test_what_is_unusual_is_left_to_h11(received):
    assert parse(received) is None


PIECES = (
    b"HTTP/1.1 ", b"HTTP/1.0 ", b"200", b"404", b"204", b" OK", b" ", b"\r\n", b"\n", b"\r", b"Content-Length: ",
    b"content-length:", b"0", b"2", b"22", b"-", b":", b"Connection: ", b"keep-alive", b"close", b"X-A:", b"\t", b"a",
    b"Transfer-Encoding: chunked\r\n", b"\x00", b"\xff", b"{}", b"x" * 22, b", ", b"(",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(20))
def test_h11_reads_the_same(seed):
    """Responses are damaged at random; those that are still read are read by h11 with the same result."""
    chance = random.Random(f"common response {seed}")
    read = 0
    for _ in range(2000):
        received = bytearray(OK)
        for _ in range(chance.choice([0, 1, 1, 1, 2, 3])):
            start = chance.randrange(len(received) + 1)
            end = min(len(received), start + chance.choice([0, 0, 1, 2, 5]))
            received[start:end] = chance.choice(PIECES)
        head = parse(bytes(received))
        if head is not None:
            read += 1
            assert read_by_h11(bytes(received)) == (head.status, head.headers, head.content, True)
    assert read > 300
