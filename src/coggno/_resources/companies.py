"""Connected companies (reference: Companies)."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from attrs import frozen

from coggno._generated import operations
from coggno._protocol.operation import Request
from coggno._session import OnItemError, Session
from coggno.models import Company


@frozen
class Companies:
    """Connected companies (reference: Companies). All methods raise as `AsyncCoggno.send`."""

    _session: Session

    async def list(self) -> list[Company]:
        """Return all connected companies."""
        return await operations.list_companies(self._session)

    def iter(self, *, on_error: OnItemError | None = None) -> AsyncGenerator[Company]:
        """Yield all connected companies as they arrive.

        Args:
            on_error: receives the error of an item that cannot be decoded, which is then left out; without it the error
                is raised.
        """
        return self._session.iterate(Request(operation=operations.LIST_COMPANIES), on_error)

    async def create(
        self,
        *,
        email: str,
        first_name: str,
        last_name: str,
        password: str,
        name: str | None = None,
        login: str | None = None,
    ) -> Company:
        """Create a company, and a user who owns it.

        Args:
            email: a valid e-mail address.
            first_name: of the owner.
            last_name: of the owner.
            password: 6 to 40 characters.
            name: of the company.
            login: login name of the owner; the e-mail address if not given.
        """
        return await operations.create_company(
            self._session,
            email=email,
            first_name=first_name,
            last_name=last_name,
            password=password,
            name=name,
            login=login,
        )
