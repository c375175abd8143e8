"""Who has finished what: users and documents, read once for each document."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from typing import Final, TypeAlias

from attrs import evolve, frozen

from coggno._client import Client
from coggno._config import check_count
from coggno.models import DocumentLicense, DocumentLicenses, DocumentSummary, User
from coggno.reports.completion_row import CompletionRow, CompletionState, best_license, state_of
from coggno.reports.people import ReportPeople, read_people
from coggno.reports.windowed import windowed

_ORDER: Final = {state: index for index, state in enumerate(CompletionState)}


@frozen(kw_only=True)
class ReportScope:
    """What a report is about, known before its first row.

    Attributes:
        users: how many users.
        documents: how many documents.
        groups: names of the groups.
    """

    users: int
    documents: int
    groups: Sequence[str]


OnScope: TypeAlias = Callable[[ReportScope], None]


async def completion(
    client: Client,
    *,
    documents: Iterable[int] | None = None,
    groups: Iterable[int] | None = None,
    licensed_only: bool = False,
    concurrency: int = 8,
    on_scope: OnScope | None = None,
) -> AsyncGenerator[CompletionRow]:
    """Yield a row for every user and document: how far the user is, with score and dates.

    The rows of a document follow each other; people who have not started or not passed are first among them, by last
    name. Where a user has several licenses for a document, the one that got furthest counts. Licenses of people who
    are not in the LMS any more, or not in the groups, are left out.

    The licenses of each document are read once. Memory is needed for the users, and for the licenses of `concurrency`
    documents, however many documents there are.

    Args:
        client: an `AsyncCoggno`.
        documents: ids of the documents; if not given, all that are published or that somebody has a license for.
        groups: ids of the groups whose members the report is about; all users if not given.
        licensed_only: whether to leave out users who have no license for a document.
        concurrency: how many requests may be in progress at once.
        on_scope: called once with the `ReportScope`, before the first row.

    Raises:
        ConfigurationError: `concurrency` is no positive whole number; nothing was sent.
        NotFoundError: there is no such document or group.
        APIError: something could not be read.

    API reference: Get Document Licenses, List Group Users.
    """
    check_count("concurrency", concurrency)
    people = await read_people(client, None if groups is None else dict.fromkeys(groups), concurrency)
    wanted, drafts = await _documents(client, documents)
    if on_scope is not None:
        on_scope(ReportScope(users=len(people.users), documents=len(wanted), groups=people.names))
    async with aclosing(windowed(client.documents.licenses, wanted, concurrency)) as read:
        async for found in read:
            # A draft that nobody has a license for is nothing that anybody could have finished.
            if found.licenses or found.document.id not in drafts:
                for row in _rows(found, people, licensed_only=licensed_only):
                    yield row


async def _documents(client: Client, ids: Iterable[int] | None) -> tuple[Sequence[int], frozenset[int]]:
    """Return the documents of a report, and which of them count only if somebody has a license."""
    if ids is not None:
        return list(dict.fromkeys(ids)), frozenset()
    found = await client.documents.list()
    return [each.id for each in found], frozenset(each.id for each in found if each.published == 0)


def _rows(found: DocumentLicenses, people: ReportPeople, *, licensed_only: bool) -> Iterator[CompletionRow]:
    licenses: defaultdict[int, list[DocumentLicense]] = defaultdict(list)
    for license_ in found.licenses:
        licenses[license_.user.id].append(license_)
    best = {user_id: best_license(each) for user_id, each in licenses.items()}
    states = {user_id: state_of(each) for user_id, each in best.items()}
    # The users are sorted by name already, and sorting by state keeps that order.
    for user in sorted(people.users, key=lambda user: _ORDER[states.get(user.id, CompletionState.NO_LICENSE)]):
        if user.id in best or not licensed_only:
            yield _with_license(_without_license(found.document, user, people), best.get(user.id))


def _without_license(document: DocumentSummary, user: User, people: ReportPeople) -> CompletionRow:
    return CompletionRow(
        document_id=document.id,
        document=document.title,
        user_id=user.id,
        login=user.login,
        first_name=user.first_name,
        last_name=user.last_name,
        groups=people.groups_of(user),
        state=CompletionState.NO_LICENSE,
    )


def _with_license(row: CompletionRow, license_: DocumentLicense | None) -> CompletionRow:
    if license_ is None:
        return row
    return evolve(
        row,
        state=state_of(license_),
        status=license_.status,
        score=license_.score,
        passed=license_.passed,
        start_date=license_.start_date,
        complete_date=license_.complete_date,
    )
