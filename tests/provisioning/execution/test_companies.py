"""Rows of several companies: each is planned and carried out in its own."""

import asyncio

import pytest

from coggno.provisioning import Removals, RosterError, RowOutcome, RunOptions, make_plan, provision, read_roster
from coggno.provisioning.requests import stop_signal
from coggno.sandbox import Sandbox
from tests.provisioning.helpers import carry_out, client_of, collect, outcomes, people


async def provisioned(sandbox, rows, **options):
    async with client_of(sandbox) as coggno:
        roster, run_options = read_roster(rows), RunOptions(**options)
        plan = await make_plan(coggno, roster, run_options)
        foreseen = [result.outcome for result in plan.forecast()]
        left = []
        results = {}
        async for result in carry_out(coggno, plan, **options):
            if result.line:
                results[result.line] = result
            else:
                left.append(result)
    assert [results[line].outcome for line in sorted(results)] == foreseen
    return results, left


def rows_of(*companies):
    return [
        {**row, "groups": ["Warehouse"], "company": company} for row, company in zip(people(9), companies, strict=False)
    ]


async def test_rows_go_to_their_company():
    """By id, by name, or to the company of the key; a group of one name is another one in each."""
    sandbox = Sandbox()
    one, two = sandbox.seed_company(name="One"), sandbox.seed_company(name="Two")
    results, _ = await provisioned(sandbox, rows_of(str(one.id), "two", None, "One"))
    assert outcomes(results) == ["created"] * 4
    logins = {company: [user.login for user in sandbox.users(company)] for company in (one.id, two.id)}
    assert {"u0@example.com", "u3@example.com"} <= set(logins[one.id])
    assert "u1@example.com" in logins[two.id]
    assert "u2@example.com" in [user.login for user in sandbox.users()]
    created = [(effect.name, effect.company) for effect in sandbox.effects if effect.operation == "createGroup"]
    assert len(created) == len(set(created)) == 3


async def test_each_company_is_listed_once():
    sandbox = Sandbox()
    one = sandbox.seed_company(name="One")
    async with client_of(sandbox) as coggno:
        await make_plan(coggno, read_roster(rows_of(str(one.id), None, "One", None)))
    counts = [sandbox.requests.count(operation) for operation in ("listCompanies", "listUsers", "listGroups")]
    assert counts == [1, 3, 3]  # two spellings of one company are two lists


@pytest.mark.parametrize(("company", "words"), [("Nobody", "not a connected company"), ("Twin", "name of several")])
async def test_unknown_companies_send_no_write(company, words):
    sandbox = Sandbox()
    for _ in range(2):
        sandbox.seed_company(name="Twin")
    with pytest.raises(RosterError, match=words):
        await provisioned(sandbox, rows_of(None, company))
    assert sandbox.effects == ()


async def test_leavers_are_those_of_each_company():
    sandbox = Sandbox()
    one = sandbox.seed_company(name="One")
    here, there = sandbox.seed_group("Warehouse"), sandbox.seed_group("Warehouse", company=one.id)
    sandbox.seed_user("left@example.com", groups=[here.id])
    sandbox.seed_user("left@one.example", groups=[there.id], company=one.id)
    rows = rows_of(None, "One")
    _, left = await provisioned(sandbox, rows, removals=Removals(max_share=1.0))
    assert sorted((result.login, result.outcome) for result in left) == [
        ("left@example.com", RowOutcome.LEFT),
        ("left@one.example", RowOutcome.LEFT),
    ]


async def test_windows_know_companies():
    sandbox = Sandbox()
    one = sandbox.seed_company(name="One")
    async with client_of(sandbox) as coggno:
        results = await collect(provision(coggno, iter(rows_of("One", None, str(one.id)))))
    assert outcomes(results) == ["created"] * 3
    assert {"u0@example.com", "u2@example.com"} <= {user.login for user in sandbox.users(one.id)}


@pytest.mark.parametrize("source", [list, iter])
async def test_company_of_the_client_is_one_company(source):
    """Rows without a company, and rows that name the one that the client acts for, share groups and people."""
    sandbox = Sandbox()
    one = sandbox.seed_company(name="One")
    rows = rows_of(None, str(one.id), None, str(one.id))
    async with client_of(sandbox, lms=one.id) as coggno:
        results = await collect(provision(coggno, source(rows)))
    assert outcomes(results) == ["created"] * 4
    assert [effect.operation for effect in sandbox.effects].count("createGroup") == 1
    assert {effect.company for effect in sandbox.effects} == {one.id}


async def test_half_of_the_roster_is_no_leaver_of_the_other():
    """Of a company that is named in some rows only."""
    sandbox = Sandbox()
    one = sandbox.seed_company(name="One")
    rows = rows_of(None, str(one.id), None, str(one.id))
    removals = Removals(scope="users", max_share=1.0)
    async with client_of(sandbox, lms=one.id) as coggno:
        await collect(provision(coggno, rows))
        plan = await make_plan(coggno, read_roster(rows), RunOptions(removals=removals))
        assert plan.leavers.found == []


async def test_a_stop_ends_the_wait_for_a_group(monkeypatch):
    """That another run in this process is creating."""
    monkeypatch.setattr(stop_signal, "GRACE", 0.01)
    sandbox = Sandbox()
    async with client_of(sandbox) as coggno, coggno.groups.reserve("Warehouse"):
        run = carry_out(coggno, await make_plan(coggno, read_roster(rows_of(None))))
        consumer = asyncio.ensure_future(anext(run))
        for _ in range(100):
            await asyncio.sleep(0)
        assert not consumer.done()
        run.stop("interrupted")
        assert (await consumer).not_attempted or "stopped before" in (await consumer).detail
        await run.aclose()
    assert sandbox.effects == ()
