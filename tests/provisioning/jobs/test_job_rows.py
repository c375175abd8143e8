"""What becomes of the rows of a submitted job, and of their passwords."""

import pytest

from coggno.provisioning import JournalError, PasswordFile, RosterOptions, RowOutcome, read_roster
from coggno.provisioning.jobs import JobPhase, JobReader, Worker
from coggno.provisioning.jobs.database.row_data import row_of, text_of
from coggno.provisioning.jobs.database.sealing import Sealer, new_salt
from coggno.sandbox import parse_fault
from tests.provisioning.helpers import HEADER, people, roster
from tests.provisioning.jobs.helpers import PasswordsSent, all_rows, client, execute, read, submit

MERGED = f"""{HEADER}A,B,a@example.com,s3cret-word,Warehouse
C,D,c@example.com,s3cret-word,Office
broken,,nobody,,
A,B,A@example.com,s3cret-word,Office
E,F,e@example.com,s3cret-word,
C,X,c@example.com,s3cret-word,Office
"""
EXISTING = f"""{HEADER}Ada,X,Ada@example.com,,Office
Grace,X,Grace@example.com,,Office
Alan,Other,Alan@example.com,,Office
New,X,new@example.com,s3cret-word,Office
"""


@pytest.fixture
async def coggno(address):
    async with client(address) as coggno:
        yield coggno


def outcomes(results):
    return [(result.line, result.outcome.value) for result in results]


# Rows


def test_rows_survive_the_database():
    """Whatever is in their cells, half a surrogate pair and a NUL included."""
    odd = 'Zoë \ud83d \x00 \\N \t "x"'
    rows = [
        *read_roster([{**people(1)[0], "note": odd}, {**people(1)[0], "email": "no-address", "first_name": ""}]).rows,
        *roster("first name,last name,email,password\nA,B,a@example.com,s3cret-word,too,many\n").rows,
    ]
    for row in rows:
        text = text_of(row)
        assert text.isascii()
        assert "s3cret" not in text
        password = row.person.password if row.person else None
        assert row_of(row.line, text, password=password) == row


async def test_merged_rows_end_as_their_first(coggno, sandbox, url):
    """Also where they are far apart, with other groups, and the result of the first one comes from another part."""
    text = MERGED
    status = await submit(coggno, roster(text), url, shard_rows=1)
    assert [shard.rows for shard in status.shards] == [2, 1]
    assert status.counts == {RowOutcome.INVALID: 1, RowOutcome.REFUSED: 2}
    report = await Worker(coggno, url).run()
    assert report.counts == {RowOutcome.CREATED: 2, RowOutcome.DUPLICATE: 1}
    status, results = read(url)
    assert outcomes(results) == [
        (2, "created"),
        (3, "refused"),
        (4, "invalid"),
        (5, "duplicate"),
        (6, "created"),
        (7, "refused"),
    ]
    assert results[3].login == "A@example.com"
    assert status.done == status.rows == 6
    (ada, _) = sandbox.users()
    assert all(ada in sandbox.members(group.id) for group in sandbox.groups())
    assert sorted(group.name for group in sandbox.groups()) == ["Office", "Warehouse"]


async def test_roster_without_a_sound_row_is_finished_at_once(coggno, sandbox, url):
    status = await submit(coggno, roster(HEADER + "broken,,nobody,,\n"), url)
    assert (status.state, status.shards) == (JobPhase.FINISHED, [])
    assert (await Worker(coggno, url).run()).rows == sandbox.requests.total == 0
    assert outcomes(read(url)[1]) == [(2, "invalid")]


async def test_existing_users_are_found_once(coggno, sandbox, url):
    """By one list for all parts; one lacks a group, one has another name, one needs nothing."""
    office = await coggno.groups.create(name="Office")
    for name in ("Ada", "Grace", "Alan"):
        await coggno.users.create(
            email=f"{name}@example.com", first_name=name, last_name="X", password="s3cret-word", group_id=None
        )
    await coggno.groups.users.add(office.id, sandbox.users()[0].id)
    lists = sandbox.requests.count("listUsers")
    text = EXISTING
    await submit(coggno, roster(text), url, shard_rows=1)
    report = await Worker(coggno, url).run()
    assert sandbox.requests.count("listUsers") == lists + 1
    assert outcomes(read(url)[1]) == [(2, "exists"), (3, "joined"), (4, "conflict"), (5, "created")]
    assert report.shards == 4


async def test_rows_of_companies(coggno, sandbox, url):
    company = await coggno.companies.create(
        name="Acme", email="boss@acme.org", first_name="B", last_name="C", password="s3cret-word"
    )
    rows = [*people(2, company="Acme"), *({**row, "email": f"x{row['email']}"} for row in people(2))]
    await submit(coggno, rows, url, shard_rows=2)
    report = await Worker(coggno, url).run()
    assert report.counts == {RowOutcome.CREATED: 4}
    ours = await coggno.as_company(company.id).users.list()
    assert {user.login for user in ours} >= {"u0@example.com", "u1@example.com"}


# Passwords


async def test_passwords_are_sealed_and_erased(postgres, coggno, sandbox, url):
    await submit(coggno, people(5), url)
    kept = all_rows(postgres, url, "submitted_rows") + all_rows(postgres, url, "submissions")
    assert "s3cret" not in kept
    assert execute(postgres, url, "SELECT count(*) FROM coggno.submitted_rows WHERE password IS NOT NULL") == [(5,)]
    watched = PasswordsSent(coggno)
    await Worker(watched, url).run()
    assert execute(postgres, url, "SELECT count(*) FROM coggno.submitted_rows WHERE password IS NOT NULL") == [(0,)]
    assert set(watched.sent) == {f"s3cret-{number}" for number in range(5)}


async def test_passwords_are_erased_while_a_part_goes_on(postgres, coggno, sandbox, url):
    """They are needed no more once a row has ended, however long the others take, or wait for another worker."""
    await submit(coggno, people(600), url, shard_rows=600)
    sandbox.faults.add(parse_fault("createUser:status=401,key=u550@example.com"))
    report = await Worker(coggno, url).run()
    assert report.stopped is not None
    assert len(sandbox.users()) >= 500
    kept = "SELECT count(*) FROM coggno.submitted_rows WHERE password IS NOT NULL"
    assert 50 <= execute(postgres, url, kept)[0][0] <= 300


async def test_cancelled_job_keeps_no_password(postgres, coggno, url):
    await submit(coggno, people(5), url)
    with JobReader(url) as reader:
        reader.cancel("hires")
    assert execute(postgres, url, "SELECT count(*) FROM coggno.submitted_rows WHERE password IS NOT NULL") == [(0,)]


async def test_generated_password_survives_its_worker(coggno, sandbox, url, tmp_path):
    """It was sent, and the worker has died: the next one sends the same, and the file has it."""
    text = HEADER + "A,B,a@example.com,,\nC,D,c@example.com,s3cret-word,\n"
    await submit(coggno, roster(text), url, makes_passwords=True)
    sandbox.faults.add(parse_fault("createUser:status=401"))
    watched = PasswordsSent(coggno)
    assert (await Worker(watched, url).run()).stopped is not None
    with JobReader(url) as reader:
        assert list(reader.passwords("hires", coggno)) == []
    sandbox.faults.clear()
    again = PasswordsSent(coggno)
    await Worker(again, url).run()
    with JobReader(url) as reader:
        ((person, password),) = reader.passwords("hires", coggno)
    assert person.email == "a@example.com"
    assert set(again.sent) == set(watched.sent) == {password, "s3cret-word"}
    file = PasswordFile(tmp_path / "passwords.csv")
    file.add(person, password)
    file.add(person, "another-password")
    assert file.password_for(person) == password
    file.close()


async def test_missing_password_is_the_fault_of_the_row(coggno, url):
    await submit(coggno, roster(HEADER + "A,B,a@example.com,,\n"), url)
    await Worker(coggno, url).run()
    (result,) = read(url)[1]
    assert (result.outcome, result.detail) == (RowOutcome.INVALID, "password is missing")


async def test_sealed_password_is_bound_to_key_and_row(address):
    salt = new_salt()
    async with client(address) as coggno, client(address, "test_another_key_000") as other:
        sealer = Sealer.of(coggno, salt)
        sealed = sealer.seal(2, "s3cret-wörd \ud83d")
        assert sealer.open(2, sealed) == "s3cret-wörd \ud83d"
        assert sealed != sealer.seal(2, "s3cret-wörd \ud83d")
        for wrong, line in ((sealer, 3), (Sealer.of(other, salt), 2), (Sealer.of(coggno, new_salt()), 2)):
            with pytest.raises(JournalError, match="another API key"):
                wrong.open(line, sealed)
        assert "s3cret" not in repr(sealer)


async def test_roster_of_a_job_is_that_of_its_file(coggno, url, tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("First;Last;Email;Password;Note\nA;B;a@example.com;s3cret-word;x\n", encoding="cp1252")
    options = RosterOptions(mapping={"first_name": "First", "last_name": "Last"}, encoding="cp1252")
    await submit(coggno, path, url, roster_options=options)
    with JobReader(url) as reader:
        kept, known = reader.roster("hires"), read_roster(path, options)
        for name in ("name", "header", "visible", "delimiter", "encoding", "digest"):
            assert getattr(kept, name) == getattr(known, name)
        assert [row.cells for row in kept.rows] == [row.cells for row in known.rows]
    assert kept.settings == known.settings
