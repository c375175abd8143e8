"""Documents and the licenses for them."""

from __future__ import annotations

from collections.abc import Mapping

from .errors import RecordNotFoundError
from .identifiers import parse_id
from .records import SandboxDocument, SandboxLicense


class DocumentStore:
    """Training content, oldest first. No operation changes it: only seeds do."""

    def __init__(self) -> None:
        self._by_id: dict[int, SandboxDocument] = {}

    def add(self, title: str, *, company: int | None, type_: str, published: int, created_at: str) -> SandboxDocument:
        """Add a document; `company=None` gives it to every company."""
        document = SandboxDocument(
            id=len(self._by_id) + 1,
            title=title,
            company=company,
            published=published,
            type=type_,
            # The reference shows no time of its own for it.
            published_at=created_at if published else None,
            created_at=created_at,
        )
        self.restore(document)
        return document

    def restore(self, document: SandboxDocument) -> None:
        """Store a document that has its id already."""
        self._by_id[document.id] = document

    def get(self, company_id: int, key: str) -> SandboxDocument:
        """Return the document with that id, if the company has it.

        Raises:
            RecordNotFoundError: there is none, or it is another company's.
        """
        document_id = parse_id(key)
        document = None if document_id is None else self._by_id.get(document_id)
        if document is None or document.company not in {None, company_id}:
            raise RecordNotFoundError("no such document")
        return document

    def of(self, company_id: int) -> list[SandboxDocument]:
        """Return the documents that the company has."""
        return [each for each in self._by_id.values() if each.company in {None, company_id}]

    def by_id(self) -> Mapping[int, SandboxDocument]:
        """Return all documents by id, whoever has them."""
        return self._by_id

    def copy(self) -> DocumentStore:
        """Return a copy that does not change with this one."""
        copied = DocumentStore()
        copied._by_id = dict(self._by_id)
        return copied


class LicenseStore:
    """Licenses by user and by document, oldest first."""

    def __init__(self) -> None:
        self._all: list[SandboxLicense] = []
        self._of_user: dict[int, list[SandboxLicense]] = {}
        self._of_document: dict[int, list[SandboxLicense]] = {}

    def add(self, license_: SandboxLicense) -> None:
        """Add a license."""
        self._all.append(license_)
        self._of_user.setdefault(license_.user, []).append(license_)
        self._of_document.setdefault(license_.document, []).append(license_)

    def all(self) -> tuple[SandboxLicense, ...]:
        """Return every license, oldest first."""
        return tuple(self._all)

    def of_user(self, user_id: int) -> list[SandboxLicense]:
        """Return the licenses that a user holds."""
        return self._of_user.get(user_id, [])

    def of_document(self, document_id: int) -> list[SandboxLicense]:
        """Return the licenses for a document."""
        return self._of_document.get(document_id, [])

    def copy(self) -> LicenseStore:
        """Return a copy that does not change with this one."""
        copied = LicenseStore()
        copied._all = list(self._all)
        copied._of_user = {user: list(licenses) for user, licenses in self._of_user.items()}
        copied._of_document = {document: list(licenses) for document, licenses in self._of_document.items()}
        return copied
