"""Why there is no connection, in words that are on a page of help for any program."""

from __future__ import annotations

import os
import socket
import ssl


def connection_reason(error: BaseException | None) -> str | None:
    """Return the reason in a few words; `None` if the error has to speak for itself.

    Args:
        error: what a library or the operating system raised.
    """
    if isinstance(error, socket.gaierror):
        return "the name of the server cannot be found"
    if isinstance(error, ssl.SSLError):
        # Its text names a line of OpenSSL; the rest is what an administrator of a server searches for.
        reason = (getattr(error, "reason", None) or "").replace("_", " ").lower()
        return f"TLS failed ({reason})" if reason else "TLS failed"
    # asyncio puts the address of the socket in the place of the operating system's words.
    if isinstance(error, OSError) and error.errno is not None and error.errno > 0:
        return os.strerror(error.errno).lower()
    return None
