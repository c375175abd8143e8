"""Worker processes, one for each thing that is measured, so that none runs in another's heap."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import define, field

ROOT = Path(__file__).parents[1]


class MeasureError(Exception):
    """Something could not be measured; the message says why."""


@define
class Crew:
    """Hands orders to workers. A worker is started when it is first needed and then kept."""

    path: Path
    """Where generated clients are found."""
    limit: float = 60.0
    """Seconds that one order may take."""
    _workers: dict[str, subprocess.Popen[str]] = field(factory=dict)

    def do(self, worker: str, **order: Any) -> Any:
        """Return the result of an order, from the worker of that name.

        Raises:
            MeasureError: it cannot be done here.
        """
        process = self._workers.get(worker) or self._start(worker)
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
            line = process.stdout.readline() if self._answers(process) else ""
        except BrokenPipeError:
            line = ""
        if not line:
            self.dismiss(worker)
            raise MeasureError(f"no result within {self.limit:.0f} s, or the process ended")
        answer = json.loads(line)
        if "error" in answer:
            raise MeasureError(answer["error"])
        return answer["result"]

    def dismiss(self, worker: str) -> None:
        """End a worker, and its memory with it."""
        process = self._workers.pop(worker, None)
        if process is not None:
            process.kill()
            process.communicate()

    def _start(self, worker: str) -> subprocess.Popen[str]:
        path = os.pathsep.join([str(ROOT), str(self.path), os.environ.get("PYTHONPATH", "")])
        process = self._workers[worker] = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "benchmarks.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
            cwd=self.path,
            text=True,
        )
        return process

    def _answers(self, process: subprocess.Popen[str]) -> bool:
        return bool(select.select([process.stdout], [], [], self.limit)[0])

    def dismiss_all(self) -> None:
        for worker in list(self._workers):
            self.dismiss(worker)


@contextmanager
def at_work(path: Path) -> Iterator[Crew]:
    """A crew that is sent home at the end."""
    crew = Crew(path)
    try:
        yield crew
    finally:
        crew.dismiss_all()
