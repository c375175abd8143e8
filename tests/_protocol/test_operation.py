"""The client and the sandbox over a real socket: all operations, the reference's quirks, and every kind of fault."""

import contextlib

import pytest

from coggno import (
    APIConnectionError,
    AsyncCoggno,
    AuthenticationError,
    DecodeError,
    NotFoundError,
    OutcomeUnknownError,
    RateLimitError,
    ServerError,
    UnprocessableEntityError,
)
from coggno.sandbox import OPERATION_IDS, Sandbox, serving

ADA = {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace", "password": "s3cret-word"}
ENGINES = [None, "aiohttp"]


@contextlib.asynccontextmanager
async def client_of(sandbox, **options):
    async with serving(sandbox) as url, AsyncCoggno("test_key", base_url=url, decoding="strict", **options) as coggno:
        yield coggno


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "quirks", [(), ("reference",), tuple(f"{name}:list" for name in OPERATION_IDS if name != "deleteUser")]
)
async def test_all_operations(quirks, engine):
    sandbox = Sandbox(quirks=quirks)
    async with client_of(sandbox, http_client=engine) as coggno:
        company = await coggno.companies.create(**{**ADA, "login": "owner@x.example"}, name="Engines")
        assert [item.id for item in await coggno.companies.list()] == [company.id]
        tenant = coggno.as_company(company.id)
        assert await tenant.groups.list() == []

        group = await coggno.groups.create(name="Warehouse", description="Ware & <Haus> 100%")
        assert await coggno.groups.get(group.id) == group
        assert await coggno.groups.list() == [group]
        user = await coggno.users.create(**ADA, login="ada/x?#%+@. é", group_id=group.id)
        assert await coggno.users.get(user.login) == await coggno.users.get(user.id) == user
        assert await coggno.users.list() == [user]
        assert [item async for item in coggno.users.iter()] == [user]
        assert await coggno.groups.users.list(group.id) == [user]
        assert await coggno.groups.users.get(group.id, user.login) == user
        assert await coggno.groups.users.remove(group.id, user.login) == user
        assert await coggno.groups.users.add(group.id, user.id) == user

        document = (await coggno.documents.list())[0]
        sandbox.seed_license(user=user.id, document=document.id)
        (licence,) = (await coggno.users.licenses(user.login)).licenses
        assert licence.document.title == document.title
        assert [item.user.id for item in (await coggno.documents.licenses(document.id)).licenses] == [user.id]

        assert await coggno.users.delete(user.login) == user
        with pytest.raises(NotFoundError):
            await coggno.users.get(user.id)
        assert (await coggno.groups.delete(group.id, "Warehouse")).id == group.id
        other = await coggno.groups.create(name="Office")
        assert (await coggno.groups.delete_by_name("Office")).id == other.id
    assert {name for name in OPERATION_IDS if sandbox.requests.count(name)} == set(OPERATION_IDS)


async def test_wrong_key_is_an_authentication_error():
    sandbox = Sandbox(keys=["test_right"])
    async with client_of(sandbox) as coggno:
        with pytest.raises(AuthenticationError) as caught:
            await coggno.users.list()
    assert "test_key" not in f"{caught.value} {caught.value.body}"


AFTER = [
    "createUser:status=503,after,times=1",
    "createUser:drop,after,times=1",
    "createUser:reset,after,times=1",
    "createUser:cut=0.5,times=1",
    "createUser:html=200,after,times=1",
    "createUser:html=502,after,times=1",
    "createUser:empty,times=1",
    "createUser:type=id,times=1",
]
BEFORE = ["createUser:status=503,times=1", "createUser:drop,times=1", "createUser:status=429,retry_after=0,times=1"]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("fault", AFTER + BEFORE)
async def test_one_fault_and_one_user_is_created(fault, engine, quick):
    sandbox = Sandbox(faults=[fault])
    async with client_of(sandbox, http_client=engine) as coggno:
        user = await quick(coggno).users.create(**ADA)
    assert user.login == "ada@example.com"
    assert [effect.operation for effect in sandbox.effects] == ["createUser"]
    assert sandbox.requests.count("createUser") == (1 if fault in AFTER else 2)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("getUser:status=503", ServerError),
        ("getUser:drop", APIConnectionError),
        ("getUser:reset", APIConnectionError),
        ("getUser:cut=0.5", (APIConnectionError, DecodeError)),
        ("getUser:html=200", DecodeError),
        ("getUser:empty", DecodeError),
        ("getUser:type=login", DecodeError),
        ("getUser:status=429", RateLimitError),
    ],
)
async def test_read_that_keeps_failing_ends_in_its_error(fault, error, engine, quick):
    sandbox = Sandbox(faults=[fault])
    sandbox.seed_user("ada")
    async with client_of(sandbox, http_client=engine) as coggno:
        with pytest.raises(error) as caught:
            await quick(coggno).users.get("ada")
    assert caught.value.operation == "getUser"
    assert sandbox.requests.count("getUser") == (1 if "type" in fault else 4)


async def test_late_commit_is_found_or_reported(quick):
    sandbox = Sandbox(faults=["createUser:late,requests=2,times=1"])
    async with client_of(sandbox) as coggno:
        user = await quick(coggno).users.create(**ADA)
    assert user.login == "ada@example.com"
    assert len(sandbox.effects) == 1


async def test_lost_group_is_not_created_twice(quick):
    sandbox = Sandbox(faults=["createGroup:drop,after,times=1"])
    async with client_of(sandbox) as coggno:
        with pytest.raises(OutcomeUnknownError) as caught:
            await quick(coggno).groups.create(name="Warehouse")
        assert [group.name for group in caught.value.candidates] == ["Warehouse"]
        assert not (await coggno.groups.ensure(name="Warehouse")).created
    assert len(sandbox.groups()) == 1


async def test_removals_whose_answer_is_lost_are_done_once(quick):
    sandbox = Sandbox(
        faults=[
            "deleteUser:drop,after,times=1",
            "removeGroupUser:status=504,after,times=1",
            "deleteGroup:cut=0.3,times=1",
        ]
    )
    group = sandbox.seed_group("Warehouse")
    user = sandbox.seed_user("ada", groups=[group.id])
    async with client_of(sandbox) as coggno:
        patient = quick(coggno)
        assert await patient.groups.users.remove(group.id, "ada") is None
        assert await patient.users.delete(user.id) is None
        assert await patient.groups.delete(group.id) is None
    assert [effect.operation for effect in sandbox.effects] == ["removeGroupUser", "deleteUser", "deleteGroup"]


async def test_a_user_registered_elsewhere_is_refused():
    sandbox = Sandbox()
    other = sandbox.seed_company()
    sandbox.seed_user("ada@example.com", company=other.id)
    async with client_of(sandbox) as coggno:
        with pytest.raises(UnprocessableEntityError):
            await coggno.users.create(**ADA)


async def test_five_hundred_tasks_share_fifty_connections():
    import asyncio

    sandbox = Sandbox()
    async with client_of(sandbox) as coggno:
        users = await asyncio.gather(
            *(coggno.users.create(**{**ADA, "email": f"u{number}@example.com"}) for number in range(500))
        )
        assert coggno._session.engine.pool.open_connections == (50, 0)
    assert len({user.id for user in users}) == 500
