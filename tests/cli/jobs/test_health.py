"""The liveness check of a worker with clients that do not behave."""

import asyncio
import time

from coggno.cli.jobs.health import HealthAddress, reporting_health

LOCAL = HealthAddress("127.0.0.1", 0)


class Alive:
    async def is_alive(self):
        return True


async def test_request_that_is_too_long(caplog):
    """The connection is closed, and the log has no traceback."""
    async with reporting_health(Alive(), LOCAL) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"x" * 100_000)
        assert await reader.read() == b""
        writer.close()
    assert not caplog.records


async def test_slow_client_does_not_hold_up_the_end():
    """From Python 3.12 on, a server that ends waits for its clients."""
    async with reporting_health(Alive(), LOCAL) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\n")
        await asyncio.sleep(0.05)
        began = time.monotonic()
    assert time.monotonic() - began < 3
    writer.close()
