"""Serving the sandbox on a socket of this machine, and breaking connections on purpose."""

from __future__ import annotations

from .connections import ConnectionDroppedError, MakeError, break_connection
from .serving import ServerThread, run, serving

__all__ = ["ConnectionDroppedError", "MakeError", "ServerThread", "break_connection", "run", "serving"]
