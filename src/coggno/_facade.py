"""`AsyncCoggno`, the class that users import: the client, and what stands above it.

The client does not know provisioning, which is built on it. This module stands above both and joins them, so that
`coggno.provision(...)` is a method, and imports point down all the same.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import TYPE_CHECKING

from coggno._client import Client

if TYPE_CHECKING:
    from coggno.provisioning import Journal, PasswordFile, Removals, RowResult, Rows
    from coggno.reports import Reports


class AsyncCoggno(Client):
    """The Coggno API, asynchronously.

    ```python
    async with AsyncCoggno("test_...") as coggno:
        for group in await coggno.groups.list():
            print(group.name)
    ```

    Args:
        api_key: from Coggno's page Settings > API Keys; `COGGNO_API_KEY` if not given.
        base_url: where the API is; `COGGNO_BASE_URL` if not given, and else the address that belongs to the key:
            `https://beta.coggno.com` for `test_...`, `https://coggno.com/capp` for `live_...`.
        lms: id of the connected company to act for (`Coggno-LMS`); see also `as_company`.
        timeout: seconds for an attempt, or a `Timeout` with a limit for each phase; `None` for no limit.
        max_retries: how many attempts may follow the first, where repeating is safe.
        deadline: seconds for a call with all its attempts and pauses; `None` for no limit. If the outcome of a write is
            unknown by then, up to 5 more seconds are spent on finding out.
        http_client: an `httpx.AsyncClient`, `httpx2.AsyncClient` or `aiohttp.ClientSession` to send through, which
            stays yours to close; or `"aiohttp"` for one of ours.
        max_connections: size of our own connection pool.
        max_response_bytes: bytes that a response may have; `iter()` has no such limit.
        headers: headers to send with every request, such as a trace context. `Authorization`, `Host`, `Coggno-LMS` and
            `Content-*` belong to the client and are refused.
        decoding: what happens with a value that is not as the API description declares. `"tolerant"` passes it on as
            received (`None` where it is missing) and logs a warning once; `"strict"` raises `DecodeError`. Ids and
            logins must be right in either case.
        backoff: the pauses between attempts, as one of tenacity's wait strategies; by default
            `wait_random_exponential(multiplier=0.5, max=8)`.
        on_request: called with an `Attempt` before every attempt; it may add headers, such as a trace context.
        on_exchange: called with an `Exchange` after every attempt, for logs, metrics and traces. Either may be an
            `async def`, which is awaited; what they raise is logged, and does not change the call.

    Raises:
        ConfigurationError: an option cannot be used; nothing was sent.
    """

    @property
    def reports(self) -> Reports:
        """Reports about training, such as `coggno.reports.completion()`: who has finished what."""
        # Imported late, as provisioning is: most programs need neither.
        from coggno.reports import Reports

        return Reports(self)

    def provision(
        self,
        rows: Rows,
        *,
        concurrency: int = 16,
        rate: float | None = None,
        passwords: PasswordFile | None = None,
        patience: float = 900.0,
        settle_time: float = 60.0,
        journal: Journal | str | os.PathLike[str] | None = None,
        recheck: bool = False,
        removals: Removals | None = None,
        mapping: Mapping[str, str] | None = None,
        group: str | Sequence[str] = (),
    ) -> AsyncGenerator[RowResult]:
        """Create the users, groups and memberships of a roster; yield one result per row as it is known.

        The run waits for an API that is down or overloaded instead of giving up. The consumer sets the speed: when it
        does not take results, no more rows begin.

        Args:
            rows: an (async) iterable of mappings with the columns of a roster, a path, an open file, or a `Roster`.
            concurrency: how many requests may be in progress at once; the run finds out how many the API takes.
            rate: requests per second at most.
            passwords: where passwords are generated and kept for new users whose row has none.
            patience: seconds in which no row could be finished after which the run stops.
            settle_time: seconds until a write whose response was lost, and that is not visible, counts as lost.
            journal: path of a journal, URL of one in PostgreSQL, or one that is open: the same rows with the same
                journal continue a run that ended in whatever way, and send nothing for rows that are done.
            recheck: whether rows that an earlier run has done are compared with the server again.
            removals: who is removed or deleted because the roster does not have them.
            mapping: field -> column, for columns that are not called like their field.
            group: a group, or several, that every user is put into, besides those of the row.

        Raises:
            RosterError: the roster cannot be read; nothing was sent.
            JournalError: the journal cannot be used, or another run holds it; nothing was sent.
            ConfigurationError: an option cannot be used; nothing was sent.
            APIError: what exists could not be read; nothing was changed.
            RemovalsRefusedError: nobody was removed, although it was asked for; every row has been reported by then.
            StoppedError: the run ended early; what was done stays done, and the same rows continue it.
        """
        from coggno.provisioning import RosterOptions, RunOptions, provision

        path = journal if isinstance(journal, str | os.PathLike) else None
        options = RunOptions(
            concurrency=concurrency,
            rate=rate,
            passwords=passwords,
            patience=patience,
            settle_time=settle_time,
            journal=None if isinstance(journal, str | os.PathLike) else journal,
            recheck=recheck,
            removals=removals,
        )
        is_default = mapping is None and not group  # a roster that was read already has its options
        how = None if is_default else RosterOptions(mapping=mapping or {}, groups=group)
        return provision(self, rows, options, how, journal=path)
