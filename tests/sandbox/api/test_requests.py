"""Reading a request: its host, its body within bounds."""

import asyncio
import tracemalloc

import httpx
import pytest
from starlette.requests import Request

from coggno.sandbox import Sandbox, serving
from coggno.sandbox.api.errors import BodyTooLargeError, ForbiddenError, UnknownHostError
from coggno.sandbox.api.requests import check_host, check_origin, host_name, read_body
from tests.sandbox.helpers import connect, error, person

NONE = frozenset()


class TestHosts:
    @pytest.mark.parametrize(
        "host",
        [
            None,
            "localhost",
            "LOCALHOST:8000",
            "a.localhost",
            "127.0.0.1",
            "127.0.0.1:80",
            "[::1]",
            "[::1]:80",
            "192.0.2.1",
        ],
    )
    def test_loopback_names_and_addresses_are_accepted(self, host):
        check_host(host, NONE)

    @pytest.mark.parametrize(
        "host",
        ["", "attacker.example", "localhost.attacker.example", "127.0.0.1.attacker.example:80", "notlocalhost", "x y"],
    )
    def test_other_names_are_refused(self, host):
        """A web page of that host could otherwise read the sandbox (DNS rebinding)."""
        with pytest.raises(UnknownHostError, match="allowed_hosts"):
            check_host(host, NONE)

    def test_more_names_can_be_allowed(self):
        check_host("Build.example:8000", frozenset({"build.example"}))
        check_host("anything", frozenset({"*"}))

    @pytest.mark.parametrize(
        ("host", "name"), [("A.b:1", "a.b"), ("[::1]:8", "::1"), ("[::1]", "::1"), ("a", "a"), ("[::1", "::1")]
    )
    def test_name_has_no_port(self, host, name):
        assert host_name(host) == name

    @pytest.mark.parametrize("path", ["/", "/docs", "/_sandbox/effects", "/api/v1/users"])
    async def test_no_page_is_served_under_another_name(self, sandbox, path):
        async with connect(sandbox) as api:
            response = await api.get(f"http://attacker.example{path}")
        assert (response.status_code, error(response)["code"]) == (421, "unknown_host")
        assert sandbox.requests.count(status=421) == 1

    async def test_allowed_name_is_served(self):
        async with connect(Sandbox(allowed_hosts="Team.Example")) as api:
            assert (await api.get("http://team.example/api/v1/users")).status_code == 200


class TestOrigins:
    @pytest.mark.parametrize("origin", [None, "http://localhost:3000", "http://127.0.0.1", "http://[::1]:80"])
    def test_local_pages_are_accepted(self, origin):
        check_origin(origin, NONE)

    @pytest.mark.parametrize("origin", ["null", "", "https://attacker.example", "http://localhost.attacker.example"])
    def test_foreign_pages_are_refused(self, origin):
        with pytest.raises(ForbiddenError):
            check_origin(origin, NONE)

    def test_more_origins_can_be_allowed(self):
        check_origin("https://team.example:8443", frozenset({"team.example"}))
        check_origin("null", frozenset({"*"}))

    async def test_foreign_page_cannot_use_a_cached_key(self, sandbox):
        """A form on another site, sent by a browser that knows the key."""
        headers = {"Origin": "https://attacker.example"}
        async with connect(sandbox) as api:
            fault = await api.post("http://localhost/_sandbox/faults", data={"fault": "drop"}, headers=headers)
            user = await api.post("users", data=person("ann"), headers=headers)
        assert (fault.status_code, user.status_code) == (403, 403)
        assert (len(sandbox.faults), sandbox.effects) == (0, ())


def request(chunks, headers=()):
    messages = iter([{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks])
    read = []

    async def receive():
        message = next(messages, {"type": "http.request", "body": b"", "more_body": False})
        read.append(len(message["body"]))
        return message

    return Request({"type": "http", "method": "POST", "headers": list(headers)}, receive), read


class TestBodies:
    async def test_body_up_to_the_limit_is_read(self):
        body, _ = request([b"a" * 60, b"b" * 40])
        assert await read_body(body, 100) == b"a" * 60 + b"b" * 40

    async def test_reading_ends_at_the_limit(self):
        body, read = request([b"x" * 60] * 10)
        with pytest.raises(BodyTooLargeError, match="larger than 100 bytes"):
            await read_body(body, 100)
        assert len(read) == 2

    @pytest.mark.parametrize("length", [b"101", b"9" * 5000])
    async def test_announced_length_suffices(self, length):
        body, read = request([b"x"], [(b"content-length", length)])
        with pytest.raises(BodyTooLargeError):
            await read_body(body, 100)
        assert read == []

    async def test_large_body_gets_413(self, sandbox):
        async with connect(sandbox) as api:
            response = await api.post("users", data=person("ann", first_name="x" * 1_100_000))
        assert (response.status_code, error(response)["code"]) == (413, "body_too_large")
        assert "1048576 bytes" in error(response)["message"]
        assert sandbox.effects == ()

    async def test_limit_can_be_set(self):
        async with connect(Sandbox(max_body_bytes=50)) as api:
            assert (await api.post("groups", data={"name": "x" * 40})).status_code == 200
            assert (await api.post("groups", data={"name": "x" * 46})).status_code == 413

    async def test_memory_is_bounded_without_a_key(self):
        """200 MB in pieces, without a key: the sandbox holds next to nothing of it."""

        async def pieces():
            for _ in range(200):
                yield b"x" * 1_000_000
                await asyncio.sleep(0)

        async with serving(Sandbox()) as url, httpx.AsyncClient() as client:
            tracemalloc.start()
            try:
                response = await client.post(f"{url}/api/v1/users", content=pieces())
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
        assert response.status_code == 413
        assert peak < 20_000_000
