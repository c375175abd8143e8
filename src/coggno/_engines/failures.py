"""What a library raises becomes one of our errors, without secrets."""

from __future__ import annotations

import re
import ssl
from abc import ABC, abstractmethod
from collections.abc import Iterator
from types import TracebackType
from typing import Final, NoReturn, Protocol, Self, TypeVar

from coggno.errors import APIConnectionError, APITimeoutError, CoggnoError

E = TypeVar("E", bound=APIConnectionError)
_QUOTATION: Final = re.compile(r"""\s*(?:[\n:(<\[{'"]|\bb['"]).*""", re.DOTALL)


class Sent(Protocol):
    """A request that knows whether it was sent."""

    sent: bool


class Translation(ABC):
    """Turns what a library raises inside a `with` into one of our errors.

    A class and not `contextlib.contextmanager`, which costs three times as much, and there are three for each request.

    Args:
        request: its `sent` decides on the outcome.
        proxy: host and port of the proxy that the connection goes through, if any.
    """

    __slots__ = ("proxy", "request")

    def __init__(self, request: Sent, proxy: str | None = None) -> None:
        self.request = request
        self.proxy = proxy

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if isinstance(error, Exception) and not isinstance(error, CoggnoError):
            self.raise_ours(error)

    @abstractmethod
    def raise_ours(self, error: Exception) -> None:
        """Raise our error; return to let the library's pass."""


def failure(
    error: BaseException, *, sent: bool, timed_out: bool, detail: str | None = None, proxy: str | None = None
) -> APIConnectionError:
    """Return our error for a library's.

    Args:
        error: what the library raised.
        sent: whether a byte of the request may have left.
        timed_out: whether a time limit ran out.
        detail: what to report of it; the error's own text if not given.
        proxy: host and port of the proxy that the connection goes through, if any.
    """
    refused = None if sent else _refused_certificate(error)
    if refused is not None:
        return _certificate_failure(refused)
    if sent:
        what = "no response in time" if timed_out else "the connection failed after the request may have been sent"
    else:
        what = "no connection in time" if timed_out else "no connection"
    if proxy is not None and not sent:
        what = f"{what} through the proxy {proxy}"
    text = " ".join((str(error) if detail is None else detail).split())
    kind = APITimeoutError if timed_out else APIConnectionError
    name = type(error).__name__
    return kind(f"{what} ({name}: {text})" if text else f"{what} ({name})", outcome="unknown" if sent else "not_sent")


def not_retryable(error: E) -> E:
    """Mark an error that another attempt cannot mend."""
    error.retryable = False
    return error


_UNKNOWN_AUTHORITY: Final = range(18, 22)  # verify codes of OpenSSL: self-signed, or an issuer that is not known
_OTHER_HOST: Final = range(62, 65)  # the certificate is of another host, e-mail address or IP address


def _certificate_failure(error: ssl.SSLCertVerificationError) -> APIConnectionError:
    reason = (error.verify_message or error.reason or "no reason given").rstrip(".")
    message = f"the server's certificate was refused: {reason}{_certificate_advice(error.verify_code)}"
    return not_retryable(APIConnectionError(message, outcome="not_sent"))


def _certificate_advice(code: int) -> str:
    if code in _UNKNOWN_AUTHORITY:
        return (
            ". If a company proxy or a test server uses its own certificate authority, set SSL_CERT_FILE to the file "
            "with that authority's certificate"
        )
    if code in _OTHER_HOST:
        return ". Check the address (base_url), and whether another server responds in its place"
    return ""


def _refused_certificate(error: BaseException) -> ssl.SSLCertVerificationError | None:
    for cause in _causes(error):
        # aiohttp's own error is one as well, by inheritance, and knows no reason.
        if isinstance(cause, ssl.SSLCertVerificationError) and hasattr(cause, "verify_message"):
            return cause
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what led to it: httpx shows a refused certificate only as the cause of a ConnectError."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def without_quotations(text: str) -> str:
    """Return what a library writes about a response, up to where it quotes it."""
    return _QUOTATION.sub("", text, count=1)


def raise_alone(error: Exception) -> NoReturn:
    """Raise `error` with neither cause nor context.

    For what a library raises with the request attached, or quoting the response: a server may send back what it was
    sent, key and password included.
    """
    try:
        raise error from None
    finally:
        error.__context__ = None
