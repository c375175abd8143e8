"""Settling: which read tells whether a write happened, and what its answer means. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from attrs import frozen

from coggno._protocol.json import is_array
from coggno._protocol.operation import Request, Settle, Verdict
from coggno._protocol.values import first_given

Finding: TypeAlias = Verdict | Literal["taken"]
"""What a look says: the verdicts of the spec, or `taken`: somebody else's thing has the key."""


@frozen
class Look:
    """What the settling read showed.

    Attributes:
        finding: what follows for the write.
        answer: the thing that was found, where `finding` is `done`.
        candidates: what the write may have made, where `finding` is `unknown`.
    """

    finding: Finding
    answer: Any = None
    candidates: tuple[Any, ...] = ()


def question(settle: Settle, request: Request[Any]) -> Request[Any]:
    """Return the read that tells whether `request` happened."""
    return Request(
        operation=settle.read,
        path={name: first_given(request, places) for name, places in settle.path.items()},
    )


def judge_absent(settle: Settle) -> Look:
    """Return what it means that the read found nothing."""
    return Look(settle.absent)


def judge(settle: Settle, request: Request[Any], answer: Any) -> Look:
    """Return what the answer of the read means for `request`.

    A thing under the same address but with another key is not what we asked for (a login `"7"` also reads user 7), so
    nothing is known.
    """
    if is_array(answer):
        things = tuple(thing for thing in answer if _agrees(settle.key, request, thing))
        return Look(settle.found, candidates=things) if things else judge_absent(settle)
    if not _agrees(settle.key, request, answer):
        return Look("unknown", candidates=(answer,))
    if not _agrees(settle.same, request, answer):
        return Look("taken")
    return Look(settle.found, answer=answer, candidates=(answer,))


def describe(look: Look | None) -> str:
    """Say in one sentence what is known of a write that could not be settled."""
    if look is None:
        return "the write may or may not have happened, and looking for it failed; look before you repeat it"
    if look.candidates:
        return (
            f"the write may or may not have happened: {len(look.candidates)} on the server could be its result "
            "(error.candidates); look before you repeat it"
        )
    return "the write may or may not have happened: nothing is to be seen of it yet; look again before you repeat it"


def _agrees(fields: Mapping[str, tuple[str, ...]], request: Request[Any], thing: Any) -> bool:
    return all(_same(getattr(thing, name, None), first_given(request, places)) for name, places in fields.items())


def _same(theirs: Any, ours: Any) -> bool:
    """Ids may be given as text; texts are compared as servers keep them: without case, outer space or Unicode form."""
    return _fold(theirs) == _fold(ours)


def _fold(value: Any) -> str:
    return unicodedata.normalize("NFC", str(value).strip()).casefold()
