"""A keyring in memory."""

from __future__ import annotations

from collections.abc import Iterator

import keyring
import keyring.backend
import keyring.errors
import pytest


class MemoryKeyring(keyring.backend.KeyringBackend):
    priority = 5
    name = "the keyring of the tests"

    def __init__(self):
        super().__init__()
        self.keys: dict[tuple[str, str], str] = {}
        self.failure: Exception | None = None

    def get_password(self, service, username):
        self._check()
        return self.keys.get((service, username))

    def set_password(self, service, username, password):
        self._check()
        self.keys[service, username] = password

    def delete_password(self, service, username):
        self._check()
        if self.keys.pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError("not found")

    def _check(self):
        if self.failure is not None:
            raise self.failure


@pytest.fixture
def ring() -> Iterator[MemoryKeyring]:
    before = keyring.get_keyring()
    memory = MemoryKeyring()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


@pytest.fixture
def url(address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of the sandbox, which the environment does not name."""
    monkeypatch.delenv("COGGNO_API_KEY")
    monkeypatch.delenv("COGGNO_BASE_URL")
    return address
