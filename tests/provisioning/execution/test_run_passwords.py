"""Passwords of a run: on the disk before they are sent, and in no output."""

import logging

import httpx
import pytest

from coggno.provisioning import (
    PasswordFile,
    RosterError,
    StoppedError,
    make_plan,
    read_roster,
    write_failed,
    write_results,
)
from coggno.sandbox import Sandbox
from tests.provisioning.helpers import (
    KEY,
    broken,
    carry_out,
    client_of,
    collect,
    outcomes,
    people,
    planned,
    run,
)


async def test_passwords_are_in_the_file_before_sending(tmp_path):
    """And generated once."""
    path, seen, sandbox = tmp_path / "passwords.csv", [], Sandbox()
    rows = [*people(4, password=None), *people(5)[4:]]

    def look(exchange):
        if exchange.operation == "createUser":
            seen.append(len(path.read_text().splitlines()))

    async with client_of(sandbox, on_exchange=look) as coggno:
        passwords = PasswordFile(path)
        results = await run(coggno, rows, passwords=passwords)
        passwords.close()
    assert outcomes(results) == ["created"] * 5
    assert seen == [5] * 5
    made = [line.split('"')[-2] for line in path.read_text().splitlines()[1:]]
    assert [len(password) for password in made] == [20] * 4
    assert not any(password in repr(results) for password in made)


async def test_the_password_of_the_file_is_sent(tmp_path):
    sent = []

    async def answer(request):
        if request.method == "POST":
            sent.append(dict(httpx.QueryParams(request.content.decode())))
            return httpx.Response(200, json={"id": 7, "login": "u0@example.com", "first_name": "F", "last_name": "L"})
        return httpx.Response(200, json=[])

    from coggno import AsyncCoggno

    passwords = PasswordFile(tmp_path / "p.csv")
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http_client:
        coggno = AsyncCoggno(KEY, base_url="http://localhost", http_client=http_client)
        await run(coggno, people(1, password=None, groups=[]), passwords=passwords)
    passwords.close()
    assert f'"u0@example.com","{sent[0]["password"]}"' in (tmp_path / "p.csv").read_text()


async def test_existing_users_get_no_password(tmp_path):
    sandbox = Sandbox()
    async with client_of(sandbox) as coggno:
        await run(coggno, people(3))
        passwords = PasswordFile(tmp_path / "p.csv")
        await run(coggno, people(3, password=None), passwords=passwords)
        passwords.close()
    assert not (tmp_path / "p.csv").exists(), "a file without a password is not left behind"


async def test_a_row_without_password_is_invalid():
    """Where none can be generated; no group is created for it."""
    sandbox = Sandbox()
    rows = [*people(2, password=None), *people(3, groups=["Other"])[2:]]
    async with client_of(sandbox) as coggno:
        results = await run(coggno, read_roster(rows))
    assert outcomes(results) == ["invalid", "invalid", "created"]
    assert results[1].detail == "password is missing"
    assert [group.name for group in sandbox.groups()] == ["Other"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RosterError("No space left")])
async def test_unwritable_passwords_stop_the_run(tmp_path, monkeypatch, error):
    """Before any write."""

    def full(_):
        raise error

    sandbox, results = Sandbox(), {}
    monkeypatch.setattr(PasswordFile, "sync", full)
    passwords = PasswordFile(tmp_path / "p.csv")
    async with client_of(sandbox) as coggno:
        plan = await planned(coggno, people(3, password=None))
        with pytest.raises(StoppedError, match="No space left"):
            await collect(carry_out(coggno, plan, passwords=passwords), results)
    passwords.close()
    assert outcomes(results) == ["failed"] * 3
    assert sandbox.effects == ()


async def test_no_key_and_no_password_in_any_output(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    rows = [*people(20), *people(3, first_name="Other"), *people(2, email="x", password="s3cret-")]
    for number, row in enumerate(rows):
        row["note"], row["Old Password"] = f"n{number}", f"s3cret-old-{number}"
    sandbox = broken("createUser:status=400,p=0.3", "createUser:status=503,p=0.5")
    roster = read_roster(rows)
    async with client_of(sandbox, max_retries=1) as coggno:
        plan = await make_plan(coggno, roster)
        work = carry_out(coggno, plan)
        results = await collect(work)
    write_results(tmp_path / "results.csv", roster, results)
    write_failed(tmp_path / "failed.csv", roster, results)
    shown = [repr(thing) for thing in (roster, plan, work, results, coggno)]
    text = "".join([*shown, caplog.text, *(path.read_text() for path in tmp_path.iterdir())])
    assert "n19" in text
    assert "s3cret" not in text
    assert KEY not in text
