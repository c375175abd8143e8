"""What provisioning needs of a client, as a protocol: `AsyncCoggno` has it, and so has a stand-in in a test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Concatenate, ParamSpec, Protocol, Self, TypeAlias, TypeVar

from coggno._protocol.operation import Send
from coggno.errors import DecodeError
from coggno.models import Company, Group, User

OnItemError: TypeAlias = Callable[[DecodeError], None]
"""Receives the error of an item that cannot be decoded, which is then left out."""

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
P = ParamSpec("P")


class CallResult(Protocol[T_co]):
    """What a call returns."""

    @property
    def value(self) -> T_co:
        """What the operation returns."""
        ...

    @property
    def requests(self) -> int:
        """How many requests were sent, retries and checks included."""
        ...

    @property
    def settled(self) -> bool:
        """Whether the response of a write was lost, and a check showed that it had happened."""
        ...


class HeldName(Protocol):
    """The right to create the group of one name."""

    @property
    def recent(self) -> Group | None:
        """The group that was created a moment ago, which lists may not show yet."""
        ...

    def note(self, group: Group, /) -> None:
        """Note that the group was created now."""
        ...


class GroupMembersApi(Protocol):
    """Members of groups."""

    def iter(self, group_id: int, /, *, on_error: OnItemError | None = None) -> AsyncIterator[User]:
        """Yield the members of a group."""
        ...


class GroupsApi(Protocol):
    """Groups."""

    @property
    def users(self) -> GroupMembersApi:
        """Their members."""
        ...

    def iter(self, *, on_error: OnItemError | None = None) -> AsyncIterator[Group]:
        """Yield all groups."""
        ...

    def reserve(self, name: str, /) -> AbstractAsyncContextManager[HeldName]:
        """Hold the right to create the group of that name; who else wants to create it waits meanwhile."""
        ...


class UsersApi(Protocol):
    """Users."""

    def iter(self, *, on_error: OnItemError | None = None) -> AsyncIterator[User]:
        """Yield all users."""
        ...


class CompaniesApi(Protocol):
    """Connected companies."""

    def iter(self) -> AsyncIterator[Company]:
        """Yield all connected companies."""
        ...


class ProvisioningClient(Protocol):
    """A client that rosters can be provisioned with."""

    @property
    def base_url(self) -> str:
        """Where the API is."""
        ...

    @property
    def account(self) -> str:
        """What tells the keys of accounts apart, and is no key."""
        ...

    @property
    def lms(self) -> str | None:
        """Id of the connected company that the client acts for; `None` for that of the key."""
        ...

    @property
    def mode(self) -> str | None:
        """`"test"` or `"live"`, as the key begins; `None` for a key that begins with neither."""
        ...

    @property
    def users(self) -> UsersApi:
        """Users."""
        ...

    @property
    def groups(self) -> GroupsApi:
        """Groups."""
        ...

    @property
    def companies(self) -> CompaniesApi:
        """Connected companies."""
        ...

    def as_company(self, company_id: int, /) -> Self:
        """Return a client that acts for a connected company."""
        ...

    def with_options(self, *, max_retries: int) -> Self:
        """Return a client that repeats requests so many times."""
        ...

    def call(
        self, operation: Callable[Concatenate[Send, P], Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> Awaitable[CallResult[T]]:
        """Call a generated operation and return its value together with how the call went.

        Raises:
            APIError: the call failed; its `outcome` is that of all attempts together.
        """
        ...
