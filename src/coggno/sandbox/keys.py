"""API keys: basic auth with the key as user name and an empty password (reference: AUTHENTICATION)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Final

from .refusals import BadRequest, Forbidden, Unauthorized
from .state import ROOT, Store, integer

TEST_PREFIX: Final = "test_"


class Keys:
    """Which key belongs to which account.

    Args:
        accepted: the keys of the first account; `None` accepts every key that begins with `test_`.

    Raises:
        ValueError: a key is empty.
    """

    def __init__(self, accepted: Iterable[str] | None = None) -> None:
        self._any_test = accepted is None
        self._accounts: dict[str, int] = {}
        # A lone string is one key, not a key for each of its characters.
        for key in [accepted] if isinstance(accepted, str) else accepted or ():
            self.add(key, ROOT)

    def __repr__(self) -> str:
        return f"Keys({len(self._accounts)} known)"

    def add(self, key: str, account: int) -> None:
        """Let `key` in as `account`, the id of an account's own company.

        Raises:
            ValueError: the key is empty.
        """
        if not key:
            raise ValueError("an API key must not be empty")
        self._accounts[key] = account

    def account(self, authorization: str | None) -> int:
        """Return the account that an `Authorization` header belongs to.

        Raises:
            Unauthorized: there is no header, it is not basic auth, it has a password, or the key is not accepted.
        """
        key = _user_name(authorization or "")
        account = self._accounts.get(key)
        if account is None and self._any_test and key.startswith(TEST_PREFIX) and key != TEST_PREFIX:
            return ROOT
        if account is None:
            raise _unauthorized()
        return account


def acting_company(store: Store, account: int, header: str | None) -> int:
    """Return the company a request acts as: the account's own, or the one `Coggno-LMS` names.

    The reference asks for "a valid Coggno LMS account ID" and gives 403 to what a key may not do, so a company
    that does not exist and one of somebody else's account are refused alike.

    Raises:
        BadRequest: the header is not an id.
        Forbidden: the key's account has no such company.
    """
    if header is None:
        return account
    company_id = integer(header.strip())
    if company_id is None:
        raise BadRequest("Coggno-LMS must be the id of a company", fields={"Coggno-LMS": "must be an id"})
    company = store.company(company_id)
    if company is None or company.account != account:
        raise Forbidden("the API key may not act as this company")
    return company_id


def _user_name(authorization: str) -> str:
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise _unauthorized()
    try:
        decoded = base64.b64decode(credentials.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        # `from None`: the error would carry the credentials.
        raise _unauthorized() from None
    key, colon, password = decoded.partition(":")
    if not colon or password:
        raise _unauthorized()
    return key


def _unauthorized() -> Unauthorized:
    return Unauthorized("no valid API key provided", headers={"WWW-Authenticate": 'Basic realm="Coggno API"'})
