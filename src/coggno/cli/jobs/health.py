"""The liveness check of a worker over HTTP, as Kubernetes and load balancers ask for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Final

from attrs import frozen

from coggno.cli.exit_codes import CommandError
from coggno.provisioning.jobs import Worker

_LONGEST_REQUEST: Final = 8192  # bytes of a request that are read
_TIMEOUT: Final = 10.0  # seconds for a client to send its request
_RESPONSES: Final = {True: ("200 OK", "ok"), False: ("503 Service Unavailable", "the database does not respond")}


@frozen
class HealthAddress:
    """Where the check listens.

    Attributes:
        host: name or address; empty for all of the machine.
        port: number of the port.
    """

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> HealthAddress:
        """Return the address of `HOST:PORT`, or of `PORT` alone, which is that of this machine only.

        Raises:
            CommandError: it is of another form.
        """
        host, _, port = text.rpartition(":")
        if not (port.isascii() and port.isdigit() and int(port) < 65536):
            raise CommandError(f"--health must be HOST:PORT, such as 0.0.0.0:8080, not '{text}'.")
        return cls(host.strip("[]") or "127.0.0.1", int(port))


@asynccontextmanager
async def reporting_health(worker: Worker, address: HealthAddress | None) -> AsyncGenerator[int | None]:
    """Respond to requests while the context lasts: 200 while the worker runs and its database responds, 503 otherwise.

    Args:
        worker: the worker.
        address: where to listen; `None` for nowhere.

    Yields:
        The port; `None` if nothing listens.

    Raises:
        CommandError: the address cannot be used.
    """
    if address is None:
        yield None
        return

    open_writers: set[asyncio.StreamWriter] = set()

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_writers.add(writer)
        try:
            with suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                async with asyncio.timeout(_TIMEOUT):
                    await reader.readuntil(b"\r\n\r\n")
                    writer.write(_response(is_alive=await worker.is_alive()))
                    await writer.drain()
        finally:
            open_writers.discard(writer)
            writer.close()

    try:
        server = await asyncio.start_server(respond, address.host, address.port, limit=_LONGEST_REQUEST)
    except OSError as error:
        reason = error.strerror or error
        raise CommandError(f"--health {address.host}:{address.port} cannot be used: {reason}.") from None
    async with server:
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            # From Python 3.12 on, the end of a server waits for its clients; one that is slow must not keep the worker.
            for writer in open_writers:
                writer.transport.abort()


def _response(*, is_alive: bool) -> bytes:
    status, text = _RESPONSES[is_alive]
    headers = f"content-type: text/plain\r\ncontent-length: {len(text) + 1}\r\nconnection: close"
    return f"HTTP/1.1 {status}\r\n{headers}\r\n\r\n{text}\n".encode()
