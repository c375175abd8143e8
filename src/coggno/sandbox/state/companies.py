"""Companies, and which of them are connected."""

from __future__ import annotations

from .records import SandboxCompany, SandboxUser


class CompanyStore:
    """All companies of all accounts, oldest first."""

    def __init__(self) -> None:
        self._by_id: dict[int, SandboxCompany] = {}
        self._children: dict[int, list[int]] = {}

    def add(self, owner: SandboxUser, name: str | None, parent: int | None) -> SandboxCompany:
        """Add a company that `owner` owns, connected to the company `parent`; without one it is a new account."""
        # Companies are never deleted, so their number is the highest id.
        company_id = len(self._by_id) + 1
        company = SandboxCompany(
            id=company_id,
            user_id=owner.id,
            login=owner.login,
            first_name=owner.first_name,
            last_name=owner.last_name,
            name=name,
            parent=parent,
            account=company_id if parent is None else self._by_id[parent].account,
        )
        self._by_id[company_id] = company
        if parent is not None:
            self._children.setdefault(parent, []).append(company_id)
        return company

    def get(self, company_id: int) -> SandboxCompany | None:
        """Return the company with that id, if it exists."""
        return self._by_id.get(company_id)

    def all(self) -> tuple[SandboxCompany, ...]:
        """Return every company, oldest first."""
        return tuple(self._by_id.values())

    def connected(self, company_id: int) -> list[SandboxCompany]:
        """Return the companies created by `company_id` (reference: Get Connected Companies)."""
        return [self._by_id[child] for child in self._children.get(company_id, ())]

    def copy(self) -> CompanyStore:
        """Return a copy that does not change with this one."""
        copied = CompanyStore()
        copied._by_id = dict(self._by_id)
        copied._children = {parent: list(children) for parent, children in self._children.items()}
        return copied
