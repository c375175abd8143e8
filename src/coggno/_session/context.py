"""What all calls of a client share, and how their requests become bytes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from attrs import field, frozen

from coggno import testing
from coggno._config import Config
from coggno._engines.base import Engine, EngineRequest
from coggno._protocol import encode
from coggno._protocol.operation import Request
from coggno._protocol.values import secrets
from coggno._session.exchange import AroundCall, OnExchange, OnRequest
from coggno._session.limits import TimeLimits
from coggno._session.locks import Locks
from coggno._session.retry import Backoff, RetryQuota
from coggno._version import USER_AGENT


@frozen(kw_only=True)
class CallContext:
    """Settings, the engine, and what copies of a client have in common.

    Time and pauses are given, not taken, so that tests need not wait.
    """

    config: Config
    engine: Engine
    quota: RetryQuota = field(factory=RetryQuota)
    locks: Locks = field(factory=Locks)
    limits: TimeLimits = field(factory=TimeLimits)
    on_request: OnRequest | None = None
    on_exchange: OnExchange | None = None
    around_call: AroundCall | None = None
    backoff: Backoff | None = None
    """The wait strategy; `None` for the default, so that tenacity is imported with the first failure only."""
    sleep: Callable[[float], Awaitable[None]] = testing.sleep
    clock: Callable[[], float] = testing.clock

    def prepare(self, request: Request[Any]) -> EngineRequest:
        """Return the bytes of a request.

        Raises:
            InvalidRequestError: something in it cannot be sent.
        """
        config = self.config
        content, content_type = encode.body(request)
        headers: dict[str, str] = {
            "Accept": "text/*" if request.operation.shape == "text" else encode.JSON,
            "Accept-Encoding": "gzip",
            "User-Agent": USER_AGENT,
        }
        if config.headers or request.header:
            replace_headers(headers, [*config.headers.items(), *encode.header_values(request).items()])
        if content_type is not None:
            headers["Content-Type"] = content_type
        if config.lms is not None:
            headers["Coggno-LMS"] = config.lms
        # The last word is ours: no header of the caller's may replace the key.
        headers["Authorization"] = config.authorization
        return EngineRequest(
            method=request.operation.method,
            target=config.base_path + encode.target(request),
            headers=headers,
            content=content,
        )

    def secrets(self, request: Request[Any]) -> list[str]:
        """Return the texts that must not show in errors, logs and hooks of `request`."""
        return [*self.config.secrets, *secrets(request)]


def replace_headers(headers: dict[str, str], given: Iterable[tuple[str, str]]) -> None:
    """Add the caller's headers. Names of headers know no case: the caller's "accept" takes the place of ours."""
    for name, value in given:
        for ours in [known for known in headers if known.lower() == name.lower()]:
            del headers[ours]
        headers[name] = value
