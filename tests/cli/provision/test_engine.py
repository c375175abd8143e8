"""Large rosters are sent by aiohttp, where that is installed and no proxy is in between."""

from __future__ import annotations

import pytest

from coggno.cli.provision import engine, run
from coggno.cli.provision.engine import engine_options
from coggno.sandbox import Sandbox
from tests.cli.helpers import people, write_roster
from tests.cli.provision.helpers import created

AIOHTTP = {"http_client": "aiohttp"}


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_large_rosters_are_sent_by_aiohttp():
    assert engine_options(1000) == AIOHTTP
    assert engine_options(999) == {}


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "all_proxy"])
def test_a_proxy_keeps_the_default_engine(monkeypatch, name: str):
    monkeypatch.setenv(name, "socks5://proxy.example")
    assert engine_options(5000) == {}


def test_without_aiohttp_the_default_is_used(monkeypatch):
    monkeypatch.setattr(engine, "find_spec", lambda _: None)
    assert engine_options(5000) == {}


def test_a_run_uses_the_engine_of_its_rows(provision, sandbox: Sandbox, monkeypatch):
    asked: list[int] = []

    def options(rows: int):
        asked.append(rows)
        return AIOHTTP

    monkeypatch.setattr(run, "engine_options", options)
    assert provision(write_roster(*people(3))).code == 0
    assert asked == [3]
    assert created(sandbox)["createUser"] == 3
