"""A connection that ends soon when what waits for it is cancelled; imported late, since psycopg is an extra."""

from __future__ import annotations

from typing import Any, Final

from psycopg import AsyncConnection

_LONGEST_CANCELLATION: Final = 0.5  # seconds


class InterruptibleConnection(AsyncConnection[Any]):
    """A connection that is closed when the database does not respond to the cancellation of a query.

    That of psycopg waits 10 seconds for it, so that a worker with several connections would not end in time.
    """

    async def cancel_safe(self, *, timeout: float = 30.0) -> None:
        """Cancel what the server is doing, or close the connection.

        Args:
            timeout: seconds that the server has; less where it takes longer than a run may take to end.
        """
        try:
            await super().cancel_safe(timeout=min(timeout, _LONGEST_CANCELLATION))
        except Exception:
            self.pgconn.finish()
            raise
