"""All errors that this package raises on purpose.

```
CoggnoError
├── ConfigurationError            key, address or option is unusable; nothing was sent
├── InvalidRequestError           an argument cannot be sent as it is; nothing was sent
├── AmbiguousNameError            several groups have the name that is asked for
└── APIError                      a call failed: operation, attempts, waits, outcome
    ├── APIConnectionError        no response, or only a part of one
    │   └── APITimeoutError
    ├── APIStatusError            a response whose status is not 2xx
    │   ├── BadRequestError           400
    │   ├── AuthenticationError       401
    │   ├── PermissionDeniedError     403
    │   ├── NotFoundError             404
    │   ├── UnprocessableEntityError  422
    │   ├── RateLimitError            429
    │   └── ServerError               5xx
    ├── DecodeError               a 2xx response that is not what the spec promises
    └── OutcomeUnknownError       a write that may or may not have been carried out
        └── PartialWriteError     a write of which only a part was found
```

No error, and no `repr` of one, carries the API key or a password.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, Literal, TypeAlias

_ITEM: Final = re.compile(r"\$\[(\d+)\]")

Outcome: TypeAlias = Literal["not_sent", "rejected", "unknown"]
"""What a failed call did: nothing left this machine, the server refused it, or it may have been carried out."""


class CoggnoError(Exception):
    """Base of every error that this package raises on purpose. Errors can be pickled and copied."""

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions are rebuilt from their arguments, which most of ours have by keyword.
        return _rebuild, (type(self), self.args, self.__dict__)


class ConfigurationError(CoggnoError, ValueError):
    """The client cannot be used as configured; the message says what to change. Nothing was sent."""


class InvalidRequestError(CoggnoError, ValueError):
    """An argument cannot be sent as it is; the message names it. Nothing was sent."""


class AmbiguousNameError(CoggnoError):
    """Several groups have the name that is asked for, or differ from it in case only.

    Attributes:
        candidates: those that have the name.
    """

    def __init__(self, message: str, *, candidates: Sequence[Any]) -> None:
        super().__init__(message)
        self.candidates = tuple(candidates)


class APIError(CoggnoError):
    """A call failed.

    Attributes:
        message: what happened, in one sentence.
        outcome: `"not_sent"`, `"rejected"` or `"unknown"`, see `Outcome`.
        operation: the `operationId` of the spec, e.g. `"createUser"`.
        attempts: how often the request was sent or tried.
        requests: how many requests that took, the checks of a lost write included.
        waits: the pauses between the attempts, in seconds.
        retryable: whether another attempt can make a difference; a certificate that is refused stays refused.
    """

    retryable: bool = True

    def __init__(self, message: str, *, outcome: Outcome, operation: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.outcome: Outcome = outcome
        self.operation = operation
        self.attempts = 1
        self.requests = 1
        self.waits: tuple[float, ...] = ()

    def __str__(self) -> str:
        where = f"{self.operation}: " if self.operation else ""
        tries = f" (after {self.attempts} attempts)" if self.attempts > 1 else ""
        return f"{where}{self.message}{tries}"


class APIConnectionError(APIError):
    """No response, or only part of one. `outcome` says whether the request can have been carried out."""


class APITimeoutError(APIConnectionError):
    """A time limit ran out; see `coggno.Timeout`."""


class APIStatusError(APIError):
    """The API responded with a status that is not 2xx.

    Attributes:
        status_code: the HTTP status.
        code: the API's own error code, where the body carries one.
        errors: the details of the body (`errors`, or the fields of `error`), where there are any.
        body: the decoded JSON, or the text, or `None` for an empty body; secrets of the request are masked.
        request_id: value of `X-Request-Id`, if any.
        retry_after: how long the server asks to wait in `Retry-After`, if it does.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int,
        operation: str | None = None,
        outcome: Outcome = "rejected",
        code: str | None = None,
        errors: Any = None,
        body: Any = None,
        request_id: str | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(message, outcome=outcome, operation=operation)
        self.status_code = status_code
        self.code = code
        self.errors = errors
        self.body = body
        self.request_id = request_id
        self.retry_after = retry_after

    @property
    def is_page(self) -> bool:
        """Whether the body is a web page, as proxies and gateways send it, instead of a response of the API."""
        return isinstance(self.body, str) and is_markup(self.body)


class BadRequestError(APIStatusError):
    """400: the request was unacceptable."""


class AuthenticationError(APIStatusError):
    """401: no valid API key."""


class PermissionDeniedError(APIStatusError):
    """403: the API key may not do this."""


class NotFoundError(APIStatusError):
    """404: there is no such user, group or document."""


class UnprocessableEntityError(APIStatusError):
    """422: understood and refused, e.g. a user who is registered already."""


class RateLimitError(APIStatusError):
    """429: too many requests; `retry_after` says when to come back."""


class ServerError(APIStatusError):
    """5xx: something went wrong at Coggno, or on the way to it."""


class DecodeError(APIError):
    """A 2xx response that is not as the API describes it.

    Attributes:
        path: JSON path of the first value that does not fit, e.g. `$[3].login`; `$` for the whole response.
        complete: whether the response was at least well-formed JSON.
        status_code: the HTTP status; `None` before the response is known.
        headers: headers of the response, without cookies and credentials; secrets of the request are masked.
        body: the beginning of the body as text, or the item of a list that cannot be decoded, as plain JSON; secrets of
            the request are masked. It is not part of the message: it may hold personal data.
    """

    def __init__(self, message: str, *, path: str = "$", complete: bool = True, operation: str | None = None) -> None:
        super().__init__(message, outcome="unknown", operation=operation)
        self.path = path
        self.complete = complete
        self.status_code: int | None = None
        self.headers: Mapping[str, str] = {}
        self.body: Any = None

    @property
    def request_id(self) -> str | None:
        """Value of `X-Request-Id`, if any."""
        return self.headers.get("x-request-id")

    @property
    def index(self) -> int | None:
        """Index of the item of a list that cannot be decoded, counted from 0; `None` if it is no item of a list."""
        item = _ITEM.match(self.path)
        return int(item[1]) if item is not None else None


class OutcomeUnknownError(APIError):
    """A write that may or may not have been carried out, and the check for it did not settle it.

    `__cause__` is the failure of the last attempt.

    Attributes:
        candidates: objects on the server that this write may have created; check them before you repeat it.
        was_absent: whether the last check has shown that the write was not carried out so far; not where that check
            failed, too.
    """

    def __init__(
        self, message: str, *, operation: str, candidates: Sequence[Any] = (), was_absent: bool = False
    ) -> None:
        super().__init__(message, outcome="unknown", operation=operation)
        self.candidates = tuple(candidates)
        self.was_absent = was_absent


class PartialWriteError(OutcomeUnknownError):
    """A write that asks for two things, of which one was found and the other was not.

    `users.create(group_id=...)` raises it when the user exists and the membership is not there:
    `groups.users.add(group_id, error.value.id)` makes up for it. `users.ensure` does so by itself.

    Attributes:
        value: what was found, e.g. the `User`.
    """

    def __init__(self, *, operation: str, value: Any) -> None:
        message = "a part of the write was carried out (error.value), and the rest was not found on the server"
        super().__init__(message, operation=operation, candidates=(value,))
        self.value = value


_BY_STATUS: Mapping[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}


def class_for_status(status: int) -> type[APIStatusError]:
    """Return the error class of an HTTP status that is not 2xx."""
    return ServerError if status >= 500 else _BY_STATUS.get(status, APIStatusError)


def outcome_for_status(status: int) -> Outcome:
    """Return the outcome of a status that is not 2xx: 4xx was refused, with all others the request may be carried out.

    Gateways send 408, 425 and 499 for a request whose outcome they do not know either.
    """
    return "rejected" if 400 <= status < 500 and status not in {408, 425, 499} else "unknown"


def is_markup(text: str) -> bool:
    """Return whether a body is HTML or XML: what proxies and error pages send."""
    return text.lstrip("\ufeff \t\r\n")[:1] == "<"


def _rebuild(kind: type[CoggnoError], args: tuple[Any, ...], state: dict[str, Any]) -> CoggnoError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error
