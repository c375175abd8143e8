"""Over real sockets: what a plain client sees of every fault, starting, stopping."""

import asyncio
import gc
import logging
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from coggno.sandbox import ManualClock, Sandbox, ServerThread, parse_fault, run, serving
from tests.sandbox.helpers import KEY, at, client, person, until


@pytest.fixture(autouse=True)
def quiet(capfd, caplog):
    """No test of this file makes a server print or log anything."""
    caplog.set_level(logging.WARNING)
    yield
    out = capfd.readouterr()
    assert (out.out, out.err) == ("", "")
    # "call": at this point `caplog.records` would be those of the teardown.
    assert [record.getMessage() for record in caplog.get_records("call")] == []


@pytest.fixture
async def base_url(sandbox):
    async with serving(sandbox) as url:
        yield url


@pytest.fixture
async def api(base_url):
    async with client(None, base_url) as plain:
        yield plain


class TestFaults:
    @pytest.mark.parametrize(
        ("fault", "failure", "effects"),
        [
            ("drop", httpx.RemoteProtocolError, 0),
            ("drop,after", httpx.RemoteProtocolError, 1),
            ("reset", httpx.ReadError, 0),
            ("reset,after", httpx.ReadError, 1),
            ("cut", httpx.RemoteProtocolError, 1),
            ("cut=0", httpx.RemoteProtocolError, 1),
            ("cut=0.9", httpx.RemoteProtocolError, 1),
            ("cut,reset", httpx.ReadError, 1),
        ],
    )
    async def test_a_broken_connection_is_a_transport_error(self, api, sandbox, fault, failure, effects):
        sandbox.faults.add(parse_fault(fault))
        with pytest.raises(failure):
            await api.post("users", data=person("ann"))
        assert len(sandbox.effects) == effects
        sandbox.faults.clear()
        assert (await api.get("users")).status_code == 200

    async def test_dropped_connection_sends_no_byte(self, base_url, sandbox):
        sandbox.faults.add(parse_fault("drop"))
        assert await raw(base_url, b"GET /api/v1/users HTTP/1.1\r\nHost: localhost\r\n\r\n") == b""

    async def test_cut_body_announces_the_full_length(self, api, sandbox):
        sandbox.seed_users(2000)
        sandbox.faults.add(parse_fault("listUsers:cut=0.5"))
        body = bytearray()

        async def read(response):
            async for chunk in response.aiter_bytes():
                body.extend(chunk)

        async with api.stream("GET", "users") as response:
            assert response.status_code == 200
            with pytest.raises(httpx.RemoteProtocolError):
                await read(response)
        assert len(body) == int(response.headers["content-length"]) // 2

    @pytest.mark.parametrize(
        ("fault", "status", "content_type", "effects"),
        [
            ("status=429,retry_after=2", 429, "application/json", 0),
            ("status=500,after", 500, "application/json", 1),
            ("html=200", 200, "text/html; charset=utf-8", 0),
            ("html=502,after", 502, "text/html; charset=utf-8", 1),
            ("empty", 200, None, 1),
            ("empty=204", 204, None, 1),
            ("late=5", 504, "application/json", 0),
            ("type=id", 200, "application/json", 1),
            ("latency=9", 200, "application/json", 1),
        ],
    )
    async def test_changed_response_arrives_complete(self, api, sandbox, fault, status, content_type, effects):
        sandbox.faults.add(parse_fault(fault))
        response = await api.post("users", data=person("ann"))
        assert (response.status_code, response.headers.get("content-type")) == (status, content_type)
        assert len(sandbox.effects) == effects

    async def test_a_rate_limit(self, api, sandbox):
        sandbox.faults.add(parse_fault("rate=3"))
        responses = [await api.get("users") for _ in range(4)]
        assert [response.status_code for response in responses] == [200, 200, 200, 429]
        assert responses[-1].headers["retry-after"] == "1"

    async def test_client_that_gives_up_does_not_undo_the_effect(self):
        gate = asyncio.Event()

        class Gate(ManualClock):
            async def sleep(self, seconds):
                await gate.wait()

        sandbox = Sandbox(clock=Gate(), faults=["createUser:latency=1"])
        async with serving(sandbox) as url, client(None, url) as api:
            giving_up = asyncio.create_task(api.post("users", data=person("ann")))
            await until(lambda: sandbox.requests.in_flight == 1)
            giving_up.cancel()
            with pytest.raises(asyncio.CancelledError):
                await giving_up
            assert sandbox.effects == ()
            gate.set()
            await until(lambda: sandbox.requests.in_flight == 0)
            assert len(sandbox.effects) == 1


class TestPaths:
    @pytest.mark.parametrize(
        "login", ["a/b", "a?b", "a#b", "a%2Fb", "a+b", "a b", "Zoë ✓", "a@b.example", "100%", "a;b&c=d", "..."]
    )
    async def test_a_login_is_found_as_it_was_quoted(self, api, sandbox, login):
        user = sandbox.seed_user(login)
        group = sandbox.seed_group("one", members=[user.id])
        assert (await api.get(f"users/{at(login)}")).json()["login"] == login
        assert (await api.get(f"groups/{group.id}/users/{at(login)}")).json()["login"] == login
        assert (await api.delete(f"users/{at(login)}")).json()["login"] == login

    async def test_dot_segments_are_refused(self, base_url, sandbox):
        group = sandbox.seed_group("one")
        head = b"Host: localhost\r\nConnection: close\r\nAuthorization: Basic dGVzdF94Og==\r\n\r\n"
        response = await raw(base_url, b"DELETE /api/v1/groups/1/users/.. HTTP/1.1\r\n" + head)
        assert response.startswith(b"HTTP/1.1 400 ")
        assert sandbox.groups() == (group,)


async def raw(base_url: str, request: bytes) -> bytes:
    """Send bytes as they are, and return all that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(base_url).port)
    writer.write(request)
    response = await reader.read()
    writer.close()
    await writer.wait_closed()
    return response


class TestServing:
    async def test_the_same_sandbox_may_be_served_again(self, sandbox):
        for n in range(3):
            async with serving(sandbox) as url, client(None, url) as api:
                await api.post("users", data=person(f"user{n}"))
        assert len(sandbox.users()) == 3

    async def test_fixed_port_can_be_reused_at_once(self, sandbox):
        async with serving(sandbox) as url, client(None, url) as api:
            port = httpx.URL(url).port
            await api.get("users")
        async with serving(sandbox, port=port) as again, client(None, again) as api:
            assert again == url
            assert (await api.get("users")).status_code == 200

    async def test_occupied_port_is_an_os_error(self, sandbox):
        async with serving(sandbox) as url:
            with pytest.raises(OSError, match="in use"):
                async with serving(sandbox, port=httpx.URL(url).port):
                    pass

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
    async def test_only_loopback_unless_allowed(self, sandbox, host):
        with pytest.raises(ValueError, match="allow_remote=True"):
            async with serving(sandbox, host=host):
                pass

    async def test_other_machines_may_be_allowed(self, sandbox):
        async with serving(sandbox, host="0.0.0.0", allow_remote=True) as url:
            assert url.startswith("http://0.0.0.0:")

    @pytest.mark.skipif(not socket.has_ipv6 or not Path("/proc/net/if_inet6").exists(), reason="no IPv6")
    async def test_ipv6_has_brackets(self, sandbox):
        try:
            async with serving(sandbox, host="::1") as url, client(None, url) as api:
                assert url.startswith("http://[::1]:")
                assert (await api.get("users")).status_code == 200
        except OSError as exc:
            pytest.skip(str(exc))

    async def test_signal_handlers_are_left_alone(self, sandbox):
        before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
        async with serving(sandbox):
            assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == before

    async def test_leaving_breaks_open_connections_at_once(self):
        class Never(ManualClock):
            async def sleep(self, seconds):
                await asyncio.Event().wait()

        sandbox = Sandbox(clock=Never(), faults=["latency=1"])
        async with client(None, "") as api:
            async with serving(sandbox) as url:
                tasks = [asyncio.create_task(self.broken(api, f"{url}/api/v1/users")) for _ in range(5)]
                await until(lambda: sandbox.requests.in_flight == 5)
            await asyncio.gather(*tasks)
        assert sandbox.requests.in_flight == 0

    async def broken(self, api, url):
        with pytest.raises(httpx.TransportError):
            await api.get(url)

    async def test_error_in_the_block_stops_the_server(self, sandbox):
        with pytest.raises(RuntimeError, match="mine"):
            async with serving(sandbox) as url:
                raise RuntimeError("mine")
        async with client(None, url) as api:
            with pytest.raises(httpx.ConnectError):
                await api.get("users")

    async def test_no_task_is_left_running(self, sandbox):
        before = asyncio.all_tasks()
        async with serving(sandbox) as url, client(None, url) as api:
            await asyncio.gather(*(api.get("users") for _ in range(20)))
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == before
        gc.collect()

    async def test_invalid_http_gets_400_without_a_log_line(self, base_url):
        assert (await raw(base_url, b"GARBAGE\r\n\r\n")).startswith(b"HTTP/1.1 400 ")
        upgrade = b"Host: localhost\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\n\r\n"
        assert (await raw(base_url, b"GET / HTTP/1.1\r\n" + upgrade)).startswith(b"HTTP/1.1 200 ")

    async def test_many_requests_at_once_all_succeed(self, api, sandbox):
        responses = await asyncio.gather(*(api.post("users", data=person(f"user{n}")) for n in range(200)))
        assert {response.status_code for response in responses} == {200}
        assert len({response.json()["id"] for response in responses}) == 200
        assert sandbox.requests.total == 200


class TestServerThread:
    def test_it_serves_a_program_without_a_loop(self, sandbox):
        with ServerThread(sandbox) as url, httpx.Client(base_url=f"{url}/api/v1/", auth=(KEY, "")) as api:
            assert api.post("users", data=person("ann")).status_code == 200
            assert [user.login for user in sandbox.users()] == ["ann"]
            sandbox.faults.add(parse_fault("drop"))
            with pytest.raises(httpx.RemoteProtocolError):
                api.get("users")
        assert not [thread for thread in threading.enumerate() if thread.name == "coggno-sandbox"]

    def test_it_may_be_stopped_twice(self, sandbox):
        server = ServerThread(sandbox)
        url = server.start()
        server.stop()
        server.stop()
        with pytest.raises(httpx.ConnectError):
            httpx.get(url)

    def test_startup_error_is_raised_by_start(self, sandbox):
        with pytest.raises(ValueError, match="allow_remote"):
            ServerThread(sandbox, host="0.0.0.0").start()

    def test_state_can_be_read_while_it_serves(self, sandbox):
        with ServerThread(sandbox) as url:
            thread = threading.Thread(target=_fill, args=(url, 100))
            thread.start()
            while thread.is_alive():
                assert len(sandbox.effects) <= len(sandbox.users()) + 1
            thread.join()
        assert len(sandbox.effects) == len(sandbox.users()) == 100


class TestRun:
    def test_it_serves_until_interrupted(self, sandbox):
        urls = []

        def started(url):
            urls.append(httpx.URL(url))
            raise KeyboardInterrupt

        run(sandbox, port=0, on_start=started)
        assert urls[0].host == "127.0.0.1"

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_signal_ends_it_without_a_trace(self, number):
        code = (
            "import signal\n"
            # A shell starts processes in the background with SIGINT ignored, those of this test among them.
            "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            "from coggno.sandbox import Sandbox, run\n"
            "run(Sandbox(), port=0, on_start=lambda url: print(url, flush=True))\n"
            "print('ended')\n"
        )
        with subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as server:
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            assert httpx.get(f"{url}/api/v1/users", auth=(KEY, "")).json() == []
            server.send_signal(number)
            out, err = server.communicate(timeout=30)
        assert (out, err, server.returncode) == ("ended\n", "", 0)


def _fill(url, count):
    with httpx.Client(base_url=f"{url}/api/v1/", auth=(KEY, "")) as api:
        for n in range(count):
            api.post("users", data=person(f"user{n}"))
