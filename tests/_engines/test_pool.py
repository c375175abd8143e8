"""The pool by itself, on connections that do nothing: who is served when, what is reused, what is closed."""

from __future__ import annotations

import asyncio

import httpcore
import pytest
from attrs import define, field

from coggno import APITimeoutError, ConfigurationError
from coggno._engines import pool as pool_module
from coggno._engines.backend import finish
from coggno._engines.pool import Pool

ORIGIN = httpcore.Origin(b"http", b"localhost", 80)


@define(eq=False)
class Connection:
    """What the pool asks of a connection of httpcore."""

    available: bool = True
    expired: bool = False
    closed: int = 0
    hanging: asyncio.Event | None = None
    error: Exception | None = None

    def is_available(self):
        return self.available

    def has_expired(self):
        return self.expired

    async def aclose(self):
        if self.error is not None:
            raise self.error
        if self.hanging is not None:
            await self.hanging.wait()
        self.closed += 1


@define(eq=False)
class Made:
    """A pool of such connections, and all that it made."""

    pool: Pool
    connections: list[Connection] = field(factory=list)

    def __call__(self):
        self.connections.append(Connection())
        return self.connections[-1]


def pool_of(size):
    made = Made(Pool(ORIGIN, size))
    made.pool._connect = made
    return made.pool, made.connections


async def waiting(pool, order, name, timeout=None):
    connection = await pool.acquire(timeout)
    order.append(name)
    return connection


async def turns(number=5):
    for _ in range(number):
        await asyncio.sleep(0)


async def test_first_come_first_served():
    pool, made = pool_of(2)
    held = [await pool.acquire(None), await pool.acquire(None)]
    order = []
    tasks = []
    for name in range(6):
        tasks.append(asyncio.ensure_future(waiting(pool, order, name)))
        await turns()
    for place in range(6):
        await pool.release(held[place])
        await turns()
        assert order == list(range(place + 1))
        held.append(await tasks[place])
    assert len(made) == 2


async def test_who_comes_back_at_once_overtakes_nobody():
    """The holder of the only connection asks for it again before anybody else has run: it is last."""
    pool, _ = pool_of(1)
    order = []
    connection = await pool.acquire(None)
    tasks = [asyncio.ensure_future(waiting(pool, order, name)) for name in "abc"]
    await turns()

    async def greedy():
        await pool.release(connection)
        return await waiting(pool, order, "greedy")

    tasks.append(asyncio.ensure_future(greedy()))
    for task in tasks:
        await pool.release(await task)
    assert order == ["a", "b", "c", "greedy"]


async def test_the_connection_that_was_used_last_is_used_next():
    pool, made = pool_of(3)
    first, second, third = [await pool.acquire(None) for _ in range(3)]
    for connection in (second, third, first):
        await pool.release(connection)
    assert await pool.acquire(None) is first
    assert await pool.acquire(None) is third
    assert await pool.acquire(None) is second
    assert len(made) == 3


async def test_no_more_connections_than_allowed_and_none_before_it_is_needed():
    pool, made = pool_of(2)
    assert made == []
    for _ in range(5):
        await pool.release(await pool.acquire(None))
    assert len(made) == 1
    assert pool.open_connections == (1, 0)
    await pool.acquire(None)
    await pool.acquire(None)
    assert pool.open_connections == (0, 2)
    with pytest.raises(APITimeoutError):
        await pool.acquire(0.001)


async def test_a_wait_that_takes_too_long_was_not_sent_and_says_which_limit():
    pool, _ = pool_of(1)
    connection = await pool.acquire(None)
    with pytest.raises(APITimeoutError, match=r"0\.001 s \(Timeout\.pool, max_connections\)") as caught:
        await pool.acquire(0.001)
    assert caught.value.outcome == "not_sent"
    await pool.release(connection)
    assert await pool.acquire(0.001) is connection


async def test_who_gives_up_or_is_cancelled_leaves_the_queue():
    pool, _ = pool_of(1)
    order = []
    connection = await pool.acquire(None)
    tasks = [asyncio.ensure_future(waiting(pool, order, name)) for name in "abcd"]
    await turns()
    tasks[0].cancel()
    tasks[2].cancel()
    await pool.release(connection)
    for task in (tasks[1], tasks[3]):
        await pool.release(await task)
    assert order == ["b", "d"]


async def test_a_place_given_to_one_who_is_cancelled_goes_to_the_next():
    """Released and cancelled in the same turn of the loop: the place is not lost."""
    pool, _ = pool_of(1)
    order = []
    connection = await pool.acquire(None)
    tasks = [asyncio.ensure_future(waiting(pool, order, name)) for name in "ab"]
    await turns()
    await pool.release(connection)
    tasks[0].cancel()
    await pool.release(await tasks[1])
    assert order == ["b"]
    assert await pool.acquire(0.01) is connection


async def test_an_expired_connection_is_closed_and_replaced():
    pool, made = pool_of(2)
    first, second = await pool.acquire(None), await pool.acquire(None)
    await pool.release(first)
    await pool.release(second)
    second.expired = True
    assert await pool.acquire(None) is first
    assert (first.closed, second.closed) == (0, 1)
    first.expired = True
    await pool.release(first)
    assert await pool.acquire(None) is made[2]
    assert first.closed == 1


async def test_connections_that_nobody_gets_down_to_are_closed_one_by_one():
    pool, made = pool_of(5)
    for connection in [await pool.acquire(None) for _ in range(5)]:
        await pool.release(connection)
    for connection in made[:4]:
        connection.expired = True
    for closed in (1, 2, 3, 4, 4):
        await pool.release(await pool.acquire(None))
        assert sum(connection.closed for connection in made) == closed
    assert pool.open_connections == (1, 0)
    assert made[4].closed == 0


async def test_a_connection_that_cannot_be_used_again_is_closed():
    pool, made = pool_of(1)
    connection = await pool.acquire(None)
    connection.available = False
    await pool.release(connection)
    assert connection.closed == 1
    assert await pool.acquire(None) is made[1]


async def test_a_connection_with_something_left_in_it_is_closed():
    pool, made = pool_of(1)
    connection = await pool.acquire(None)
    connection.__class__ = type("Full", (Connection,), {"_connection": _Inner(b"HTTP/1.1 200 OK"), "__slots__": ()})
    await pool.release(connection)
    assert connection.closed == 1
    assert await pool.acquire(None) is made[1]


class _Inner:
    def __init__(self, left):
        self._h11_state = type("State", (), {"trailing_data": (left, False)})


async def test_a_release_that_is_cancelled_closes_all_the_same():
    pool, _ = pool_of(1)
    connection = await pool.acquire(None)
    connection.available = False
    connection.hanging = asyncio.Event()
    task = asyncio.ensure_future(pool.release(connection))
    await turns()
    task.cancel()
    await turns()
    assert not task.done()
    connection.hanging.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert connection.closed == 1
    await pool.acquire(0.01)


async def test_a_connection_that_cannot_be_closed_costs_no_place():
    pool, _ = pool_of(1)
    connection = await pool.acquire(None)
    connection.available, connection.error = False, OSError("x")
    with pytest.raises(OSError, match="x"):
        await pool.release(connection)
    await pool.acquire(0.01)


async def test_a_connection_that_cannot_be_made_costs_no_place():
    pool, _ = pool_of(1)
    pool._connect = lambda: 1 / 0
    with pytest.raises(ZeroDivisionError):
        await pool.acquire(None)
    pool._connect = Connection
    await pool.acquire(0.01)


async def test_closing_closes_idle_and_busy_whatever_happens():
    pool, made = pool_of(3)
    busy, bad, idle = [await pool.acquire(None) for _ in range(3)]
    await pool.release(bad)
    await pool.release(idle)
    bad.error = OSError("x")
    await pool.aclose()
    assert [connection.closed for connection in made] == [1, 0, 1]
    await pool.release(busy)
    assert pool.open_connections == (0, 0)


async def test_closing_that_is_cancelled_closes_all_the_same():
    pool, made = pool_of(2)
    for connection in [await pool.acquire(None), await pool.acquire(None)]:
        connection.hanging = asyncio.Event()
        await pool.release(connection)
    task = asyncio.ensure_future(pool.aclose())
    await turns()
    task.cancel()
    for connection in made:
        connection.hanging.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [connection.closed for connection in made] == [1, 1]


async def test_after_closing_nobody_is_served_not_even_who_waits():
    pool, _ = pool_of(1)
    connection = await pool.acquire(None)
    task = asyncio.ensure_future(pool.acquire(None))
    await turns()
    await pool.aclose()
    await pool.release(connection)
    for call in (task, pool.acquire(None)):
        with pytest.raises(ConfigurationError, match="closed"):
            await call


async def test_certificates_are_loaded_once_and_only_for_https(monkeypatch):
    loaded = []
    monkeypatch.setattr("httpx.create_ssl_context", lambda: loaded.append(1) or object())
    plain = Pool(ORIGIN, 2)
    await plain.acquire(None)
    assert loaded == []
    secure = Pool(httpcore.Origin(b"https", b"localhost", 443), 2)
    connections = [await secure.acquire(None) for _ in range(2)]
    assert loaded == [1]
    assert connections[0]._ssl_context is connections[1]._ssl_context is secure._tls


async def test_idle_connections_expire_before_most_servers_close_them():
    connection = await Pool(ORIGIN, 1).acquire(None)
    assert connection._keepalive_expiry == pool_module.KEEPALIVE == 5.0


async def test_finishing_goes_on_when_cancelled_and_says_so_afterwards():
    done, go = [], asyncio.Event()

    async def closing():
        await go.wait()
        done.append(1)

    task = asyncio.ensure_future(finish(closing()))
    await turns()
    task.cancel()
    await turns()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done == [1]


async def test_finishing_hands_on_what_closing_raises():
    async def closing():
        raise OSError("x")

    with pytest.raises(OSError, match="x"):
        await finish(closing())


async def test_a_hundred_tasks_on_five_connections_take_turns():
    """Deterministic: after every round each task has been served as often as every other."""
    pool, made = pool_of(5)
    served = [0] * 100
    rounds = 20

    async def work(number):
        for _ in range(rounds):
            connection = await pool.acquire(None)
            served[number] += 1
            assert max(served) - min(served) <= 1
            await asyncio.sleep(0)
            await pool.release(connection)

    await asyncio.gather(*map(work, range(100)))
    assert served == [rounds] * 100
    assert len(made) == 5


def test_a_pool_may_be_made_without_a_loop():
    assert Pool(ORIGIN, 1).open_connections == (0, 0)
