"""Two replicas of the FastAPI application in processes of their own, with one database: one is killed in the middle."""

from __future__ import annotations

import asyncio
import csv
import io
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from coggno.sandbox import Sandbox, parse_fault
from tests.examples.servers import KEY
from tests.examples.test_provisioning_web import follow, people, upload
from tests.helpers.postgres_server import PostgresServer

ROWS = 400
_PORT = re.compile(r"running on http://127\.0\.0\.1:(\d+)")


class Replica:
    """One process of the application."""

    def __init__(self, log: Path) -> None:
        self._log = log
        arguments = ["examples.provisioning_web.fastapi_app:app", "--port", "0", "--no-access-log"]
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "uvicorn", *arguments], stdout=file, stderr=file, cwd=Path(__file__).parents[2]
            )

    async def browser(self) -> httpx.AsyncClient:
        """Return a client of the replica, when it responds."""
        while (found := _PORT.search(self.log())) is None:
            assert self.process.poll() is None, self.log()
            await asyncio.sleep(0.05)
        return httpx.AsyncClient(base_url=f"http://127.0.0.1:{found[1]}", timeout=30)

    def log(self) -> str:
        return self._log.read_text()


@pytest.fixture
def replicas(
    sandbox: Sandbox, postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Replica]]:
    """Start replicas, which end with the test."""
    name = f"web_{uuid4().hex}"
    postgres.execute(f"CREATE DATABASE {name}")
    monkeypatch.setenv("PROVISIONING_JOURNAL", postgres.url(database=name))
    monkeypatch.setenv("PROVISIONING_LEASE", "3")
    started: list[Replica] = []

    def start() -> Replica:
        started.append(Replica(tmp_path / f"replica-{len(started)}.log"))
        return started[-1]

    yield start
    for replica in started:
        replica.process.terminate()
        replica.process.wait(timeout=20)
        assert KEY not in replica.log()
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


async def snapshot(browser: httpx.AsyncClient, run: str) -> dict[str, Any]:
    response = await browser.get(f"/runs/{run}")
    assert response.status_code == 200, response.text
    return response.json()


def busy_replica(postgres: PostgresServer, started: list[Replica]) -> Replica:
    """The one that holds the part of the roster that is carried out now."""
    database = os.environ["PROVISIONING_JOURNAL"].partition("@/")[2].partition("?")[0]
    found = postgres.execute("SELECT pid FROM coggno.journals WHERE expires > clock_timestamp()", database=database)
    pids = {pid for (pid,) in found}
    return next(replica for replica in started if replica.process.pid in pids)


async def test_killed_replica_is_replaced(replicas: Callable[[], Replica], sandbox: Sandbox, postgres: PostgresServer):
    """Uploaded at one, shown by both, finished by the one that is left; every user is created once."""
    slow = sandbox.faults.add(parse_fault("createUser:latency=0.1"))
    started = [replicas(), replicas()]
    browsers = [await replica.browser() for replica in started]
    run = (await upload(browsers[0], people(ROWS).replace("pass-word", ""))).json()["id"]
    await follow(browsers[1], run, until=lambda snapshot: snapshot["done"] > 20)
    assert (await snapshot(browsers[0], run))["total"] == ROWS
    killed = busy_replica(postgres, started)
    killed.process.send_signal(signal.SIGKILL)
    left = browsers[1 - started.index(killed)]
    assert (await snapshot(left, run))["done"] < ROWS
    sandbox.faults.remove(slow)
    last = (await follow(left, run))[-1]
    assert (last["state"], last["outcomes"]) == ("done", {"created": ROWS})
    assert last["files"] == ["results.csv", "passwords.csv"]
    made = Counter(effect.login for effect in sandbox.effects if effect.operation == "createUser")
    assert (len(made), set(made.values())) == (ROWS, {1})
    results = list(csv.DictReader(io.StringIO((await left.get(f"/runs/{run}/results.csv")).text)))
    assert [row["outcome"] for row in results] == ["created"] * ROWS
    passwords = list(csv.DictReader(io.StringIO((await left.get(f"/runs/{run}/passwords.csv")).text)))
    assert {row["login"] for row in passwords} == set(made)
    for browser in browsers:
        await browser.aclose()


async def test_stop_and_deletion_hold_everywhere(replicas: Callable[[], Replica], sandbox: Sandbox):
    """Stopped at a replica that does not carry it out; the same roster again does the rest; nothing is left at last."""
    slow = sandbox.faults.add(parse_fault("createUser:latency=0.2"))
    first, second = [await replica.browser() for replica in (replicas(), replicas())]
    run = (await upload(first, people(200))).json()["id"]
    await follow(first, run, until=lambda snapshot: snapshot["done"] > 5)
    again = await upload(second, people(200))
    assert again.status_code == 422
    assert "in progress already" in again.json()["detail"]
    assert (await second.delete(f"/runs/{run}")).status_code == 409
    assert (await second.post(f"/runs/{run}/stop")).status_code == 202
    last = (await follow(first, run))[-1]
    assert (last["state"], last["message"]) == ("failed", "The run was stopped by a person.")
    assert last["files"] == ["results.csv", "failed.csv"]
    sandbox.faults.remove(slow)
    rest = (await upload(second, people(200))).json()["id"]
    assert rest != run
    last = (await follow(first, rest))[-1]
    assert (last["state"], last["done"]) == ("done", 200)
    assert len(sandbox.users()) == 200
    for name in (run, rest):
        assert (await first.delete(f"/runs/{name}")).status_code == 204
        assert (await second.get(f"/runs/{name}")).status_code == 404
    for browser in (first, second):
        await browser.aclose()


async def test_roster_that_cannot_be_used_is_refused(replicas: Callable[[], Replica], sandbox: Sandbox):
    browser = await replicas().browser()
    refused = await upload(browser, "Email,Age\nada@example.com,36\n")
    assert refused.status_code == 422
    assert "first_name" in refused.json()["detail"]
    assert (await browser.get("/runs/unknown")).status_code == 404
    assert (await browser.get("/runs/unknown/results.csv")).status_code == 404
    assert sandbox.requests.total == 0
    await browser.aclose()
