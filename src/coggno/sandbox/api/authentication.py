"""API keys: basic auth with the key as user name and an empty password (reference: AUTHENTICATION)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Final

from coggno.sandbox.state import ROOT, AccountState, parse_integer

from .errors import ForbiddenError, MalformedRequestError, UnauthorizedError

TEST_PREFIX: Final = "test_"
EXAMPLE_KEY: Final = "test_sandbox"
"""The key that pages and messages use where every test key is accepted."""


class ApiKeys:
    """Which key belongs to which account.

    Args:
        accepted: the keys of the first account; `None` accepts every key that begins with `test_`.

    Raises:
        ValueError: a key is empty.
    """

    def __init__(self, accepted: Iterable[str] | None = None) -> None:
        self._any_test_key = accepted is None
        self._accounts: dict[str, int] = {}
        # A single string is one key, not a key for each of its characters.
        for key in [accepted] if isinstance(accepted, str) else accepted or ():
            self.add(key, ROOT)

    def __repr__(self) -> str:
        # Never the keys: a repr ends up in logs and in the output of failed tests.
        return f"ApiKeys({len(self._accounts)} known)"

    @property
    def example(self) -> str | None:
        """A key that may be shown to everybody; None if only secret keys are accepted."""
        return EXAMPLE_KEY if self._any_test_key else None

    def add(self, key: str, account: int) -> None:
        """Accept `key` for `account`, the id of an account's own company.

        Raises:
            ValueError: the key is empty.
        """
        if not key:
            raise ValueError("an API key must not be empty")
        self._accounts[key] = account

    def account(self, authorization: str | None) -> int:
        """Return the account that an `Authorization` header belongs to.

        Raises:
            UnauthorizedError: there is no header, it is not basic auth, it has a password, or the key is unknown.
        """
        key = _user_name(authorization or "")
        account = self._accounts.get(key)
        if account is None and self._any_test_key and key.startswith(TEST_PREFIX) and key != TEST_PREFIX:
            return ROOT
        if account is None:
            raise _unauthorized()
        return account


def presented_key(authorization: str | None) -> str:
    """Return the key in an `Authorization` header, valid or not; an empty text if there is none."""
    try:
        return _user_name(authorization or "")
    except UnauthorizedError:
        return ""


def acting_company(state: AccountState, account: int, header: str | None) -> int:
    """Return the company a request acts as: the account's own, or the one `Coggno-LMS` names.

    The reference requires "a valid Coggno LMS account ID" and gives 403 to what a key may not do, so a company
    that does not exist and one of another account get the same response: else ids could be probed.

    Raises:
        MalformedRequestError: the header is not an id.
        ForbiddenError: the key's account has no such company.
    """
    if header is None:
        return account
    company_id = parse_integer(header.strip())
    if company_id is None:
        fields = {"Coggno-LMS": "must be an id"}
        raise MalformedRequestError("Coggno-LMS must be the id of a company", fields=fields)
    company = state.companies.get(company_id)
    if company is None or company.account != account:
        raise ForbiddenError("the API key may not act as this company")
    return company_id


def _user_name(authorization: str) -> str:
    # Every problem gets the same message: which one it was would help to guess keys.
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise _unauthorized()
    try:
        decoded = base64.b64decode(credentials.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        # `from None`: the original error would carry the credentials.
        raise _unauthorized() from None
    key, colon, password = decoded.partition(":")
    if not colon or password:
        raise _unauthorized()
    return key


def _unauthorized() -> UnauthorizedError:
    return UnauthorizedError("no valid API key provided", headers={"WWW-Authenticate": 'Basic realm="Coggno API"'})
