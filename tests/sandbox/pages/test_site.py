"""Which page there is at which path, and who may read it."""

import pytest

from coggno.sandbox import OPERATION_IDS, Sandbox, fault_help
from tests.sandbox.helpers import PASSWORD, connect, person

CONTROL = ["/_sandbox/state", "/_sandbox/effects", "/_sandbox/requests", "/_sandbox/faults"]


class TestOpenPages:
    @pytest.mark.parametrize("path", ["/", "/_sandbox", "/_sandbox/"])
    async def test_first_page_explains_the_sandbox(self, api, path):
        page = await api.get(f"http://localhost:8000{path}", auth=None)
        assert page.headers["content-type"].startswith("text/plain")
        assert "curl http://localhost:8000/api/v1/users -u test_sandbox:" in page.text
        assert all(operation in page.text for operation in OPERATION_IDS)
        assert fault_help() in page.text

    async def test_docs_is_a_page_without_other_hosts(self, api):
        page = await api.get("http://localhost/docs", auth=None)
        assert page.headers["content-type"].startswith("text/html")
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "//" not in page.text.replace("http://localhost", "")

    async def test_spec_is_yaml(self, api):
        spec = await api.get("http://localhost:8000/openapi.yaml", auth=None)
        assert spec.headers["content-type"].startswith("application/yaml")
        assert "openapi: 3.1.0" in spec.text

    @pytest.mark.parametrize("path", ["/docs/", "/docs/x.js", "/docs/../pages/site.py", "/openapi.json", "/_sandbox/x"])
    async def test_no_other_path_is_a_page(self, api, path):
        assert (await api.get(f"http://localhost{path}", auth=None)).status_code == 404

    async def test_secret_keys_are_not_shown(self):
        sandbox = Sandbox(keys=["live_secret"])
        async with connect(sandbox, key=None) as api:
            for path in ("/", "/docs", "/docs/operations", "/openapi.yaml"):
                page = await api.get(f"http://localhost{path}")
                assert page.status_code == 200
                assert "live_secret" not in page.text

    async def test_they_do_not_count_as_requests(self, api, sandbox):
        for path in ("/", "/docs", "/openapi.yaml", *CONTROL):
            await api.get(f"http://localhost{path}")
        assert sandbox.requests.total == 0


class TestControlPages:
    @pytest.mark.parametrize("path", CONTROL)
    @pytest.mark.parametrize("key", [None, "live_other", "test_"])
    async def test_they_need_a_key(self, sandbox, path, key):
        sandbox.seed_user("ann")
        async with connect(sandbox, key=key) as api:
            for method in ("GET", "POST", "DELETE") if path.endswith("faults") else ("GET",):
                page = await api.request(method, f"http://localhost{path}")
                assert (page.status_code, page.headers["www-authenticate"][:5]) == (401, "Basic")
                assert "ann" not in page.text

    async def test_without_a_key_no_fault_is_removed(self, sandbox):
        async with connect(sandbox) as friend, connect(sandbox, key=None) as stranger:
            await friend.post("http://localhost/_sandbox/faults", data={"fault": "drop"})
            await stranger.delete("http://localhost/_sandbox/faults")
            await stranger.post("http://localhost/_sandbox/faults", data={"fault": "reset"})
        assert len(sandbox.faults) == 1

    async def test_state_counts_what_there_is(self, api):
        await api.post("users", data=person("ann"))
        state = (await api.get("http://localhost/_sandbox/state")).json()
        assert state["companies"] == [{"id": 1, "name": "Sandbox", "connected_to": None, "users": 1, "groups": 0}]
        assert (state["effects"], state["late"]) == (1, 0)
        assert state["requests"]["by_operation"]["createUser"] == 1

    async def test_effects_show_no_password(self, api):
        await api.post("users", data=person("ann"))
        effects = await api.get("http://localhost/_sandbox/effects")
        assert [(each["operation"], each["login"]) for each in effects.json()] == [("createUser", "ann")]
        assert PASSWORD not in effects.text

    async def test_faults_are_added_shown_and_removed(self, api):
        page = "http://localhost/_sandbox/faults"
        added = await api.post(page, data={"fault": "listUsers:status=503,times=1"})
        assert added.json() == [{"fault": "listUsers:status=503,times=1", "applied": 0}]
        assert (await api.get("users")).status_code == 503
        assert (await api.get(page)).json() == [{"fault": "listUsers:status=503,times=1", "applied": 1}]
        assert (await api.delete(page)).json() == []
        assert (await api.get("users")).status_code == 200

    async def test_one_of_several_faults_is_removed(self, api):
        page = "http://localhost/_sandbox/faults"
        for fault in ("listUsers:status=503,times=1", "drop"):
            await api.post(page, data={"fault": fault})
        left = await api.request("DELETE", page, data={"fault": "listUsers:status,times=1"})
        assert left.json() == [{"fault": "*:drop", "applied": 0}]
        again = await api.request("DELETE", page, data={"fault": "listUsers:drop"})
        assert (again.status_code, again.json()["error"]["message"]) == (422, "no such fault is active")

    async def test_requests_are_shown_without_the_key(self, api):
        await api.get("users/test_key")
        (request,) = (await api.get("http://localhost/_sandbox/requests")).json()
        assert (request["path"], request["status"], request["operation"]) == ("/api/v1/users/***", 404, "getUser")

    async def test_invalid_fault_is_explained(self, api, sandbox):
        page = await api.post("http://localhost/_sandbox/faults", data={"fault": "createUsr:drop"})
        assert page.status_code == 422
        assert "did you mean 'createUser'?" in page.json()["error"]["message"]
        assert len(sandbox.faults) == 0

    @pytest.mark.parametrize(("content", "status"), [("x" * 2_000_000, 413), ("fault=%zz", 400), ("fualt=drop", 422)])
    async def test_invalid_form_is_refused(self, api, content, status):
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        page = await api.post("http://localhost/_sandbox/faults", content=content, headers=headers)
        assert page.status_code == status

    async def test_other_methods_are_no_page(self, api):
        assert (await api.post("http://localhost/_sandbox/state")).status_code == 404
