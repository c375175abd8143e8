"""Scheme, host and port: what all requests of a client have in common."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from attrs import frozen

from coggno.errors import ConfigurationError

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@frozen
class Origin:
    """The origin of a URL (RFC 6454), ready to be connected to.

    Attributes:
        scheme: `"http"` or `"https"`.
        host: in ASCII; an IPv6 address without its brackets.
        port: the port to connect to.
        netloc: host and, if the URL names it, port: the value of the `Host` header.
    """

    scheme: str
    host: str
    port: int
    netloc: str

    @classmethod
    def of(cls, base_url: str) -> Origin:
        """Return the origin of an absolute URL.

        Raises:
            ConfigurationError: the host name cannot be encoded for DNS.
        """
        parts = urlsplit(base_url)
        try:
            # Otherwise the failure comes with the first request, from the middle of a library.
            host = (parts.hostname or "").encode("idna").decode()
        except UnicodeError:
            raise ConfigurationError("base_url: this is not a valid host name") from None
        netloc = f"[{host}]" if ":" in host else host
        if parts.port is not None:
            netloc = f"{netloc}:{parts.port}"
        return cls(parts.scheme, host, parts.port or _DEFAULT_PORTS[parts.scheme], netloc)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}"
