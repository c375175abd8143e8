"""A server whose capacity shrinks to a quarter and grows again is kept busy, and no request times out."""

import heapq
from collections import deque

import pytest

from coggno.provisioning.pacing import AdaptiveLimit

SERVICE = 0.5  # seconds that a request takes in one of the server's slots
TIMEOUT = 30.0  # seconds after which the outcome of a request is unknown
PHASE = 120.0  # seconds of one capacity


class Server:
    """Works on as many requests at once as its capacity, in the order of arrival."""

    def __init__(self, limit):
        self.limit = limit
        self.now = self.busy = 0.0
        self.timeouts = 0
        self.queue = deque()
        self.working = []

    def run(self, capacity, until):
        """How much of the capacity was used."""
        before = self.busy
        while self.now < until:
            self._fill(capacity)
            upcoming = min(until, self.working[0][0])
            self.busy += (upcoming - self.now) * min(len(self.working), capacity)
            self.now = upcoming
            while self.working and self.working[0][0] <= self.now:
                self._end(heapq.heappop(self.working)[1])
        return (self.busy - before) / (capacity * PHASE)

    def _fill(self, capacity):
        while self.limit.in_use < int(self.limit.level):
            self.limit.in_use += 1
            self.queue.append(self.now)
        while self.queue and len(self.working) < capacity:
            heapq.heappush(self.working, (self.now + SERVICE, self.queue.popleft()))

    def _end(self, sent):
        seconds = self.now - sent
        self.timeouts += seconds > TIMEOUT
        self.limit.succeeded(seconds)
        self.limit.in_use -= 1


@pytest.mark.parametrize("concurrency", [16, 64, 400])
def test_changing_capacity_is_used(concurrency):
    server = Server(AdaptiveLimit(concurrency, clock=lambda: server.now))
    used = [server.run(capacity, PHASE * number) for number, capacity in enumerate((16, 4, 16), start=1)]
    assert min(used) >= 0.95
    assert server.timeouts == 0


def test_without_the_brake_requests_time_out(monkeypatch):
    """What the test above would show then."""
    monkeypatch.setattr(AdaptiveLimit, "overloaded", lambda _: None)
    server = Server(AdaptiveLimit(400, clock=lambda: server.now))
    server.limit.level = 400.0
    for number, capacity in enumerate((16, 4, 16), start=1):
        server.run(capacity, PHASE * number)
    assert server.timeouts > 0
