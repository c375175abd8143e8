"""Counts of requests and the last of them."""

import base64

import pytest
from starlette.requests import Request

from coggno.sandbox import ManualClock, RequestLog
from coggno.sandbox.api import path_for_log


def respond(requests: RequestLog, operation: str | None, status: int | None) -> None:
    with requests.recording(operation, "GET", "/") as entry:
        entry.status = status


def test_requests_are_counted_by_operation_and_status():
    requests = RequestLog()
    for operation, status in [("getUser", 200), ("getUser", 404), ("getUser", 404), (None, 404), ("listUsers", None)]:
        respond(requests, operation, status)
    assert requests.total == requests.count() == 5
    assert requests.count("getUser") == 3
    assert requests.count("getUser", status=404) == 2
    assert requests.count(status=404) == 3
    assert requests.count("createUser") == 0


def test_the_peak_is_the_most_that_were_open_at_once():
    requests = RequestLog()
    with requests.recording("getUser", "GET", "/"), requests.recording("getUser", "GET", "/"):
        assert requests.in_flight == 2
    respond(requests, "getUser", 200)
    assert (requests.in_flight, requests.peak) == (0, 2)


def test_only_the_last_records_are_kept():
    requests = RequestLog(keep=3)
    for status in range(200, 210):
        respond(requests, "getUser", status)
    assert [(each.seq, each.status) for each in requests.recent] == [(8, 207), (9, 208), (10, 209)]
    assert requests.total == 10


def test_a_request_that_fails_is_counted_all_the_same():
    requests = RequestLog()
    with pytest.raises(RuntimeError), requests.recording("getUser", "GET", "/x"):
        raise RuntimeError
    (exchange,) = requests.recent
    assert (exchange.path, exchange.status, requests.in_flight) == ("/x", None, 0)


def test_followers_get_every_request_that_ends():
    clock, lines = ManualClock(), []
    requests = RequestLog(now=clock.now)
    requests.follow(lambda record: lines.append(str(record)))
    with requests.recording("getUser", "GET", "/api/v1/users/7") as entry:
        clock.advance(0.0214)
        entry.status = 200
    with requests.recording(None, "GET", "/x") as entry:
        entry.fault = "Drop"
    assert lines == [
        "200 GET /api/v1/users/7 getUser, 21 ms",
        "dropped GET /x no operation, 0 ms, fault Drop",
    ]


@pytest.mark.parametrize(
    ("path", "key", "shown"),
    [
        (b"/api/v1/users/live_secret", "live_secret", "/api/v1/users/***"),
        (b"/api/v1/users/live%2Fsecret", "live/secret", "/api/v1/users/***"),
        (b"http://live_secret:@localhost/api/v1/users", "", "http://***@localhost/api/v1/users"),
        (b"/api/v1/users/ann@example.com", "live_secret", "/api/v1/users/ann@example.com"),
        (b"/api/v1/users/a", "a", "/api/v1/users/a"),
        (b"/\xff\x1b", "", "/\\xff\x1b"),
    ],
)
def test_key_is_not_logged(path, key, shown):
    encoded = base64.b64encode(f"{key}:".encode())
    headers = [(b"authorization", b"Basic " + encoded)] if key else []
    scope = {"type": "http", "method": "GET", "path": "/", "raw_path": path, "headers": headers}
    assert path_for_log(Request(scope)) == shown
