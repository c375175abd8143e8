"""How a run proceeds, as its caller chooses."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal, TypeAlias

from attrs import field, frozen

from coggno._protocol.identity import login_key
from coggno.errors import ConfigurationError
from coggno.provisioning.journal import Journal
from coggno.provisioning.passwords import PasswordFile

RemovalScope: TypeAlias = Literal["members", "users"]
"""`members`: members of the roster's groups leave these. `users`: users of the company are deleted."""


def _login_keys(logins: Iterable[str]) -> frozenset[str]:
    return frozenset(map(login_key, logins))


@frozen(kw_only=True)
class Removals:
    """Who is removed because the roster does not have them, and how many at most.

    Both limits are checked before the first removal; if one is exceeded, nobody is removed.

    Attributes:
        scope: `members` removes members of the roster's groups who are not in the roster with that group; `users`
            deletes users of the company who are not in the roster.
        max_count: how many removals are allowed at most.
        max_share: which share of what is there may be removed at most, from 0 to 1.
        protect: logins that are never removed or deleted.

    Raises:
        ConfigurationError: a limit is out of range, or there is no such scope.
    """

    scope: RemovalScope = "members"
    max_count: int = 100
    max_share: float = 0.1
    protect: frozenset[str] = field(default=frozenset(), converter=_login_keys)

    def __attrs_post_init__(self) -> None:
        if self.scope not in {"members", "users"}:
            raise ConfigurationError(f"scope must be 'members' or 'users', not {self.scope!r}")
        if self.max_count < 0:
            raise ConfigurationError(f"max_count must not be negative, but is {self.max_count}")
        if not 0 <= self.max_share <= 1:  # NaN as well
            raise ConfigurationError(f"max_share must be between 0 and 1, not {self.max_share!r}")


@frozen(kw_only=True)
class RunOptions:
    """How a run proceeds.

    Attributes:
        concurrency: how many rows may be in progress at once, at least 1.
        rate: requests per second at most; `None` for no limit.
        passwords: where passwords are generated and kept for new users whose row has none.
        patience: seconds in which no row could be finished after which the run stops; until then it waits for the API.
        settle_time: seconds until a write whose response was lost, and that is not visible, counts as lost; longer than
            the longest request that the server carries out.
        journal: keeps what was sent and what became of it, so that the next run continues this one; `None` for one that
            ends with the run. It is opened by the run and closed by who made it.
        recheck: whether rows that an earlier run has done are compared with the server again.
        removals: who is removed or deleted because the roster does not have them; `None` for nobody.

    Raises:
        ConfigurationError: `concurrency` or `rate` is not a positive number, or `patience` or
            `settle_time` is negative.
    """

    concurrency: int = 16
    rate: float | None = None
    passwords: PasswordFile | None = None
    patience: float = 900.0
    settle_time: float = 60.0
    journal: Journal | None = None
    recheck: bool = False
    removals: Removals | None = None

    def __attrs_post_init__(self) -> None:
        if self.concurrency < 1:
            raise ConfigurationError(f"concurrency must be at least 1, not {self.concurrency}")
        if self.rate is not None and not (self.rate > 0 and math.isfinite(self.rate)):
            raise ConfigurationError(f"rate must be a positive number of requests per second, not {self.rate!r}")
        if not self.patience >= 0:  # NaN as well
            raise ConfigurationError(f"patience must be a number of seconds, not {self.patience!r}")
        if not self.settle_time >= 0:
            raise ConfigurationError(f"settle_time must be a number of seconds, not {self.settle_time!r}")
