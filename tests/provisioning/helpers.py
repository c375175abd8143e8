"""What the tests of provisioning share: people, a client of a sandbox in this process, and the judge of a run."""

import io
from collections import Counter
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import httpx

from coggno import AsyncCoggno
from coggno.provisioning import (
    Roster,
    RosterOptions,
    RowOutcome,
    Run,
    RunOptions,
    StoppedError,
    make_plan,
    read_roster,
)
from coggno.sandbox import ManualClock, Sandbox

KEY = "test_0123456789"
EXAMPLE = Path(__file__).parents[2] / "examples" / "roster.csv"
HEADER = "First Name,Last Name,Email,Password,Group\n"
ADA = "Ada,Lovelace,ada@example.com,s3cret-word,Warehouse\n"


def roster(text, **options):
    return read_roster(io.BytesIO(text.encode()), RosterOptions(**options))


def row_of(roster, index):
    """A row by its index, as iterating over a roster reads it again."""
    return list(roster.rows)[index]


def only(text, **options):
    (row,) = roster(text, **options).rows
    return row


def people(count, **changes):
    return [
        {
            "email": f"u{number}@example.com",
            "first_name": f"First{number}",
            "last_name": f"Last{number}",
            "password": f"s3cret-{number}",
            "groups": ["Warehouse", "Office"][: 1 + number % 2],
            **changes,
        }
        for number in range(count)
    ]


@asynccontextmanager
async def client_of(sandbox, **options):
    """A client of a sandbox in this process, whose pauses take no time."""

    async def no_time(_):
        return None

    transport = httpx.ASGITransport(app=sandbox)
    async with (
        httpx.AsyncClient(transport=transport) as http_client,
        AsyncCoggno(KEY, base_url="http://localhost", http_client=http_client, **options) as coggno,
    ):
        coggno._init(attrs.evolve(coggno._session, sleep=no_time), owner=True)
        coggno.sandbox = sandbox
        yield coggno


class Intercepted:
    """A client that runs `before` with the values of every call."""

    def __init__(self, coggno, before):
        self._client = coggno
        self._before = before
        self.users, self.groups, self.companies = coggno.users, coggno.groups, coggno.companies
        self.base_url, self.lms, self.mode, self.account = coggno.base_url, coggno.lms, coggno.mode, coggno.account

    def with_options(self, **options):
        return Intercepted(self._client.with_options(**options), self._before)

    def as_company(self, company_id):
        return Intercepted(self._client.as_company(company_id), self._before)

    async def call(self, operation, *args, **values):
        self._before(operation, values)
        return await self._client.call(operation, *args, **values)


def rename(user, login):
    """Give a user of a sandbox another login, as somebody in the LMS can, and the API cannot."""
    object.__setattr__(user, "login", login)


async def plan_of(coggno, roster):
    """A plan, made on the sandbox's clock."""
    sandbox = getattr(coggno, "sandbox", None)
    clock = sandbox.clock if sandbox and isinstance(sandbox.clock, ManualClock) else ManualClock()
    return await make_plan(coggno, roster, makes_passwords=True, clock=clock.now, sleep=clock.sleep)


async def planned(coggno, rows, **options):
    return await plan_of(coggno, read_roster(rows, RosterOptions(**options)))


def broken(*faults, clock=None, **options):
    return Sandbox(faults=faults, dropped=httpx.ReadError, clock=clock or ManualClock(), **options)


def carry_out(coggno, plan, clock=None, **options):
    """A run of a plan whose pauses take no time: on a clock of its own, or on the one that is given."""
    if clock is None:
        sandbox = getattr(coggno, "sandbox", None)
        clock = sandbox.clock if sandbox and isinstance(sandbox.clock, ManualClock) else ManualClock()
    return Run(coggno, plan, RunOptions(**options), clock=clock.now, sleep=clock.sleep)


async def run(coggno, rows, **options):
    """Read, plan and carry out; every row has its outcome."""
    roster = rows if isinstance(rows, Roster) else read_roster(rows)
    return await collect(carry_out(coggno, await plan_of(coggno, roster), **options))


async def collect(work, results=None, then=lambda: None):
    """Take all results; every row has one."""
    results = {} if results is None else results
    async for result in work:
        assert result.line not in results, "one outcome per row"
        results[result.line] = result
        then()
    return results


async def run_to_its_end(coggno, rows, **options):
    """As `run`, for a run that may stop early; every row has its outcome all the same."""
    results = {}
    try:
        await collect(carry_out(coggno, await planned(coggno, rows), **options), results)
    except StoppedError:
        pass
    return results


def outcomes(results):
    return [results[line].outcome.value for line in sorted(results)]


def check_against_effects(sandbox, results, lines, groups_of=None):
    """I1 no effect twice, I2 one outcome per row, I3 no claim that the server contradicts, late commits included."""
    sandbox.commit_late()
    if isinstance(sandbox.clock, ManualClock):
        sandbox.clock.advance(1e12)  # until all lags are over
    assert sorted(results) == sorted(lines)
    made = Counter(effect.login.casefold() for effect in sandbox.effects if effect.operation == "createUser")
    joined = Counter((effect.user, effect.group) for effect in sandbox.effects if effect.operation == "addGroupUser")
    groups = Counter(effect.name for effect in sandbox.effects if effect.operation == "createGroup")
    assert set(made.values()) <= {1}
    assert set(joined.values()) <= {1}
    assert set(groups.values()) <= {1}
    for result in results.values():
        check_claim(sandbox, result, made, (groups_of or {}).get(result.line, ()))


def check_claim(sandbox, result, made, groups):
    login = result.login.casefold()
    user = next((user for user in sandbox.users() if user.login.casefold() == login), None)
    if result.is_as_wanted:
        assert user is not None
        assert user.id == result.user_id
        for group in sandbox.groups():
            if group.name in groups:
                assert user in sandbox.members(group.id)
    if result.outcome is RowOutcome.CREATED:
        assert made[login] == 1
    if result.outcome in {RowOutcome.EXISTS, RowOutcome.JOINED, RowOutcome.CONFLICT, RowOutcome.REGISTERED_ELSEWHERE}:
        assert made[login] == 0
    if result.outcome is RowOutcome.REGISTERED_ELSEWHERE:
        assert user is None
    if result.outcome in {RowOutcome.FAILED, RowOutcome.REFUSED}:
        assert made[login] == ("the user was created" in result.detail)
