"""Pages for people."""

from coggno.sandbox import OPERATION_IDS
from tests.sandbox.helpers import PASSWORD, person


async def test_the_first_page_says_what_this_is(api):
    page = await api.get("http://localhost/", auth=None)
    assert page.headers["content-type"].startswith("text/plain")
    assert "Coggno sandbox" in page.text
    assert all(operation in page.text for operation in OPERATION_IDS)


async def test_state_and_effects_can_be_looked_at(api, sandbox):
    await api.post("users", data=person("ann"))
    state = (await api.get("http://localhost/_sandbox/state")).json()
    assert state["companies"] == [{"id": 1, "name": "Sandbox", "connected_to": None, "users": 1, "groups": 0}]
    assert (state["effects"], state["late"]) == (1, 0)
    assert state["requests"]["by_operation"]["createUser"] == 1
    effects = await api.get("http://localhost/_sandbox/effects")
    assert [(each["operation"], each["login"]) for each in effects.json()] == [("createUser", "ann")]
    assert PASSWORD not in effects.text
    assert sandbox.requests.total == 1


async def test_the_reference_can_be_read(api):
    page = await api.get("http://localhost/docs", auth=None)
    assert page.headers["content-type"].startswith("text/html")
    assert "Coggno" in page.text


async def test_they_are_only_to_be_read(api):
    assert (await api.post("http://localhost/_sandbox/state")).status_code == 404
