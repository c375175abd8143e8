"""A check of our own for schemathesis: valid data may be refused with 422, but for few reasons."""

from __future__ import annotations

from typing import Any, Final

import schemathesis

STATE: Final = frozenset(
    {"is taken", "no such group", "several groups have this name", "is not the name of this group"}
)
"""What no schema can say: it depends on what is there already."""
BLANK: Final = "must not be blank"
"""Whether white space makes a name is not known. The spec leaves it open, the sandbox refuses it."""


@schemathesis.check
def refused_for_a_reason(_: Any, response: Any, case: Any) -> None:
    """Fail if valid data got a 422 that is neither for what is there already nor for a blank field."""
    if response.status_code != 422 or not case.meta.generation.mode.is_positive:
        return
    fields = response.json()["error"]["fields"]
    assert fields, "valid data was refused without a reason"
    for name, reason in fields.items():
        is_blank = reason == BLANK and case.body[name].isspace()
        assert reason in STATE or is_blank, f"valid data was refused: {name} {reason}"
