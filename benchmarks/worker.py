"""A process that measures one thing when told to: JSON lines in, JSON lines out. Started by `benchmarks.crew`."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import asdict

from benchmarks import decoding, machine, retry, streaming, traffic


def _traffic(order: Mapping[str, Any]) -> Any:
    return asdict(asyncio.run(traffic.measure(order["peer"], order["url"], traffic.Load(**order["load"]))))


def _decoding(order: Mapping[str, Any]) -> Any:
    return decoding.seconds(order["case"], order["data"], order["file"])


def _memory(order: Mapping[str, Any]) -> Any:
    return decoding.memory(order["case"], order["data"], order["file"])


def _streaming(order: Mapping[str, Any]) -> Any:
    return asdict(asyncio.run(streaming.measure(order["way"], order["url"])))


def _retry(_: Mapping[str, Any]) -> Any:
    return asyncio.run(retry.measure())


ORDERS: Final[Mapping[str, Callable[[Mapping[str, Any]], Any]]] = {
    "traffic": _traffic, "decoding": _decoding, "memory": _memory, "streaming": _streaming, "retry": _retry,
}  # fmt: skip


def main() -> None:
    """Carry out one order per line until the lines end."""
    machine.pin(machine.CLIENT_CORE)
    for line in sys.stdin:
        order = json.loads(line)
        try:
            answer = {"result": ORDERS[order["order"]](order)}
        except ImportError as error:
            answer = {"error": f"not installed: {error.name or error}"}
        except Exception as error:  # noqa: BLE001 - a peer that fails is a line in the table
            answer = {"error": f"{type(error).__name__}: {error}"[:200]}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
