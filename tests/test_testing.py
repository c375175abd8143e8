"""Pauses are skipped while a program tests itself, and count for its limits all the same."""

import asyncio
import time

import httpx
import pytest

from coggno import AsyncCoggno, ServerError, testing
from coggno.sandbox import Sandbox, parse_fault

ADA = {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace", "password": "s3cret-word"}


@pytest.fixture(autouse=True)
def skip_pauses():
    with testing.set_testing(True):
        yield
    assert not testing.is_testing()


@pytest.fixture
async def sandbox():
    return Sandbox(dropped=httpx.ReadError)


@pytest.fixture
async def coggno(sandbox):
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox)) as http_client,
        AsyncCoggno("test_key", base_url="http://localhost", http_client=http_client, backoff=lambda _: 20.0) as client,
    ):
        yield client


async def attempts(coggno, **options):
    seen = []
    with pytest.raises(ServerError):
        await coggno.with_options(on_request=seen.append, **options).groups.list()
    return len(seen)


async def test_retries_do_not_wait(sandbox, coggno):
    sandbox.faults.add(parse_fault("listGroups:status=503,times=2"))
    started = time.monotonic()
    assert await coggno.groups.list() == []
    assert time.monotonic() - started < 10


async def test_attempts_may_be_limited(sandbox, coggno):
    sandbox.faults.add(parse_fault("listGroups:status=503"))
    with testing.set_testing(True, attempts=2):
        assert await attempts(coggno) == 2
        assert await attempts(coggno, max_retries=0) == 1
    assert await attempts(coggno, max_retries=3) == 4


async def test_a_deadline_counts_what_was_skipped(sandbox, coggno):
    """Two pauses of 20 s fit into 50 s, a third does not."""
    sandbox.faults.add(parse_fault("listGroups:status=503"))
    assert await attempts(coggno, max_retries=9, deadline=50) == 3


async def test_a_check_of_absence_does_not_wait(sandbox, coggno):
    await coggno.users.create(**ADA, login="ada")
    sandbox.faults.add(parse_fault("deleteUser:drop,after,times=1"))
    started = time.monotonic()
    await coggno.users.delete("ada")
    assert time.monotonic() - started < 1


async def test_provision_does_not_wait(sandbox, coggno):
    sandbox.faults.add(parse_fault("createUser:status=503,times=3"))
    started = time.monotonic()
    assert [result.outcome.value async for result in coggno.provision([ADA])] == ["created"]
    assert time.monotonic() - started < 5


async def test_pauses_that_begin_together_do_not_add_up():
    before = testing.clock()
    await asyncio.gather(*(testing.sleep(100) for _ in range(50)))
    assert 100 <= testing.clock() - before < 110


async def test_pauses_one_after_another_add_up():
    before = testing.clock()
    for _ in range(3):
        await testing.sleep(100)
    assert 300 <= testing.clock() - before < 310


async def test_without_a_block_the_setting_stays():
    testing.set_testing(False)
    assert not testing.is_testing()
    testing.set_testing(True, attempts=1)
    assert testing.is_testing()
    assert testing.limited_retries(3) == 0
    testing.set_testing(False, attempts=1)
    assert testing.limited_retries(3) == 3


async def test_the_clock_never_goes_back():
    await testing.sleep(100)
    skipping = testing.clock()
    with testing.set_testing(False):
        assert testing.clock() >= skipping
        await testing.sleep(0.001)


@pytest.mark.parametrize("attempts", [0, -1, True, 1.5])
def test_attempts_must_be_a_count(attempts):
    with pytest.raises(ValueError, match="attempts"):
        testing.set_testing(True, attempts=attempts)
