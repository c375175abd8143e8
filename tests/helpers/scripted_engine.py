"""An engine that responds from a script, a clock that moves only when somebody sleeps, and a session on both."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl

from attrs import define, field
from tenacity import wait_exponential

from coggno import APIConnectionError, APITimeoutError
from coggno._config import make_config
from coggno._engines.base import EngineRequest, EngineResponse
from coggno._generated import operations
from coggno._session.session import Session
from coggno.models import User

KEY = "test_key"
BASE_URL = "http://localhost"
REFUSED = APIConnectionError("refused", outcome="not_sent")
RESET = APIConnectionError("reset", outcome="unknown")
SLOW = APITimeoutError("slow", outcome="unknown")


def response(status: int = 200, data: Any = None, *, content: bytes | None = None, **headers: str) -> EngineResponse:
    """A response with a JSON body."""
    raw = json.dumps(data).encode() if content is None else content
    return EngineResponse(
        status=status, headers={name.replace("_", "-"): value for name, value in headers.items()}, content=raw
    )


def user(number: int = 1, login: str = "ada", first_name: str = "Ada", last_name: str = "Lovelace") -> dict[str, Any]:
    return {"id": number, "login": login, "first_name": first_name, "last_name": last_name}


@define
class ScriptEngine:
    """Answers with the script's entries in order; an exception is raised, a function is called with the request."""

    script: list[Any]
    requests: list[EngineRequest] = field(factory=list)
    closed: bool = False

    @property
    def sent(self) -> list[str]:
        """Method and path of every request."""
        return [f"{request.method} {request.target}" for request in self.requests]

    def form(self, number: int = -1) -> dict[str, str]:
        return dict(parse_qsl(self.requests[number].content.decode(), keep_blank_values=True))

    async def send(self, request: EngineRequest, timeout: Any, max_response_bytes: int) -> EngineResponse:
        self.requests.append(request)
        assert self.script, f"the script has ended, and {self.sent[-1]} was sent"
        entry = self.script.pop(0)
        if callable(entry) and not isinstance(entry, BaseException):
            entry = await entry(request)
        if isinstance(entry, BaseException):
            raise type(entry)(entry.message, outcome=entry.outcome) if isinstance(entry, APIConnectionError) else entry
        return entry

    @asynccontextmanager
    async def stream(self, request: EngineRequest, timeout: Any):
        yield ScriptStream(await self.send(request, timeout, 0))

    @asynccontextmanager
    async def until_closed(self, request: EngineRequest):
        yield

    async def aclose(self) -> None:
        self.closed = True


@define
class ScriptStream:
    incoming: EngineResponse
    received: None = None  # it comes in pieces

    @property
    def status(self) -> int:
        return self.incoming.status

    @property
    def headers(self) -> Any:
        return self.incoming.headers

    async def chunks(self):
        for place in range(0, len(self.incoming.content), 7):
            yield self.incoming.content[place : place + 7]


@define
class Clock:
    """Seconds that pass only when somebody sleeps."""

    now: float = 0.0
    slept: list[float] = field(factory=list)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def session_on(*script: Any, clock: Clock | None = None, **options: Any) -> tuple[Session, ScriptEngine]:
    """A session whose pauses are the longest that the jitter allows and take no time."""
    clock = clock or Clock()
    engine = ScriptEngine(list(script))
    hooks = {name: options.pop(name, None) for name in ("on_request", "on_exchange", "around_call")}
    settings: dict[str, Any] = {
        "api_key": KEY,
        "base_url": BASE_URL,
        "lms": None,
        "timeout": 5,
        "max_retries": 3,
        "deadline": None,
        "max_response_bytes": 1 << 20,
    }
    config = make_config(**{**settings, **options})
    return (
        Session(
            config=config,
            engine=engine,
            **hooks,
            sleep=clock.sleep,
            clock=clock,
            backoff=wait_exponential(multiplier=0.5, max=8),
        ),
        engine,
    )


ADA = {
    "email": "ada@example.com",
    "login": "ada",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "password": "s3cret-word",
}
USER = User(**user())
BROKEN = response(503, {"error": "down"})
EMPTY_LIST = response(200, [])
MISSING = response(404, {"error": {"code": "not_found"}})
OK = response(200, user())


async def create(session):
    return await operations.create_user(session, **ADA)
