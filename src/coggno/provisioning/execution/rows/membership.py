"""The memberships of a row's user: added one by one, those in doubt checked first."""

from __future__ import annotations

from typing import Final

from attrs import define

from coggno._generated import operations
from coggno.errors import NotFoundError, UnprocessableEntityError
from coggno.provisioning.execution.context import RunContext
from coggno.provisioning.execution.rows.requests import RowRequests
from coggno.provisioning.execution.rows.state import RowState
from coggno.provisioning.journal import Write, WriteKind
from coggno.provisioning.requests.failures import NotVisibleYetError

_ABSENCES: Final = 2  # checks in a row that must not find a member before it is added again
_SHORTEST_PAUSE: Final = 0.5  # seconds between two of them
_PAUSES: Final = (5.0, 10.0, 30.0)  # seconds; a user created just now may not be visible everywhere yet


@define
class MembershipAdding:
    """Puts the user of a row into its groups.

    Attributes:
        context: what all rows share.
        state: what is known of the row.
        requests: sends the row's requests.
        not_found: how often the API did not find a user that was created just now, in this group.
        refused: how often it refused to add a user who may be a member already.
    """

    context: RunContext
    state: RowState
    requests: RowRequests
    not_found: int = 0
    refused: int = 0

    async def run(self) -> None:
        """Add the user to all groups that are missing."""
        user = self.state.user_id
        company = self.state.planned.company
        assert user is not None  # noqa: S101 - users come before memberships
        for name in self.state.planned.missing:
            if name not in self.state.joined:
                await self._join(name, self.context.groups[company, name].id, user)

    async def _join(self, name: str, group: int, user: int) -> None:
        state = self.state
        if state.must_check_groups and await self._is_member(name, group, user):
            # In the last try, by a request whose response was lost, or with the creation.
            if state.doubt:
                state.is_inferred = True
                state.added.append(name)
                state.doubt.clear()
        else:
            self._check_absence()
            await self._add(name, group, user)
            state.added.append(name)
        state.joined.add(name)

    def _check_absence(self) -> None:
        """Return if the user may be added: a request in doubt is sent again when two checks have not found it.

        Raises:
            NotVisibleYetError: only one has.
        """
        doubt = self.state.doubt
        if doubt:
            doubt.absences += 1
            if doubt.absences < _ABSENCES:
                raise NotVisibleYetError("the user is no member yet", pause=_SHORTEST_PAUSE, is_expected=True)

    async def _is_member(self, name: str, group: int, user: int) -> bool:
        call = self.context.client_of(self.state.planned.company).call
        try:
            member = await self.requests.read(
                f"checking group {name!r}", lambda: call(operations.get_group_user, group, user)
            )
        except NotFoundError:
            return False
        # The server also takes the id for the login of another member, which may be all digits.
        return member.id == user

    async def _add(self, name: str, group: int, user: int) -> None:
        was_in_doubt = bool(self.state.doubt)
        try:
            await self._send(name, group, user)
        except NotFoundError as missing:
            if not self.state.was_created or self.not_found >= len(_PAUSES):
                raise
            # Raised instead of slept through, so that the worker is free for other rows meanwhile.
            pause = _PAUSES[self.not_found]
            self.not_found += 1
            raise NotVisibleYetError(missing.message, pause=pause) from missing
        except UnprocessableEntityError as refusal:
            # Perhaps because the request before was carried out, which reads do not show yet.
            if not was_in_doubt or self.refused >= len(_PAUSES):
                raise
            pause = _PAUSES[self.refused]
            self.refused += 1
            raise NotVisibleYetError(refusal.message, pause=pause) from refusal
        self.not_found = self.refused = 0

    async def _send(self, name: str, group: int, user: int) -> None:
        planned = self.state.planned
        call = self.context.client_of(planned.company).call
        intent = Write(
            kind=WriteKind.ADD_MEMBER,
            key=self.state.person.key,
            group_id=group,
            line=planned.row.line,
            company=planned.company,
        )
        await self.requests.write(
            f"adding to group {name!r}", intent, lambda: call(operations.add_group_user, group, id=user)
        )
