"""Proxies and certificates that the environment names."""

from __future__ import annotations

import httpx
import pytest

from coggno import APIConnectionError, AsyncCoggno, ConfigurationError
from coggno._engines import engine_for
from coggno._engines.environment import create_ssl_context, proxy_for
from coggno._engines.origin import Origin

from .bench import GRACE, bench, certificates
from .kinds import AIOHTTP, DEFAULT, HTTPX, HTTPX2, on
from .secrecy import KEY, secrets_in
from .server import healthy, listening_socket, serving, tls

ADDRESS = "https://beta.coggno.com"
PROXY = "http://proxy.example:3128"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch):
    for scheme in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{scheme}_proxy", raising=False)
        monkeypatch.delenv(f"{scheme}_PROXY".upper(), raising=False)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)


def choose(base_url=ADDRESS):
    return engine_for(None, base_url=base_url, max_connections=7)


@pytest.mark.parametrize(
    ("environment", "address", "expected"),
    [
        ({}, ADDRESS, False),
        ({"HTTPS_PROXY": PROXY}, ADDRESS, True),
        ({"https_proxy": PROXY}, ADDRESS, True),
        ({"HTTPS_PROXY": "proxy.example:3128"}, ADDRESS, True),
        ({"ALL_PROXY": PROXY}, ADDRESS, True),
        ({"HTTP_PROXY": PROXY}, ADDRESS, False),
        ({"HTTP_PROXY": PROXY}, "http://localhost:8000", False),
        ({"ALL_PROXY": PROXY}, "http://127.0.0.1:8000", False),
        ({"HTTPS_PROXY": ""}, ADDRESS, False),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "coggno.com"}, ADDRESS, False),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": ".coggno.com"}, ADDRESS, False),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "*"}, ADDRESS, False),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "other.com"}, ADDRESS, True),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "localhost"}, "https://localhost:8000", False),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "localhost:9"}, "https://localhost:8000", True),
    ],
)
@pytest.mark.parametrize("http_client", [None, "aiohttp"])
async def test_proxy_in_the_environment_is_used(environment, address, expected, http_client, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    engine = engine_for(http_client, base_url=address, max_connections=7)
    assert (engine.proxy is not None) is expected
    await engine.aclose()


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (PROXY, "proxy.example:3128 (HTTPS_PROXY)"),
        ("http://user:s3cret@proxy.example:3128", "proxy.example:3128 (HTTPS_PROXY)"),
        ("https://proxy.example", "proxy.example (HTTPS_PROXY)"),
        ("http://[::1]:3128/", "[::1]:3128 (HTTPS_PROXY)"),
    ],
)
def test_proxy_label_has_no_credentials(value, label, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", value)
    proxy = proxy_for(Origin.of(ADDRESS))
    assert proxy.label == label
    assert "s3cret" not in repr(proxy)


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
@pytest.mark.parametrize(
    "value",
    [
        "http://user:s3cret@127.0.0.1:99999",
        "http://s3cret:x",
        "ftp://s3cret",
        "http://",
        "http://[s3cret",
        "http://s3cret..x",
    ],
)
def test_malformed_proxy_names_the_variable(variable, value, monkeypatch):
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError, match=f"{variable} is not the address of a proxy; it looks like") as caught:
        choose()
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("login", ["u" * 256, "u:" + "s3cret" * 43], ids=["user", "password"])
def test_login_too_long_for_socks_names_the_variable(login, monkeypatch):
    monkeypatch.setenv("ALL_PROXY", f"socks5://{login}@127.0.0.1:1080")
    with pytest.raises(ConfigurationError, match="ALL_PROXY: user name or password is too long") as caught:
        choose()
    assert "s3cret" not in str(caught.value)


def test_malformed_proxy_does_not_matter_if_not_used(monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:99999")
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    choose()


async def test_plain_http_to_this_machine_avoids_the_proxy(monkeypatch):
    """It is allowed because nobody else can read the key; a proxy could."""
    async with serving() as (proxy, proxy_url), serving() as (server, url):
        for name in ("HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy_url)
        async with AsyncCoggno(KEY, base_url=url) as coggno:
            assert await coggno.users.list() == []
    assert (proxy.methods, server.methods) == ("", "GET")


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
async def test_httpx_client_may_not_proxy_plain_http(library, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://user:s3cret@proxy.example:3128")
    async with pytest.importorskip(library).AsyncClient() as client:
        with pytest.raises(ConfigurationError, match=r"proxy\.example:3128 without encryption; pass") as caught:
            AsyncCoggno(KEY, base_url="http://localhost:8000", http_client=client)
        assert "s3cret" not in str(caught.value)
        AsyncCoggno(KEY, http_client=client)


async def test_unreachable_proxy_is_named(monkeypatch):
    with listening_socket() as nobody:
        address = f"127.0.0.1:{nobody.getsockname()[1]}"
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:s3cret@{address}")
        async with AsyncCoggno(KEY, base_url="https://127.0.0.1:9", max_retries=0) as coggno:
            with pytest.raises(APIConnectionError, match="no connection through the proxy") as caught:
                await coggno.users.create(**GRACE)
    assert f"{address} (HTTPS_PROXY)" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert caught.value.outcome == "not_sent"
    assert list(secrets_in(caught.value)) == []


@pytest.fixture
def no_certificates(tmp_path):
    path = tmp_path / "empty.pem"
    path.write_text("no certificate\n")
    return path


@pytest.mark.parametrize(
    ("variable", "name", "reason"),
    [
        ("SSL_CERT_FILE", "missing.pem", "there is no such file"),
        ("SSL_CERT_FILE", "empty.pem", "it holds no usable certificate"),
        ("SSL_CERT_DIR", "missing", "there is no folder"),
    ],
)
@pytest.mark.parametrize("http_client", [None, "aiohttp"])
async def test_unusable_certificates_are_named(
    variable, name, reason, http_client, tmp_path, no_certificates, monkeypatch
):
    monkeypatch.setenv(variable, str(tmp_path / name))
    async with AsyncCoggno(KEY, base_url="https://127.0.0.1:9", http_client=http_client) as coggno:
        with pytest.raises(ConfigurationError, match=reason) as caught:
            await coggno.users.create(**GRACE)
    assert variable in str(caught.value)
    assert str(tmp_path / name) in str(caught.value)


async def test_unusable_certificates_with_a_proxy_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    async with AsyncCoggno(KEY, base_url=ADDRESS) as coggno:
        with pytest.raises(ConfigurationError, match="SSL_CERT_FILE"):
            await coggno.users.list()


def test_default_certificates_are_those_of_certifi():
    assert create_ssl_context().get_ca_certs()


def test_certificates_of_the_package_may_be_missing(monkeypatch):
    """Not a matter of configuration: an installation is broken."""

    def fail():
        raise FileNotFoundError("cacert.pem")

    monkeypatch.setattr(httpx, "create_ssl_context", fail)
    with pytest.raises(FileNotFoundError):
        create_ssl_context()


@on(DEFAULT, HTTPX, HTTPX2, AIOHTTP)
@pytest.mark.parametrize("which", ["elsewhere", "foreign"])
async def test_refused_certificate_is_explained(kind, which):
    async with bench(kind, (tls(lambda: getattr(certificates(), which)), healthy), tls=True) as this:
        with pytest.raises(APIConnectionError, match="the server's certificate was refused: ") as caught:
            await this.create()
        assert caught.value.outcome == "not_sent"
        assert caught.value.retryable is False
    reasons = {
        "elsewhere": "not valid for '127.0.0.1'. Check the address (base_url)",
        "foreign": "unable to get local issuer certificate. If a company proxy or a test server uses its own "
        "certificate authority, set SSL_CERT_FILE to the file",
    }
    assert reasons[which] in str(caught.value)


def test_only_http_1_1_is_offered(monkeypatch):
    """A server that prefers HTTP/2 must not choose it."""
    offered = []
    context = type("Context", (), {"set_alpn_protocols": lambda self, protocols: offered.append(protocols)})()
    monkeypatch.setattr(httpx, "create_ssl_context", lambda: context)
    assert create_ssl_context() is context
    assert offered == [["http/1.1"]]
