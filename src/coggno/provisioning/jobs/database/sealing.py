"""Passwords in the database: encrypted with a key that only users of the API key can compute."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, Protocol

from attrs import field, frozen

from coggno.provisioning.client import ProvisioningClient
from coggno.provisioning.errors import JournalError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SALT_SIZE: Final = 16  # bytes
_NONCE_SIZE: Final = 12  # bytes, as AES-GCM wants them; at random, for fewer than 2**32 passwords of one key


class JobClient(ProvisioningClient, Protocol):
    """A client that jobs can be submitted and carried out with."""

    def derive_key(self, salt: bytes, /) -> bytes:
        """Return 32 bytes that nobody can compute without the API key."""
        ...


@frozen(repr=False)
class Sealer:
    """Seals and opens the passwords of one job with AES-256-GCM.

    A sealed password is bound to its line: put into another row, it cannot be opened.

    Attributes:
        salt: of the job, no secret.
    """

    salt: bytes
    _cipher: AESGCM = field(alias="cipher")

    @classmethod
    def of(cls, client: JobClient, salt: bytes) -> Sealer:
        """Return what seals the passwords of a job.

        Raises:
            JournalError: the package that encrypts is not installed.
        """
        try:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        except ImportError:
            message = "Jobs need the package cryptography. Install the extra: pip install 'coggno[postgres]'"
            raise JournalError(message) from None
        return cls(salt, AESGCM(client.derive_key(salt)))

    def seal(self, line: int, password: str) -> bytes:
        """Return a password as it is kept."""
        nonce = os.urandom(_NONCE_SIZE)
        return nonce + self._cipher.encrypt(nonce, password.encode("utf-8", "surrogatepass"), self._bound_to(line))

    def open(self, line: int, sealed: Any) -> str:
        """Return a password that was sealed for the row in `line`.

        Raises:
            JournalError: it was sealed with another API key, or for another row.
        """
        from cryptography.exceptions import InvalidTag

        data = bytes(sealed)
        try:
            opened = self._cipher.decrypt(data[:_NONCE_SIZE], data[_NONCE_SIZE:], self._bound_to(line))
        except InvalidTag:
            raise JournalError("The passwords of the job were sealed with another API key.") from None
        return opened.decode("utf-8", "surrogatepass")

    def _bound_to(self, line: int) -> bytes:
        return self.salt + str(line).encode()


def new_salt() -> bytes:
    """Return the salt of a new job."""
    return os.urandom(SALT_SIZE)
