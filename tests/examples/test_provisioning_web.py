"""The example applications over real sockets: upload, events, downloads, and an end in order."""

from __future__ import annotations

import csv
import io
import json

import httpx
import pytest

from coggno.sandbox import parse_fault
from tests.examples.servers import KEY, SERVERS

HEADER = "email,first name,last name,password,group\n"
ROSTER = (
    HEADER
    + "ada@example.com,Ada,Lovelace,difference-engine,Analysts\n"
    + "grace@example.com,Grace,Hopper,,Navy\n"
    + "alan.example.com,<b>Alan</b>,Turing,bombe-1940,Navy\n"
)


def people(count):
    return HEADER + "".join(f"u{number}@example.com,F,L{number},pass-word,Everybody\n" for number in range(count))


async def upload(browser, roster=ROSTER, *, passwords=True):
    files = {"roster": ("people.csv", roster.encode())}
    return await browser.post("/runs", files=files, data={"passwords": str(passwords).lower()})


async def follow(browser, run, *, until=lambda snapshot: False):
    """The snapshots of a run, until it ends or `until` is so."""
    snapshots = []
    async with browser.stream("GET", f"/runs/{run}/events") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        async for line in response.aiter_lines():
            if line.startswith("data: "):
                snapshots.append(json.loads(line.removeprefix("data: ")))
                if until(snapshots[-1]):
                    break
    return snapshots


async def test_upload_runs_and_can_be_downloaded(browser, sandbox):
    started = await upload(browser)
    assert started.status_code == 202, started.text
    run = started.json()["id"]
    last = (await follow(browser, run))[-1]
    assert (last["state"], last["done"], last["total"]) == ("done", 3, 3)
    assert last["outcomes"] == {"created": 2, "invalid": 1}
    assert [problem["line"] for problem in last["problems"]] == [4]
    assert last["files"] == ["results.csv", "failed.csv", "passwords.csv"]
    assert len(sandbox.users()) == 2
    results = await browser.get(f"/runs/{run}/results.csv")
    assert results.headers["content-type"].startswith("text/csv")
    assert "attachment" in results.headers["content-disposition"]
    table = list(csv.DictReader(io.StringIO(results.text)))
    assert [row["outcome"] for row in table] == ["created", "created", "invalid"]
    passwords = list(csv.DictReader(io.StringIO((await browser.get(f"/runs/{run}/passwords.csv")).text)))
    assert [row["login"] for row in passwords] == ["grace@example.com"]
    assert (await browser.get(f"/runs/{run}")).json() == last


async def test_events_report_progress(browser, sandbox):
    """From the present state on, for a browser that comes late as well."""
    sandbox.faults.add(parse_fault("createUser:latency=0.1"))
    run = (await upload(browser, people(40))).json()["id"]
    snapshots = await follow(browser, run)
    done = [snapshot["done"] for snapshot in snapshots]
    assert done == sorted(done)
    assert any(0 < number < 40 for number in done)
    assert (done[-1], snapshots[-1]["total"]) == (40, 40)
    assert [snapshot["done"] for snapshot in await follow(browser, run)] == [40]


async def test_file_that_is_no_roster_is_refused(browser, sandbox):
    """With a message for a person, and before anything is sent."""
    refused = await upload(browser, "Email,Age\nada@example.com,36\n")
    assert refused.status_code == 422
    assert "first_name" in refused.json()["detail"]
    assert sandbox.requests.total == 0
    assert (await browser.post("/runs", data={"passwords": "true"})).status_code == 422


async def test_stop_while_planning_creates_nobody(browser, sandbox):
    sandbox.faults.add(parse_fault("listUsers:latency=0.5"))
    run = (await upload(browser, people(20))).json()["id"]
    await follow(browser, run, until=lambda snapshot: snapshot["state"] == "planning")
    await browser.post(f"/runs/{run}/stop")
    last = (await follow(browser, run))[-1]
    assert (last["state"], last["done"]) == ("failed", 0)
    assert "stopped by a person" in last["message"]
    assert not list(sandbox.effects)


async def test_stop_ends_a_run_in_order(browser, sandbox):
    """Every row has an outcome; the same roster again continues."""
    slow = sandbox.faults.add(parse_fault("createUser:latency=0.2"))
    run = (await upload(browser, people(60))).json()["id"]
    await follow(browser, run, until=lambda snapshot: snapshot["done"] > 3)
    assert (await browser.post(f"/runs/{run}/stop")).status_code == 202
    last = (await follow(browser, run))[-1]
    assert last["state"] == "failed"
    assert "stopped by a person" in last["message"]
    assert last["files"] == ["results.csv", "failed.csv"]
    sandbox.faults.remove(slow)
    again = (await upload(browser, people(60), passwords=False)).json()["id"]
    last = (await follow(browser, again))[-1]
    assert (last["state"], last["outcomes"]) == ("done", {"created": 60})
    assert len(sandbox.users()) == 60


async def test_roster_in_progress_is_refused(browser, sandbox):
    sandbox.faults.add(parse_fault("createUser:latency=0.3"))
    run = (await upload(browser, people(20))).json()["id"]
    second = await upload(browser, people(20))
    assert second.status_code == 422
    assert "in progress already" in second.json()["detail"]
    assert (await browser.delete(f"/runs/{run}")).status_code == 409
    assert (await follow(browser, run))[-1]["state"] == "done"


async def test_password_survives_a_stop(browser, sandbox):
    """Somebody created just before has the password that the file shows, whichever run has made it."""
    slow = sandbox.faults.add(parse_fault("createUser:latency=0.2"))
    roster = people(40).replace("pass-word", "")
    run = (await upload(browser, roster)).json()["id"]
    await follow(browser, run, until=lambda snapshot: snapshot["done"] > 3)
    await browser.post(f"/runs/{run}/stop")
    await follow(browser, run)
    first = (await browser.get(f"/runs/{run}/passwords.csv")).text
    sandbox.faults.remove(slow)
    again = (await upload(browser, roster)).json()["id"]
    assert (await follow(browser, again))[-1]["outcomes"] == {"created": 40}
    assert (await browser.get(f"/runs/{again}/passwords.csv")).text == first


async def test_rejected_key_is_reported(browser, sandbox):
    sandbox.faults.add(parse_fault("*:status=401"))
    last = (await follow(browser, (await upload(browser)).json()["id"]))[-1]
    assert (last["state"], last["files"]) == ("failed", [])
    assert last["message"]
    assert KEY not in json.dumps(last)


async def test_only_files_of_the_run_can_be_read(browser, tmp_path):
    (tmp_path / "secret.csv").write_text("precious")
    run = (await upload(browser)).json()["id"]
    await follow(browser, run)
    for path in ("secret.csv", "..%2F..%2Fsecret.csv", "..", "%2e%2e"):
        assert "precious" not in (await browser.get(f"/runs/{run}/{path}")).text
    assert (await browser.get("/runs/unknown/results.csv")).status_code == 404
    assert (await browser.get("/runs/unknown")).status_code == 404
    assert (await browser.get("/runs/unknown/events")).status_code == 404


async def test_files_can_be_deleted(browser, tmp_path):
    run = (await upload(browser)).json()["id"]
    await follow(browser, run)
    (folder,) = (tmp_path / "runs").iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (await browser.delete(f"/runs/{run}")).status_code == 204
    assert not folder.exists()
    assert (await browser.delete(f"/runs/{run}")).status_code == 409


@pytest.mark.parametrize("server", SERVERS)
async def test_shutdown_writes_the_results(sandbox, server, tmp_path):
    """A run in the middle ends in order, and the application with it."""
    sandbox.faults.add(parse_fault("createUser:latency=0.3"))
    async with SERVERS[server]() as url, httpx.AsyncClient(base_url=url) as browser:
        run = (await upload(browser, people(80))).json()["id"]
        await follow(browser, run, until=lambda snapshot: snapshot["done"] > 1)
    table = list(csv.DictReader(io.StringIO(next((tmp_path / "runs").iterdir()).joinpath("results.csv").read_text())))
    assert len(table) == 80
    created = [row for row in table if row["outcome"] == "created"]
    assert 0 < len(created) < 80
    assert len(created) == len(sandbox.users())
