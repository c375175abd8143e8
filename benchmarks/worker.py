"""A worker process: reads jobs as JSON lines, writes results as JSON lines. Started by `benchmarks.worker_pool`."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import asdict

from benchmarks import machine
from benchmarks.measurements import decoding, provisioning, request_cost, retry_overhead, streaming

Job = Mapping[str, Any]


def _requests(job: Job) -> Any:
    return asdict(asyncio.run(request_cost.measure(job["peer"], job["url"], request_cost.Load(**job["load"]))))


def _decoding(job: Job) -> Any:
    return decoding.seconds(job["decoder"], job["data"], job["file"])


def _memory(job: Job) -> Any:
    return decoding.memory(job["decoder"], job["data"], job["file"])


def _streaming(job: Job) -> Any:
    return asdict(asyncio.run(streaming.measure(job["reader"], job["url"])))


def _provisioning(job: Job) -> Any:
    return asdict(provisioning.measure(job["way"], job["url"], job["roster"], job["rows"]))


def _retry(_: Job) -> Any:
    return asyncio.run(retry_overhead.measure())


JOBS: Final[Mapping[str, Callable[[Job], Any]]] = {
    "requests": _requests, "decoding": _decoding, "memory": _memory, "streaming": _streaming,
    "provisioning": _provisioning, "retry": _retry,
}  # fmt: skip


def main() -> None:
    """Run one job per line of standard input until it ends."""
    machine.pin(machine.CLIENT_CORE)
    for line in sys.stdin:
        job = json.loads(line)
        try:
            reply = {"result": JOBS[job["kind"]](job)}
        except ImportError as error:
            reply = {"error": f"not installed: {error.name or error}"}
        except Exception as error:  # noqa: BLE001 - a peer that fails is reported as not measured
            reply = {"error": f"{type(error).__name__}: {error}"[:200]}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
