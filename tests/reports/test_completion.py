"""Who has finished what: each user and document once, read once for each document."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest

import coggno.reports
from coggno import AsyncCoggno, ConfigurationError, NotFoundError
from coggno.models import DocumentLicense, LicenseUser
from coggno.reports import CompletionState, ReportScope
from coggno.reports.completion_row import best_license, state_of
from coggno.reports.windowed import windowed
from coggno.sandbox import Sandbox, parse_fault

DAY = dt.date(2026, 1, 15)


def license_of(**values) -> DocumentLicense:
    user = LicenseUser(id=1, first_name="Ada", last_name="Lovelace")
    given = {"amount": 1, "used": 0, "status": "not started", "passed": False, "score": 0.0, **values}
    return DocumentLicense(user=user, **given)


async def rows_of(client: AsyncCoggno, **options):
    return [row async for row in client.reports.completion(**options)]


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({}, CompletionState.NOT_STARTED),
        ({"start_date": DAY}, CompletionState.IN_PROGRESS),
        ({"status": "in progress"}, CompletionState.IN_PROGRESS),
        ({"status": "completed", "complete_date": DAY}, CompletionState.NOT_PASSED),
        ({"status": "completed", "complete_date": DAY, "passed": True}, CompletionState.PASSED),
        ({"status": "whatever", "passed": True}, CompletionState.PASSED),
    ],
)
def test_state_follows_from_the_fields(values, state):
    """The API documents one value of the status only."""
    assert state_of(license_of(**values)) is state


def test_license_that_got_furthest_counts():
    failed, passed = license_of(complete_date=DAY, score=90.0), license_of(passed=True, score=80.0)
    better = license_of(passed=True, score=85.0)
    assert best_license([failed, passed, better, license_of()]) is better
    assert best_license([license_of(passed=True, score=None), passed]) is passed


async def test_every_user_and_document_once(client: AsyncCoggno, sandbox: Sandbox):
    ada = sandbox.seed_user("ada", first_name="Ada", last_name="Lovelace")
    bob = sandbox.seed_user("bob", first_name="Bob", last_name="Adams")
    sandbox.seed_group("Hall", members=[ada.id])
    fire, water = sandbox.seed_document("Fire"), sandbox.seed_document("Water")
    sandbox.seed_license(
        ada.id, fire.id, status="completed", passed=True, score=91, start_date="2026-01-02", complete_date="2026-01-03"
    )
    rows = await rows_of(client)
    assert [(row.document, row.login, row.state.value) for row in rows] == [
        ("Fire", "ada", "passed"),
        ("Fire", "bob", "no license"),
        ("Water", "bob", "no license"),
        ("Water", "ada", "no license"),
    ]
    first = rows[0]
    assert (first.document_id, first.user_id, first.groups, first.score) == (fire.id, ada.id, ("Hall",), 91)
    assert (first.start_date, first.complete_date) == (dt.date(2026, 1, 2), dt.date(2026, 1, 3))
    assert [row.user_id for row in await rows_of(client, documents=[water.id])] == [bob.id, ada.id]


async def test_people_who_have_to_act_are_first(client: AsyncCoggno, sandbox: Sandbox):
    document = sandbox.seed_document("Fire").id
    seeds = [
        ("passed", {"passed": True, "complete_date": "2026-01-03"}),
        ("none", None),
        ("begun", {"start_date": "2026-01-02", "status": "in progress"}),
        ("failed", {"complete_date": "2026-01-03"}),
        ("zoe", {}),
        ("abe", {}),
    ]
    for name, values in seeds:
        user = sandbox.seed_user(name, last_name=name)
        if values is not None:
            sandbox.seed_license(user.id, document, **values)
    logins = [row.login for row in await rows_of(client)]
    assert logins == ["abe", "zoe", "failed", "begun", "passed", "none"]
    assert len(await rows_of(client, licensed_only=True)) == 5


async def test_groups_limit_the_people(client: AsyncCoggno, sandbox: Sandbox):
    users = [sandbox.seed_user(f"user{number}", last_name=f"{number}").id for number in range(3)]
    one = sandbox.seed_group("One", members=users[:2])
    two = sandbox.seed_group("Two", members=users[1:2])
    other = sandbox.seed_group("Two", members=users[2:])
    document = sandbox.seed_document("Fire").id
    for user in users:
        sandbox.seed_license(user, document)
    found = {row.user_id: row.groups for row in await rows_of(client, groups=[one.id, two.id])}
    assert found == {users[0]: ("One",), users[1]: ("One", "Two")}
    # Names that several groups have are told apart by their ids.
    everybody = {row.user_id: row.groups for row in await rows_of(client)}
    assert everybody[users[1]] == ("One", f"Two ({two.id})")
    assert everybody[users[2]] == (f"Two ({other.id})",)


async def test_drafts_without_licenses_are_left_out(client: AsyncCoggno, sandbox: Sandbox):
    user = sandbox.seed_user("ada").id
    sandbox.seed_document("Draft", published=0)
    used = sandbox.seed_document("Old", published=0)
    sandbox.seed_license(user, used.id)
    assert [row.document for row in await rows_of(client)] == ["Old"]
    assert [row.document for row in await rows_of(client, documents=[1])] == ["Draft"]


async def test_people_outside_the_lms_are_left_out(client: AsyncCoggno, sandbox: Sandbox):
    document = sandbox.seed_document("Fire").id
    users = [sandbox.seed_user(name).id for name in ("ada", "bob")]
    for user in users:
        sandbox.seed_license(user, document)
    members = client.users
    await members.delete(users[0])
    assert [row.login for row in await rows_of(client)] == ["bob"]


async def test_scope_is_known_before_the_first_row(client: AsyncCoggno, sandbox: Sandbox):
    sandbox.seed_user("ada")
    sandbox.seed_group("Hall")
    sandbox.seed_document("Fire")
    seen: list[object] = []
    rows = coggno.reports.completion(client, on_scope=seen.append)
    assert seen == []
    seen.append((await anext(rows)).login)
    await rows.aclose()
    assert seen == [ReportScope(users=1, documents=1, groups=["Hall"]), "ada"]


async def test_unknown_document_and_group_are_errors(client: AsyncCoggno):
    with pytest.raises(NotFoundError):
        await rows_of(client, documents=[99])
    with pytest.raises(NotFoundError):
        await rows_of(client, groups=[99])


async def test_invalid_concurrency_is_refused_unsent(client: AsyncCoggno, sandbox: Sandbox):
    with pytest.raises(ConfigurationError, match="concurrency must be a whole number"):
        await rows_of(client, concurrency=0)
    assert sandbox.requests.total == 0


async def test_each_document_is_read_once(client: AsyncCoggno, sandbox: Sandbox):
    """2,000 users x 20 documents: one request for each document and group, and two for the lists."""
    sandbox.populate(users=2000, documents=20, seed=7)
    count = 0
    async for _ in client.reports.completion():
        count += 1
    assert count == 40_000
    groups = len(sandbox.groups())
    assert sandbox.requests.total == 20 + groups + 3


async def test_a_failure_ends_the_report(client: AsyncCoggno, sandbox: Sandbox):
    sandbox.populate(users=20, documents=10, seed=7)
    sandbox.faults.add(parse_fault("getDocumentLicenses:status=403,skip=3,times=1"))
    seen = set()
    with pytest.raises(coggno.PermissionDeniedError):
        async for row in client.reports.completion(concurrency=2):
            seen.add(row.document_id)
    assert len(seen) <= 4


class TestWindowed:
    async def test_results_keep_the_order_and_the_limit(self):
        running, most = 0, 0

        async def call(number):
            nonlocal running, most
            running += 1
            most = max(most, running)
            for _ in range(5 - number % 5):
                await asyncio.sleep(0)
            running -= 1
            return number

        assert [each async for each in windowed(call, range(20), 3)] == list(range(20))
        assert most == 3

    async def test_nothing_is_left_when_the_consumer_ends(self):
        forever = asyncio.Event()

        async def call(number):
            if number:
                await forever.wait()
            return number

        before = asyncio.all_tasks()
        results = windowed(call, range(5), 3)
        assert await anext(results) == 0
        await results.aclose()
        assert asyncio.all_tasks() == before
