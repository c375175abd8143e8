"""What OpenTelemetry costs a call: `python -m benchmarks.telemetry`. Needs the SDK.

A server that does next to nothing runs in a process of its own. Plain and instrumented calls take turns, so that what
else the machine does falls on both; medians are compared.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, DEFAULT_OFF

from coggno import AsyncCoggno
from coggno.otel import instrument

CALLS = 4000
SERVER = """
import asyncio
BODY = b'{"id":1,"name":"Warehouse","description":null}'
HEAD = b"HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(BODY)
class Constant(asyncio.Protocol):
    def connection_made(self, transport): self.transport = transport
    def data_received(self, data):
        if data.endswith(b"\\r\\n\\r\\n"): self.transport.write(HEAD + BODY)
async def main():
    server = await asyncio.get_running_loop().create_server(Constant, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""
KINDS: dict[str, Callable[[], tuple[TracerProvider, MeterProvider | NoOpMeterProvider]]] = {
    "always_off": lambda: (TracerProvider(sampler=ALWAYS_OFF), NoOpMeterProvider()),
    "parentbased_always_off": lambda: (TracerProvider(sampler=DEFAULT_OFF), NoOpMeterProvider()),
    "metrics only": lambda: (TracerProvider(sampler=ALWAYS_OFF), MeterProvider([InMemoryMetricReader()])),
    "every call recorded": lambda: (TracerProvider(), NoOpMeterProvider()),
}


async def measure(url: str, kind: str) -> tuple[float, float]:
    """Return the median of a plain and of an instrumented call, in microseconds."""
    tracer_provider, meter_provider = KINDS[kind]()
    async with AsyncCoggno("test_key", base_url=url) as plain, AsyncCoggno("test_key", base_url=url) as observed:
        instrument(observed, tracer_provider=tracer_provider, meter_provider=meter_provider)
        times: dict[AsyncCoggno, list[float]] = {plain: [], observed: []}
        for number in range(CALLS):
            for client in (plain, observed) if number % 2 else (observed, plain):
                started = time.perf_counter()
                await client.groups.get(1)
                times[client].append(time.perf_counter() - started)
    return statistics.median(times[plain]) * 1e6, statistics.median(times[observed]) * 1e6


def main() -> None:
    """Print a line for each kind."""
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = f"http://127.0.0.1:{server.stdout.readline().strip()}"
        for kind in KINDS:
            plain, observed = asyncio.run(measure(url, kind))
            print(f"{kind:24} {plain:4.0f} us plain, {observed:4.0f} us, {observed / plain - 1:+.1%}")
        server.terminate()


if __name__ == "__main__":
    main()
