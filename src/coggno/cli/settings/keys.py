"""API keys in the keyring of the operating system. The only module that imports `keyring`."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Final

from coggno.cli.exit_codes import CommandError, ExitCode

_SERVICE: Final = "coggno"
_ELSEWHERE: Final = "Keep the key in an environment variable, and name it: coggno login --key-variable COGGNO_ACME_KEY"


def require_keyring(purpose: str = "a key could be stored in") -> str:
    """Return what the keyring is called.

    Args:
        purpose: what it is needed for, for the message.

    Raises:
        CommandError: the extra is not installed, or this machine has no keyring.
    """
    keyring = _keyring()
    try:
        backend = keyring.get_keyring()
    except Exception as error:  # noqa: BLE001 - whatever a configuration names is imported and called
        reason = str(error).strip().rstrip(".") or type(error).__name__
        message = f"The keyring cannot be used: {reason}. Check PYTHON_KEYRING_BACKEND and the settings of keyring"
        raise CommandError(f"{message}, or use none. {_ELSEWHERE}") from None
    # The one that stands for "there is none" has the priority 0.
    if backend.priority <= 0:
        raise CommandError(f"This machine has no keyring that {purpose}. {_ELSEWHERE}")
    return str(backend.name)


def has_keyring() -> bool:
    """Return whether this machine has a keyring that keys can be stored in."""
    try:
        require_keyring()
    except CommandError:
        return False
    return True


def load_key(profile: str) -> str | None:
    """Return the key of a profile, or `None` if the keyring has none.

    Raises:
        CommandError: the keyring cannot be used.
    """
    require_keyring(f"the key of the profile {profile} could be read from. Set COGGNO_API_KEY for this command")
    keyring = _keyring()
    try:
        key: str | None = keyring.get_password(_SERVICE, profile)
    except Exception as error:  # noqa: BLE001 - a backend is a plugin, and not all of its errors are keyring's
        raise _unusable("read from", error) from None
    return key


def store_key(profile: str, key: str) -> None:
    """Put the key of a profile into the keyring; raises as `load_key` does."""
    keyring = _keyring()
    try:
        keyring.set_password(_SERVICE, profile, key)
    except Exception as error:  # noqa: BLE001 - a backend is a plugin, and not all of its errors are keyring's
        raise _unusable("written to", error) from None


def remove_key(profile: str) -> bool:
    """Remove the key of a profile, and return whether there was one; raises as `load_key` does."""
    keyring = _keyring()
    try:
        keyring.delete_password(_SERVICE, profile)
    except keyring.errors.PasswordDeleteError:
        return False
    except Exception as error:  # noqa: BLE001 - a backend is a plugin, and not all of its errors are keyring's
        raise _unusable("written to", error) from None
    return True


def _keyring() -> ModuleType:
    try:
        # Imported late: finding the keyring of the platform takes a quarter of a second.
        # By name, so that a type checker needs no stubs of an extra that may be missing.
        import_module("keyring.errors")
        return import_module("keyring")
    except ModuleNotFoundError:
        message = "A key in the keyring needs the extra 'keyring': pip install 'coggno[keyring]'. Or do without it."
        raise CommandError(f"{message} {_ELSEWHERE}") from None


def _unusable(verb: str, error: Exception) -> CommandError:
    # The reason is the operating system's, such as a keyring that is locked; the classes say less.
    reason = str(error).strip().rstrip(".") or type(error).__name__
    return CommandError(f"The keyring cannot be {verb}: {reason}. Unlock it, and try again.", ExitCode.FAILED)
