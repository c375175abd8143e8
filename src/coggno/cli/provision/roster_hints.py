"""What helps with a roster that cannot be read, as options of the command line."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Final

from coggno.provisioning import RosterError

_OPTIONS: Final[Mapping[str, str]] = {
    "mapping": "--map",
    "delimiter": "--delimiter",
    "encoding": "--encoding",
    "sheet": "--sheet",
}


def message_of(error: RosterError) -> str:
    """Return the message of an error, with the option that helps instead of the setting in code."""
    hint = error.hint
    if hint is None:
        return str(error)
    choices = " or ".join(_option(hint.setting, choice) for choice in hint.choices)
    return f"{error.message} {hint.lead} {choices}"


def _option(setting: str, choice: str | Mapping[str, str]) -> str:
    option = _OPTIONS[setting]
    if isinstance(choice, str):
        return f"{option} {shlex.quote(choice)}"
    return " ".join(f"{option} {field}={shlex.quote(column)}" for field, column in choice.items())
