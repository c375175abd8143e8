"""Every operation of the reference, as a plain HTTP client meets it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coggno.sandbox import Sandbox
from coggno.sandbox.api.operations import OPERATION_IDS, OPERATIONS, WRITES
from tests.sandbox.helpers import PASSWORD, at, connect, error, person

ANN = {"login": "ann", "first_name": "Ann", "last_name": "Lee"}
LICENSE = {
    "amount": 1,
    "used": 0,
    "views": 0,
    "start_date": None,
    "complete_date": None,
    "total_time": 0,
    "score": 0,
    "status": "not started",
    "passed": False,
    "created_at": "2025-01-15",
}


def test_ids_are_unique_and_writes_are_not_get():
    assert len(set(OPERATION_IDS)) == len(OPERATIONS) == 18
    assert {operation.id for operation in OPERATIONS if operation.method != "GET"} == WRITES


def test_a_call_does_not_show_its_form():
    operation = OPERATIONS[0]
    from coggno.sandbox.api.calls import ApiCall

    assert PASSWORD not in repr(ApiCall(operation=operation, company=1, path={}, form=person()))


class TestCompanies:
    async def test_create_and_list(self, api, sandbox):
        created = await api.post("companies", data=person("boss", name="Acme"))
        assert created.status_code == 200
        body = created.json()
        assert body == {
            "id": 2,
            "user_id": body["user_id"],
            "login": "boss",
            "first_name": "Ann",
            "last_name": "Lee",
            "name": "Acme",
        }
        assert (await api.get("companies")).json() == [body]
        (effect,) = sandbox.effects
        assert (effect.operation, effect.company, effect.connected) == ("createCompany", 1, 2)
        assert (effect.login, effect.name, effect.user) == ("boss", "Acme", body["user_id"])

    async def test_the_name_may_be_left_out(self, api):
        assert (await api.post("companies", data=person())).json()["name"] is None

    async def test_an_owner_must_be_new_to_coggno(self, api, sandbox):
        sandbox.seed_user("boss")
        refused = await api.post("companies", data=person("boss"))
        assert (refused.status_code, error(refused)["fields"]) == (422, {"login": "is taken"})
        assert (await api.get("companies")).json() == []

    async def test_company_is_connected_to_the_acting_company(self, sandbox):
        second = sandbox.seed_company()
        async with connect(sandbox, company=second.id) as there, connect(sandbox) as here:
            made = (await there.post("companies", data=person("boss"))).json()
            assert (await there.get("companies")).json() == [made]
            assert [each["id"] for each in (await here.get("companies")).json()] == [second.id]
            async with connect(sandbox, company=made["id"]) as grandchild:
                assert (await grandchild.get("users")).json() == []


class TestGroups:
    async def test_create_list_and_get(self, api, sandbox):
        created = await api.post("groups", data={"name": "Warehouse", "description": "Day shift"})
        group = {"id": 1, "name": "Warehouse", "description": "Day shift"}
        assert (created.status_code, created.json()) == (200, group)
        assert (await api.get("groups")).json() == [group]
        assert (await api.get("groups/1")).json() == group
        (effect,) = sandbox.effects
        assert (effect.operation, effect.group, effect.name) == ("createGroup", 1, "Warehouse")

    async def test_the_description_may_be_left_out(self, api):
        assert (await api.post("groups", data={"name": "x"})).json()["description"] is None

    async def test_delete_answers_without_a_description(self, api, sandbox):
        group = sandbox.seed_group("Warehouse", description="Day shift")
        deleted = await api.delete(f"groups/{group.id}")
        assert (deleted.status_code, deleted.json()) == (200, {"id": group.id, "name": "Warehouse"})
        assert (await api.get(f"groups/{group.id}")).status_code == 404
        assert [(each.operation, each.group) for each in sandbox.effects] == [("deleteGroup", group.id)]

    async def test_delete_compares_the_name_if_given(self, api, sandbox):
        group = sandbox.seed_group("Warehouse")
        refused = await api.request("DELETE", f"groups/{group.id}", data={"name": "Office"})
        assert (refused.status_code, list(error(refused)["fields"])) == (422, ["name"])
        assert sandbox.groups() == (group,)
        assert (await api.request("DELETE", f"groups/{group.id}", data={"name": "Warehouse"})).status_code == 200
        assert sandbox.groups() == ()

    async def test_delete_by_name(self, api, sandbox):
        group = sandbox.seed_group("Warehouse")
        deleted = await api.request("DELETE", "groups", data={"name": "Warehouse"})
        assert (deleted.status_code, deleted.json()) == (200, {"id": group.id, "name": "Warehouse"})
        assert [each.operation for each in sandbox.effects] == ["deleteGroupByName"]

    async def test_delete_by_name_needs_exactly_one_group(self, api, sandbox):
        sandbox.seed_group("Twins")
        sandbox.seed_group("Twins")
        assert (await api.request("DELETE", "groups", data={"name": "Nobody"})).status_code == 404
        assert (await api.request("DELETE", "groups", data={"name": "Twins"})).status_code == 422
        missing = await api.request("DELETE", "groups")
        assert (missing.status_code, error(missing)["fields"]) == (422, {"name": "is required"})
        assert (len(sandbox.groups()), sandbox.effects) == (2, ())

    @pytest.mark.parametrize("group_id", ["9", "Warehouse", "01", "1.0"])
    async def test_an_unknown_group_is_missing(self, api, sandbox, group_id):
        sandbox.seed_group("Warehouse")
        for method, path in [
            ("GET", ""),
            ("DELETE", ""),
            ("GET", "/users"),
            ("GET", "/users/1"),
            ("DELETE", "/users/1"),
        ]:
            assert (await api.request(method, f"groups/{group_id}{path}")).status_code == 404
        assert (await api.post(f"groups/{group_id}/users", data={"id": "1"})).status_code == 404


class TestGroupUsers:
    async def test_add_list_get_and_remove(self, api, sandbox):
        user = sandbox.seed_user("ann", first_name="Ann", last_name="Lee")
        group = sandbox.seed_group("Warehouse")
        shape = {"id": user.id, **ANN}
        users = f"groups/{group.id}/users"
        for call in (
            api.post(users, data={"id": user.id}),
            api.get(f"{users}/ann"),
            api.get(f"{users}/{user.id}"),
        ):
            response = await call
            assert (response.status_code, response.json()) == (200, shape)
        assert (await api.get(users)).json() == [shape]
        assert (await api.delete(f"{users}/ann")).json() == shape
        assert (await api.get(users)).json() == []
        assert (await api.get(f"{users}/ann")).status_code == 404
        assert (await api.delete(f"{users}/ann")).status_code == 404
        assert sandbox.users() == (user,)
        assert [(each.operation, each.user, each.group) for each in sandbox.effects] == [
            ("addGroupUser", user.id, group.id),
            ("removeGroupUser", user.id, group.id),
        ]

    async def test_adding_a_member_again_has_no_effect(self, api, sandbox):
        user = sandbox.seed_user()
        group = sandbox.seed_group("Warehouse", members=[user.id])
        assert (await api.post(f"groups/{group.id}/users", data={"id": user.id})).status_code == 200
        assert sandbox.effects == ()

    async def test_user_outside_every_lms_is_not_found(self, api, sandbox):
        group = sandbox.seed_group("Warehouse")
        user = sandbox.seed_user("ann")
        await api.delete("users/ann")
        for user_id in (user.id, 999, 1, -1, 10**30):
            assert (await api.post(f"groups/{group.id}/users", data={"id": user_id})).status_code == 404

    async def test_the_id_must_be_one(self, api, sandbox):
        group = sandbox.seed_group("Warehouse")
        sandbox.seed_user("ann")
        refused = await api.post(f"groups/{group.id}/users", data={"id": "ann"})
        assert (refused.status_code, error(refused)["fields"]) == (422, {"id": "must be an id"})

    async def test_a_user_of_a_connected_company_may_be_added(self, api, sandbox):
        second = sandbox.seed_company()
        user = sandbox.seed_user("ann", company=second.id)
        group = sandbox.seed_group("Warehouse")
        assert (await api.post(f"groups/{group.id}/users", data={"id": user.id})).status_code == 200
        assert sandbox.members(group.id) == (user,)


class TestUsers:
    async def test_create_list_get_and_delete(self, api, sandbox):
        created = await api.post("users", data=person("ann"))
        assert created.status_code == 200
        user = created.json()
        assert user == {"id": user["id"], **ANN}
        assert (await api.get("users")).json() == [user]
        assert (await api.get("users/ann")).json() == (await api.get(f"users/{user['id']}")).json() == user
        assert (await api.delete("users/ann")).json() == user
        assert (await api.get("users")).json() == []
        assert [(each.seq, each.operation, each.login) for each in sandbox.effects] == [
            (1, "createUser", "ann"),
            (2, "deleteUser", "ann"),
        ]

    async def test_the_login_defaults_to_the_email(self, api):
        assert (await api.post("users", data=person())).json()["login"] == "ann@example.com"

    async def test_a_user_may_be_put_into_a_group_at_once(self, api, sandbox):
        group = sandbox.seed_group("Warehouse")
        user = (await api.post("users", data=person("ann", group_id=group.id))).json()
        assert [member.id for member in sandbox.members(group.id)] == [user["id"]]
        assert [(each.user, each.group) for each in sandbox.effects] == [(user["id"], group.id)]

    @pytest.mark.parametrize("group_id", ["99", "-1", "9" * 30, "Warehouse", ""])
    async def test_the_group_must_be_there(self, api, sandbox, group_id):
        refused = await api.post("users", data=person("ann", group_id=group_id))
        assert (refused.status_code, list(error(refused)["fields"])) == (422, ["group_id"])
        assert (sandbox.effects, sandbox.registered("ann")) == ((), None)

    async def test_login_is_taken_in_every_company(self, sandbox):
        second = sandbox.seed_company()
        sandbox.seed_user("ann")
        async with connect(sandbox, company=second.id) as there:
            refused = await there.post("users", data=person("ann"))
            assert (refused.status_code, error(refused)["fields"]) == (422, {"login": "is taken"})

    async def test_a_deleted_user_is_gone_but_registered(self, api, sandbox):
        sandbox.seed_user("ann")
        await api.delete("users/ann")
        assert (await api.get("users/ann")).status_code == 404
        assert (await api.delete("users/ann")).status_code == 404
        assert (await api.post("users", data=person("ann"))).status_code == 422
        assert sandbox.user("ann") is None
        assert sandbox.registered("ann") is not None

    @pytest.mark.parametrize("field", ["email", "first_name", "last_name", "password"])
    @pytest.mark.parametrize("path", ["users", "companies"])
    async def test_missing_required_field_is_named(self, api, sandbox, path, field):
        form = person("ann")
        del form[field]
        refused = await api.post(path, data=form)
        assert (refused.status_code, error(refused)["fields"]) == (422, {field: "is required"})
        assert sandbox.effects == ()

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("email", "nobody"),
            ("email", "@example.com"),
            ("email", "ann@"),
            ("email", " "),
            ("password", ""),
            ("password", "12345"),
            ("password", "x" * 41),
            ("login", ""),
            ("login", "  "),
            ("first_name", ""),
        ],
    )
    async def test_invalid_field_is_named_and_not_quoted(self, api, sandbox, field, value):
        refused = await api.post("users", data=person("ann") | {field: value})
        assert (refused.status_code, list(error(refused)["fields"])) == (422, [field])
        assert sandbox.effects == ()
        if len(value) > 4:
            assert value not in refused.text

    @pytest.mark.parametrize("password", ["123456", "x" * 40, "      ", "pässwörd", "a&b=c%+"])
    async def test_six_to_forty_characters_are_a_password(self, api, password):
        assert (await api.post("users", data=person("ann", password=password))).status_code == 200

    async def test_an_undeclared_field_is_named(self, api, sandbox):
        refused = await api.post("users", data=person("ann", group="Warehouse", Email="x"))
        assert refused.status_code == 422
        assert error(refused)["fields"] == {"group": "is not declared", "Email": "is not declared"}
        assert sandbox.effects == ()


class TestLicenses:
    async def test_documents_have_samples(self, api):
        documents = (await api.get("documents")).json()
        assert documents[0] == {
            "id": 1,
            "title": "Training",
            "published": 1,
            "type": "ScormDocument",
            "published_at": "2025-01-15",
            "created_at": "2025-01-15",
        }
        assert len(documents) == 3

    async def test_user_and_document_show_the_same_license(self, api, sandbox):
        user = sandbox.seed_user("ann", first_name="Ann", last_name="Lee")
        sandbox.seed_license(user.id, 1)
        holder = {"id": user.id, "first_name": "Ann", "last_name": "Lee"}
        document = {"id": 1, "title": "Training"}
        assert (await api.get("users/ann/licenses")).json() == {
            "user": holder,
            "licenses": [{**LICENSE, "document": document}],
        }
        assert (await api.get("documents/1/licenses")).json() == {
            "document": document,
            "licenses": [{**LICENSE, "user": holder}],
        }

    async def test_nobody_has_licenses_at_first(self, api, sandbox):
        user = sandbox.seed_user()
        assert (await api.get(f"users/{user.id}/licenses")).json()["licenses"] == []
        assert (await api.get("documents/2/licenses")).json()["licenses"] == []

    async def test_unknown_users_and_documents_are_missing(self, api):
        for path in ("users/99/licenses", "documents/99/licenses", "documents/Training/licenses"):
            assert (await api.get(path)).status_code == 404


class TestTenants:
    async def test_each_company_has_its_own_users_and_groups(self, sandbox):
        second = sandbox.seed_company()
        async with connect(sandbox) as here, connect(sandbox, company=second.id) as there:
            group = (await there.post("groups", data={"name": "Theirs"})).json()
            await there.post("users", data=person("ann", group_id=group["id"]))
            for path in ("users", "groups"):
                assert (await here.get(path)).json() == []
                assert len((await there.get(path)).json()) == 1
            for path in ("users/ann", f"groups/{group['id']}", f"groups/{group['id']}/users"):
                assert (await here.get(path)).status_code == 404
                assert (await there.get(path)).status_code == 200
            assert (await here.delete("users/ann")).status_code == 404
        assert {effect.company for effect in sandbox.effects} == {second.id}
        assert [user.login for user in sandbox.users(second.id)] == ["ann"]

    async def test_the_own_company_may_be_named(self, sandbox):
        async with connect(sandbox, company=1) as api:
            assert (await api.get("users")).status_code == 200

    @pytest.mark.parametrize(("company", "status"), [(99, 403), ("x", 400), ("", 400), ("1,2", 400)])
    async def test_foreign_company_is_refused(self, sandbox, company, status):
        async with connect(sandbox, company=company) as api:
            assert (await api.get("users")).status_code == status

    async def test_the_header_given_twice_is_refused(self, sandbox):
        async with connect(sandbox) as api:
            headers = [("Coggno-LMS", "1"), ("Coggno-LMS", "1")]
            assert (await api.get("users", headers=headers)).status_code == 400

    async def test_accounts_do_not_reach_each_other(self, sandbox):
        other = sandbox.seed_account("live_other", name="Other")
        async with connect(sandbox, key="live_other") as there, connect(sandbox) as here:
            await there.post("users", data=person("ann"))
            assert (await here.get("users")).json() == []
            assert (await here.get("users", headers={"Coggno-LMS": str(other.id)})).status_code == 403
            assert (await there.get("users", headers={"Coggno-LMS": "1"})).status_code == 403
            assert (await here.post("users", data=person("ann"))).status_code == 422


LOGINS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=20).filter(
    lambda text: text.strip() and text not in {".", ".."} and not text.isdecimal()
)


@given(login=LOGINS)
@settings(max_examples=60, deadline=None)
async def test_any_login_works_in_every_operation(login):
    sandbox = Sandbox()
    group = sandbox.seed_group("one")
    async with connect(sandbox) as api:
        created = await api.post("users", data=person(login, email="ann@example.com", group_id=group.id))
        assert created.json()["login"] == login
        for path in (f"users/{at(login)}", f"groups/{group.id}/users/{at(login)}"):
            assert (await api.get(path)).json() == created.json()
        assert (await api.delete(f"groups/{group.id}/users/{at(login)}")).json() == created.json()
        assert (await api.delete(f"users/{at(login)}")).json() == created.json()
    assert [effect.login for effect in sandbox.effects] == [login] * 3
