"""`coggno.reports` of a client: the reports as methods."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable

from attrs import frozen

from coggno._client import Client
from coggno.reports.completion import OnScope, completion
from coggno.reports.completion_row import CompletionRow


@frozen
class Reports:
    """Reports about training. All methods raise as `AsyncCoggno.send`."""

    _client: Client

    def completion(
        self,
        *,
        documents: Iterable[int] | None = None,
        groups: Iterable[int] | None = None,
        licensed_only: bool = False,
        concurrency: int = 8,
        on_scope: OnScope | None = None,
    ) -> AsyncGenerator[CompletionRow]:
        """Yield a row for every user and document: how far the user is; see `coggno.reports.completion`.

        Args:
            documents: ids of the documents; if not given, all that are published or that somebody has a license for.
            groups: ids of the groups whose members the report is about; all users if not given.
            licensed_only: whether to leave out users who have no license for a document.
            concurrency: how many requests may be in progress at once.
            on_scope: called once with the `ReportScope`, before the first row.

        Raises:
            ConfigurationError: `concurrency` is no positive whole number; nothing was sent.
            NotFoundError: there is no such document or group.
            APIError: something could not be read.
        """
        return completion(
            self._client,
            documents=documents,
            groups=groups,
            licensed_only=licensed_only,
            concurrency=concurrency,
            on_scope=on_scope,
        )
