"""What generated code and session have in common: operations, requests, and the protocol that sends them.

The generated operations declare an `Operation` each and build a `Request`; whoever implements `Send`
(the session, or a fake in a test) carries it out. This module is a leaf: it imports nothing of ours.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from types import MappingProxyType, UnionType
from typing import Any, Final, Generic, Literal, Protocol, TypeAlias, TypeVar

from attrs import Factory, field, frozen

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Method: TypeAlias = Literal["GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS"]
Retry: TypeAlias = Literal["safe", "settle", "never"]
ResponseShape: TypeAlias = Literal["one", "many", "exact", "text", "none"]
Body: TypeAlias = Literal["form", "json"]
Meaning: TypeAlias = Literal["done", "resend", "unknown"]
"""What it means for a write that a read finds its object, or does not."""


class Unset(enum.Enum):
    """The one sentinel for "not given", where `None` means JSON `null`."""

    UNSET = enum.auto()

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset.UNSET

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@frozen(kw_only=True)
class Settle:
    """How to find out whether a write was carried out, when its response was lost.

    Values of the write are named by where they are: `"path.group_id"`, `"form.login"`. Several names are alternatives:
    the first one that is given counts.
    """

    read: Operation[Any]
    """The safe operation that shows it."""
    path: Mapping[str, tuple[str, ...]] = _NOTHING
    """Path parameter of `read` -> the values of the write that fill it."""
    key: Mapping[str, tuple[str, ...]] = _NOTHING
    """Field of the response -> the values that identify the object. A list is filtered by it."""
    same: Mapping[str, tuple[str, ...]] = _NOTHING
    """Field of the response -> the values that must be ours; otherwise somebody else has the key."""
    found: Meaning
    """What it means that the object is found."""
    absent: Meaning
    """What it means that the object is absent."""
    control: Operation[Any] | None = None
    """A list that can always be read: a 404 of `read` can come from a gateway, and proves nothing without it."""
    then: Settle | None = None
    """What proves the part of the write that `read` does not show; used where the request gives the values for it."""
    doubtful: frozenset[int] = frozenset()
    """4xx statuses that may concern the part that `then` proves only, and come after the rest was carried out."""


@frozen(kw_only=True)
class Constraint:
    """What the API's description demands of a value that is sent. What is not set is not demanded."""

    required: bool = False
    """Neither `None` nor an empty text."""
    types: tuple[str, ...] = ()
    """JSON types, of which the value has one: `integer`, `number`, `string`, `boolean`."""
    values: tuple[str | int | bool, ...] = ()
    """The values of a closed enum."""
    format: str | None = None
    min_length: int | None = None
    """In characters, as `max_length`."""
    max_length: int | None = None
    pattern: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    """`exclusiveMinimum`: the value must be more."""
    below: float | None = None
    """`exclusiveMaximum`: the value must be less."""
    multiple_of: float | None = None
    min_items: int | None = None
    max_items: int | None = None
    unique_items: bool = False


def _split(constraints: Mapping[str, Constraint]) -> list[tuple[str, str, Constraint]]:
    # Once for an operation: taking the names apart for every request takes longer than the checks.
    parts = [(source.partition("."), constraint) for source, constraint in constraints.items()]
    return [(part, name, constraint) for (part, _, name), constraint in parts]


@frozen(kw_only=True)
class Operation(Generic[T_co]):
    """One operation of the API, as the spec declares it."""

    id: str
    method: Method
    path: str
    """Template with the parameters in braces: `/api/v1/groups/{group_id}`."""
    returns: type[T_co] | UnionType | None
    """What `Send` returns: a model, `list[Model]`, `str`, `None`, ..."""
    shape: ResponseShape
    """one/many: an object and a list with one object are taken for each other. exact: only what is declared."""
    retry: Retry
    settle: Settle | None = None
    body: Body | None = None
    secrets: frozenset[str] = frozenset()
    """Body fields that never show in a log line, a `repr` or an error."""
    joined: frozenset[str] = frozenset()
    """Query arrays sent as one comma-separated value (`explode: false`) rather than repeated."""
    constraints: Mapping[str, Constraint] = _NOTHING
    """Value of the request, such as `form.password`, -> what it must be; checked before anything is sent.

    Values inside a JSON body are named by the way to them: `json.address.city`, and `json.items.[].count` for each item
    of a list."""
    constrained: Sequence[tuple[str, str, Constraint]] = field(
        init=False, repr=False, eq=False, default=Factory(lambda self: _split(self.constraints), takes_self=True)
    )
    """The same, with the part of the request and the name in it apart."""


@frozen(kw_only=True)
class Request(Generic[T_co]):
    """An operation with its values. Bodies and headers stay out of `repr`: they may hold secrets.

    In `path`, `query`, `header` and `form` a `None` means "not sent".
    """

    operation: Operation[T_co]
    path: Mapping[str, Any] = field(default=_NOTHING)
    query: Mapping[str, Any] = field(default=_NOTHING, repr=False)
    header: Mapping[str, Any] = field(default=_NOTHING, repr=False)
    form: Mapping[str, Any] | None = field(default=None, repr=False)
    json: Any = field(default=UNSET, repr=False)


class Send(Protocol):
    """Carries out a request and returns the decoded response."""

    async def __call__(self, request: Request[T], /) -> T:
        """Send `request`; see `coggno.AsyncCoggno.send` for what is raised."""
        ...
