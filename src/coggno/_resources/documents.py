"""Training content (reference: Documents)."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from attrs import frozen

from coggno._generated import operations
from coggno._protocol.operation import Request
from coggno._session import OnItemError, Session
from coggno.models import Document, DocumentLicenses


@frozen
class Documents:
    """Training content (reference: Documents). All methods raise as `AsyncCoggno.send`."""

    _session: Session

    async def list(self) -> list[Document]:
        """Return all documents."""
        return await operations.list_documents(self._session)

    def iter(self, *, on_error: OnItemError | None = None) -> AsyncGenerator[Document]:
        """Yield all documents as they arrive.

        Args:
            on_error: receives the error of an item that cannot be decoded, which is then left out; without it the error
                is raised.
        """
        return self._session.iterate(Request(operation=operations.LIST_DOCUMENTS), on_error)

    async def licenses(self, document_id: int) -> DocumentLicenses:
        """Return a document's licenses, with the user of each.

        Raises:
            NotFoundError: no such document.
        """
        return await operations.get_document_licenses(self._session, document_id)
