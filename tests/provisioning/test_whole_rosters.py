"""Whole rosters from file to results, twice."""

from collections import Counter

from coggno.provisioning import (
    PasswordFile,
    RosterOptions,
    RowOutcome,
    Summary,
    make_plan,
    read_roster,
    write_failed,
    write_results,
)
from coggno.sandbox import Sandbox
from tests.helpers.hr_export import GROUP_COLUMN, make_hr_export
from tests.provisioning.helpers import (
    EXAMPLE,
    broken,
    carry_out,
    client_of,
    outcomes,
    run,
)


async def test_the_example_roster_ends_as_described(tmp_path):
    sandbox = Sandbox()
    passwords = PasswordFile(tmp_path / "passwords.csv")
    async with client_of(sandbox) as coggno:
        results = await run(coggno, EXAMPLE, passwords=passwords)
    passwords.close()
    assert Counter(outcomes(results)) == {"created": 190, "invalid": 5, "duplicate": 3, "refused": 2}
    assert len((tmp_path / "passwords.csv").read_text().splitlines()) == 190  # one brings its own


async def test_failed_rows_are_a_roster_for_the_next_run(tmp_path):
    sandbox = broken("createUser:status=400,p=0.3")
    roster = read_roster(EXAMPLE)
    passwords = PasswordFile(tmp_path / "passwords.csv")
    async with client_of(sandbox) as coggno:
        first = await run(coggno, roster, passwords=passwords)
        count = write_failed(tmp_path / "failed.csv", roster, first)
        sandbox.faults.clear()
        second = await run(coggno, tmp_path / "failed.csv", passwords=passwords)
    passwords.close()
    assert count == len(second) > 20
    assert set(outcomes(second)) <= {"created", "duplicate", "invalid", "refused"}
    assert len(sandbox.users()) == 191  # the row whose password was too short has got one


async def test_an_hr_export_is_provisioned_twice(tmp_path):
    """The first run creates every person of a generated export, the second finds them all."""
    sandbox, export = Sandbox(), make_hr_export(4_000)
    roster = read_roster(export.write(tmp_path / "people.csv"), RosterOptions(mapping={"group": GROUP_COLUMN}))
    async with client_of(sandbox) as coggno:
        summaries = []
        for _ in range(2):
            passwords = PasswordFile(tmp_path / "passwords.csv")
            results, summary = {}, Summary()
            plan = await make_plan(coggno, roster)
            async for result in carry_out(coggno, plan, passwords=passwords):
                results[result.line] = result
                summary.add(result)
            passwords.close()
            summaries.append(dict(summary.counts))
            assert len(results) == summary.rows == export.rows
    same = {
        RowOutcome.DUPLICATE: export.duplicates,
        RowOutcome.REFUSED: export.conflicts,
        RowOutcome.INVALID: export.invalid,
    }
    assert summaries[0] == {RowOutcome.CREATED: export.people, **same}
    assert summaries[1] == {RowOutcome.EXISTS: export.people, **same}
    assert {user.login for user in sandbox.users()} == {row.person.key for row in roster.accepted}
    write_results(tmp_path / "results.csv", roster, results)
    assert write_failed(tmp_path / "failed.csv", roster, results) == export.conflicts + export.invalid
