"""What hooks receive (one attempt), and what a caller receives who wants more than the value (one call)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from attrs import define, field, frozen

from coggno._protocol.json import parse
from coggno.errors import Outcome

T_co = TypeVar("T_co", covariant=True)


@define(kw_only=True)
class CallTrace:
    """One call, for what is wrapped around it; what comes of it is filled in before it ends.

    Attributes:
        operation: the `operationId`.
        method: the HTTP method.
        path: the path template.
        url: the address of the API and the path template.
        lms: the company that the call is for, if any.
        is_stream: whether this is an `iter()`, which the caller's code interrupts between two items.
        attempts: how often the request was sent or tried.
        requests: how many requests that took, the checks of a lost write included.
        settled: whether the response was lost, and a check showed that the write had been carried out.
        state: empty; for whoever wraps the call.
        on_request: empty; what whoever wraps the call puts in is called before its attempts, after the user's hook.
        on_exchange: likewise after its attempts, before the user's hook. A call that is not of interest has neither,
            and then costs nothing more.
    """

    operation: str
    method: str
    path: str
    url: str
    lms: str | None
    is_stream: bool
    attempts: int = 0
    requests: int = 0
    settled: bool = False
    state: dict[str, Any] = field(factory=dict[str, Any], repr=False)
    on_request: OnRequest | None = field(default=None, repr=False)
    on_exchange: OnExchange | None = field(default=None, repr=False)


AroundCall: TypeAlias = Callable[[CallTrace], AbstractContextManager[object]]
"""Wraps every call: entered before its first attempt, left with its exception, if any. Must not raise."""


@frozen(kw_only=True)
class Attempt:
    """One attempt, before it is sent.

    Attributes:
        operation: the `operationId`, e.g. `"createUser"`.
        method: the HTTP method.
        path: the path template, e.g. `/api/v1/users/{user}`: without anybody's login or id.
        url: the address of the API and the path template, e.g. `https://beta.coggno.com/api/v1/users/{user}`.
        attempt: 1 for the first.
        check_of: the operation that this read is a check of, e.g. `"createUser"` after a lost response; else `None`.
        lms: the company that the call is for (`Coggno-LMS`), if any.
        headers: empty; what the hook puts in is sent with this attempt, by the rules of `headers=`.
        state: empty; what the hook puts in is `Exchange.state` when the attempt has ended.
        call: the call that it belongs to, where calls are traced (see `coggno.otel`); for a check that of its write.
    """

    operation: str
    method: str
    path: str
    url: str
    attempt: int
    check_of: str | None
    lms: str | None
    headers: dict[str, str] = field(factory=dict[str, str], repr=False)
    state: dict[str, Any] = field(factory=dict[str, Any], repr=False)
    call: CallTrace | None = field(default=None, repr=False)


@frozen(kw_only=True)
class Exchange:
    """One attempt, as it ended.

    Attributes:
        operation: the `operationId`, e.g. `"createUser"`.
        method: the HTTP method.
        path: the path template, e.g. `/api/v1/users/{user}`: fit for a metric's label, and without anybody's login.
        url: the address of the API and the path template, e.g. `https://beta.coggno.com/api/v1/users/{user}`.
        attempt: 1 for the first.
        check_of: the operation that this read is a check of, e.g. `"createUser"` after a lost response; else `None`.
        status: the HTTP status, or `None` if no response came.
        failure: name of the error class, or `None`.
        outcome: `"done"`, or the outcome of the failure.
        headers: headers of the response, names in lower case, without cookies and credentials; secrets are masked.
        elapsed: seconds.
        lms: the company that the call was for (`Coggno-LMS`), if any.
        state: what `on_request` has put into `Attempt.state`, such as a span.
    """

    operation: str
    method: str
    path: str
    url: str
    attempt: int
    check_of: str | None
    status: int | None
    failure: str | None
    outcome: Outcome | Literal["done"]
    headers: Mapping[str, str]
    elapsed: float
    lms: str | None
    state: dict[str, Any] = field(factory=dict[str, Any], repr=False)


OnRequest: TypeAlias = Callable[[Attempt], Awaitable[object] | None]
"""Called before every attempt: a function, or an `async def`, which is awaited."""

OnExchange: TypeAlias = Callable[[Exchange], Awaitable[object] | None]
"""Called after every attempt: a function, or an `async def`, which is awaited."""


@frozen(kw_only=True)
class Response(Generic[T_co]):
    """What a call returned, with all that is known of it; see `AsyncCoggno.call`.

    Attributes:
        value: what the operation returns, e.g. a `User`.
        status: the HTTP status; `None` where `settled`: the response was lost.
        headers: headers of the response, names in lower case, without cookies and credentials; secrets are masked.
        content: the body as it was received; empty where `settled`.
        attempts: how often the request was sent or tried.
        requests: how many requests that took, the checks of a lost write included.
        waits: the pauses between the attempts, in seconds.
        settled: whether the response was lost, and a check showed that the write had been carried out. A new user is
            recognized by login and names, so an older one of the same login and names counts as new.
    """

    value: T_co
    status: int | None
    headers: Mapping[str, str]
    content: bytes = field(repr=False)
    attempts: int
    requests: int
    waits: tuple[float, ...]
    settled: bool

    @property
    def request_id(self) -> str | None:
        """Value of `X-Request-Id`, if any."""
        return self.headers.get("x-request-id")

    @property
    def json(self) -> Any:
        """The body as plain JSON; `None` for an empty one.

        Raises:
            ValueError: the body is not JSON, as with an operation that returns text.
        """
        return parse(self.content) if self.content.strip() else None
