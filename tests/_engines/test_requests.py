"""What arrives at the server: the same bytes that matter from every engine, and nothing of the caller's client."""

from __future__ import annotations

import asyncio
import gzip
from contextlib import asynccontextmanager
from urllib.parse import quote

import aiohttp
import httpx
import pytest

from coggno import APIConnectionError, APIStatusError, AsyncCoggno, ConfigurationError, DecodeError
from coggno._engines.base import EngineRequest
from coggno._engines.origin import Origin

from .bench import GRACE, PATIENT, bench, certificates
from .cases import body_of
from .kinds import HTTPX, HTTPX2, KINDS, Kind, Setting, on, on_every_engine
from .secrecy import AUTHORIZATION, KEY
from .server import healthy, read, read_anything, respond_with, response_bytes, send, serving, user

LOGINS = [
    "grace@x.example",
    "a/b",
    "what?",
    "#1",
    "100%",
    "%2F",
    "%2f",
    "a+b c",
    "~.-_",
    "...",
    "a/b",
    ".../.a",
    "ünï-çødé 中文 🎉",
    "!$&'()*,;=:[]",
    '"<>\\^`{|}',
]


@on_every_engine
@pytest.mark.parametrize("login", LOGINS)
async def test_a_path_arrives_as_it_was_quoted(kind, login):
    async with bench(kind) as this:
        await this.get(login)
        await this.delete(login)
        target = f"/api/v1/users/{quote(login, safe='')}"
        assert [head.target for head in this.server.heads] == [target, target]


TARGETS = ["/a%2fb", "/%c3%a9?x=%2B+%20&y", "/a;b=1,2:@!$'()*~", "/%7Euser", "/a//b/", "/x?a=b?c/d"]


@on_every_engine
@pytest.mark.parametrize("target", TARGETS)
async def test_an_address_is_not_written_in_another_way(kind, target):
    async with bench(kind, (read_anything,)) as this:
        engine = this.coggno._session.engine
        headers = {"Accept": "*/*", "Accept-Encoding": "gzip", "User-Agent": "x"}
        await engine.send(EngineRequest(method="GET", target=target, headers=headers, content=b""), PATIENT, 100)
        assert this.server.heads[0].target == target


@on_every_engine
async def test_what_a_form_looks_like(kind):
    async with bench(kind) as this:
        await this.create()
        (arrived,) = this.server.arrived
        assert arrived.form == GRACE
        head = arrived.head
        assert head.raw.startswith(b"POST /api/v1/users HTTP/1.1\r\n")
        assert head.header("content-length") == str(len(arrived.body))
        assert head.header("transfer-encoding") is None
        assert head.header("content-type") == "application/x-www-form-urlencoded"


@on_every_engine
async def test_which_headers_are_sent(kind):
    """Ours, the host, the length, and nothing that a library likes to add."""
    async with bench(kind) as this:
        await this.get()
        await this.create()
        names = [sorted(name for name, _ in head.headers) for head in this.server.heads]
        ours = ["accept", "accept-encoding", "authorization", "host", "user-agent"]
        assert names == [ours, sorted([*ours, "content-length", "content-type"])]
        head = this.server.heads[0]
        assert head.header("accept-encoding") == "gzip"
        assert head.header("user-agent").startswith("coggno-python/")
        assert head.header("authorization") == AUTHORIZATION


@on_every_engine
@pytest.mark.parametrize(
    ("method", "content", "length"),
    [
        ("GET", b"", [None]),
        ("DELETE", b"", [None, "0"]),
        ("POST", b"", ["0"]),
        ("PUT", b"", ["0"]),
        ("POST", b"a=b", ["3"]),
        ("DELETE", b"name=Warehouse", ["14"]),
        ("POST", b"x" * 300_000, ["300000"]),
        ("DELETE", b"x" * 300_000, ["300000"]),
    ],
    ids=lambda value: str(len(value)) if isinstance(value, bytes) else str(value),
)
async def test_a_body_has_its_length_and_no_body_has_no_type(kind, method, content, length):
    async with bench(kind, (read_anything,)) as this:
        engine = this.coggno._session.engine
        headers = {"Accept": "*/*", "Accept-Encoding": "gzip", "User-Agent": "x"}
        outgoing = EngineRequest(method=method, target="/x", headers=headers, content=content)
        assert (await engine.send(outgoing, PATIENT, 100)).status == 200
        (arrived,) = this.server.arrived
        assert arrived.body == content
        assert arrived.head.header("content-length") in length
        assert {name for name, _ in arrived.head.headers} <= {
            "accept", "accept-encoding", "content-length", "host", "user-agent"
        }  # fmt: skip


@on_every_engine
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
async def test_the_host_header_has_host_and_port(kind, host):
    async with bench(kind, host=host) as this:
        await this.get()
        assert this.server.heads[0].header("host") == f"{host}:{this.port}"


@on_every_engine
async def test_tls_and_ipv6_together(kind):
    async with bench(kind, host="[::1]", tls=True) as this:
        assert (await this.get()).status == 200
        assert this.server.heads[0].header("host") == f"[::1]:{this.port}"


# Cookies and redirects


@on_every_engine
async def test_a_cookie_is_never_sent_back(kind):
    cookies = respond_with(
        lambda response: response.replace(b"\r\n", b"\r\nSet-Cookie: a=b; Path=/\r\nSet-Cookie: c=d\r\n", 1)
    )
    async with bench(kind, (read, cookies, read, cookies, healthy)) as this:
        for _ in range(3):
            await this.get()
        assert [head.header("cookie") for head in this.server.heads] == [None] * 3
        assert this.server.connections == 1


@on(HTTPX, HTTPX2)
async def test_cookie_is_kept_in_the_callers_jar(kind):
    """Which cannot be helped, and is said in docs/engines.md."""
    cookie = respond_with(lambda response: response.replace(b"\r\n", b"\r\nSet-Cookie: a=b; Path=/\r\n", 1))
    async with bench(kind, (read, cookie, healthy)) as this:
        await this.get()
        assert dict(this.coggno._session.engine.client.cookies) == {"a": "b"}


@on_every_engine
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["get", "create", "delete"])
async def test_a_redirect_is_not_followed(kind, status, method):
    elsewhere = response_bytes(body=b"", status=status, headers=["Location: /api/v1/users/elsewhere"])
    async with bench(kind, (read, send(elsewhere), healthy)) as this:
        assert (await getattr(this, method)()).status == status
        assert len(this.server.heads) == 1


@on_every_engine
@pytest.mark.parametrize("location", ["ftp://x/", "//", "http://[bad", "http://x:abc/", "http://[::zz]/", "mailto:x"])
async def test_a_redirect_to_nowhere_is_not_followed_either(kind, location):
    """httpx parses the address although it must not follow it, and loses the status; see docs/engines.md."""
    elsewhere = response_bytes(body=b"", status=302, headers=[f"Location: {location}"])
    async with bench(kind, (read, send(elsewhere), healthy)) as this:
        if kind is HTTPX and location in {"http://x:abc/", "http://[::zz]/", "mailto:x"}:
            with pytest.raises(APIConnectionError) as caught:
                await this.create()
            assert caught.value.outcome == "unknown"
        else:
            assert (await this.create()).status == 302
        assert this.server.methods == "POST"


async def test_host_refused_by_httpx_is_a_configuration_error():
    """Nothing was sent, and trying again would not help."""
    client = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(500)))
    with pytest.raises(ConfigurationError, match="base_url cannot be used"):
        await AsyncCoggno(KEY, base_url="https://xn--a.example", http_client=client).users.create(**GRACE)


# What the caller's client brings along


def strange_httpx(library, trust):
    return library.AsyncClient(
        verify=trust,
        headers={"Authorization": "Bearer theirs", "X-Theirs": "1", "Accept": "text/css", "Connection": "close"},
        auth=("their", "password"),
        params={"theirs": "1"},
        cookies={"theirs": "1"},
        base_url="http://elsewhere.example/their",
        follow_redirects=True,
        timeout=0.001,
    )


def strange_session(trust):
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=trust),
        headers={"Authorization": "Bearer theirs", "X-Theirs": "1", "Accept": "text/css"},
        cookies={"theirs": "1"},
        cookie_jar=aiohttp.CookieJar(unsafe=True),
        raise_for_status=True,
        trust_env=True,
        timeout=aiohttp.ClientTimeout(total=0.001),
        auto_decompress=False,
    )


def strange(kind: Kind):
    trust = certificates().trust
    if kind.name == "aiohttp session":
        return strange_session(trust)
    return strange_httpx(pytest.importorskip(kind.name), trust)


THEIRS = tuple(kind for kind in KINDS if kind.name not in {"default", "aiohttp"})
on_clients_of_the_caller = on(*THEIRS)


@asynccontextmanager
async def around(client, url):
    async with client, AsyncCoggno(KEY, base_url=url, http_client=client) as coggno:
        yield coggno


@on_clients_of_the_caller
async def test_settings_of_the_callers_client_are_not_used(kind, monkeypatch, tmp_path):
    """No header, credential, parameter, cookie, address, limit or redirect; nor does a failure status raise theirs."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login netrc password netrc\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    async with serving() as (server, url), around(strange(kind), url) as coggno:
        await coggno.users.create(**GRACE)
        with pytest.raises(APIStatusError):
            await coggno.users.get("nobody")
    for head in server.heads:
        assert head.target in {"/api/v1/users", "/api/v1/users/nobody"}
        assert head.header("authorization") == AUTHORIZATION
        assert head.header("accept") == "application/json"
        assert head.header("host") == f"127.0.0.1:{server.port}"
        assert {"x-theirs", "cookie", "connection"} & {name for name, _ in head.headers} == set()


@on_every_engine
async def test_no_netrc(kind, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("default login netrc password netrc\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".netrc").write_text("default login netrc password netrc\n")
    async with bench(kind) as this:
        await this.get()
        assert this.server.heads[0].header("authorization") == AUTHORIZATION


@on_clients_of_the_caller
async def test_the_callers_client_is_as_it_was(kind):
    """It is not closed with ours, still works, and has its own defaults."""
    async with serving() as (server, url), strange(kind) as client:
        async with AsyncCoggno(KEY, base_url=url, http_client=client) as coggno:
            await coggno.users.list()
        if kind.name == "aiohttp session":
            async with client.get(f"{url}/api/v1/users", timeout=aiohttp.ClientTimeout(5)) as response:
                assert response.status == 200
        else:
            assert (await client.get(f"{url}/api/v1/users", timeout=5)).status_code == 200
        assert server.heads[-1].header("x-theirs") == "1"
        assert "theirs=1" in server.heads[-1].header("cookie")


@on_clients_of_the_caller
async def test_client_on_the_callers_need_not_be_closed(kind):
    """Made for each request of a web server, for example, and forgotten: no warning."""
    async with serving() as (_, url), strange(kind) as client:
        coggno = AsyncCoggno(KEY, base_url=url, http_client=client)
        await coggno.users.list()
        del coggno


@on_every_engine
async def test_after_closing_calls_say_so(kind):
    async with bench(kind) as this:
        await this.get()
        await this.coggno.aclose()
        with pytest.raises(ConfigurationError, match="closed"):
            await this.get()


@on_every_engine
async def test_closing_twice_is_no_error_and_closes_all(kind):
    async with bench(kind, size=3) as this:
        await asyncio.gather(*(this.get() for _ in range(3)))
        await this.coggno.aclose()
        await this.coggno.aclose()
        if kind not in THEIRS:
            await this.server.at_most_open(0)


# Hooks and doubles of httpx


@on(HTTPX, HTTPX2)
async def test_event_hooks_run_and_may_read_the_answer(kind):
    seen = []

    async def before(request):
        seen.append(request.method)

    async def after(response):
        seen.append(len(await response.aread()))

    hooks = {"request": [before], "response": [after]}
    zipped = respond_with(lambda a: response_bytes(body=gzip.compress(body_of(a)), headers=["Content-Encoding: gzip"]))
    client = pytest.importorskip(kind.name).AsyncClient(verify=certificates().trust, event_hooks=hooks)
    async with serving((read, zipped, healthy)) as (server, url), around(client, url) as coggno:
        server.users["ada"] = user("ada")
        assert (await coggno.users.get("ada")).first_name == "Ada"
        assert seen == ["GET", len(body_of(response_bytes(server.users["ada"])))]


@on(HTTPX, HTTPX2)
@pytest.mark.parametrize("is_complete", [True, False], ids=["with content", "with a stream"])
async def test_test_double_may_respond_in_gzip(kind, is_complete):
    library = pytest.importorskip(kind.name)
    zipped = gzip.compress(b"[]")

    async def stream():
        yield zipped[:9]
        yield zipped[9:]

    def handle(request):
        return library.Response(200, headers={"Content-Encoding": "gzip"}, content=zipped if is_complete else stream())

    client = library.AsyncClient(transport=library.MockTransport(handle))
    assert await AsyncCoggno(KEY, http_client=client).users.list() == []
    assert [user async for user in AsyncCoggno(KEY, http_client=client).users.iter()] == []


@on(HTTPX, HTTPX2)
async def test_unknown_error_of_a_transport_is_unknown(kind):
    library = pytest.importorskip(kind.name)

    def handle(request):
        raise RuntimeError("boom: " + request.content.decode())

    client = library.AsyncClient(transport=library.MockTransport(handle))
    with pytest.raises(APIConnectionError) as caught:
        await AsyncCoggno(KEY, http_client=client, max_retries=0).users.get("x")
    assert caught.value.outcome == "unknown"
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert "boom" not in str(caught.value)


@on_every_engine
async def test_many_calls_share_few_connections(kind):
    async with bench(kind, size=4) as this:
        this.server.users.update(
            {f"u{n}": {"id": n, "login": f"u{n}", "first_name": "x", "last_name": "x"} for n in range(100)}
        )
        users = await asyncio.gather(*(this.coggno.users.get(f"u{number}") for number in range(100)))
        assert [user.id for user in users] == list(range(100))
        assert this.server.connections <= 4
        assert len(this.server.heads) == 100


# Addresses


@on_every_engine
async def test_path_of_base_url_is_quoted(kind):
    async with (
        serving((read_anything,)) as (server, url),
        kind.opened(Setting(certificates().trust, 1)) as client,
        AsyncCoggno(KEY, base_url=f"{url}/käse/%41", http_client=client) as coggno,
    ):
        with pytest.raises(DecodeError):
            await coggno.users.list()
    assert [head.target for head in server.heads] == ["/k%C3%A4se/%41/api/v1/users"]


async def test_the_default_port_may_be_named():
    for address, netloc in {
        "https://x.example": "x.example",
        "https://x.example:443/capp": "x.example:443",
        "http://[::1]": "[::1]",
        "http://[::1]:8000": "[::1]:8000",
        "https://BÜCHER.example": "xn--bcher-kva.example",
    }.items():
        assert Origin.of(address).netloc == netloc
