"""The user of a row: created, or found out what became of an earlier creation."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

from attrs import define

from coggno._generated import operations
from coggno._protocol.identity import login_key
from coggno._protocol.json import is_object
from coggno.errors import NotFoundError, PartialWriteError, UnprocessableEntityError
from coggno.models import User
from coggno.provisioning.client import CallResult, ProvisioningClient
from coggno.provisioning.execution.context import RunContext
from coggno.provisioning.execution.rows.requests import RowRequests
from coggno.provisioning.execution.rows.state import RowState
from coggno.provisioning.journal import Write, WriteKind
from coggno.provisioning.outcomes import RowOutcome, RowResult
from coggno.provisioning.planning import conflict
from coggno.provisioning.requests.failures import NotVisibleYetError

_CREATING: Final = "creating the user"
_ABSENCES: Final = 2  # checks in a row that must not find the user before the creation is sent again
_SHORTEST_PAUSE: Final = 0.5  # seconds between two of them
_LONGEST_PAUSE: Final = 10.0
_LONGEST_LAG_PAUSE: Final = 5.0
_OTHER_FIELDS: Final = frozenset({"first_name", "last_name", "password", "group_id"})
"""Fields of a new user that have nothing to do with the login being taken."""


@define
class UserCreation:
    """Sees to it that the user of a row exists.

    Attributes:
        context: what all rows share.
        state: what is known of the row.
        requests: sends the row's requests.
        is_last_try: whether the row is not tried again when this fails.
        not_visible: how often the login was taken and no user with it visible.
    """

    context: RunContext
    state: RowState
    requests: RowRequests
    is_last_try: bool = False
    not_visible: int = 0

    async def run(self) -> RowResult | None:
        """Create the user, after finding out about an earlier creation in doubt.

        Returns:
            The row's result if it has ended, or `None` when the user is there now.
        """
        if not self.state.may_be_created:
            return await self._create()
        try:
            user = await self._look_up()
        except NotFoundError:
            self._check_absence()
            return await self._create()
        return self._found(user, "the login belongs to another user's id")

    def _check_absence(self) -> None:
        """Return if the creation may be sent again.

        Raises:
            NotVisibleYetError: it may still be carried out, or only one check has not found it.
        """
        doubt = self.state.doubt
        if not doubt:
            return
        doubt.absences += 1
        left = doubt.not_before - self.context.clock()
        if doubt.absences < _ABSENCES or left > 0:
            pause = min(_LONGEST_PAUSE, max(_SHORTEST_PAUSE, left))
            raise NotVisibleYetError("the user is not there yet", pause=pause, is_expected=True)

    async def _create(self) -> RowResult | None:
        state, groups = self.state, self.state.planned.missing
        planned = state.planned
        intent = Write(kind=WriteKind.CREATE_USER, key=state.person.key, line=planned.row.line, company=planned.company)
        try:
            user = await self.requests.write(_CREATING, intent, self._call, nothing_to_miss=True)
        except UnprocessableEntityError as refusal:
            state.may_be_created = state.may_be_created or refusal.outcome == "unknown"
            return await self._explain(refusal)
        except PartialWriteError as partial:
            # The response was lost. The user was found on the server, and is in none of the row's groups yet.
            user = partial.value
            state.doubt.clear()
            state.is_inferred = state.must_check_groups = True
        else:
            state.joined.update(groups[:1])
        finally:
            state.may_be_created = state.may_be_created or bool(state.doubt)
        state.user_id, state.was_created = user.id, True
        return None

    @property
    def _client(self) -> ProvisioningClient:
        return self.context.client_of(self.state.planned.company)

    def _call(self) -> Awaitable[CallResult[User]]:
        person, groups = self.state.person, self.state.planned.missing
        return self._client.call(
            operations.create_user,
            email=person.email,
            first_name=person.first_name,
            last_name=person.last_name,
            password=self.context.password_of(person),
            login=person.login,
            group_id=self.context.groups[self.state.planned.company, groups[0]].id if groups else None,
        )

    async def _look_up(self) -> User:
        login = self.state.person.effective_login
        return await self.requests.read("looking up the user", lambda: self._client.call(operations.get_user, login))

    async def _explain(self, refusal: UnprocessableEntityError) -> RowResult | None:
        """Find out what a 422 means: the user exists after all, somewhere else, or the row is refused."""
        try:
            user = await self._look_up()
        except NotFoundError:
            return self._not_found(refusal)
        return self._found(user, refusal.message)

    def _found(self, user: User, refusal: str) -> RowResult | None:
        state = self.state
        # The server also takes a login of digits for the id of another user.
        if login_key(user.login) != state.person.key:
            return state.result(RowOutcome.UNKNOWN if state.may_be_created else RowOutcome.REFUSED, refusal)
        if not state.person.has_names(user.first_name, user.last_name):
            return conflict(state.planned.row, user)
        state.user_id = user.id
        state.must_check_groups = True
        # Nobody had the login when the plan was made: now it is our own write whose response was lost, or another's.
        state.was_created = state.may_be_created
        state.is_inferred = state.is_inferred or state.may_be_created
        state.doubt.clear()
        return None

    def _not_found(self, refusal: UnprocessableEntityError) -> RowResult:
        state = self.state
        if state.may_be_created:
            if not self.is_last_try:
                # Twenty of these last longer than reads may lag.
                self.not_visible += 1
                pause = min(_LONGEST_LAG_PAUSE, _SHORTEST_PAUSE * 2.0**self.not_visible)
                raise NotVisibleYetError(refusal.message, pause=pause)
            detail = (
                "Coggno reports that the login is taken, but no user with it is visible here: it belongs to another "
                "company, or a request whose response was lost has just created it. Run the row again to find out"
            )
            return state.result(RowOutcome.UNKNOWN, detail)
        if _names_other_fields(refusal):
            return state.result(RowOutcome.REFUSED, refusal.message)
        detail = (
            f"Coggno refuses the login, and nobody in this company has it ({refusal.message}). The person is "
            "registered with another company, or was deleted here earlier: Coggno keeps deleted people. Use another "
            "login"
        )
        return state.result(RowOutcome.REGISTERED_ELSEWHERE, detail)


def _names_other_fields(refusal: UnprocessableEntityError) -> bool:
    """Return whether a refusal reports errors of other fields than the login only."""
    return is_object(refusal.errors) and bool(refusal.errors) and refusal.errors.keys() <= _OTHER_FIELDS
