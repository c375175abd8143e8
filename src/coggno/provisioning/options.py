"""What a caller can choose: how a roster is read, and how a run proceeds. Frozen, checked when they are made."""

from __future__ import annotations

import math
from collections.abc import Mapping

from attrs import field, frozen

from coggno.errors import ConfigurationError
from coggno.provisioning.passwords import PasswordFile


@frozen(kw_only=True)
class RosterOptions:
    """How a roster is read.

    Attributes:
        mapping: field -> column, for columns that are not called like their field, e.g. `{"email": "Work_Mail"}`.
        group: a group that every user is put into, besides those of the row.
        delimiter: the character between the cells of CSV; detected if not given.
        encoding: of the file, e.g. `"cp1252"`; UTF-8 if not given, with or without a byte order mark.
        needs_password: whether a row without a password is invalid. If not, the run decides: it makes one where it has
            a `PasswordFile`, and ends the row as invalid where it has none.
    """

    mapping: Mapping[str, str] = field(factory=dict[str, str])
    group: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    needs_password: bool = False


@frozen(kw_only=True)
class RunOptions:
    """How a run proceeds.

    Attributes:
        concurrency: how many rows may be in progress at once, at least 1.
        rate: requests per second at most; `None` for no limit.
        passwords: where passwords are generated and kept for new users whose row has none.

    Raises:
        ConfigurationError: `concurrency` or `rate` is not a positive number.
    """

    concurrency: int = 16
    rate: float | None = None
    passwords: PasswordFile | None = None

    def __attrs_post_init__(self) -> None:
        if self.concurrency < 1:
            raise ConfigurationError(f"concurrency must be at least 1, not {self.concurrency}")
        if self.rate is not None and not (self.rate > 0 and math.isfinite(self.rate)):
            raise ConfigurationError(f"rate must be a positive number of requests per second, not {self.rate!r}")
