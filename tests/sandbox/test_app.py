"""The application in process: letting in, refusing, faults, the log."""

import asyncio
import json

import httpx
import pytest

from coggno.sandbox import (
    OPERATION_IDS,
    Capacity,
    ConnectionDroppedError,
    CutBody,
    Drop,
    Empty,
    Fault,
    Html,
    LateCommit,
    Latency,
    ManualClock,
    RateLimit,
    Sandbox,
    Status,
    WrongType,
)
from tests.sandbox.helpers import KEY, PASSWORD, at, connect, error, person, until

REQUESTS = {
    "listCompanies": ("GET", "companies", None),
    "createCompany": ("POST", "companies", person("boss")),
    "listGroups": ("GET", "groups", None),
    "createGroup": ("POST", "groups", {"name": "new"}),
    "deleteGroupByName": ("DELETE", "groups", {"name": "two"}),
    "getGroup": ("GET", "groups/1", None),
    "deleteGroup": ("DELETE", "groups/1", None),
    "listGroupUsers": ("GET", "groups/1/users", None),
    "addGroupUser": ("POST", "groups/2/users", {"id": "2"}),
    "getGroupUser": ("GET", "groups/1/users/ann", None),
    "removeGroupUser": ("DELETE", "groups/1/users/ann", None),
    "listUsers": ("GET", "users", None),
    "createUser": ("POST", "users", person("bob")),
    "getUser": ("GET", "users/ann", None),
    "deleteUser": ("DELETE", "users/ann", None),
    "getUserLicenses": ("GET", "users/ann/licenses", None),
    "listDocuments": ("GET", "documents", None),
    "getDocumentLicenses": ("GET", "documents/1/licenses", None),
}


@pytest.fixture
def furnished(sandbox):
    """A sandbox in which every request of `REQUESTS` succeeds."""
    sandbox.seed_group("one")
    sandbox.seed_group("two")
    user = sandbox.seed_user("ann", groups=[1])
    assert user.id == 2
    return sandbox


def ask(api: httpx.AsyncClient, operation: str, **more):
    method, path, data = REQUESTS[operation]
    return api.request(method, path, **({"data": data} | more))


@pytest.mark.parametrize("operation", OPERATION_IDS)
class TestEveryOperation:
    async def test_succeeds_and_is_counted(self, furnished, operation):
        async with connect(furnished) as api:
            response = await ask(api, operation)
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/json"
        assert response.headers["x-request-id"] == "sandbox-1"
        assert furnished.requests.count(operation, status=200) == furnished.requests.total == 1
        writes = [operation] if REQUESTS[operation][0] != "GET" else []
        assert [effect.operation for effect in furnished.effects] == writes

    async def test_is_served_below_the_live_prefix_too(self, furnished, operation):
        async with connect(furnished) as api:
            api.base_url = "http://localhost/capp/api/v1/"
            assert (await ask(api, operation)).status_code == 200

    @pytest.mark.parametrize("key", [None, "live_key", "other"])
    async def test_needs_a_key(self, furnished, operation, key):
        async with connect(furnished, key=key) as api:
            response = await ask(api, operation)
        assert (response.status_code, error(response)["code"]) == (401, "unauthorized")
        assert response.headers["www-authenticate"].startswith("Basic")
        assert furnished.effects == ()

    async def test_refuses_a_query(self, furnished, operation):
        async with connect(furnished) as api:
            response = await ask(api, operation, params={"page": "2"})
        assert response.status_code == 422
        assert error(response)["fields"] == {"page": "is not declared for the query"}
        assert furnished.effects == ()

    async def test_refuses_an_undeclared_field(self, furnished, operation):
        data = (REQUESTS[operation][2] or {}) | {"colour": "red"}
        async with connect(furnished) as api:
            response = await ask(api, operation, data=data)
        assert response.status_code == 422
        assert error(response)["fields"] == {"colour": "is not declared"}
        assert furnished.effects == ()

    async def test_refuses_json(self, furnished, operation):
        async with connect(furnished) as api:
            response = await ask(api, operation, data=None, json={"name": "two"})
        assert (response.status_code, error(response)["code"]) == (400, "bad_request")
        assert furnished.effects == ()

    async def test_a_status_before_the_effect_has_none(self, furnished, operation):
        furnished.faults.add(Fault(Status(503), operation))
        async with connect(furnished) as api:
            response = await ask(api, operation)
        assert (response.status_code, error(response)["code"]) == (503, "server_error")
        assert furnished.effects == ()

    async def test_a_drop_after_the_effect_hides_it(self, furnished, operation):
        furnished.faults.add(Fault(Drop(after=True), operation))
        async with connect(furnished) as api:
            with pytest.raises(ConnectionDroppedError):
                await ask(api, operation)
        assert len(furnished.effects) == (REQUESTS[operation][0] != "GET")
        assert furnished.requests.count(operation, status=200) == 0


class TestUndeclared:
    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [("GET", "nothing", 404), ("PUT", "users", 405), ("HEAD", "users", 405), ("PATCH", "users/ann", 405)],
    )
    async def test_paths_and_methods(self, api, sandbox, method, path, status):
        response = await api.request(method, path)
        assert response.status_code == status
        assert sandbox.requests.count(status=status) == 1
        assert sandbox.requests.recent[0].operation is None

    async def test_allow_header_lists_declared_methods(self, api):
        response = await api.put("users")
        assert (response.headers["allow"], error(response)["code"]) == ("GET, POST", "method_not_allowed")

    async def test_another_protocol_is_an_error(self, sandbox):
        with pytest.raises(RuntimeError, match="websocket"):
            await sandbox({"type": "websocket"}, None, None)

    async def test_lifespan_messages_are_confirmed(self, sandbox):
        messages = iter(["lifespan.startup", "lifespan.shutdown"])
        sent = []

        async def receive():
            return {"type": next(messages)}

        async def send(message):
            sent.append(message["type"])

        await sandbox({"type": "lifespan"}, receive, send)
        assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]

    async def test_raw_path_may_be_missing(self, sandbox):
        sandbox.seed_user("Zoë")
        sent = []

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http",
            "method": "GET",
            "path": "/api/v1/users/Zoë",
            "query_string": b"",
            "headers": [(b"authorization", b"Basic dGVzdF94Og==")],
        }
        await sandbox(scope, receive, send)
        assert json.loads(sent[1]["body"])["login"] == "Zoë"

    async def test_client_that_leaves_during_its_body_is_not_counted(self, sandbox):
        async def receive():
            return {"type": "http.disconnect"}

        scope = {"type": "http", "method": "POST", "path": "/api/v1/users", "query_string": b"", "headers": []}
        await sandbox(scope, receive, None)
        assert sandbox.requests.total == 0


class TestSecrets:
    async def test_keys_and_passwords_are_not_returned(self, sandbox):
        texts = []
        async with connect(sandbox) as api:
            forms = (person("ann"), person("ann"), person("ann", email="x"), {"password": PASSWORD})
            texts += [(await api.post("users", data=form)).text for form in forms]
            texts.append((await api.get("users", params={"password": PASSWORD})).text)
            texts.append((await api.post("users", json=person("ann"))).text)
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            texts.append((await api.post("users", content=json.dumps(person("a=b")), headers=form)).text)
            texts.append((await api.post("users", content=PASSWORD, headers=form)).text)
            texts.append((await api.get("users", auth=("live_secret", PASSWORD))).text)
        texts += [repr(sandbox.requests.recent), repr(sandbox.effects)]
        for text in texts:
            assert PASSWORD not in text
            assert KEY not in text
            assert "live_secret" not in text


class TestKeys:
    async def test_named_keys_are_the_only_ones(self):
        sandbox = Sandbox(keys=["live_key"])
        for key, status in [("live_key", 200), (KEY, 401)]:
            async with connect(sandbox, key=key) as api:
                assert (await api.get("users")).status_code == status


class TestFaults:
    @pytest.mark.parametrize("after", [False, True])
    @pytest.mark.parametrize("code", [400, 401, 403, 404, 422, 429, 500, 502, 503, 504])
    async def test_a_status(self, api, sandbox, code, after):
        sandbox.faults.add(Fault(Status(code, after=after)))
        response = await api.post("users", data=person("ann"))
        assert response.status_code == code
        assert error(response)["message"]
        assert "retry-after" not in response.headers
        assert len(sandbox.effects) == after
        assert sandbox.requests.recent[0].fault == "Status"

    async def test_retry_after(self, api, sandbox):
        sandbox.faults.add(Fault(Status(429, retry_after=3)))
        assert (await api.get("users")).headers["retry-after"] == "3"

    async def test_fault_before_the_effect_needs_no_key(self, sandbox):
        sandbox.faults.add(Fault(Status(503)))
        async with connect(sandbox, key=None) as api:
            assert (await api.get("users")).status_code == 503

    async def test_fault_after_the_effect_does_not_skip_the_key(self, sandbox):
        sandbox.faults.add(Fault(Status(503, after=True)))
        async with connect(sandbox, key=None) as api:
            assert (await api.post("users", data=person("ann"))).status_code == 503
        assert sandbox.effects == ()

    @pytest.mark.parametrize("action", [Drop(), Drop(reset=True), Drop(after=True), CutBody(), CutBody(0)])
    async def test_broken_connection_raises_the_chosen_exception(self, action):
        sandbox = Sandbox(dropped=httpx.ReadError, faults=[Fault(action)])
        async with connect(sandbox) as api:
            with pytest.raises(httpx.ReadError):
                await api.post("users", data=person("ann"))
        assert len(sandbox.effects) == (action not in {Drop(), Drop(reset=True)})
        (exchange,) = sandbox.requests.recent
        assert (exchange.status, exchange.fault) == (None, type(action).__name__)

    @pytest.mark.parametrize("after", [False, True])
    async def test_latency_before_and_after_the_effect(self, sandbox, clock, after):
        sandbox.faults.add(Fault(Latency(2, after=after)))
        async with connect(sandbox) as api:
            assert (await api.post("users", data=person("ann"))).status_code == 200
        assert (clock.now(), sandbox.effects[0].at) == (2, 0 if after else 2)

    @pytest.mark.parametrize("latency", [0.5, (0.2, 0.8)])
    async def test_latency_of_the_server_stays(self, clock, latency):
        """It is no outage: `faults.clear()` leaves it."""
        sandbox = Sandbox(clock=clock, latency=latency)
        sandbox.faults.clear()
        async with connect(sandbox) as api:
            await api.get("users")
        assert 0.2 <= clock.now() <= 0.8
        assert sandbox.requests.recent[0].seconds == clock.now()

    async def test_a_rate_limit(self, api, sandbox, clock):
        sandbox.faults.add(Fault(RateLimit(2)))
        codes = [(await api.get("users")).status_code for _ in range(4)]
        assert codes == [200, 200, 429, 429]
        assert (await api.get("users")).headers["retry-after"] == "1"
        clock.advance(1)
        assert (await api.get("users")).status_code == 200

    async def test_capacity_makes_the_others_wait(self, api, sandbox, clock):
        sandbox.faults.add(Fault(Capacity(4, seconds=1)))
        await asyncio.gather(*(api.get("users") for _ in range(12)))
        assert (clock.now(), sandbox.requests.peak) == (3, 12)

    @pytest.mark.parametrize("code", [200, 404, 502])
    @pytest.mark.parametrize("after", [False, True])
    async def test_html_instead_of_json(self, api, sandbox, code, after):
        sandbox.faults.add(Fault(Html(code, after=after)))
        response = await api.post("users", data=person("ann"))
        assert response.status_code == code
        assert response.headers["content-type"].startswith("text/html")
        assert response.text.startswith("<!DOCTYPE html>")
        assert len(sandbox.effects) == after

    @pytest.mark.parametrize("code", [200, 201, 202, 204])
    async def test_an_empty_success(self, api, sandbox, code):
        sandbox.faults.add(Fault(Empty(code)))
        response = await api.post("users", data=person("ann"))
        assert (response.status_code, response.content, len(sandbox.effects)) == (code, b"", 1)

    async def test_a_wrong_type(self, api, sandbox):
        sandbox.seed_users(2)
        sandbox.faults.add(Fault(WrongType("id")))
        assert [user["id"] for user in (await api.get("users")).json()] == ["2", 3]

    async def test_a_late_commit_by_time(self, api, sandbox, clock):
        sandbox.faults.add(Fault(LateCommit(30), "createUser", times=1))
        late = await api.post("users", data=person("ann"))
        assert (late.status_code, sandbox.effects, sandbox.pending) == (504, (), 1)
        assert (await api.get("users/ann")).status_code == 404
        clock.advance(30)
        assert (await api.get("users/ann")).status_code == 200
        assert [(effect.late, effect.at) for effect in sandbox.effects] == [(True, 30)]

    async def test_a_late_commit_by_requests(self, api, sandbox):
        sandbox.faults.add(Fault(LateCommit(requests=2, code=502), "createUser"))
        assert (await api.post("users", data=person("ann"))).status_code == 502
        codes = [(await api.get("users/ann")).status_code for _ in range(4)]
        assert codes == [404, 404, 200, 200]

    async def test_a_late_commit_that_comes_second_has_no_effect(self, api, sandbox, clock):
        """The client sends again too early, and both arrive: the login is still there only once."""
        sandbox.faults.add(Fault(LateCommit(30), times=1))
        assert (await api.post("users", data=person("ann"))).status_code == 504
        assert (await api.post("users", data=person("ann"))).status_code == 200
        clock.advance(60)
        assert [effect.late for effect in sandbox.effects] == [False]

    async def test_invalid_request_is_refused_at_once(self, api, sandbox):
        sandbox.faults.add(Fault(LateCommit()))
        assert (await api.post("users", data={})).status_code == 422
        assert sandbox.pending == 0

    async def test_fault_key_matches_path_and_form(self, api, sandbox):
        sandbox.seed_user("a/b@example.com")
        sandbox.faults.add(Fault(Status(), key="a/b@example.com"))
        sandbox.faults.add(Fault(Status(), key="ann"))
        assert (await api.get(f"users/{at('a/b@example.com')}")).status_code == 503
        assert (await api.post("users", data=person("ann"))).status_code == 503
        assert (await api.post("users", data=person("bob"))).status_code == 200

    async def test_fault_key_never_matches_a_password(self, api, sandbox):
        sandbox.faults.add(Fault(Status(), key=PASSWORD))
        assert (await api.post("users", data=person("ann"))).status_code == 200


class TestReplay:
    FAULTS = ("writes:status=503,after,p=0.2", "writes:drop,p=0.2", "createUser:late=5,p=0.2", "reads:html=502,p=0.3")

    async def play(self, seed: int, *, concurrency: int = 1) -> tuple[set, set]:
        """Create fifty users and read each; return what was received, and who exists."""
        sandbox = Sandbox(faults=self.FAULTS, seed=seed, clock=ManualClock())
        seen = []

        async def row(n: int) -> None:
            for attempt in range(3):
                for call in (api.post("users", data=person(f"user{n}")), api.get(f"users/user{n}")):
                    try:
                        seen.append((n, attempt, (await call).headers["content-type"]))
                    except ConnectionDroppedError:
                        seen.append((n, attempt, "dropped"))

        async with connect(sandbox) as api:
            for start in range(0, 50, concurrency):
                await asyncio.gather(*(row(n) for n in range(start, start + concurrency)))
        sandbox.commit_late()
        return set(seen), {(effect.login, effect.late) for effect in sandbox.effects}

    async def test_same_seed_gives_same_faults_at_any_concurrency(self):
        assert await self.play(1) == await self.play(1) == await self.play(1, concurrency=10)

    async def test_another_seed_gives_other_faults(self):
        assert await self.play(1) != await self.play(2)

    async def test_password_does_not_change_the_faults(self):
        results = []
        for password in ("first-password", "second-password"):
            sandbox = Sandbox(faults=["status=503,p=0.5"], seed=3)
            async with connect(sandbox) as api:
                calls = [api.post("users", data=person(f"u{n}", password=password)) for n in range(30)]
                results.append([(await call).status_code for call in calls])
        assert results[0] == results[1]
        assert set(results[0]) == {200, 503}


async def test_a_user_just_created_may_lag(clock):
    sandbox = Sandbox(lag=10, clock=clock)
    async with connect(sandbox) as api:
        assert (await api.post("users", data=person("ann"))).status_code == 200
        assert (await api.get("users/ann")).status_code == 404
        assert (await api.post("users", data=person("ann"))).status_code == 422
        clock.advance(10)
        assert (await api.get("users/ann")).status_code == 200


async def test_a_cancelled_request_is_counted_and_closed(sandbox):
    """The client gives up before the effect: the application is cancelled in process."""

    class Never(ManualClock):
        async def sleep(self, seconds):
            await asyncio.Event().wait()

    sandbox = Sandbox(clock=Never(), faults=["latency=1"])
    async with connect(sandbox) as api:
        task = asyncio.create_task(api.get("users"))
        await until(lambda: sandbox.requests.in_flight > 0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert (sandbox.requests.in_flight, sandbox.requests.recent[0].status) == (0, None)


async def test_requests_are_kept_in_bounds():
    sandbox = Sandbox(keep=5)
    async with connect(sandbox) as api:
        for _ in range(9):
            await api.get("users")
    assert [exchange.seq for exchange in sandbox.requests.recent] == [5, 6, 7, 8, 9]
    assert sandbox.requests.recent[0].path == "/api/v1/users"
