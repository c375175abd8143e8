"""Groups of the companies, by id and by name."""

from __future__ import annotations

from .errors import InvalidDataError, RecordNotFoundError
from .identifiers import parse_id
from .records import SandboxGroup


class GroupStore:
    """All groups, oldest first; several may share a name."""

    def __init__(self) -> None:
        self.last_id = 0
        """The highest id that a group ever had."""
        self._of_company: dict[int, dict[int, SandboxGroup]] = {}
        # Ids as the keys of a dict: an ordered set, so that the group that is left is found without a scan.
        self._ids: dict[tuple[int, str], dict[int, None]] = {}

    def open_company(self, company_id: int) -> None:
        """Start a new company without groups."""
        self._of_company[company_id] = {}

    def add(self, company_id: int, name: str, description: str | None) -> SandboxGroup:
        """Add a group, whether or not the name is taken (reference: Create Group)."""
        self.last_id += 1
        group = SandboxGroup(id=self.last_id, company=company_id, name=name, description=description)
        self.restore(group)
        return group

    def restore(self, group: SandboxGroup) -> None:
        """Store a group that has its id already."""
        self._of_company[group.company][group.id] = group
        self._ids.setdefault((group.company, group.name), {})[group.id] = None

    def get(self, company_id: int, key: str) -> SandboxGroup:
        """Return the company's group with that id.

        Raises:
            RecordNotFoundError: the company has no such group.
        """
        group_id = parse_id(key)
        group = None if group_id is None else self._of_company[company_id].get(group_id)
        if group is None:
            raise RecordNotFoundError("no such group")
        return group

    def named(self, company_id: int, name: str) -> SandboxGroup:
        """Return the company's only group of that name.

        Raises:
            RecordNotFoundError: no group has it.
            InvalidDataError: several groups have it, so that choosing one would be a guess.
        """
        ids = list(self._ids.get((company_id, name), ()))
        if not ids:
            raise RecordNotFoundError("no such group")
        if len(ids) > 1:
            raise InvalidDataError("several groups have this name", {"name": "several groups have this name"})
        return self._of_company[company_id][ids[0]]

    def contains(self, company_id: int, group_id: int) -> bool:
        """Return whether the company has a group with that id."""
        return group_id in self._of_company[company_id]

    def of(self, company_id: int) -> list[SandboxGroup]:
        """Return the company's groups, oldest first."""
        return [*self._of_company[company_id].values()]

    def all(self) -> list[SandboxGroup]:
        """Return the groups of all companies, by id."""
        return sorted(
            (group for groups in self._of_company.values() for group in groups.values()), key=lambda it: it.id
        )

    def remove(self, group: SandboxGroup) -> None:
        """Remove a group."""
        del self._of_company[group.company][group.id]
        same_name = self._ids[(group.company, group.name)]
        del same_name[group.id]
        # An empty entry would stay for every name that was ever used.
        if not same_name:
            del self._ids[(group.company, group.name)]

    def copy(self) -> GroupStore:
        """Return a copy that does not change with this one."""
        copied = GroupStore()
        copied.last_id = self.last_id
        copied._of_company = {company: dict(groups) for company, groups in self._of_company.items()}
        copied._ids = {name: dict(ids) for name, ids in self._ids.items()}
        return copied
