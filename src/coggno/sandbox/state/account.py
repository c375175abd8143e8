"""All state of one sandbox, and the changes that concern several kinds of records at once.

A change that is refused leaves everything as it was: what can be refused is checked before anything is stored.
Replaying the same changes on a copy gives the same ids, which `execution.read_replica` relies on.
"""

from __future__ import annotations

from .companies import CompanyStore
from .documents import DocumentStore, LicenseStore
from .errors import InvalidDataError, RecordNotFoundError
from .groups import GroupStore
from .identifiers import LoginFolding, login_key
from .memberships import MembershipStore
from .records import NewPerson, SandboxCompany, SandboxDocument, SandboxGroup, SandboxLicense, SandboxUser
from .users import UserStore


class AccountState:
    """Companies, users, groups, memberships, documents and licenses; every lookup takes constant time.

    Args:
        fold_logins: which logins are the same.

    Raises:
        ValueError: `fold_logins` has no such value.
    """

    def __init__(self, fold_logins: LoginFolding = False) -> None:  # noqa: FBT002 - one of four values
        self.companies = CompanyStore()
        self.users = UserStore(login_key(fold_logins))
        self.groups = GroupStore()
        self.memberships = MembershipStore()
        self.documents = DocumentStore()
        self.licenses = LicenseStore()

    def create_company(self, owner: NewPerson, name: str | None, parent: int | None = None) -> SandboxCompany:
        """Register `owner` and open a company for them, connected to `parent` (reference: Create Company).

        The owner is registered, but is no user of the new LMS.

        Raises:
            InvalidDataError: the owner's login is taken.
        """
        return self.open_company(self.users.register(owner), name, parent)

    def open_company(self, owner: SandboxUser, name: str | None, parent: int | None = None) -> SandboxCompany:
        """Open a company for somebody who is registered."""
        company = self.companies.add(owner, name, parent)
        self.users.open_lms(company.id)
        self.groups.open_company(company.id)
        return company

    def create_user(self, company_id: int, person: NewPerson, group_id: int | None = None) -> SandboxUser:
        """Register `person`, put them into the LMS and, if asked, into a group (reference: Create User).

        Raises:
            InvalidDataError: the login is taken anywhere in Coggno, or the group is not one of the company's.
        """
        # Before the registration: a refused request must not leave a login taken.
        if group_id is not None and not self.groups.contains(company_id, group_id):
            raise InvalidDataError("no such group", {"group_id": "no such group"})
        user = self.users.register(person)
        self.users.enter(company_id, user)
        if group_id is not None:
            self.memberships.join(group_id, user)
        return user

    def delete_user(self, company_id: int, user: SandboxUser) -> None:
        """Take a user out of the LMS and all groups; the login stays registered (reference: Delete User)."""
        self.users.leave(company_id, user)
        self.memberships.leave_all(user)

    def create_group(self, company_id: int, name: str, description: str | None) -> SandboxGroup:
        """Make a group without members (reference: Create Group)."""
        group = self.groups.add(company_id, name, description)
        self.memberships.open_group(group.id)
        return group

    def restore_group(self, group: SandboxGroup) -> None:
        """Make a group that has its id already, without members."""
        self.groups.restore(group)
        self.memberships.open_group(group.id)

    def delete_group(self, group: SandboxGroup) -> None:
        """Delete a group; its members stay in the LMS."""
        self.memberships.close_group(group.id)
        self.groups.remove(group)

    def member(self, group: SandboxGroup, key: str, *, by_login: bool = True) -> SandboxUser:
        """Return the member of a group with that id or login.

        Raises:
            RecordNotFoundError: the group has no such member.
        """
        return self.users.find(self.memberships.of(group.id), key, by_login=by_login)

    def add_member(self, group: SandboxGroup, user_id: int) -> tuple[SandboxUser, bool]:
        """Put a user of this or any connected LMS into the group (reference: Add User to Group).

        Returns:
            The user, and whether that changed anything: a member may be added again.

        Raises:
            RecordNotFoundError: the user is in no LMS of the account.
        """
        home = self.users.company_of(user_id)
        if home is None or self._account(home) != self._account(group.company):
            raise RecordNotFoundError("no such user")
        # By id only: the form field is an id, and a login of the same digits is another user.
        user = self.users.in_lms(home)[user_id]
        return user, self.memberships.join(group.id, user)

    def user_licenses(self, user: SandboxUser) -> list[tuple[SandboxLicense, SandboxDocument]]:
        """Return the licenses of a user, each with its document."""
        documents = self.documents.by_id()
        return [(each, documents[each.document]) for each in self.licenses.of_user(user.id)]

    def document_licenses(self, company_id: int, document: SandboxDocument) -> list[tuple[SandboxLicense, SandboxUser]]:
        """Return the licenses for a document that users of this LMS hold, each with its user."""
        # Users who were deleted keep their licenses, but are not shown.
        users = self.users.in_lms(company_id)
        return [(each, users[each.user]) for each in self.licenses.of_document(document.id) if each.user in users]

    def add_license(self, license_: SandboxLicense) -> None:
        """Give a registered user a license for a document.

        Raises:
            RecordNotFoundError: there is no such user or document.
        """
        if self.users.by_id(license_.user) is None or license_.document not in self.documents.by_id():
            raise RecordNotFoundError("no such user or document")
        self.licenses.add(license_)

    def copy(self) -> AccountState:
        """Return a copy that does not change with this one; the records themselves are shared."""
        copied = AccountState()
        copied.companies = self.companies.copy()
        copied.users = self.users.copy()
        copied.groups = self.groups.copy()
        copied.memberships = self.memberships.copy()
        copied.documents = self.documents.copy()
        copied.licenses = self.licenses.copy()
        return copied

    def _account(self, company_id: int) -> int | None:
        company = self.companies.get(company_id)
        return None if company is None else company.account
