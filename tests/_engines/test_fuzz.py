"""Whatever a server sends: only `CoggnoError`s leave, with a true outcome, and no connection or task is left behind.

`COGGNO_FUZZ_CASES` is the number of cases over all engines, 2,000 if not set. A failure names the number of its case.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Final

import attrs
import pytest

from coggno import APIError, AsyncCoggno, CoggnoError, Timeout
from coggno._engines.base import EngineRequest

from .bench import GRACE, certificates
from .fuzz import USER, FuzzCase, FuzzServer, fuzz_case, fuzz_server
from .kinds import KINDS, Kind, Setting, on_every_engine
from .secrecy import KEY
from .virtual_time import VirtualTimeLoop

pytestmark = pytest.mark.untraced  # hundreds of cases of lines that other tests run, too

CASES: Final = int(os.environ.get("COGGNO_FUZZ_CASES", "2000")) // len(KINDS)  # of one engine
SIZE = 2  # connections
LIMITS = Timeout(connect=5, read=1, write=1, pool=5)  # of virtual time
TOTAL = 2  # seconds, around an attempt
LOOP_TURNS = 500


class FuzzBench:
    """A client of some kind and a fuzzing server, for all cases of a test."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.server: FuzzServer
        self.coggno: AsyncCoggno
        self._stack = AsyncExitStack()

    async def __aenter__(self):
        self.server = await self._stack.enter_async_context(fuzz_server())
        client = await self._stack.enter_async_context(self.kind.opened(Setting(certificates().trust, SIZE)))
        self.coggno = AsyncCoggno(
            KEY,
            base_url=f"http://127.0.0.1:{self.server.port}",
            http_client=client,
            max_connections=SIZE,
            max_response_bytes=100_000,
            timeout=attrs.evolve(LIMITS, total=TOTAL),
            max_retries=2,
        )
        await self._stack.enter_async_context(self.coggno)
        self.coggno._init(attrs.evolve(self.coggno._session, sleep=lambda _: asyncio.sleep(0)), owner=True)
        await self.coggno.users.list()
        return self

    async def __aexit__(self, *_):
        await self._stack.aclose()

    async def is_left_as_it_was(self):
        """No task is left, all turns of the queue are free, no connection is open beyond the pool's."""
        queue = getattr(self.engine, "_queue", None) or self.engine.pool._queue
        for _ in range(LOOP_TURNS):
            others = asyncio.all_tasks() - self.server.tasks - {asyncio.current_task()}
            if not others and queue.in_use == 0 and len(self.server.writers) <= SIZE:
                return
            await asyncio.sleep(0.01)
        pytest.fail(f"left: {others}, {queue.in_use}, {len(self.server.writers)} connections")

    @property
    def engine(self):
        return self.coggno._session.engine


def run_cases(
    kind: Kind,
    share: float,
    judge: Callable[[FuzzBench, FuzzCase], Awaitable[None]],
    is_fit: Callable[[FuzzCase], bool] = lambda _: True,
) -> None:
    """Judge a share of all cases on an engine; cases that are not fit do not count."""

    async def work() -> None:
        async with FuzzBench(kind) as bench:
            number, left = 0, int(CASES * share)
            while left:
                case = fuzz_case(number)
                if is_fit(case):
                    await judged(bench, case, number)
                    left -= 1
                number += 1

    async def judged(bench: FuzzBench, case: FuzzCase, number: int) -> None:
        try:
            await judge(bench, case)
            await is_usable_afterwards(bench)
        except BaseException as error:
            error.add_note(f"case {number}: {case}")
            raise

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(work())


async def is_usable_afterwards(bench: FuzzBench):
    """The next request gets its own response, not what was left of the last one."""
    bench.server.case = None
    await bench.is_left_as_it_was()
    request = EngineRequest(method="GET", target="/api/v1/users/nobody", headers={}, content=b"")
    for _ in range(3):
        # The server may close a kept connection in the moment in which it is used; that is for the session to repeat.
        try:
            response = await bench.engine.send(request, LIMITS, 1000)
        except APIError:
            continue
        assert (response.status, response.content) == (404, b'{"error": "not found"}')
        return
    pytest.fail("no request succeeds any more")


async def attempt(bench: FuzzBench, case: FuzzCase):
    """Send one request, and judge what the engine reports by what the server knows."""
    log = bench.server.begin(case)
    headers = {"Accept": "*/*", "Accept-Encoding": "gzip", "User-Agent": "x"}
    request = EngineRequest(method="POST", target="/api/v1/users", headers=headers, content=bytes(case.upload))
    try:
        async with asyncio.timeout(TOTAL):
            response = await bench.engine.send(request, LIMITS, 100_000)
    except TimeoutError:
        outcome = "unknown" if request.sent else "not_sent"
    except CoggnoError as error:
        assert isinstance(error, APIError), error
        outcome = error.outcome
    else:
        outcome = "response"
        # After an interim status, what is sent beyond it is the response.
        assert response.status in {case.status, 103, *([200] if case.status < 200 else [])}
        assert not (case.is_recognizably_cut and 200 <= response.status < 300)
        assert len(response.content) <= (100_000 if 200 <= response.status < 300 else 65536)
    assert log.requests <= 1, "sent twice"
    assert outcome != "not_sent" or log.received == 0
    assert outcome != "rejected"


@on_every_engine
def test_every_attempt_reports_the_truth(kind):
    run_cases(kind, 0.5, attempt)


def is_honest(case: FuzzCase) -> bool:
    """Success was carried out, and a refusal was not: what the status means to every client."""
    if 200 <= case.status < 300:
        return case.carried_out and case.read == "all"
    return not (400 <= case.status < 500 and case.carried_out)


async def creation(bench: FuzzBench, case: FuzzCase):
    """Create a user with retries and settling, and judge what the client reports."""
    log = bench.server.begin(case)
    try:
        user = await bench.coggno.users.create(**{**GRACE, "login": "grace"})
    except CoggnoError as error:
        assert isinstance(error, APIError), error
        assert error.outcome == "unknown" or not log.effects
        assert error.outcome != "not_sent" or log.received == 0 or case.status == 429
    else:
        assert user.login in {"grace", "ada", "a\ud800"}
        assert log.effects == ["grace"]
    assert len(log.effects) <= 1, "carried out twice"


@on_every_engine
def test_every_creation_reports_the_truth(kind):
    run_cases(kind, 0.2, creation, is_honest)


async def deletion(bench: FuzzBench, case: FuzzCase):
    """Delete a user with retries and settling, and judge what the client reports."""
    log = bench.server.begin(case, USER)
    try:
        await bench.coggno.users.delete("ada")
    except CoggnoError as error:
        assert isinstance(error, APIError), error
        assert error.outcome == "unknown" or not log.effects
        assert error.outcome != "not_sent" or log.received == 0 or case.status == 429
    else:
        assert log.effects == ["ada"]


@on_every_engine
def test_every_deletion_reports_the_truth(kind):
    run_cases(kind, 0.2, deletion, is_honest)


async def stream(bench: FuzzBench, case: FuzzCase):
    """Read a list item by item: what is yielded was in a response, and it ends in time."""
    bench.server.begin(case, USER, plays_reads=True)
    loop = asyncio.get_running_loop()
    started = loop.time()
    try:
        items = [user async for user in bench.coggno.users.iter()]
    except CoggnoError as error:
        assert isinstance(error, APIError), error
    else:
        assert [(user.id, user.login) for user in items] in ([(1, "ada")], [(1, "a\ud800")], [])
    assert loop.time() - started <= 3 * TOTAL + 1, "an attempt and two retries, each with a limit of its own"


@on_every_engine
def test_every_stream_yields_what_was_sent(kind):
    run_cases(kind, 0.1, stream)
