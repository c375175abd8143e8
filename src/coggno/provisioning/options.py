"""How a run proceeds, as its caller chooses."""

from __future__ import annotations

import math

from attrs import frozen

from coggno.errors import ConfigurationError
from coggno.provisioning.passwords import PasswordFile


@frozen(kw_only=True)
class RunOptions:
    """How a run proceeds.

    Attributes:
        concurrency: how many rows may be in progress at once, at least 1.
        rate: requests per second at most; `None` for no limit.
        passwords: where passwords are generated and kept for new users whose row has none.
        patience: seconds in which no row could be finished after which the run stops; until then it waits for the API.

    Raises:
        ConfigurationError: `concurrency` or `rate` is not a positive number, or `patience` is negative.
    """

    concurrency: int = 16
    rate: float | None = None
    passwords: PasswordFile | None = None
    patience: float = 900.0

    def __attrs_post_init__(self) -> None:
        if self.concurrency < 1:
            raise ConfigurationError(f"concurrency must be at least 1, not {self.concurrency}")
        if self.rate is not None and not (self.rate > 0 and math.isfinite(self.rate)):
            raise ConfigurationError(f"rate must be a positive number of requests per second, not {self.rate!r}")
        if not self.patience >= 0:  # NaN as well
            raise ConfigurationError(f"patience must be a number of seconds, not {self.patience!r}")
