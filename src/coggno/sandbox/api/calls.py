"""An operation, and a call of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from attrs import field, frozen

from coggno.sandbox.execution import Commit
from coggno.sandbox.state import AccountState, RecordNotFoundError, parse_integer

_NOTHING: Final[Mapping[str, bool]] = MappingProxyType({})


@frozen(kw_only=True)
class SandboxOperation:
    """An operation as the reference declares it."""

    id: str
    method: str
    path: str
    """Below `/api/v1`, with the parameters in braces: `groups/{group}/users/{user}`."""
    handler: Callable[[AccountState, ApiCall, Commit], Any] = field(repr=False)
    """Carries it out and returns the JSON of the response."""
    fields: Mapping[str, bool] = _NOTHING
    """Field of the form -> whether it is required."""

    @property
    def writes(self) -> bool:
        """Whether it changes state."""
        return self.method != "GET"


@frozen(kw_only=True)
class ApiCall:
    """A request that passed authentication and form checks: by which company, with which values."""

    operation: SandboxOperation
    company: int
    path: Mapping[str, str]
    form: Mapping[str, str] = field(repr=False)
    by_login: bool = True
    """Whether a user in the path may be named by login as well as by id."""

    @property
    def operation_id(self) -> str:
        """The operation that is called: `createUser`."""
        return self.operation.id

    @property
    def writes(self) -> bool:
        """Whether it may change the state."""
        return self.operation.writes

    def check_named(self, state: AccountState) -> None:
        """Do nothing if the user that this write names is in `state`.

        Raises:
            RecordNotFoundError: there is no such user in it.
        """
        if "{user}" in self.operation.path:
            state.users.get(self.company, self.path["user"], by_login=self.by_login)
        elif self.operation.path == "groups/{group}/users":
            user_id = parse_integer(self.form["id"])
            # What is no id at all is refused by the handler, with another status.
            if user_id is not None and state.users.company_of(user_id) is None:
                raise RecordNotFoundError("no such user")

    def run(self, state: AccountState, commit: Commit) -> Any:
        """Carry it out and return the JSON of the response.

        Raises:
            StateError: it is not possible, and nothing was changed.
        """
        # The handler is a field of a frozen class, hence no method: it gets the call as an argument.
        return self.operation.handler(state, self, commit)
