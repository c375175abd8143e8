"""A person uses the page of the example applications in a browser: drop a file, watch the bar, get the results."""

from __future__ import annotations

import asyncio
import csv
import json
from pathlib import Path

import pytest

from coggno.sandbox import Sandbox, ServerThread, parse_fault
from tests.examples.servers import SERVERS, environment
from tests.examples.test_provisioning_web import HEADER, ROSTER, people

from . import tools


@pytest.mark.browser
@pytest.mark.parametrize("server", SERVERS)
async def test_person_drops_a_roster(server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The bar moves, the page survives a reload, and it fits a narrow window."""
    sandbox = Sandbox(faults=[parse_fault("createUser:latency=0.2")])
    roster = tmp_path / "people.csv"
    roster.write_text(ROSTER + people(30).removeprefix(HEADER))
    with ServerThread(sandbox) as url:
        for name, value in environment(url, tmp_path).items():
            monkeypatch.setenv(name, value)
        async with SERVERS[server]() as address:
            arguments = (address, tools.chromium() or "", roster, tmp_path)
            done = await asyncio.to_thread(tools.node, tools.HERE / "drop.mjs", *arguments)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["problems"] == []
    assert any(0 < value < 33 for value in seen["bar"])
    assert seen["status"] == seen["reloaded"] == "Done: 33 of 33 rows"
    assert seen["rows"] == [["4", "alan.example.com", "email is not a valid address"]]
    assert seen["narrow"] <= 400
    with (tmp_path / "results.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 33
    assert len(sandbox.users()) == 32
