"""What faults and quirks do to a request. Values only; `responses` and the sandbox itself carry them out.

Endings decide the response, and only the first one that applies does. Delays add up. Quirks are how a healthy server
may behave all the same; they go together with each other and with every ending.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from attrs import field, frozen
from attrs.validators import ge, gt, in_, le, lt, optional

from coggno.sandbox.execution import ReadDelay


@frozen
class Status:
    """Respond with this status and a JSON error, before the request takes effect or after."""

    # Statuses below 400 are no failures; a client may expect a body with them that this does not have.
    code: int = field(default=503, validator=[ge(400), le(599)])
    retry_after: int | str | None = None
    """Sent as `Retry-After`, as it is."""
    after: bool = False


@frozen
class Drop:
    """Close the connection without a byte of a response; with `reset`, so that the client receives a reset."""

    after: bool = False
    reset: bool = False


@frozen
class CutBody:
    """Carry it out, announce the complete response, send part of it, and close (or reset) the connection."""

    # Below 1: a body that is complete before the connection ends is no failure.
    keep: float = field(default=0.5, validator=[ge(0), lt(1)])
    """The share of the body that is sent."""
    reset: bool = False


@frozen
class Html:
    """Respond with an HTML page, as a proxy does, before the request takes effect or after."""

    code: int = field(default=200, validator=[ge(200), le(599)])
    after: bool = False


@frozen
class Gateway:
    """Respond as an API gateway does that does not know the path: the request never reaches the application."""

    code: int = field(default=404, validator=[ge(400), le(599)])
    body: Literal["json", "text", "empty"] = field(default="json", validator=in_(("json", "text", "empty")))
    after: bool = False


@frozen
class Empty:
    """Carry it out, but respond with nothing in the body."""

    code: int = field(default=200, validator=in_((200, 201, 202, 204)))


@frozen
class LateCommit:
    """Respond with an error at once and take effect later: after some seconds, or after so many further requests.

    What is wrong with the request itself (key, company, fields) is refused as usual; what turns out to be wrong later,
    such as a login that was taken in the meantime, has no effect.
    """

    seconds: float = field(default=5.0, validator=ge(0))
    requests: int | None = field(default=None, validator=optional(ge(0)))
    """If set, counts instead of `seconds`: this many requests do not see the effect yet."""
    code: int = field(default=504, validator=[ge(400), le(599)])


@frozen
class RateLimit:
    """Respond with 429 and `Retry-After` to what exceeds `per_second` requests per second."""

    per_second: float = field(validator=gt(0))
    burst: float | None = field(default=None, validator=optional(ge(1)))
    """How many may come at once; unset: those of one second, but at least one."""


@frozen
class Latency:
    """Wait, before the request takes effect or after, and then go on as usual."""

    seconds: float = field(validator=ge(0))
    most: float | None = field(default=None, validator=optional(ge(0)))
    """If set, every request waits for a time between `seconds` and this."""
    after: bool = False

    def __attrs_post_init__(self) -> None:
        if self.most is not None and self.most < self.seconds:
            raise ValueError(f"most must be at least {self.seconds:g}, not {self.most:g}")


@frozen
class Capacity:
    """Serve at most `slots` requests at a time, `seconds` each; the others wait in a queue."""

    slots: int = field(validator=ge(1))
    seconds: float = field(default=0.05, validator=ge(0))


@frozen
class ReadLag(ReadDelay):
    """Carry a write out, but let reads see it only after some seconds, or after so many further reads."""


@frozen
class WrapInList:
    """Return one object as a list that contains it."""


@frozen
class UnwrapList:
    """Return a list of exactly one object as the object."""


@frozen
class IdsOnly:
    """Accept only an id in the path, where a login works as well.

    The reference promises logins under "Retrieve User" and "Retrieve Group User" only.
    """


@frozen
class RequireField:
    """Refuse the request without this form field, although it is optional."""

    field: str


@frozen
class SetField:
    """Return a field with another value, or with one that the reference does not know."""

    field: str
    """Names and numbers joined by dots, `*` for every item of a list: `licenses.0.amount`, `*.department`."""
    value: Any = None


@frozen
class RemoveField:
    """Return an object without one of its fields."""

    field: str


@frozen
class WrongType:
    """Return a value of another type in one field: `id`, `licenses.0.amount`."""

    field: str = "id"


Ending: TypeAlias = Status | Drop | CutBody | Html | Gateway | Empty | LateCommit
"""An action that decides the response."""

Edit: TypeAlias = WrapInList | UnwrapList | SetField | RemoveField | WrongType
"""A quirk that changes the JSON of a successful response."""

Quirk: TypeAlias = Edit | ReadLag | IdsOnly | RequireField
"""An oddity of a server that works."""

Action: TypeAlias = Ending | Quirk | Latency | Capacity | RateLimit
"""What a fault does."""

EDITS = (WrapInList, UnwrapList, SetField, RemoveField, WrongType)
QUIRKS = (*EDITS, ReadLag, IdsOnly, RequireField)
