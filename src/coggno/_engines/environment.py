"""What the environment says about proxies and certificates: `HTTPS_PROXY`, `NO_PROXY`, `SSL_CERT_FILE`, ..."""

from __future__ import annotations

import os
import ssl
from base64 import b64encode
from typing import Final
from urllib.parse import unquote, urlsplit

from attrs import field, frozen

from coggno._engines.origin import Origin
from coggno.errors import ConfigurationError

_PROXY_PORTS: Final = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
_LONGEST_LOGIN: Final = 255  # bytes of a user name or a password (RFC 1929)


@frozen(kw_only=True)
class Proxy:
    """A proxy that the environment names.

    Attributes:
        scheme: `http`, `https` (TLS to the proxy as well), `socks5` or `socks5h`.
        host: a name or an IP address.
        port: its port.
        user: the user name, if any.
        password: of the user.
        label: host and port, and the variable that names it: what an error may show.
    """

    scheme: str
    host: str
    port: int
    user: str | None = field(repr=False)
    password: str = field(repr=False)
    label: str

    @property
    def is_socks(self) -> bool:
        """Whether it speaks SOCKS and not HTTP."""
        return self.scheme.startswith("socks")

    @property
    def headers(self) -> dict[str, str]:
        """The login, for a proxy that speaks HTTP."""
        if self.user is None:
            return {}
        login = b64encode(f"{self.user}:{self.password}".encode()).decode()
        return {"Proxy-Authorization": f"Basic {login}"}


def proxy_for(origin: Origin) -> Proxy | None:
    """Return the proxy that the environment names for `origin`, if any.

    Plain http never goes through a proxy: it is only allowed to this machine, where nobody else can read the key.

    Raises:
        ConfigurationError: the proxy's address cannot be used.
    """
    if origin.scheme != "https":
        return None
    import urllib.request  # as heavy as all of attrs: only when a client is made

    proxies = urllib.request.getproxies()
    scheme = next((scheme for scheme in ("https", "all") if proxies.get(scheme)), None)
    if scheme is None or urllib.request.proxy_bypass(origin.netloc):
        return None
    return _checked(proxies[scheme], _variable(scheme))


def _checked(value: str, variable: str) -> Proxy:
    url = value if "://" in value else f"http://{value}"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if not host or parts.scheme not in _PROXY_PORTS or not _is_host(host):
        # The value is not shown: it may hold a password.
        message = f"{variable} is not the address of a proxy; it looks like http://proxy.example:3128"
        raise ConfigurationError(message)
    user = None if parts.username is None else unquote(parts.username)
    password = unquote(parts.password or "")
    if parts.scheme.startswith("socks") and max(len(text.encode()) for text in (user or "", password)) > _LONGEST_LOGIN:
        raise ConfigurationError(f"{variable}: user name or password is too long for a SOCKS proxy (255 bytes)")
    shown = f"[{host}]" if ":" in host else host
    return Proxy(
        scheme=parts.scheme,
        host=host,
        port=port or _PROXY_PORTS[parts.scheme],
        user=user,
        password=password,
        label=f"{shown}:{port} ({variable})" if port else f"{shown} ({variable})",
    )


def _is_host(host: str) -> bool:
    try:
        return bool(host.encode("idna"))
    except UnicodeError:  # such as "a..b": the first request would fail with it
        return False


def _variable(scheme: str) -> str:
    """Return the name of the variable that `getproxies` took the proxy from; it prefers lower case."""
    lower = f"{scheme}_proxy"
    return lower if os.environ.get(lower) else lower.upper()


def create_ssl_context() -> ssl.SSLContext:
    """Return a context that trusts `SSL_CERT_FILE`, else `SSL_CERT_DIR`, else the certificates of certifi.

    Raises:
        ConfigurationError: the file or folder that the environment names cannot be used.
    """
    from pathlib import Path

    import httpx

    # OpenSSL silently trusts nobody when the folder is missing, and every later error would blame the server.
    variable = next((name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)), None)
    if variable == "SSL_CERT_DIR" and not Path(os.environ[variable]).is_dir():
        raise ConfigurationError(f"SSL_CERT_DIR: there is no folder {os.environ[variable]}")
    try:
        context = httpx.create_ssl_context()
    except OSError as error:
        if variable is None:
            raise
        raise ConfigurationError(_unusable_certificates(variable, error)) from error
    context.set_alpn_protocols(["http/1.1"])
    return context


def _unusable_certificates(variable: str, error: OSError) -> str:
    reason = "there is no such file" if isinstance(error, FileNotFoundError) else "it holds no usable certificate"
    if isinstance(error, PermissionError):
        reason = "it cannot be read"
    return f"{variable}: {os.environ[variable]} cannot be used, {reason}; it must be a file of certificates (PEM)"
