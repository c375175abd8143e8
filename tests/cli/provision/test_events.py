"""`--json`: the run as events, one JSON object per line."""

from __future__ import annotations

import errno
import io
import json
import sys
from collections import Counter

import pytest

from coggno.cli.provision.events import EventStream
from coggno.cli.terminal.output import StdoutError
from coggno.provisioning import Progress, RowOutcome, RowResult, Waiting
from coggno.sandbox import Sandbox, parse_fault
from tests.cli.helpers import ADA, GRACE, INVALID, people, write_roster


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def events() -> list[dict]:
    return []


@pytest.fixture
def stream(clock: Clock, events: list[dict]) -> EventStream:
    stream = EventStream(write=events.append, flush=lambda: None, clock=clock, now=lambda: 0.0)
    stream.start({"rows": 300, "roster": "people.csv"})
    return stream


def result(line: int, **more: object) -> RowResult:
    return RowResult(line=line, login="ada", outcome=RowOutcome.CREATED, **more)


def progress(done: int, waiting: Waiting | None = None) -> Progress:
    return Progress(total=300, done=done, counts={}, waiting=waiting)


def names(events: list[dict]) -> list[str]:
    return [event["event"] for event in events]


def test_every_row_is_one_event(provision):
    """In the order in which they end, between the start and the end."""
    ended = provision(write_roster(ADA, GRACE, INVALID, ADA), "--json")
    first, *_, last = ended.json
    assert first["event"] == "start"
    assert (first["roster"], first["rows"], first["dry_run"]) == ("people.csv", 4, False)
    assert (first["new_users"], first["new_groups"], first["new_memberships"]) == (2, ["Analysts", "Navy"], 3)
    rows = [event for event in ended.json if event["event"] == "row"]
    assert {row["line"]: row["outcome"] for row in rows} == {2: "created", 3: "created", 4: "invalid", 5: "duplicate"}
    assert rows[0].keys() == {"event", "line", "login", "outcome", "user_id", "detail", "inferred"}
    assert last["event"] == "end"
    assert Counter(row["outcome"] for row in rows) == last["outcomes"]


def test_dry_run_has_the_same_events(provision):
    ended = provision(write_roster(ADA, INVALID), "--json", "--dry-run")
    assert names(ended.json) == ["start", "row", "row", "end"]
    assert ended.json[0]["dry_run"] is True
    assert ended.json[-1]["results"] == "results.csv"


def test_rows_that_were_not_begun_have_events(provision, sandbox: Sandbox):
    sandbox.faults.add(parse_fault("createUser:status=401,skip=2"))
    ended = provision(write_roster(*people(30)), "--json")
    rows = Counter(event["outcome"] for event in ended.json if event["event"] == "row")
    assert rows == ended.json[-1]["outcomes"]
    assert rows.total() == 30
    assert rows["not_attempted"] > 0


def test_progress_is_at_most_once_a_second(stream, events, clock):
    for line in range(100):
        stream.row_ended(result(line))
        stream.progress(progress(line))
        clock.seconds += 0.1
    reported = [event for event in events if event["event"] == "progress"]
    assert 9 <= len(reported) <= 11
    assert reported[-1]["total"] == 300
    assert [event["done"] for event in reported] == sorted({event["done"] for event in reported})


def test_unchanged_progress_is_not_repeated(stream, events, clock):
    stream.row_ended(result(2))
    for _ in range(10):
        clock.seconds += 2
        stream.progress(progress(1))
    assert names(events) == ["start", "row", "progress"]


def test_waiting_is_reported_once(stream, events, clock):
    """With since when and what for; progress shows that the run goes on."""
    waiting = Waiting(since=0.0, reason="Coggno to respond again")
    for _ in range(5):
        clock.seconds += 2
        stream.progress(progress(0, waiting))
    stream.row_ended(result(2))
    stream.progress(progress(1))
    clock.seconds += 2
    stream.progress(progress(1, waiting))
    assert names(events) == ["start", "waiting", "row", "progress", "waiting"]
    assert events[1]["since"] == "1970-01-01T00:00:00.000+00:00"
    assert events[1]["reason"] == "Coggno to respond again"
    assert (events[1]["done"], events[1]["total"]) == (0, 300)


def test_reader_that_left_does_not_end_the_run(clock):
    def gone(_: object) -> None:
        raise StdoutError(BrokenPipeError(errno.EPIPE, "Broken pipe"))

    stream = EventStream(write=gone, clock=clock)
    stream.start({"rows": 1})
    stream.row_ended(result(2))
    stream.end({})
    assert stream.error is not None
    assert stream.error.is_closed_pipe


def test_full_disk_under_the_events_is_reported(provision, monkeypatch, sandbox: Sandbox):
    """The run goes on; the exit code says that the output is incomplete."""

    class Full(io.StringIO):
        def write(self, _: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sys, "stdout", Full())
    ended = provision(write_roster(ADA), "--json")
    assert ended.code == 1
    assert "Cannot write to standard output: No space left on device" in ended.err
    assert len(sandbox.users()) == 1


def test_no_password_in_the_events(provision):
    ended = provision(write_roster(ADA, INVALID), "--json", "--generate-passwords", "secret.csv")
    assert "difference-engine" not in json.dumps(ended.json)
