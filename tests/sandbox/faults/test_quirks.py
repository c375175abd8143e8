"""Quirks: oddities of a server that works."""

import pytest

from coggno.sandbox import Sandbox
from tests.sandbox.helpers import at, connect


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("getUsr:list", "did you mean 'getUser'"),
        ("getUser:lst", "did you mean 'list'"),
        ("getUser", "unknown kind 'getUser'"),
        ("listUsers:ids", "no user in its path"),
        ("referense", "unknown kind 'referense'"),
        ("createUser:drop", "this is a fault; pass it as one of the faults"),
    ],
)
def test_unknown_quirk_is_an_error(name, message):
    with pytest.raises(ValueError, match=message):
        Sandbox(quirks=[name])


@pytest.mark.parametrize("quirks", ["reference", ["reference"]])
async def test_reference_quirks_change_three_shapes(quirks):
    sandbox = Sandbox(quirks=quirks)
    user = sandbox.seed_user("ann")
    group = sandbox.seed_group("one", members=[user.id])
    async with connect(sandbox) as api:
        shape = (await api.get("users")).json()[0]
        assert (await api.get("users/ann")).json() == [shape]
        assert (await api.get(f"groups/{group.id}/users/ann")).json() == [shape]
        assert (await api.get(f"groups/{group.id}/users")).json() == shape


async def test_ids_quirk_refuses_logins():
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
