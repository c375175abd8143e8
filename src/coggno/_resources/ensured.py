"""What `ensure` returns."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class Ensured(tuple[T, bool], Generic[T]):  # noqa: SLOT001 - a tuple cannot have slots
    """What `ensure` returns: `user, created = await coggno.users.ensure(...)`.

    Attributes:
        value: what is there now.
        created: whether this call created it.
        settled: whether a response was lost on the way, and a check showed that the write had been carried out.
    """

    settled: bool

    def __new__(cls, value: T, *, created: bool, settled: bool = False) -> Ensured[T]:
        """Return the pair of `value` and `created`, with `settled` beside it."""
        self = super().__new__(cls, (value, created))
        self.settled = settled
        return self

    def __getnewargs_ex__(self) -> tuple[tuple[T], dict[str, bool]]:
        return (self[0],), {"created": self[1], "settled": self.settled}

    @property
    def value(self) -> T:
        """What is there now."""
        return self[0]

    @property
    def created(self) -> bool:
        """Whether this call created it."""
        return self[1]
