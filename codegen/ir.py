"""An API as it is read from the document. Frozen; imports nothing of ours.

Names are those of the API; `names.py` turns them into Python's. `pointer` is the location in the document.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from attrs import frozen

Location: TypeAlias = Literal["path", "query", "header"]
ScalarName: TypeAlias = Literal["str", "int", "float", "bool", "date", "datetime", "uuid", "any", "object"]


@frozen
class Scalar:
    """A value without a shape of its own; `object` is a mapping with any fields."""

    name: ScalarName


@frozen
class Choice:
    """An enum. It is open: the values are those that are known."""

    pointer: str
    name: str
    values: tuple[str | int, ...]


@frozen
class Constant:
    """The one value that is allowed."""

    value: str | int | bool


@frozen
class Array:
    """A list."""

    item: Type


@frozen
class Reference:
    """A model, by its pointer."""

    pointer: str


@frozen
class Union:
    """One of several scalars."""

    members: tuple[Type, ...]
    exclusive: bool
    """It was written as `oneOf`: a value that fits two members is refused by the server."""


@frozen
class Nullable:
    """A type or null."""

    type: Type


@frozen
class OneOrMany:
    """An object, or a list of such objects, whichever the server takes for right today."""

    item: Type
    promised: Literal["one", "many"]


Type: TypeAlias = Scalar | Choice | Constant | Array | Reference | Union | Nullable | OneOrMany


@frozen
class Default:
    """A default, boxed: it may be null."""

    value: Any


@frozen(kw_only=True)
class Field:
    """A property of an object, a field of a form, or the value of a parameter."""

    pointer: str
    name: str
    type: Type
    required: bool
    description: str = ""
    default: Default | None = None
    limits: tuple[tuple[str, Any], ...] = ()
    """Keyword and value of what only the server checks, in the order of the document."""
    secret: bool = False
    read_only: bool = False
    write_only: bool = False
    deprecated: bool = False


@frozen(kw_only=True)
class Model:
    """An object with named fields."""

    pointer: str
    name: str
    description: str = ""
    fields: tuple[Field, ...]
    """All of them, those of the base included."""
    base: str | None = None
    """Pointer of the model that this one extends."""
    base_fields: frozenset[str] = frozenset()
    """Names of the fields that the base declares."""
    deprecated: bool = False
    sent: bool = False
    """It is (part of) a JSON body."""
    received: bool = False
    """It is (part of) a response."""

    @property
    def own_fields(self) -> tuple[Field, ...]:
        """Those that the base does not declare."""
        return tuple(item for item in self.fields if item.name not in self.base_fields)


@frozen(kw_only=True)
class Parameter:
    """Something the caller gives, outside the body."""

    location: Location
    field: Field
    joined: bool = False
    """A list in one value, separated by commas."""


@frozen(kw_only=True)
class Body:
    """What is sent."""

    pointer: str
    media: Literal["form", "json"]
    required: bool
    type: Type
    description: str = ""
    fields: tuple[Field, ...] = ()
    """Of a form."""
    secrets: tuple[str, ...] = ()


@frozen(kw_only=True)
class Response:
    """The response of a successful call."""

    pointer: str
    kind: Literal["one", "many", "exact", "text", "none"]
    type: Type | None
    description: str = ""


@frozen
class Value:
    """A value of a write, such as `form.name`."""

    location: Literal["path", "query", "form", "json", "found"]
    name: str


Values: TypeAlias = tuple[tuple[str, tuple[Value, ...]], ...]


@frozen(kw_only=True)
class Settle:
    """How to find out whether a write happened."""

    pointer: str
    read: str
    path: Values = ()
    key: Values = ()
    same: Values = ()
    found: Literal["done", "resend", "unknown"]
    absent: Literal["done", "resend", "unknown"]
    control: str | None = None
    """A list that must be readable, else a 404 of `read` proves nothing."""
    then: Settle | None = None
    """What proves the part of the write that `read` does not show; for requests that give its values."""
    doubtful: tuple[int, ...] = ()
    """4xx statuses after which a part of the write may have been carried out."""


@frozen(kw_only=True)
class Operation:
    """One method of one path."""

    pointer: str
    id: str
    method: str
    path: str
    description: str = ""
    deprecated: bool = False
    retry: Literal["safe", "settle", "never"]
    settle: Settle | None = None
    parameters: tuple[Parameter, ...] = ()
    """Those of the path first, in its order."""
    body: Body | None = None
    response: Response


@frozen(kw_only=True)
class Api:
    """All of it. Models and choices are those that operations use, in the order of the document."""

    operations: tuple[Operation, ...]
    models: tuple[Model, ...]
    choices: tuple[Choice, ...]
