"""The pool by itself, on connections that do nothing: the order of calls, what is reused, what is closed."""

from __future__ import annotations

import asyncio

import pytest
from attrs import define, field

from coggno import APITimeoutError, Timeout
from coggno._engines.default import pool as pool_module
from coggno._engines.default.pool import ConnectionPool
from coggno._engines.origin import Origin

ORIGIN = Origin.of("http://localhost:80")
NO_LIMIT = Timeout(pool=None)
SHORT = Timeout(pool=0.001)


@define(eq=False)
class FakeConnection:
    """What the pool needs of a connection."""

    reusable: bool = True
    usable: bool = True
    closed: int = 0

    def reset(self):
        return self.reusable

    def is_usable(self):
        return self.usable

    def has_ended(self):
        return not self.usable

    def close(self):
        self.closed += 1


@define(eq=False)
class Maker:
    """Makes such connections for a pool, and keeps them."""

    pool: ConnectionPool
    connections: list[FakeConnection] = field(factory=list)

    async def __call__(self, _):
        self.connections.append(FakeConnection())
        return self.connections[-1]


def pool_of(size):
    maker = Maker(ConnectionPool(ORIGIN, size))
    maker.pool._connect = maker
    return maker.pool, maker.connections


async def acquire(pool, order, name):
    connection = await pool.acquire(NO_LIMIT)
    order.append(name)
    return connection


async def loop_turns(number=5):
    for _ in range(number):
        await asyncio.sleep(0)


async def test_first_come_first_served():
    pool, made = pool_of(2)
    held = [await pool.acquire(NO_LIMIT), await pool.acquire(NO_LIMIT)]
    order = []
    tasks = []
    for name in range(6):
        tasks.append(asyncio.ensure_future(acquire(pool, order, name)))
        await loop_turns()
    for index in range(6):
        pool.release(held[index])
        await loop_turns()
        assert order == list(range(index + 1))
        held.append(await tasks[index])
    assert len(made) == 2


async def test_returning_task_overtakes_nobody():
    """The holder of the only connection asks for it again before any other task has run: it is last."""
    pool, _ = pool_of(1)
    order = []
    connection = await pool.acquire(NO_LIMIT)
    tasks = [asyncio.ensure_future(acquire(pool, order, name)) for name in "abc"]
    await loop_turns()
    pool.release(connection)
    tasks.append(asyncio.ensure_future(acquire(pool, order, "returning")))
    for task in tasks:
        pool.release(await task)
    assert order == ["a", "b", "c", "returning"]


async def test_last_used_connection_is_used_next():
    pool, made = pool_of(3)
    first, second, third = [await pool.acquire(NO_LIMIT) for _ in range(3)]
    for connection in (second, third, first):
        pool.release(connection)
    assert await pool.acquire(NO_LIMIT) is first
    assert await pool.acquire(NO_LIMIT) is third
    assert await pool.acquire(NO_LIMIT) is second
    assert len(made) == 3


async def test_connections_are_made_when_needed_up_to_size():
    pool, made = pool_of(2)
    assert made == []
    for _ in range(5):
        pool.release(await pool.acquire(NO_LIMIT))
    assert len(made) == 1
    assert pool.open_connections == (1, 0)
    await pool.acquire(NO_LIMIT)
    await pool.acquire(NO_LIMIT)
    assert pool.open_connections == (0, 2)
    with pytest.raises(APITimeoutError):
        await pool.acquire(SHORT)


async def test_waiting_too_long_names_the_limit():
    pool, _ = pool_of(1)
    connection = await pool.acquire(NO_LIMIT)
    with pytest.raises(APITimeoutError, match=r"0\.001 s \(Timeout\.pool, max_connections\)") as caught:
        await pool.acquire(SHORT)
    assert caught.value.outcome == "not_sent"
    pool.release(connection)
    assert await pool.acquire(SHORT) is connection


async def test_cancelled_waiters_leave_the_queue():
    pool, _ = pool_of(1)
    order = []
    connection = await pool.acquire(NO_LIMIT)
    tasks = [asyncio.ensure_future(acquire(pool, order, name)) for name in "abcd"]
    await loop_turns()
    tasks[0].cancel()
    tasks[2].cancel()
    pool.release(connection)
    for task in (tasks[1], tasks[3]):
        pool.release(await task)
    assert order == ["b", "d"]


async def test_turn_given_to_cancelled_waiter_is_passed_on():
    """Released and cancelled in the same turn of the loop."""
    pool, _ = pool_of(1)
    order = []
    connection = await pool.acquire(NO_LIMIT)
    tasks = [asyncio.ensure_future(acquire(pool, order, name)) for name in "ab"]
    await loop_turns()
    pool.release(connection)
    tasks[0].cancel()
    pool.release(await tasks[1])
    assert order == ["b"]
    assert await pool.acquire(SHORT) is connection


async def test_cancelled_while_connecting_gives_turn_back():
    pool, _ = pool_of(1)

    async def never(_):
        await asyncio.Event().wait()

    make, pool._connect = pool._connect, never
    task = asyncio.ensure_future(pool.acquire(NO_LIMIT))
    await loop_turns()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    pool._connect = make
    await pool.acquire(SHORT)


async def test_unusable_connection_is_closed_and_replaced():
    pool, made = pool_of(2)
    first, second = await pool.acquire(NO_LIMIT), await pool.acquire(NO_LIMIT)
    pool.release(first)
    pool.release(second)
    second.usable = False
    assert await pool.acquire(NO_LIMIT) is first
    assert (first.closed, second.closed) == (0, 1)
    first.usable = False
    pool.release(first)
    assert await pool.acquire(NO_LIMIT) is made[2]
    assert first.closed == 1


async def test_unreachable_connections_are_closed_one_by_one():
    pool, made = pool_of(5)
    for connection in [await pool.acquire(NO_LIMIT) for _ in range(5)]:
        pool.release(connection)
    for connection in made[:4]:
        connection.usable = False
    for closed in (1, 2, 3, 4, 4):
        pool.release(await pool.acquire(NO_LIMIT))
        assert sum(connection.closed for connection in made) == closed
    assert pool.open_connections == (1, 0)
    assert made[4].closed == 0


async def test_connection_that_cannot_be_reused_is_closed():
    pool, made = pool_of(1)
    connection = await pool.acquire(NO_LIMIT)
    connection.reusable = False
    pool.release(connection)
    assert connection.closed == 1
    assert await pool.acquire(NO_LIMIT) is made[1]


def test_release_cannot_be_cancelled():
    """It does not wait, so that no cancellation comes between giving up a connection and keeping it."""
    assert not asyncio.iscoroutinefunction(ConnectionPool.release)


async def test_failed_connection_gives_turn_back():
    pool, _ = pool_of(1)
    make, pool._connect = pool._connect, lambda _: 1 / 0
    with pytest.raises(ZeroDivisionError):
        await pool.acquire(NO_LIMIT)
    pool._connect = make
    await pool.acquire(SHORT)


async def test_closing_closes_idle_and_busy():
    pool, made = pool_of(3)
    busy, *others = [await pool.acquire(NO_LIMIT) for _ in range(3)]
    for connection in others:
        pool.release(connection)
    await pool.aclose()
    assert [connection.closed for connection in made] == [1, 1, 1]
    pool.release(busy)
    assert pool.open_connections == (0, 0)
    assert busy.closed == 1


async def test_release_after_closing_gives_no_extra_turn():
    pool, _ = pool_of(1)
    connection = await pool.acquire(NO_LIMIT)
    await pool.aclose()
    pool.release(connection)
    with pytest.raises(APITimeoutError):
        await pool.acquire(SHORT)


async def test_certificates_are_loaded_once_for_https(monkeypatch):
    loaded, used = [], []

    async def connect(host, port, tls, timeout):
        used.append(tls)

    monkeypatch.setattr(pool_module, "connect", connect)
    monkeypatch.setattr(pool_module, "create_ssl_context", lambda: loaded.append(1) or object())
    monkeypatch.setattr(pool_module, "Http11Connection", lambda stream: FakeConnection())
    await ConnectionPool(ORIGIN, 2).acquire(NO_LIMIT)
    assert (loaded, used) == ([], [None])
    pool = ConnectionPool(Origin.of("https://localhost"), 2)
    for _ in range(2):
        await pool.acquire(NO_LIMIT)
    assert loaded == [1]
    assert used[1] is used[2] is pool._tls


async def test_hundred_tasks_share_five_connections_evenly():
    """Deterministic: after every round each task has been served as often as every other."""
    pool, made = pool_of(5)
    served = [0] * 100
    rounds = 20

    async def work(number):
        for _ in range(rounds):
            connection = await pool.acquire(NO_LIMIT)
            served[number] += 1
            assert max(served) - min(served) <= 1
            await asyncio.sleep(0)
            pool.release(connection)

    await asyncio.gather(*map(work, range(100)))
    assert served == [rounds] * 100
    assert len(made) == 5


def test_pool_may_be_made_without_a_loop():
    assert ConnectionPool(ORIGIN, 1).open_connections == (0, 0)
