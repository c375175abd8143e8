"""What all calls of a client share, and how their requests become bytes."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any

from attrs import field, frozen

from coggno._config import Config
from coggno._engines.base import Engine, EngineRequest
from coggno._protocol import encode as _encode
from coggno._protocol.operation import Request
from coggno._session.exchange import OnExchange
from coggno._session.locks import Locks
from coggno._session.retry import RetryQuota
from coggno._version import USER_AGENT


@frozen(kw_only=True)
class Context:
    """Settings, the engine, and what copies of a client have in common. Time and chance are given, not taken."""

    config: Config
    engine: Engine
    quota: RetryQuota = field(factory=RetryQuota)
    locks: Locks = field(factory=Locks)
    on_exchange: OnExchange | None = None
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    uniform: Callable[[float, float], float] = random.uniform

    def prepare(self, request: Request[Any]) -> EngineRequest:
        """Return the bytes of a request.

        Raises:
            InvalidRequestError: something in it cannot be sent.
        """
        content, content_type = _encode.body(request)
        headers = {
            "Accept": _encode.JSON,
            "Accept-Encoding": "gzip",
            "User-Agent": USER_AGENT,
            **_encode.header_values(request),
        }
        if request.operation.shape == "text":
            headers["Accept"] = "text/*"
        if content_type is not None:
            headers["Content-Type"] = content_type
        if self.config.lms is not None:
            headers["Coggno-LMS"] = self.config.lms
        headers["Authorization"] = self.config.authorization
        return EngineRequest(
            method=request.operation.method,
            target=self.config.base_path + _encode.target(request),
            headers=headers,
            content=content,
        )
