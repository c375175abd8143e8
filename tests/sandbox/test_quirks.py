"""Odd answer shapes on request."""

import pytest

from coggno.sandbox import Sandbox
from coggno.sandbox.quirks import Quirks

from .support import at, connect


def test_without_quirks_answers_keep_their_shape():
    quirks = Quirks()
    assert quirks.shaped("getUser", {"id": 1}) == {"id": 1}
    assert quirks.shaped("listGroupUsers", [{"id": 1}]) == [{"id": 1}]
    assert quirks.takes_logins("getUser")


def test_one_as_a_list_of_one():
    quirks = Quirks(["getUser:list"])
    assert quirks.shaped("getUser", {"id": 1}) == [{"id": 1}]
    assert quirks.shaped("getGroup", {"id": 1}) == {"id": 1}


@pytest.mark.parametrize(("users", "answer"), [([], []), ([1], 1), ([1, 2], [1, 2])])
def test_a_list_of_exactly_one_as_the_object(users, answer):
    assert Quirks(["listGroupUsers:object"]).shaped("listGroupUsers", users) == answer


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("getUsr:list", "did you mean 'getUser'"),
        ("getUser:lst", "did you mean 'list'"),
        ("getUser", "unknown kind ''"),
        ("listUsers:ids", "no user in its path"),
        ("referense", "unknown operation"),
    ],
)
def test_a_quirk_that_does_not_exist_is_an_error(name, message):
    with pytest.raises(ValueError, match=message):
        Sandbox(quirks=[name])


@pytest.mark.parametrize("quirks", ["reference", ["reference"]])
async def test_the_references_own_shapes(quirks):
    sandbox = Sandbox(quirks=quirks)
    user = sandbox.seed_user("ann")
    group = sandbox.seed_group("one", members=[user.id])
    async with connect(sandbox) as api:
        shape = (await api.get("users")).json()[0]
        assert (await api.get("users/ann")).json() == [shape]
        assert (await api.get(f"groups/{group.id}/users/ann")).json() == [shape]
        assert (await api.get(f"groups/{group.id}/users")).json() == shape


async def test_ids_only_where_the_reference_promises_no_more():
    sandbox = Sandbox(quirks=["deleteUser:ids", "removeGroupUser:ids", "getUserLicenses:ids"])
    user = sandbox.seed_user("ann@example.com")
    group = sandbox.seed_group("one", members=[user.id])
    async with connect(sandbox) as api:
        ann = at(user.login)
        assert (await api.get(f"users/{ann}")).status_code == 200
        assert (await api.get(f"users/{ann}/licenses")).status_code == 404
        assert (await api.delete(f"groups/{group.id}/users/{ann}")).status_code == 404
        assert (await api.delete(f"users/{ann}")).status_code == 404
        assert (await api.delete(f"groups/{group.id}/users/{user.id}")).status_code == 200
        assert (await api.delete(f"users/{user.id}")).status_code == 200
