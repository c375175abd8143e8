"""A saved plan is carried out as it was, or not at all."""

import json

import httpx
import pytest

from coggno import AsyncCoggno
from coggno.provisioning import PlanError, PlanFile, Removals, RosterOptions, RunOptions, make_plan, read_roster
from coggno.sandbox import Sandbox
from tests.provisioning.helpers import HEADER, carry_out, client_of, collect, outcomes, rename

ROWS = "Ada,Lovelace,ada@example.com,s3cret-word,Warehouse\nAlan,Turing,alan@example.com,s3cret-word,Office\n"


@pytest.fixture
def people_file(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text(HEADER + ROWS)
    return path


@pytest.fixture
def sandbox():
    sandbox = Sandbox()
    warehouse = sandbox.seed_group("Warehouse")
    sandbox.seed_user("ada@example.com", first_name="Ada", last_name="Lovelace", groups=[warehouse.id])
    return sandbox


async def saved(sandbox, people_file, options=RunOptions(), **roster_options):  # noqa: B008 - frozen
    """The path of a plan file."""
    path = people_file.with_suffix(".plan")
    async with client_of(sandbox) as coggno:
        plan = await make_plan(coggno, read_roster(people_file, RosterOptions(**roster_options)), options)
        PlanFile.of(plan).save(path)
    return path


async def test_a_saved_plan_is_carried_out(sandbox, people_file):
    """The roster is read again, with the options that it was read with."""
    path = await saved(sandbox, people_file, groups=["Everybody"])
    assert sandbox.effects == ()
    async with client_of(sandbox) as coggno:
        plan = await PlanFile.load(path).make_again(coggno)
        results = await collect(carry_out(coggno, plan))
    assert outcomes(results) == ["joined", "created"]
    assert sorted(group.name for group in sandbox.groups()) == ["Everybody", "Office", "Warehouse"]


async def test_a_saved_plan_has_no_secrets(sandbox, people_file):
    text = (await saved(sandbox, people_file)).read_text()
    assert "s3cret" not in text
    assert "test_0123456789" not in text


@pytest.mark.parametrize(
    "change",
    [
        lambda sandbox: sandbox.seed_user("alan@example.com", first_name="Alan", last_name="Turing"),
        lambda sandbox: sandbox.seed_group("Office"),
        lambda sandbox: sandbox.seed_group("Warehouse"),
    ],
    ids=["a user", "a group", "a second group of one name"],
)
async def test_a_stale_plan_is_refused(sandbox, people_file, change):
    """What exists has changed in a way that matters."""
    path = await saved(sandbox, people_file)
    change(sandbox)
    async with client_of(sandbox) as coggno:
        with pytest.raises(PlanError, match="has changed since the plan was made"):
            await PlanFile.load(path).make_again(coggno)
    assert sandbox.effects == ()


async def test_other_changes_do_not_matter(sandbox, people_file):
    """Users and groups that the roster does not name."""
    path = await saved(sandbox, people_file)
    sandbox.seed_user("grace@example.com", groups=[sandbox.seed_group("Night shift").id])
    async with client_of(sandbox) as coggno:
        assert (await PlanFile.load(path).make_again(coggno)).new_users == 1


async def test_the_message_says_what_has_changed(sandbox, people_file):
    path = await saved(sandbox, people_file)
    sandbox.seed_user("alan@example.com", first_name="Alan", last_name="Turing")
    async with client_of(sandbox) as coggno:
        with pytest.raises(PlanError, match="new users 1 -> 0"):
            await PlanFile.load(path).make_again(coggno)


async def test_a_renewed_key_is_accepted_when_told_so(sandbox, people_file):
    path = await saved(sandbox, people_file)
    transport = httpx.ASGITransport(app=sandbox)
    async with (
        httpx.AsyncClient(transport=transport) as http_client,
        AsyncCoggno("test_9876543210", base_url="http://localhost", http_client=http_client) as coggno,
    ):
        plan = await PlanFile.load(path).make_again(coggno, RunOptions(recheck=True))
    assert plan.new_users == 1


async def test_removals_that_would_be_refused_are_saved(sandbox, people_file):
    """A plan that was made with removals is never carried out without a word about them."""
    people_file.write_text(f"{HEADER}{ROWS}Bob,,bob@example.com,s3cret-word,\n")
    path = await saved(sandbox, people_file, RunOptions(removals=Removals()))
    assert PlanFile.load(path).removals == Removals()


async def test_a_renamed_leaver_makes_the_plan_stale(sandbox, people_file):
    """The same id with another login is somebody else."""
    leaver = sandbox.seed_user("bob")
    removals = Removals(scope="users", max_share=1.0)
    path = await saved(sandbox, people_file, RunOptions(removals=removals))
    rename(leaver, "carol")
    async with client_of(sandbox) as coggno:
        with pytest.raises(PlanError, match="has changed since the plan was made"):
            await PlanFile.load(path).make_again(coggno)


async def test_an_edited_roster_is_refused(sandbox, people_file):
    """Before anything is sent."""
    path = await saved(sandbox, people_file)
    people_file.write_text(HEADER + ROWS + "Grace,Hopper,grace@example.com,s3cret-word,Office\n")
    requests = sandbox.requests.total
    async with client_of(sandbox) as coggno:
        with pytest.raises(PlanError, match="not as it was when the plan was made"):
            await PlanFile.load(path).make_again(coggno)
    people_file.unlink()
    async with client_of(sandbox) as coggno:
        with pytest.raises(PlanError, match="cannot be read"):
            await PlanFile.load(path).make_again(coggno)
    assert sandbox.requests.total == requests


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"api_key": "live_0123456789"}, "made with a test key, and this is a live key"),
        ({"base_url": "http://127.0.0.1"}, "made for http://localhost, and this is http://127.0.0.1"),
        ({"lms": 7}, "made for the company of the key, and this is company 7"),
        ({"api_key": "test_9876543210"}, "made with another API key"),
    ],
)
async def test_another_target_is_refused(sandbox, people_file, options, words):
    """The key of the other mode, another address, another company: before anything is sent."""
    path = await saved(sandbox, people_file)
    settings = {"api_key": "test_0123456789", "base_url": "http://localhost", **options}
    requests = sandbox.requests.total
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox)) as http_client,
        AsyncCoggno(http_client=http_client, **settings) as coggno,
    ):
        with pytest.raises(PlanError, match=words):
            await PlanFile.load(path).make_again(coggno)
    assert sandbox.requests.total == requests


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not a plan that was saved"),
        ('{"format": "coggno plan", "version": 1}', "another version"),
        ('{"format": "coggno plan", "version": 2}', "damaged"),
        ('{"format": "coggno plan", "version": 2, "target": 5}', "damaged"),
    ],
)
def test_another_file_is_refused(tmp_path, text, words):
    path = tmp_path / "file.plan"
    path.write_text(text)
    with pytest.raises(PlanError, match=words):
        PlanFile.load(path)


def test_a_missing_plan_is_reported(tmp_path):
    with pytest.raises(PlanError, match="cannot be read: No such file"):
        PlanFile.load(tmp_path / "none.plan")


async def test_removals_are_part_of_a_plan(sandbox, people_file):
    """Who would be removed must be the same, too."""
    warehouse = next(group for group in sandbox.groups() if group.name == "Warehouse")
    sandbox.seed_user("left@example.com", groups=[warehouse.id])
    options = RunOptions(removals=Removals(max_share=0.5, protect=["Boss@example.com"]))
    path = await saved(sandbox, people_file, options)
    assert json.loads(path.read_text())["summary"]["removals"] == 1
    file = PlanFile.load(path)
    assert file.removals == options.removals
    async with client_of(sandbox) as coggno:
        assert (await file.make_again(coggno)).leavers.count == 1
        sandbox.seed_user("also@example.com", groups=[warehouse.id])
        with pytest.raises(PlanError, match="removals 1 -> 2"):
            await file.make_again(coggno)
