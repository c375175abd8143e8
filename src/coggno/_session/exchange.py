"""What `on_exchange` sees: one attempt of one call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from attrs import frozen

from coggno.errors import Outcome

_PRIVATE = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})


@frozen(kw_only=True)
class Exchange:
    """One attempt, as it ended.

    Attributes:
        operation: the `operationId`, e.g. `"createUser"`.
        method: the HTTP method.
        path: the path template, e.g. `/api/v1/users/{user}`: fit for a metric's label, and without anybody's login.
        attempt: 1 for the first.
        status: the HTTP status, or `None` if no answer came.
        failure: name of the error class, or `None`.
        outcome: `"done"`, or the outcome of the failure.
        headers: headers of the answer, names in lower case, without cookies and credentials.
        elapsed: seconds.
        lms: the company that the call was for (`Coggno-LMS`), if any.
    """

    operation: str
    method: str
    path: str
    attempt: int
    status: int | None
    failure: str | None
    outcome: Outcome | Literal["done"]
    headers: Mapping[str, str]
    elapsed: float
    lms: str | None


OnExchange: TypeAlias = Callable[[Exchange], None]


def without_secrets(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that may be shown."""
    return {name: value for name, value in headers.items() if name not in _PRIVATE}
