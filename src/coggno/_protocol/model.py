"""What the generated models and decoders build on. Of ours it imports `operation` only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

import attrs
from attrs import define, field

from coggno._protocol.operation import UNSET

if TYPE_CHECKING:
    from uuid import UUID

M = TypeVar("M", bound="Model")
Decoder: TypeAlias = Callable[[Any], Any]


class MismatchError(ValueError):
    """JSON data does not have the declared form. Without details: the converter finds them when they are wanted."""


def _given(extra: dict[str, Any] | None) -> dict[str, Any] | None:
    return extra or None


@define(kw_only=True, repr=False)
class Model:
    """Base of all generated models."""

    # Most responses have no unknown field: a dict for each object would cost a sixth of the time to decode it.
    _extra: dict[str, Any] | None = field(default=None, eq=_given)

    @property
    def extra(self) -> dict[str, Any]:
        """Fields of the response that the API description does not declare, as received."""
        if self._extra is None:
            self._extra = {}
        return self._extra

    def __repr__(self) -> str:
        shown = [f"{item.name}={getattr(self, item.name)!r}" for item in declared_fields(type(self)) if item.repr]
        if self._extra:
            # Names only: nobody knows what a server puts there, and a representation ends up in logs.
            shown.append(f"extra=<{', '.join(map(str, self._extra))}>")
        return f"{type(self).__name__}({', '.join(shown)})"

    def __post_init__(self) -> None:
        # Called by pydantic, which makes objects without `__init__` and sets the declared fields only.
        self._extra = None

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Describe the model to pydantic, and so to FastAPI. Called by pydantic only, which is imported by then."""
        from pydantic_core import core_schema

        arguments = [_pydantic_field(item, handler, core_schema) for item in declared_fields(attrs.resolve_types(cls))]
        return core_schema.dataclass_schema(
            cls,
            core_schema.dataclass_args_schema(cls.__name__, arguments),
            [item.name for item in declared_fields(cls)],
            ref=f"{cls.__module__}.{cls.__qualname__}:{id(cls)}",
            post_init=True,
            slots=True,
            # Not field by field: a tolerantly decoded value may be of another type than its field declares.
            serialization=core_schema.plain_serializer_function_ser_schema(to_dict),
        )


def _pydantic_field(item: attrs.Attribute[Any], handler: Any, core_schema: Any) -> Any:
    schema = handler.generate_schema(item.type)
    if item.default is not attrs.NOTHING:
        default: Any = item.default
        given = {"default_factory": default.factory} if isinstance(default, FACTORY) else {"default": default}
        schema = core_schema.with_default_schema(schema, **given)
    return core_schema.dataclass_field(item.name, schema, kw_only=True, validation_alias=wire_name(item))


FACTORY: Final[Any] = attrs.Factory  # a class, which its type stub hides


def declared_fields(model: type[Any]) -> Iterator[attrs.Attribute[Any]]:
    """Yield the fields that hold a field of the JSON object each."""
    return (item for item in attrs.fields(model) if not (item.name == "_extra" and issubclass(model, Model)))


def wire_name(item: attrs.Attribute[Any]) -> str:
    """Return the name of a field in JSON."""
    name: str = item.metadata.get("wire", item.name)
    return name


def to_dict(model: Model) -> dict[str, Any]:
    """Return a model as JSON-ready data under the names that the API uses, unknown fields included.

    Args:
        model: any object that this package returned, for example a `User`.

    Returns:
        Data for `json.dumps`: dates become texts, nested models become objects; a field that is `UNSET` is left out.
    """
    fields = ((wire_name(item), getattr(model, item.name)) for item in declared_fields(type(model)))
    data = {name: _plain(value) for name, value in fields if value is not UNSET}
    return {**data, **model.extra}


def _plain(value: Any) -> Any:
    match value:
        case Model():
            return to_dict(value)
        case list():
            return [_plain(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
        case dt.date():
            return value.isoformat()
        case None | str() | int() | float():
            return value
        case _:
            from uuid import UUID  # 3 ms, and needed for odd values only

            return str(value) if isinstance(value, UUID) else value


# Called by the generated decoders


DECODERS: Final[dict[type, Decoder]] = {}
"""The decoder of each generated model."""


def decodes(model: type[M]) -> Callable[[Callable[[Any], M]], Callable[[Any], M]]:
    """Register a function as the decoder of a model: the converter uses it wherever the model occurs."""

    def register(decoder: Callable[[Any], M]) -> Callable[[Any], M]:
        DECODERS[model] = decoder
        return decoder

    return register


def unknown_fields(data: dict[str, Any], known: frozenset[str]) -> dict[str, Any] | None:
    """Return the fields of an object that are not declared; `None` when there is none."""
    if known.issuperset(data):
        return None
    return {name: value for name, value in data.items() if name not in known} or None


class _Dates(dict[str, dt.date]):
    """Dates by their text. Licenses repeat a few thousand days: a date that is known takes no time and no memory."""

    def __missing__(self, text: str) -> dt.date:
        made = dt.date.fromisoformat(text)
        if len(self) < _MOST_DATES:
            self[text] = made
        return made


_MOST_DATES: Final = 4096  # eleven years, in half a megabyte
date: Final = _Dates().__getitem__
"""Return a JSON text as a date."""


def exactly(value: Any, *kinds: type) -> Any:
    """Return a value whose type is one of `kinds`; a boolean is no integer here."""
    if type(value) in kinds:
        return value
    raise MismatchError


def each(items: Any, decode: Callable[[Any], M]) -> list[M]:
    """Decode the objects of a JSON array in their places, so that the memory of each is free for the next.

    Without this, all of them and all models are there at once: a fifth more memory. When one cannot be decoded, those
    before it are models already, which the slower passes take as they are.
    """
    places: list[Any] = exactly(items, list)
    for start in range(0, len(places), _AT_ONCE):  # one by one takes longer
        places[start : start + _AT_ONCE] = map(decode, places[start : start + _AT_ONCE])
    return places


_AT_ONCE: Final = 500  # items


def number(value: Any) -> float:
    """Return a JSON number as `float`."""
    if type(value) is float or type(value) is int:
        return float(value)
    raise MismatchError


def one_of(value: Any, *allowed: Any) -> Any:
    """Return a value that is one of `allowed`, of the same type: `True` is not 1."""
    for known in allowed:
        if value == known and type(value) is type(known):
            return value
    raise MismatchError


def uuid(value: Any) -> UUID:
    """Return a JSON text as `UUID`."""
    from uuid import UUID

    return UUID(exactly(value, str))
