"""What workers that share one pace exchange with the place where it is kept, on whose clock alone it runs."""

from __future__ import annotations

from typing import Protocol

from attrs import frozen


@frozen(kw_only=True)
class PaceReport:
    """What one worker reports and asks for.

    Attributes:
        rate: requests per second that its caller allows; `None` for no limit.
        slots: how many requests it wants to reserve, at least 0.
        accepted: how many requests the server has accepted since the last report.
        accepted_for: seconds since the first of them.
        refusals: number of the last refusal that the worker knows of.
        pause: seconds to hold back all requests, after a refusal; `None` if there was none.
        has_progress: whether it has finished a row or a group since the last report.
        closings: how often the circuit was closed, as far as the worker knows.
        opens: whether it has found that the API does not work.
        closes: whether its control read has succeeded.
        gives_up: whether its control read has failed.
        wants_probe: whether it would send the control read that is due.
        is_probing: whether it is sending one.
    """

    rate: float | None = None
    slots: int = 0
    accepted: int = 0
    accepted_for: float = 0.0
    refusals: int = 0
    pause: float | None = None
    has_progress: bool = False
    closings: int = 0
    opens: bool = False
    closes: bool = False
    gives_up: bool = False
    wants_probe: bool = False
    is_probing: bool = False


@frozen(kw_only=True)
class PaceState:
    """The pace of all workers, at the moment of an exchange.

    Attributes:
        rate: requests per second of all workers together; `None` for no limit.
        first: seconds until the first slot that was reserved.
        step: seconds between two of them.
        pause: seconds for which the server does not want requests.
        refusals: how often it has refused requests because there were too many.
        is_open: whether nothing may be sent but control reads.
        closings: how often the circuit was closed.
        next_probe: seconds until a control read is due.
        may_probe: whether this worker is to send it.
    """

    rate: float | None = None
    first: float = 0.0
    step: float = 0.0
    pause: float = 0.0
    refusals: int = 0
    is_open: bool = False
    closings: int = 0
    next_probe: float = 0.0
    may_probe: bool = False


class PaceStore(Protocol):
    """Keeps the pace of all workers."""

    async def exchange(self, report: PaceReport) -> PaceState:
        """Note what a worker reports, and return the pace of all.

        An exchange whose confirmation was lost is carried out again: that costs some slots, and does no harm.

        Raises:
            ConnectionError: that is not possible now, and may well be later.
            JournalError: it will not be possible.
        """
        ...

    async def close(self) -> None:
        """Give the connection back. A second call does nothing."""
        ...
