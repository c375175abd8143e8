"""Requests through a proxy: over a tunnel in which TLS to the server begins, and with a true outcome when it fails."""

from __future__ import annotations

import asyncio
import importlib
from contextlib import asynccontextmanager

import pytest
from attrs import evolve

from coggno import APIConnectionError, APITimeoutError, AsyncCoggno, ConfigurationError, Timeout

from .bench import GRACE, PATIENT, bench, certificates
from .kinds import AIOHTTP, DEFAULT, HTTPX, HTTPX2, Kind, on
from .proxies import http, socks, tunnel_proxy
from .secrecy import KEY, secrets_in
from .server import close, listening_socket, read_head, read_some, reset, response_bytes, send, serving, until_it_leaves
from .server import tls as handshake

LOGIN = ("user", "s3cret/@:")
CREDENTIALS = "user:s3cret%2F%40%3A@"
REFUSALS = {
    "closed": ((read_some, close), "closed|disconnected|ServerDisconnected"),
    "closed after reading": ((read_head, close), "closed|disconnected|ServerDisconnected"),
    "reset": ((read_head, reset), ""),
    "no HTTP": ((read_head, send(b"SSH-2.0-x\r\n\r\n"), close), ""),
    "407": ((read_head, send(response_bytes(body=b"", status=407)), close), "407"),
    "503": ((read_head, send(response_bytes(body=b"", status=503)), close), "503"),
    "the login as a reason": ((read_head, send(b"HTTP/1.1 502 s3cret\r\nContent-Length: 0\r\n\r\n"), close), "502"),
    "no TLS": ((read_head, send(b"HTTP/1.1 200 OK\r\n\r\n"), close), ""),
}


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def proxied(kind: Kind, address: str, monkeypatch) -> Kind:
    """Return this kind with a proxy: from the environment where the client is ours, else that of the client."""
    if kind not in {HTTPX, HTTPX2}:
        monkeypatch.setenv("HTTPS_PROXY", address)
        return kind

    @asynccontextmanager
    async def opened(setting):
        library = importlib.import_module(kind.name)
        limits = library.Limits(max_connections=setting.size)
        proxy = library.Proxy(address, ssl_context=setting.trust) if address.startswith("https") else address
        async with library.AsyncClient(verify=setting.trust, limits=limits, proxy=proxy, trust_env=False) as client:
            yield client

    return Kind(kind.name, opened)


on_engines_with_a_proxy = on(DEFAULT, HTTPX, HTTPX2, AIOHTTP)


@on_engines_with_a_proxy
@pytest.mark.parametrize("login", [None, LOGIN], ids=["open", "login"])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_requests_through_a_tunnel(kind, scheme, login, monkeypatch):
    """Many requests through two connections: the proxy sees where they go, and nothing else."""
    tls = certificates().good if scheme == "https" else None
    async with tunnel_proxy(http, login=login, tls=tls) as proxy:
        address = f"{scheme}://{CREDENTIALS if login else ''}127.0.0.1:{proxy.port}"
        async with bench(proxied(kind, address, monkeypatch), tls=True, size=2) as this:
            users = await asyncio.gather(*(this.coggno.users.get("ada") for _ in range(20)))
            assert (await this.coggno.users.create(**GRACE)).login == "grace"
            assert {user.login for user in users} == {"ada"}
            assert proxy.tunnels == 2
            assert all(head.startswith(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n" % this.port) for head in proxy.asked)
            assert not any(KEY.encode() in head for head in proxy.asked)
            assert {head.header("proxy-authorization") for head in this.server.heads} == {None}


@on(DEFAULT)
@pytest.mark.parametrize("login", [None, LOGIN], ids=["open", "login"])
async def test_requests_through_socks(kind, login, monkeypatch):
    async with tunnel_proxy(socks, login=login) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"socks5://{CREDENTIALS if login else ''}127.0.0.1:{proxy.port}")
        async with bench(kind, tls=True, host="localhost") as this:
            assert (await this.coggno.users.get("ada")).login == "ada"
            assert proxy.asked == [b"\x05\x01\x00\x03" + b"localhost" + this.port.to_bytes(2, "big")]


@pytest.mark.parametrize("address", ["[::1]", "127.0.0.1"])
async def test_ip_addresses_through_a_tunnel(address, monkeypatch):
    async with tunnel_proxy(http) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        async with bench(DEFAULT, tls=True, host=address) as this:
            assert (await this.coggno.users.get("ada")).login == "ada"
            assert proxy.asked[0].startswith(f"CONNECT {address}:{this.port} ".encode())


@on_engines_with_a_proxy
@pytest.mark.parametrize("name", REFUSALS)
async def test_tunnel_that_fails_is_not_sent(kind, name, monkeypatch):
    """Nothing was sent to the server, whatever the proxy does with the request for a tunnel."""
    script, expected = REFUSALS[name]
    async with serving(script) as (proxy, url):
        address = f"http://{CREDENTIALS}{url.removeprefix('http://')}"
        async with bench(proxied(kind, address, monkeypatch), tls=True, max_retries=0) as this:
            with pytest.raises(APIConnectionError, match=f"(?s)proxy .*{expected}") as caught:
                await this.coggno.users.create(**GRACE)
            assert caught.value.outcome == "not_sent"
            assert url.removeprefix("http://") in str(caught.value)
            assert "s3cret" not in "".join(map(str, (caught.value, caught.value.__cause__)))
            assert list(secrets_in(caught.value)) == []
            assert this.server.connections == 0
        assert proxy.heads[0].header("authorization") is None if proxy.heads else name == "closed"


@on_engines_with_a_proxy
@pytest.mark.parametrize("script", [(until_it_leaves,), (read_head, until_it_leaves)], ids=["not read", "read"])
async def test_silent_proxy_is_not_sent(kind, script, monkeypatch):
    limits = Timeout(connect=0.1, read=0.1, write=5, pool=5)
    async with (
        serving(script) as (_, url),
        bench(proxied(kind, url, monkeypatch), tls=True, limits=limits, max_retries=0) as this,
    ):
        with pytest.raises(APITimeoutError, match=f"through the proxy {url.removeprefix('http://')}") as caught:
            await this.coggno.users.create(**GRACE)
        assert caught.value.outcome == "not_sent"


@on_engines_with_a_proxy
async def test_refused_login_is_not_repeated(kind, monkeypatch):
    async with tunnel_proxy(http, login=LOGIN) as proxy:
        wrong = proxied(kind, f"http://user:s3cret@127.0.0.1:{proxy.port}", monkeypatch)
        async with bench(wrong, tls=True) as this:
            with pytest.raises(APIConnectionError, match="407") as caught:
                await this.coggno.users.list()
        assert caught.value.outcome == "not_sent"
        assert len(proxy.asked) == 1


@pytest.mark.parametrize(
    ("greeting", "message"),
    [
        (b"\x05\xff", "demands a login; check user name and password"),
        (b"\x04\x00", "does not speak SOCKS 5"),
        (b"\x05\x00\x05\x02\x00\x01" + bytes(6), "refused: not allowed by its rules"),
        (b"\x05\x00\x05\x63\x00\x01" + bytes(6), "refused: 99"),
        (b"\x05", "the proxy closed the connection"),
    ],
)
async def test_socks_proxy_that_refuses(greeting, message, monkeypatch):
    async with serving((read_some, send(greeting), close)) as (_, url):
        monkeypatch.setenv("ALL_PROXY", url.replace("http", "socks5"))
        async with bench(DEFAULT, tls=True, max_retries=0) as this:
            with pytest.raises(APIConnectionError, match=message) as caught:
                await this.coggno.users.create(**GRACE)
    assert caught.value.outcome == "not_sent"


async def test_socks_proxy_that_refuses_the_login(monkeypatch):
    async with tunnel_proxy(socks, login=LOGIN) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"socks5://user:wrong@127.0.0.1:{proxy.port}")
        async with bench(DEFAULT, tls=True) as this:
            with pytest.raises(APIConnectionError, match="refused the login; check user name and password"):
                await this.coggno.users.list()


@on_engines_with_a_proxy
async def test_certificate_of_the_server_is_checked(kind, monkeypatch):
    """Through a tunnel, too: the proxy could be anybody."""
    async with tunnel_proxy(http) as proxy:
        through = proxied(kind, f"http://127.0.0.1:{proxy.port}", monkeypatch)
        async with bench(through, (handshake(lambda: certificates().foreign),), tls=True) as this:
            with pytest.raises(APIConnectionError, match="the server's certificate was refused") as caught:
                await this.coggno.users.list()
    assert caught.value.outcome == "not_sent"
    assert proxy.tunnels == 1


@on_engines_with_a_proxy
async def test_cancelling_loses_no_tunnel(kind, monkeypatch):
    """Cancelled after 0, 1, 2, ... turns of the loop, in the handshakes and after them."""
    async with tunnel_proxy(http) as proxy:
        through = proxied(kind, f"http://127.0.0.1:{proxy.port}", monkeypatch)
        async with bench(through, tls=True, size=2) as this:
            for turns in range(60):
                tasks = [asyncio.ensure_future(this.get()) for _ in range(3)]
                for _ in range(turns):
                    await asyncio.sleep(0)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            assert [one.status for one in await asyncio.gather(*(this.get() for _ in range(4)))] == [200] * 4


def test_proxied_client_works_in_a_second_loop(monkeypatch):
    refusal = (read_head, send(response_bytes(body=b"", status=503)), close)
    with listening_socket() as sock:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{sock.getsockname()[1]}")
    coggno = AsyncCoggno(KEY, base_url="https://127.0.0.1:9", max_retries=0)

    async def call():
        async with serving(refusal) as (proxy, url):
            engine = coggno._session.engine
            engine.proxy = evolve(engine.proxy, port=int(url.rpartition(":")[2]))
            with pytest.raises(APIConnectionError):
                await coggno.users.list()
            return proxy.connections

    assert [asyncio.run(call()), asyncio.run(call())] == [1, 1]


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
@pytest.mark.parametrize("hidden", ["wrapped", "opaque"])
async def test_wrapped_transport_may_not_proxy_plain_http(library, hidden):
    """It is found inside a transport of the caller's; at the latest when it is about to send."""
    module = pytest.importorskip(library)

    async with serving() as (proxy, url), serving() as (server, address):

        class Wrapped(module.AsyncBaseTransport):
            def __init__(self, transport):
                self.handle_async_request = transport.handle_async_request
                self.aclose = transport.aclose
                if hidden == "wrapped":
                    self.inner = transport

        transport = Wrapped(module.AsyncHTTPTransport(proxy=url))
        async with module.AsyncClient(transport=transport) as client:
            with pytest.raises(ConfigurationError, match=f"through the proxy {url.removeprefix('http://')} without"):
                async with AsyncCoggno(KEY, base_url=address, http_client=client) as coggno:
                    await coggno.users.create(**GRACE)
        assert (proxy.methods, server.methods) == ("", "")


async def test_aiohttp_refuses_a_socks_proxy(monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "socks5://user:s3cret@127.0.0.1:1080")
    with pytest.raises(ConfigurationError, match=r"SOCKS proxy 127\.0\.0\.1:1080 \(ALL_PROXY\); leave http_client out"):
        AsyncCoggno(KEY, base_url="https://127.0.0.1:9", http_client="aiohttp")


@on(DEFAULT, AIOHTTP)
async def test_plain_http_never_goes_through_a_proxy(kind, monkeypatch):
    async with serving() as (proxy, url):
        for name in ("HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, url)
        async with bench(kind, limits=PATIENT) as this:
            assert (await this.get()).status == 200
        assert proxy.methods == ""
