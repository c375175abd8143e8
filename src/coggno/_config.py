"""Settings: frozen, checked once, before anything is sent."""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias, cast
from urllib.parse import SplitResult, quote, urlsplit

from attrs import Factory, field, frozen

from coggno.errors import ConfigurationError

TEST_ADDRESS: Final = "https://beta.coggno.com"
LIVE_ADDRESS: Final = "https://coggno.com/capp"
MAX_RESPONSE_BYTES: Final = 256 * 1024 * 1024
_ASCII: Final = "".join(map(chr, range(128)))
_ADDRESSES: Final = {"test_": TEST_ADDRESS, "live_": LIVE_ADDRESS}
_HOSTS: Final = {"beta.coggno.com": "test_", "coggno.com": "live_", "www.coggno.com": "live_"}


_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_OURS: Final = frozenset(
    {
        "accept-encoding",  # the engines read gzip and nothing else
        "authorization",
        "coggno-lms",
        "connection",
        "cookie",
        "expect",
        "host",
        "proxy-authorization",
        "te",
        "transfer-encoding",
        "upgrade",
    }
)


Decoding: TypeAlias = Literal["tolerant", "strict"]


@frozen(kw_only=True)
class Timeout:
    """Time limits of one attempt, in seconds; `None` means no limit.

    The server's longest request must fit into `read`: a write that is given up too early is a write in doubt.
    """

    connect: float | None = 5.0
    """To open a connection, TLS included."""
    read: float | None = 60.0
    """Between two pieces of the response."""
    write: float | None = 30.0
    """Between two pieces of the request."""
    pool: float | None = 60.0
    """To wait for a free connection."""
    total: float | None = 180.0
    """For the whole attempt, the body included: a server that sends a byte now and then would hold it for ever.
    Of a list that is iterated, until its headers are there."""
    item: float | None = 60.0
    """To wait for the next item of a list that is iterated."""

    def __attrs_post_init__(self) -> None:
        for name in ("connect", "read", "write", "pool", "total", "item"):
            value = getattr(self, name)
            if value is not None and not _is_positive(value):
                message = f"timeout: {name} must be a positive number of seconds or None, not {_shown(value)}"
                raise ConfigurationError(message)

    @classmethod
    def of(cls, value: float | Timeout | None) -> Timeout:
        """Return `value` as a `Timeout`; a number limits the whole attempt, `None` lifts every limit."""
        if isinstance(value, Timeout):
            return value
        return cls(connect=value, read=value, write=value, pool=value, total=value, item=value)


@frozen(kw_only=True)
class Config:
    """What a session needs to know, checked by `make_config`."""

    base_url: str
    base_path: str = field(init=False, default=Factory(lambda self: _path_of(self.base_url), takes_self=True))
    """Path of `base_url`, as it is sent: `/capp` for `https://coggno.com/capp`."""
    authorization: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    """The key, as it is and as it is sent, kept to mask it wherever a server echoes it."""
    lms: str | None = None
    timeout: Timeout = field(factory=Timeout)
    max_retries: int = 3
    deadline: float | None = None
    """Seconds for a call with all its attempts and pauses."""
    max_response_bytes: int = MAX_RESPONSE_BYTES
    """Bytes of a response that is read as a whole; `iter()` has no such limit."""
    headers: Mapping[str, str] = field(factory=dict[str, str], repr=False)
    """The caller's own, sent with every request."""
    decoding: Decoding = "tolerant"
    """Whether a value of an undeclared type is passed on as received, or an error."""


def _path_of(base_url: str) -> str:
    # ASCII is kept as it is written: "%41" and "A" may be different resources to a server.
    return quote(urlsplit(base_url).path, safe=_ASCII)


def make_config(
    *,
    api_key: str | None,
    base_url: str | None,
    lms: int | str | None,
    timeout: float | Timeout | None,
    max_retries: int,
    deadline: float | None,
    max_response_bytes: int,
    headers: Mapping[str, str] | None = None,
    decoding: Decoding = "tolerant",
) -> Config:
    """Check the settings and return them.

    Raises:
        ConfigurationError: naming the setting that cannot be used, and never showing the key.
    """
    key = check_key(api_key)
    encoded = base64.b64encode(f"{key}:".encode()).decode()
    return Config(
        base_url=check_address(base_url, key),
        authorization=f"Basic {encoded}",
        secrets=(key, encoded),
        lms=None if lms is None else check_lms(lms),
        timeout=Timeout.of(timeout),
        max_retries=check_retries(max_retries),
        deadline=check_seconds("deadline", deadline),
        max_response_bytes=check_count("max_response_bytes", max_response_bytes),
        headers=check_headers(headers),
        decoding=check_decoding(decoding),
    )


def check_key(key: str | None) -> str:
    """Return the key if it can be a user name of HTTP basic authentication (reference: Authentication)."""
    if key is None or key == "":
        message = (
            "no API key: pass one or set COGGNO_API_KEY. Keys are on Coggno's page Settings > API Keys. "
            "To try things out without a key, start a local server: coggno sandbox"
        )
        raise ConfigurationError(message)
    if not isinstance(key, str):  # pyright: ignore[reportUnnecessaryIsInstance] - callers without a type checker
        message = f"the API key must be a str, not {type(key).__name__}"
        raise ConfigurationError(message)
    if not key.isascii() or not key.isprintable() or " " in key or ":" in key:
        message = "the API key holds a space, a line break, a colon or another character that no key has; copy it again"
        raise ConfigurationError(message)
    return key


def check_address(base_url: str | None, key: str) -> str:
    """Return the address for the key, without a trailing slash (reference: Endpoints)."""
    mode = key_mode(key)
    if base_url is not None and not isinstance(base_url, str):  # pyright: ignore[reportUnnecessaryIsInstance] - callers without a checker
        raise ConfigurationError(f"base_url must be a str, not {type(base_url).__name__}")
    if base_url is None or base_url == "":
        if mode is None:
            message = "the API key begins with neither test_ nor live_: set base_url (or COGGNO_BASE_URL) as well"
            raise ConfigurationError(message)
        return _ADDRESSES[mode]
    parts = _split(base_url)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        message = f"base_url: plain http to {parts.hostname} would send the key unencrypted; use https"
        raise ConfigurationError(message)
    if "/api/v1" in parts.path:
        raise ConfigurationError(
            "base_url ends before /api/v1, which is added to it: for example https://beta.coggno.com"
        )
    belongs = _HOSTS.get(_ascii_host(parts.hostname or ""))
    if mode is not None and belongs is not None and mode != belongs:
        message = f"a {mode} key does not belong to {parts.hostname}: use {_ADDRESSES[mode]}, or the other key"
        raise ConfigurationError(message)
    return base_url.rstrip("/")


def _ascii_host(host: str) -> str:
    """Return a host as it is looked up: full-width letters and dots become plain ones (IDNA)."""
    try:
        return host.encode("idna").decode().rstrip(".").lower()
    except UnicodeError:
        return host


def key_mode(key: str) -> str | None:
    """Return `"test_"` or `"live_"`, or `None` for a key with neither prefix."""
    return next((prefix for prefix in _ADDRESSES if key.startswith(prefix)), None)


def is_loopback(host: str) -> bool:
    """Return whether `host` can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_lms(lms: int | str) -> str:
    """Return the account id as it is sent in `Coggno-LMS` (reference: Connected accounts)."""
    is_text = isinstance(lms, str) and lms.isascii() and lms.isdigit() and len(lms) < 19
    if not (is_text or type(lms) is int) or not 1 <= int(lms) < 10**18:
        message = f"the company (Coggno-LMS) must be an account id such as 1, not {_shown(lms)}"
        raise ConfigurationError(message)
    return str(int(lms))


def check_headers(headers: Mapping[str, str] | None) -> dict[str, str]:
    """Return the caller's headers if they can be sent and replace none of ours.

    Raises:
        ConfigurationError: naming the header, never its value.
    """
    if headers is None:
        return {}
    if not isinstance(headers, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] - callers without a checker
        raise ConfigurationError("headers must be a mapping of str to str")
    for name, value in headers.items():
        problem = header_problem(name, value)
        if problem is not None:
            raise ConfigurationError(f"headers: {problem}")
    return dict(headers)


def header_problem(name: object, value: object) -> str | None:
    """Return a sentence if a header of the caller's cannot be sent or replaces one of ours, never with its value."""
    if not isinstance(name, str) or not isinstance(value, str):
        return "headers must be a mapping of str to str."
    if not _TOKEN.fullmatch(name):
        return f"{name!r} cannot be the name of a header."
    if name.lower() in _OURS or name.lower().startswith("content-"):
        return f"{name} belongs to the client and cannot be set."
    if not value.isascii() or not value.isprintable() or value != value.strip():
        return f"the value of the header {name} must be printable ASCII without outer spaces."
    return None


def check_decoding(decoding: Decoding) -> Decoding:
    """Return `decoding` if it is one of the two ways."""
    if decoding not in ("tolerant", "strict"):  # a tuple: the value may be unhashable
        raise ConfigurationError(f"decoding must be 'tolerant' or 'strict', not {_shown(decoding)}")
    return decoding


def check_count(name: str, value: int) -> int:
    """Return `value` if it is a whole number from 1 on."""
    if type(value) is not int or not 1 <= value < 10**18:
        raise ConfigurationError(f"{name} must be a whole number from 1 on, not {_shown(value)}")
    return value


def check_retries(max_retries: int) -> int:
    """Return `max_retries` if it is a whole number from 0 on."""
    if type(max_retries) is not int or not 0 <= max_retries < 10**18:
        message = f"max_retries must be a whole number from 0 on, not {_shown(max_retries)}"
        raise ConfigurationError(message)
    return max_retries


def check_seconds(name: str, value: float | None) -> float | None:
    """Return `value` if it is `None` or a positive number of seconds."""
    if value is not None and not _is_positive(value):
        message = f"{name} must be a positive number of seconds or None, not {_shown(value)}"
        raise ConfigurationError(message)
    return value


def _is_positive(value: object) -> bool:
    # No infinity and no number beyond what a float holds: timers could not count them.
    return type(value) in {int, float} and 0 < cast("float", value) < 1e12


def _shown(value: object) -> str:
    """Return a value for a message; Python refuses to print a number of thousands of digits."""
    try:
        return repr(value)[:60]
    except ValueError:
        return "a number of that many digits"


def _split(base_url: str) -> SplitResult:
    try:
        parts = urlsplit(base_url)
        port_is_valid = parts.port is None or parts.port > 0
    except (ValueError, TypeError, AttributeError):
        raise ConfigurationError("base_url is not a URL; it looks like https://beta.coggno.com") from None
    if "@" in parts.netloc:
        raise ConfigurationError("base_url must not hold a user name or a password; the key goes into api_key")
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_is_valid:
        raise ConfigurationError(
            "base_url must begin with https:// and a host, like https://beta.coggno.com; "
            "http:// is allowed for this machine, like http://127.0.0.1:8000"
        )
    if parts.query or parts.fragment or not base_url.isprintable() or " " in base_url:
        raise ConfigurationError("base_url must end with its path: no '?', '#', space or control character")
    return parts
