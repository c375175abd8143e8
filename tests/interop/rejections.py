"""An additional check for schemathesis: the sandbox rejects valid data with 422 only for known reasons."""

from __future__ import annotations

from typing import Any, Final

import schemathesis

STATE: Final = frozenset(
    {"is taken", "no such group", "several groups have this name", "is not the name of this group"}
)
"""Reasons that a schema cannot express, because they depend on existing users and groups."""
BLANK: Final = "must not be blank"
"""The spec does not say whether white space alone is a valid name. The sandbox rejects it."""


@schemathesis.check
def rejected_for_a_known_reason(_: Any, response: Any, case: Any) -> None:
    """Fail if valid data got a 422 that neither existing data nor a blank field explains."""
    if response.status_code != 422 or not case.meta.generation.mode.is_positive:
        return
    fields = response.json()["error"]["fields"]
    assert fields, "valid data was rejected without a reason"
    for name, reason in fields.items():
        is_blank = reason == BLANK and case.body[name].isspace()
        assert reason in STATE or is_blank, f"valid data was rejected: {name} {reason}"
