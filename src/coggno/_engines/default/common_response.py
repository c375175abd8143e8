"""The response that nearly every request gets: complete, in one piece, framed by its length, and plain ASCII.

It is read here at a tenth of the cost of h11, which is asked whenever a byte is unusual. So all that is unusual has one
reader, and what is accepted here h11 accepts with the same result (`tests/_engines/test_common_response.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from attrs import frozen

# Without 1xx, which another response follows; lines end with CR LF, and no value is empty or folded.
_HEAD: Final = re.compile(
    rb"HTTP/1\.1 ([2-5][0-9]{2}) [ -~]*\r\n"
    rb"((?:[-!#$%&'*+.^_`|~0-9A-Za-z]+:[ \t]*[!-~](?:[ -~]*[!-~])?\r\n)+)\r\n"
)
_FIELD: Final = re.compile(r"([^:]+):[ \t]*([^\r]+)\r\n")
_LENGTH: Final = re.compile("[0-9]{1,9}")
_WITHOUT_BODY: Final = frozenset({204, 304})
_TOO_LONG: Final = 1 << 16  # bytes of headers that h11 may refuse, for a limit of its own


@frozen
class ResponseHead:
    """Status and headers of a response, names in lower case.

    Attributes:
        status: the HTTP status.
        headers: of several with one name, the last.
        content: the whole body, if it has been received with the headers.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes | None = None


def parse(received: bytes) -> ResponseHead | None:
    """Return the response, if it is one of the common kind after which the connection stays open.

    Args:
        received: what was received since a request, which was not HEAD, was sent.
    """
    match = _HEAD.match(received)
    if match is None or match.end() > _TOO_LONG:
        return None
    status, fields = int(match[1]), _FIELD.findall(match[2].decode("ascii"))
    headers = {name.lower(): value for name, value in fields}
    length = headers.get("content-length", "")
    is_common = (
        len(headers) == len(fields)
        and status not in _WITHOUT_BODY
        and _LENGTH.fullmatch(length) is not None
        and int(length) == len(received) - match.end()
        and "transfer-encoding" not in headers
        and headers.get("connection", "keep-alive").lower() == "keep-alive"
    )
    return ResponseHead(status, headers, received[match.end() :]) if is_common else None
