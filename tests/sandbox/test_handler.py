"""Faults and quirks end to end: what a plain HTTP client gets, and what really happened."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coggno.sandbox import OPERATION_IDS, ConnectionDroppedError, ManualClock, Sandbox, parse_fault
from coggno.sandbox.faults.kinds import KINDS
from tests.sandbox.helpers import connect, error, person

COMPOSED, DECOMPOSED = "Zo\u00eb", "Zoe\u0308"


class TestReadsThatLag:
    async def test_create_lost_not_found_sent_again(self, api, sandbox):
        """Carried out, response lost; the check says 404 because reads lag; sent again, it is refused."""
        for fault in ("createUser:drop,after,times=1", "createUser:lag,reads=2,times=1"):
            await api.post("http://localhost/_sandbox/faults", data={"fault": fault})
        with pytest.raises(ConnectionDroppedError):
            await api.post("users", data=person("ann"))
        assert (await api.get("users/ann")).status_code == 404
        refused = await api.post("users", data=person("ann"))
        assert (refused.status_code, error(refused)["fields"]) == (422, {"login": "is taken"})
        assert (await api.get("users")).json() == []
        assert (await api.get("users/ann")).status_code == 200
        assert [effect.operation for effect in sandbox.effects] == ["createUser"]

    async def test_deletion_that_reads_do_not_see(self, sandbox, clock):
        sandbox = Sandbox(clock=clock, quirks=["deleteUser:lag=30"])
        sandbox.seed_user("ann")
        async with connect(sandbox) as api:
            assert (await api.delete("users/ann")).status_code == 200
            assert (await api.get("users/ann")).status_code == 200
            assert (await api.delete("users/ann")).status_code == 404
            clock.advance(30)
            assert (await api.get("users/ann")).status_code == 404
        assert len(sandbox.effects) == 1


class TestGateway:
    @pytest.mark.parametrize("operation", ["getUser", "reads", "*"])
    async def test_gateway_404_has_its_own_form(self, sandbox, operation):
        sandbox = Sandbox(faults=[f"{operation}:gateway"])
        sandbox.seed_user("ann")
        async with connect(sandbox) as api:
            response = await api.get("users/ann")
        assert (response.status_code, response.json()) == (404, {"message": "no Route matched with those values"})

    async def test_gateway_loses_the_response_to_a_write(self, sandbox):
        sandbox = Sandbox(faults=["deleteUser:gateway=404,body=text,after"])
        sandbox.seed_user("ann")
        async with connect(sandbox) as api:
            response = await api.delete("users/ann")
        assert (response.status_code, response.text) == (404, "no Route matched with those values\n")
        assert [effect.operation for effect in sandbox.effects] == ["deleteUser"]


class TestFields:
    @pytest.mark.parametrize(
        ("quirk", "path", "field", "value"),
        [
            ("getUser:set=last_name,to=null", "users/ann", "last_name", None),
            ("getUser:set=id,to=2.0", "users/ann", "id", 2.0),
            ("reads:set=department,to={}", "users/ann", "department", {}),
            ('getGroup:set=description,to=""', "groups/1", "description", ""),
        ],
    )
    async def test_field_of_one_object(self, quirk, path, field, value):
        sandbox = Sandbox(quirks=[quirk])
        sandbox.seed_group("one")
        sandbox.seed_user("ann")
        async with connect(sandbox) as api:
            found = (await api.get(path)).json()[field]
        assert (found, type(found)) == (value, type(value))

    @pytest.mark.parametrize(
        ("field", "to", "value"),
        [
            ("complete_date", '""', ""),
            ("start_date", '"2025-01-15T08:30:00Z"', "2025-01-15T08:30:00Z"),
            ("amount", "1.0", 1.0),
        ],
    )
    async def test_field_of_a_license(self, field, to, value):
        sandbox = Sandbox(quirks=[f"getUserLicenses:set=licenses.*.{field},to={to}"])
        user = sandbox.seed_user("ann")
        sandbox.seed_license(user.id)
        async with connect(sandbox) as api:
            (license_,) = (await api.get("users/ann/licenses")).json()["licenses"]
        assert (license_[field], type(license_[field])) == (value, type(value))

    async def test_one_record_without_an_id(self):
        sandbox = Sandbox(quirks=["listUsers:remove=3.id"])
        sandbox.seed_users(5)
        async with connect(sandbox) as api:
            users = (await api.get("users")).json()
        assert ["id" in user for user in users] == [True, True, True, False, True]

    async def test_errors_keep_their_form(self):
        sandbox = Sandbox(quirks=["getUser:set=error,to=null"])
        async with connect(sandbox) as api:
            assert error(await api.get("users/ann"))["code"] == "not_found"

    async def test_effects_do_not_change(self):
        sandbox = Sandbox(quirks=["createUser:set=login,to=null", "createUser:remove=id"])
        async with connect(sandbox) as api:
            assert (await api.post("users", data=person("ann"))).json()["login"] is None
        assert [(effect.login, effect.user) for effect in sandbox.effects] == [("ann", 2)]


class TestRequiredFields:
    async def test_delete_group_demands_the_name(self):
        """The reference marks `name` as required beside the id."""
        sandbox = Sandbox(quirks=["deleteGroup:require=name"])
        group = sandbox.seed_group("Warehouse")
        async with connect(sandbox) as api:
            refused = await api.delete(f"groups/{group.id}")
            assert (refused.status_code, error(refused)["fields"]) == (422, {"name": "is required"})
            assert sandbox.effects == ()
            done = await api.request("DELETE", f"groups/{group.id}", data={"name": "Warehouse"})
        assert (done.status_code, [effect.operation for effect in sandbox.effects]) == (200, ["deleteGroup"])


class TestFolding:
    @pytest.mark.parametrize(
        ("folding", "other", "status"),
        [(False, "ANN", 404), ("case", "ANN", 200), ("nfc", "ANN", 404), (True, "ANN", 200)],
    )
    async def test_case(self, folding, other, status):
        await self.check(folding, "ann", other, status)

    @pytest.mark.parametrize(("folding", "status"), [(False, 404), ("case", 404), ("nfc", 200), (True, 200)])
    async def test_unicode(self, folding, status):
        await self.check(folding, COMPOSED, DECOMPOSED, status)

    async def check(self, folding, login, other, status):
        sandbox = Sandbox(fold_logins=folding)
        async with connect(sandbox) as api:
            await api.post("users", data=person(login))
            assert (await api.get(f"users/{other}")).status_code == status
            again = await api.post("users", data=person(other))
        assert again.status_code == (200 if status == 404 else 422)
        assert len(sandbox.effects) == (2 if status == 404 else 1)

    def test_unknown_folding_is_an_error(self):
        with pytest.raises(ValueError, match="fold_logins must be"):
            Sandbox(fold_logins="lower")


async def test_quirks_outlive_the_end_of_faults():
    sandbox = Sandbox(quirks=["getUser:list"], faults=["getUser:status=503"])
    sandbox.seed_user("ann")
    sandbox.faults.clear()
    async with connect(sandbox) as api:
        assert isinstance((await api.get("users/ann")).json(), list)


@given(
    faults=st.lists(st.sampled_from(list(KINDS.values())), min_size=1, max_size=4),
    target=st.sampled_from(["*", "reads", "writes", *OPERATION_IDS]),
    seed=st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
async def test_no_combination_of_faults_breaks_the_sandbox(faults, target, seed):
    """Every kind with its example, on any operation: a response or a dropped connection, and an effect for each 200."""
    sandbox = Sandbox(clock=ManualClock(), seed=seed)
    for kind in faults:
        text = f"{target}:{kind.example.rpartition(':')[2].removesuffix(',p=0.05')},p=0.7"
        # Some quirks are for certain operations only.
        with suppress(ValueError):
            sandbox.faults.add(parse_fault(text))
    async with connect(sandbox) as api:
        for number in range(6):
            for method, path, form in (("POST", "users", person(f"u{number}")), ("GET", "users", None)):
                with suppress(ConnectionDroppedError):
                    assert (await api.request(method, path, data=form)).status_code in {
                        200,
                        204,
                        404,
                        422,
                        429,
                        502,
                        503,
                        504,
                    }
    sandbox.commit_late()
    assert len({effect.login for effect in sandbox.effects}) == len(sandbox.effects) == len(sandbox.users())
    assert [effect.seq for effect in sandbox.effects] == list(range(1, len(sandbox.effects) + 1))
