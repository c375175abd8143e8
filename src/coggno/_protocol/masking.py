"""A server may send back what it was sent: keys and passwords are masked wherever a response is shown. Pure."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote, quote_plus

from coggno._protocol.json import is_array, is_object

MASK: Final = "***"
_SHORTEST: Final = 6  # characters of a password (reference: Create User)
_DEEPEST: Final = 50  # levels of JSON that are kept: a hostile body may be nested until recursion fails
_TOO_DEEP: Final = "[nested too deeply]"


def mask(value: Any, secrets: Iterable[str]) -> Any:
    """Replace every secret inside JSON data or a text by `***`: as it is, and as forms, URLs, JSON and base64 have it.

    Args:
        value: parsed JSON, or a text. What is nested deeper than 50 levels is cut off.
        secrets: texts that must not show.
    """
    return _mask(value, _longest_first(secrets), 0)


def mask_headers(
    headers: Mapping[str, str], secrets: Iterable[str], *, client_secrets: tuple[str, ...] = ()
) -> dict[str, str]:
    """Return the headers of a response as they may be shown: without cookies and credentials, secrets masked.

    Args:
        headers: of the response.
        secrets: texts that must not show.
        client_secrets: more of them, which are those of every request of the client.
    """
    spellings = sorted({*_longest_first(secrets), *_kept_spellings(client_secrets)}, key=len)[::-1]
    return {
        _mask_text(name, spellings): _mask_text(value, spellings)
        for name, value in headers.items()
        if name not in _PRIVATE
    }


class LazyHeaders(Mapping[str, str]):
    """Headers that are masked when somebody reads them: few callers do, and it takes as long as the rest of a call.

    Args:
        mask: returns them as they may be shown. It is dropped after the first call, and with it the secrets.
    """

    __slots__ = ("_mask", "_masked")

    def __init__(self, mask: Callable[[], dict[str, str]]) -> None:
        self._mask: Callable[[], dict[str, str]] | None = mask
        self._masked: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        return self._headers()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._headers())

    def __len__(self) -> int:
        return len(self._headers())

    def __repr__(self) -> str:
        return repr(self._headers())

    def __reduce__(self) -> tuple[type[dict[str, str]], tuple[dict[str, str]]]:
        # Copies and pickles must not carry the secrets.
        return dict, (self._headers(),)

    def _headers(self) -> dict[str, str]:
        if self._mask is not None:
            self._masked, self._mask = self._mask(), None
        return self._masked


def _longest_first(secrets: Iterable[str]) -> list[str]:
    # What stands in base64 may contain what stands in a URL.
    return sorted({spelling for secret in secrets if secret for spelling in _spellings(secret)}, key=len)[::-1]


# For keys only, which a client keeps anyway: passwords must not stay in memory.
@lru_cache(maxsize=32)
def _kept_spellings(client_secrets: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_longest_first(client_secrets))


_PRIVATE: Final = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})


# RFC 3986, "unreserved": no URL, form, JSON or HTML spells these in another way.
_PLAIN: Final = re.compile(r"[A-Za-z0-9._~-]*")


def _spellings(secret: str) -> Iterable[str]:
    yield secret
    if not _PLAIN.fullmatch(secret):
        yield from _escaped(secret)
    if len(secret) >= _SHORTEST:
        raw = secret.encode(errors="surrogatepass")
        # Padding depends on what follows the secret in the encoded text, so it is left out.
        yield base64.b64encode(raw).decode().rstrip("=")
        yield base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _escaped(secret: str) -> Iterable[str]:
    yield quote(secret, safe="")
    yield quote_plus(secret)
    yield quote(secret)  # "/" is kept
    yield re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), quote(secret, safe=""))
    yield json.dumps(secret)[1:-1]
    from html import escape  # 5 ms with its table of entities, and only failures are masked

    escaped = escape(secret)
    yield escaped
    yield escaped.replace("&#x27;", "&#39;")


def _mask(value: Any, spellings: list[str], depth: int) -> Any:
    if isinstance(value, str):
        return _mask_text(value, spellings)
    if depth == _DEEPEST and isinstance(value, list | dict):
        return _TOO_DEEP
    if is_array(value):
        return [_mask(item, spellings, depth + 1) for item in value]
    if is_object(value):
        return {_mask_text(key, spellings): _mask(item, spellings, depth + 1) for key, item in value.items()}
    return value


def _mask_text(text: str, spellings: list[str]) -> str:
    for spelling in spellings:
        if len(spelling) >= _SHORTEST:
            text = _mask_pieces(text, spelling)
        elif spelling in text:
            # A short one is masked only where it stands alone: it would tear every sentence apart.
            text = re.sub(rf"(?<!\w){re.escape(spelling)}(?!\w)", MASK, text)
    return text


def _mask_pieces(text: str, spelling: str) -> str:
    """Mask a spelling in any case, and what is left of it where a server has shortened it to two thirds or more."""
    folded, secret = _folded(text), _folded(spelling)
    size = max(_SHORTEST, -(-2 * len(secret) // 3))
    pieces = {secret[start : start + size] for start in range(len(secret) - size + 1)}
    if not any(piece in folded for piece in pieces):
        return text  # nearly always, and found out without a loop over the text
    shown: list[str] = []
    at = 0
    while at < len(text):
        end = at
        while folded[end : end + size] in pieces:
            end += 1
        shown.append(text[at] if end == at else MASK)
        at = at + 1 if end == at else end - 1 + size
    return "".join(shown)


def _folded(text: str) -> str:
    lower = text.lower()
    # A few letters become two in lower case: positions would no longer be those of the text.
    return lower if len(lower) == len(text) else text
