"""What can go wrong between a client and a server, and how every engine must report it.

The tests run each case on each engine; `python -m tests._engines.table` writes them into docs/engines.md.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import field, frozen

from coggno import Timeout

from . import server as s
from .bench import (
    HASTE,
    MAX_RESPONSE,
    PATIENT,
    Trouble,
    black_hole,
    busy,
    certificates,
    refused,
    silent_names,
    unknown_name,
    warm,
)
from .kinds import AIOHTTP, DEFAULT, HTTPX, HTTPX2, SESSION, Kind
from .server import Script, Step, head_bytes, read, respond_with, response_bytes, send, send_for_ever


@frozen(kw_only=True)
class Through:
    """The requests that the server received in three calls through the client, which retries and settles.

    Every write that succeeds was carried out exactly once. A call that ends in an error names it: `"GET: DecodeError"`.
    """

    get: str = "GET GET"
    post: str = "POST GET"
    delete: str = "DELETE" + " GET" * 6


@frozen(kw_only=True)
class Case:
    """One failure, or what must not be taken for one."""

    name: str
    script: Script = ()
    """What the first connection meets; all others signal a healthy server."""
    trouble: Trouble | None = None
    limits: Timeout = PATIENT
    tls: bool = False
    host: str = "127.0.0.1"
    upload: bool = False
    """Whether the request is too big to be written at once; there is no such GET or DELETE."""
    expected: int | str
    """What one attempt ends in: a status, or an outcome and a kind of error, e.g. `"unknown timeout"`."""
    received: int = 1
    """How often the server received the request in one attempt: at least its headers."""
    through: Through = Through()
    but: Mapping[str, int | str] = field(factory=dict)
    """`expected`, for engines that differ."""
    through_but: Mapping[str, Through] = field(factory=dict)

    def expected_by(self, kind: Kind) -> int | str:
        return self.but.get(kind.name, self.expected)

    def through_by(self, kind: Kind) -> Through:
        return self.through_but.get(kind.name, self.through)


def only(*kinds: Kind, is_: Any) -> dict[str, Any]:
    return {kind.name: is_ for kind in kinds}


BOTH_HTTPX: Final = (HTTPX, HTTPX2)
ON_HTTPCORE: Final = (DEFAULT, HTTPX, HTTPX2)
ON_AIOHTTP: Final = (AIOHTTP, SESSION)

FINE: Final = Through(get="GET", post="POST", delete="DELETE")
NOT_DONE: Final = Through(post="POST GET GET POST", delete="DELETE GET DELETE")
UNSEEN: Final = Through(get="GET", post="GET GET POST", delete="GET DELETE")
REFUSED_CERTIFICATE: Final = Through(
    get=": APIConnectionError", post=": APIConnectionError", delete=": APIConnectionError"
)
UNREADABLE: Final = Through(get="GET: DecodeError")


def not_sent(name: str, **more: Any) -> Case:
    """The request is not sent, and the next attempt sends it."""
    return Case(name=name, **{"expected": "not_sent connection", "received": 0, "through": FINE, **more})


def not_sent_in_time(name: str, **more: Any) -> Case:
    limits = Timeout(connect=HASTE, read=20, write=20, pool=HASTE)
    return not_sent(name, expected="not_sent timeout", limits=limits, **more)


def lost(name: str, *script: Step, **more: Any) -> Case:
    """The response does not come; the server may have carried the request out, and if it `read` it, has."""
    return Case(name=name, script=script, **{"expected": "unknown connection", **more})


def late(name: str, *script: Step, **more: Any) -> Case:
    """The response does not come in time."""
    limits = Timeout(connect=20, read=HASTE, write=20, pool=20)
    return lost(name, *script, expected="unknown timeout", limits=limits, **more)


def broken(name: str, *script: Step, **more: Any) -> Case:
    """The response comes, and cannot be used."""
    return Case(name=name, script=script, **{"expected": "unknown decode", **more})


def responded(name: str, *script: Step, **more: Any) -> Case:
    """The response comes."""
    return Case(name=name, script=script, **{"expected": 200, "through": FINE, **more})


# Responses, made of the healthy one


def body_of(response: bytes) -> bytes:
    return response.partition(b"\r\n\r\n")[2]


def headed(*lines: str) -> Step:
    """The body of the healthy response under other headers."""
    return respond_with(lambda response: head_bytes(*lines) + body_of(response))


def encoded(name: str, encode: Callable[[bytes], bytes]) -> Step:
    """The healthy response, encoded."""
    return respond_with(
        lambda response: response_bytes(body=encode(body_of(response)), headers=[f"Content-Encoding: {name}"])
    )


def of_length(change: int) -> Step:
    """The healthy response, with another length in its head than it has."""
    return respond_with(lambda response: response_bytes(body=body_of(response), length=len(body_of(response)) + change))


def in_chunks(change: Callable[[bytes], bytes]) -> Step:
    """The healthy response in chunks, as `change` makes them of the body."""
    return respond_with(lambda response: head_bytes(OK, "Transfer-Encoding: chunked") + change(body_of(response)))


def chunk(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(body), body)


def two_members(body: bytes) -> bytes:
    return gzip.compress(body[:9]) + gzip.compress(body[9:])


OK: Final = "HTTP/1.1 200 OK"
LAST: Final = b"0\r\n\r\n"
BOMB: Final = gzip.compress(bytes(16 << 20))
half = respond_with(lambda response: response[:-10])
half_head = send(b"HTTP/1.1 200 OK\r\nContent-Le")
half_without_length = respond_with(lambda response: head_bytes(OK) + body_of(response)[:-10])
and_close = respond_with(lambda response: response.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
wrong_checksum = encoded("gzip", lambda body: gzip.compress(body)[:-8] + b"12345678")
bomb = encoded("gzip", lambda _: BOMB)
unavailable = send(response_bytes(body=b"", status=503))
redirect = send(response_bytes(body=b"", status=302, headers=["Location: /api/v1/users/grace"]))

# The cases

CONNECTING: Final = (
    not_sent("refused", trouble=refused),
    not_sent_in_time("no response to the connection", trouble=black_hole),
    not_sent("unknown host name", trouble=unknown_name, host="localhost"),
    not_sent_in_time("the name server does not respond", trouble=silent_names, host="localhost"),
    responded("nothing goes wrong", tls=True),
    not_sent("closed in the TLS handshake", tls=True, script=(s.read_some, s.close)),
    not_sent("reset in the TLS handshake", tls=True, script=(s.read_some, s.reset)),
    not_sent("a response that is not TLS", tls=True, script=(send(b"HTTP/1.1 400 X\r\n\r\n"), s.until_it_leaves)),
    not_sent_in_time("silence in the TLS handshake", tls=True, script=(s.until_it_leaves,)),
    not_sent(
        "a certificate of another host",
        tls=True,
        script=(s.tls(lambda: certificates().elsewhere), s.healthy),
        through=REFUSED_CERTIFICATE,
    ),
    not_sent(
        "a certificate of an unknown authority",
        tls=True,
        script=(s.tls(lambda: certificates().foreign), s.healthy),
        through=REFUSED_CERTIFICATE,
    ),
    not_sent_in_time("all connections in use", trouble=busy),
)

SENDING: Final = (
    lost("closed before reading", s.close, received=0, through=UNSEEN),
    lost("reset before reading", s.reset, received=0, through=UNSEEN),
    lost("closed after the headers of the request", s.read_head, s.close, through=NOT_DONE),
    lost("reset after the headers of the request", s.read_head, s.reset, through=NOT_DONE),
    lost("closed after the request, not carried out", s.read_idly, s.close, through=NOT_DONE),
    lost("closed after the request, carried out", read, s.close),
    lost("reset after the request, carried out", read, s.reset),
    lost("closed one way after the request", read, s.half_close, s.until_it_leaves),
    Case(
        name="a large upload that the server does not read",
        script=(s.stop_reading, s.until_it_leaves),
        limits=Timeout(connect=20, read=20, write=0.25, pool=20),
        upload=True,
        expected="unknown timeout",
        received=0,
        through=UNSEEN,
    ),
    Case(
        name="a large upload, refused with 413 and not read",
        script=(s.read_head, send(response_bytes({"error": "too big"}, status=413)), s.stop_reading, s.until_it_leaves),
        limits=Timeout(connect=20, read=20, write=0.25, pool=20),
        upload=True,
        expected=413,
        but=only(*BOTH_HTTPX, is_="unknown timeout"),
        through=Through(post="POST: APIStatusError"),
        through_but=only(*BOTH_HTTPX, is_=NOT_DONE),
    ),
)

WAITING: Final = (
    late("no response", read, s.until_it_leaves),
    late("half the headers, then silence", read, half_head, s.until_it_leaves),
    lost("half the headers, then closed", read, half_head, s.close),
    lost("half the headers, then reset", read, half_head, s.reset),
    lost("a response that is not HTTP", read, send(b"SSH-2.0-OpenSSH_9.9\r\n\r\n"), s.until_it_leaves),
    lost("HTTP/2, unasked", read, send(b"HTTP/2 200 OK\r\n\r\n"), s.until_it_leaves),
    lost("a header without a colon", read, send(head_bytes(OK, "no colon")), s.until_it_leaves),
    lost("headers without end", read, send(b"HTTP/1.1 200 OK\r\n"), send_for_ever(b"X: " + b"x" * 1000 + b"\r\n")),
    lost("a header without end", read, send(b"HTTP/1.1 200 OK\r\nX: "), send_for_ever(b"x" * 1000)),
    lost(
        "another protocol (101)",
        read,
        send(head_bytes("HTTP/1.1 101 X", "Upgrade: x", "Connection: upgrade")),
        s.until_it_leaves,
    ),
)

BODY: Final = (
    lost("half the body, then closed", read, half, s.close),
    lost("half the body, then reset", read, half, s.reset),
    late("half the body, then silence", read, half, s.until_it_leaves),
    lost("a Content-Length that is too long", read, of_length(5), s.close),
    responded(
        "a Content-Length that is too short",
        read,
        of_length(-5),
        s.healthy,
        but=only(*ON_AIOHTTP, is_="unknown connection"),
        through=Through(),
    ),
    lost("a negative Content-Length", read, headed(OK, "Content-Length: -5"), s.until_it_leaves),
    lost("two Content-Lengths", read, headed(OK, "Content-Length: 5", "Content-Length: 6"), s.until_it_leaves),
    lost("a chunk whose size is no number", read, in_chunks(lambda body: b"zz\r\n" + body), s.until_it_leaves),
    lost(
        "a chunk of another size than declared",
        read,
        in_chunks(lambda body: chunk(body).replace(b"}\r\n", b"}xx") + LAST),
        s.until_it_leaves,
    ),
    lost("chunks, closed before the last", read, in_chunks(chunk), s.close),
    broken(
        "a body without end",
        read,
        send(head_bytes(OK, "Transfer-Encoding: chunked")),
        send_for_ever(chunk(b" " * 4096)),
        through=UNREADABLE,
    ),
    broken(
        "a body over the limit (max_response_bytes)",
        read,
        send(response_bytes(body=b" " * (MAX_RESPONSE + 1))),
        s.healthy,
        through=UNREADABLE,
    ),
    responded("a body in chunks", read, in_chunks(lambda body: chunk(body[:9]) + chunk(body[9:]) + LAST), s.healthy),
    responded("a body that ends when the server closes", read, headed(OK), s.close),
    responded("the same in HTTP/1.0", read, headed("HTTP/1.0 200 OK"), s.close),
    responded("the same, cut", read, half_without_length, s.close, through=Through()),
    lost(
        "the same, cut by a reset",
        read,
        half_without_length,
        s.reset,
        but=only(*ON_AIOHTTP, is_=200),
    ),
    responded("100 Continue first", read, send(head_bytes("HTTP/1.1 100 Continue")), s.respond, s.healthy),
    responded(
        "102 and 103 first",
        read,
        send(head_bytes("HTTP/1.1 102 Processing")),
        send(head_bytes("HTTP/1.1 103 Early Hints", "Link: </style.css>")),
        s.respond,
        s.healthy,
    ),
    responded("Connection: close", read, and_close, s.close),
)

ENCODINGS: Final = (
    responded("gzip", read, encoded("gzip", gzip.compress), s.healthy),
    responded("gzip under its old name (x-gzip)", read, encoded("x-gzip", gzip.compress), s.healthy),
    responded("gzip in two members", read, encoded("gzip", two_members), s.healthy),
    responded("gzip and padding", read, encoded("gzip", lambda body: gzip.compress(body) + bytes(8)), s.healthy),
    responded("gzip of nothing", read, encoded("gzip", lambda _: b""), s.healthy, through=Through()),
    broken("gzip, cut", read, encoded("gzip", lambda body: gzip.compress(body)[:-9]), s.healthy),
    broken("gzip with a wrong checksum", read, wrong_checksum, s.healthy),
    broken("what is called gzip and is not", read, encoded("gzip", bytes), s.healthy),
    broken("a gzip bomb: 16 kB that decompress to 16 MB", read, bomb, s.healthy, through=UNREADABLE),
    broken("an encoding that was not asked for", read, encoded("deflate", zlib.compress), s.healthy),
    broken("an unknown encoding", read, encoded("rot13", bytes), s.healthy),
)

STATUSES: Final = (
    responded(
        "a redirect (302), which is not followed",
        read,
        redirect,
        s.healthy,
        expected=302,
        through=Through(get="GET: APIStatusError"),
    ),
    *(
        responded(
            f"422 whose body is {what}",
            s.read_idly,
            send(response),
            end,
            expected=422,
            through=Through(
                get="GET: UnprocessableEntityError",
                post="POST: UnprocessableEntityError",
                delete="DELETE: UnprocessableEntityError",
            ),
        )
        for what, response, end in (
            ("cut", response_bytes(body=b'{"error": "regis', status=422, length=99), s.close),
            ("cut by a reset", response_bytes(body=b'{"error": "regis', status=422, length=99), s.reset),
            ("not gzip", response_bytes(body=b"no", status=422, headers=["Content-Encoding: gzip"]), s.healthy),
            ("in rot13", response_bytes(body=b"ab", status=422, headers=["Content-Encoding: rot13"]), s.healthy),
            ("over the limit", response_bytes(body=b" " * (MAX_RESPONSE + 1), status=422), s.healthy),
        )
    ),
    responded("503, not carried out", s.read_idly, unavailable, s.healthy, expected=503, through=NOT_DONE),
    responded("503, carried out", read, unavailable, s.healthy, expected=503, through=Through()),
)

REUSE: Final = (
    responded("closed after the last response", read, s.respond, s.close, trouble=warm),
    lost("closed as the next request comes", read, s.respond, s.read_head, s.close, trouble=warm, through=NOT_DONE),
    lost("reset as the next request comes", read, s.respond, s.read_head, s.reset, trouble=warm, through=NOT_DONE),
    lost("closed after the next request, carried out", read, s.respond, read, s.close, trouble=warm),
    lost("reset after the next request, carried out", read, s.respond, read, s.reset, trouble=warm),
)

GROUPS: Final = {
    "Connecting": CONNECTING,
    "Sending": SENDING,
    "Waiting for the response": WAITING,
    "Reading the response": BODY,
    "Encodings": ENCODINGS,
    "Statuses": STATUSES,
    "A connection that was used before": REUSE,
}
CASES: Final = tuple(case for group in GROUPS.values() for case in group)
