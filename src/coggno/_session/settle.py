"""Settling: which reads tell whether a write was carried out, and what their responses mean. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

from attrs import frozen

from coggno._protocol import identity
from coggno._protocol.json import is_array
from coggno._protocol.operation import Meaning, Operation, Request, Settle
from coggno._protocol.values import first_given
from coggno.errors import APIError, APIStatusError

Finding: TypeAlias = Meaning | Literal["taken", "partial", "failed", "another", "refused"]
"""What the spec says that a read means, and what only a check finds.

`taken`: somebody else has the key; `partial`: done in part; `failed`: no result; `another`: the server hit another
object; `refused`: done or older, although the server refused it."""


RefusedPart: TypeAlias = Literal["all", "rest", "unclear"]
"""What a refusal is about: the whole write, the part of it that `then` proves, or nobody can tell."""

_THERE_ALREADY: Final = frozenset({"already", "taken", "registered", "duplicate"})


class _Absent:
    """The one value that stands for "there is no such thing"."""


ABSENT: Final = _Absent()


@frozen
class Check:
    """What the settling reads showed.

    Attributes:
        finding: what follows for the write.
        value: what was found, where the write is done, or done in part.
        candidates: what the write may have made, where `finding` is `unknown`.
        error: why the check failed, where it did.
        is_absence: whether the finding rests on something that was not found.
    """

    finding: Finding
    value: Any = None
    candidates: tuple[Any, ...] = ()
    error: Exception | None = None
    is_absence: bool = False

    @property
    def object_remains(self) -> bool:
        """Whether a removal may be sent again because what it removes is still there."""
        return self.finding == "resend" and self.value is not None


def settling_read(settle: Settle, request: Request[Any], found: Any = None) -> Request[Any]:
    """Return the read that tells whether `request` was carried out.

    Args:
        settle: how the write is settled.
        request: the write.
        found: what an earlier read found, where `settle` is the second one.
    """
    return _filled(settle.read, settle, request, found)


def control_read(settle: Settle, request: Request[Any], found: Any = None) -> Request[Any] | None:
    """Return the list that must be readable for a 404 to prove absence."""
    return None if settle.control is None else _filled(settle.control, settle, request, found)


def _filled(operation: Operation[Any], settle: Settle, request: Request[Any], found: Any) -> Request[Any]:
    path = {
        name: first_given(request, sources, found)
        for name, sources in settle.path.items()
        if f"{{{name}}}" in operation.path
    }
    return Request(operation=operation, path=path)


def applies(settle: Settle, request: Request[Any], found: Any) -> bool:
    """Return whether the request gives all values that the second read of a write needs."""
    return all(first_given(request, sources, found) is not None for sources in settle.path.values())


def refused_part(settle: Settle, request: Request[Any], refusal: APIError) -> RefusedPart:
    """Return what a refusal is about, as far as its body shows: the write, or only the part that `then` proves.

    Args:
        settle: how the write is settled.
        request: the write.
        refusal: the response with a 4xx status.
    """
    then = settle.then
    if then is None or not isinstance(refusal, APIStatusError) or refusal.status_code not in settle.doubtful:
        return "all"
    if refusal.status_code == 404:  # whatever was not found, it is not the new object
        return "rest"
    sources = {source for alternatives in then.path.values() for source in alternatives if source.startswith("form.")}
    if first_given(request, sources) is None:
        return "all"
    # "group_id" is spoken of as "group", and "first_name" as "first name".
    rest = {source.removeprefix("form.").partition("_")[0] for source in sources}
    own = {_plain(name) for name in request.form or {} if f"form.{name}" not in sources}
    text = "" if refusal.is_page else _plain(refusal.body)
    for value in (request.form or {}).values():
        text = text.replace(_plain(value), "")  # somebody may be called "group"
    is_rest, is_own = any(word in text for word in rest), any(word in text for word in own | _THERE_ALREADY)
    if is_rest == is_own:
        return "unclear"
    return "rest" if is_rest else "all"


def _plain(value: object) -> str:
    return str(value).lower().replace("_", " ").replace("-", "")


def evaluate(settle: Settle, request: Request[Any], found: Any, earlier: Any = None) -> Check:
    """Return what the response of the settling read means for `request`.

    Args:
        settle: how the write is settled.
        request: the write.
        found: what the read returned, or `ABSENT`.
        earlier: what an earlier read found, where `settle` is the second one.
    """
    if found is ABSENT:
        return Check(settle.absent, is_absence=True)
    if is_array(found):
        matching = tuple(item for item in found if has_key(settle, request, item, earlier))
        if matching:
            return Check(settle.found, candidates=matching)
        return Check(settle.absent, is_absence=True)
    if not has_key(settle, request, found, earlier):
        # The server took a login of digits for an id, or an id for a login: this says nothing about our write.
        return Check("unknown", candidates=(found,))
    if not all(_same(getattr(found, name, None), value) for name, value in _given(settle.same, request, earlier)):
        return Check("taken", candidates=(found,))
    return Check(settle.found, value=found, candidates=(found,))


def has_key(settle: Settle, request: Request[Any], item: Any, earlier: Any) -> bool:
    """Return whether `item` is what the write is about.

    A value that may be an id or a login stands for two fields: the one of its own type is compared. Nothing that can be
    compared is no match: a deletion must never hit something that was not looked at.
    """
    if not settle.key:
        return True
    pairs = [(getattr(item, name, None), value) for name, value in _given(settle.key, request, earlier)]
    comparable = [(theirs, ours) for theirs, ours in pairs if isinstance(theirs, str) == isinstance(ours, str)]
    return bool(comparable) and all(_same(theirs, ours) for theirs, ours in comparable)


def is_about(settle: Settle, request: Request[Any], item: Any, *, ids_only: bool) -> bool:
    """Return whether the response to a write is about the object that was asked for, as far as that can be compared."""
    for name, sources in settle.key.items():
        ours = first_given(request, sources)
        is_text = isinstance(ours, str)
        if is_text and ids_only:
            continue
        theirs = getattr(item, name, None)
        if isinstance(theirs, str) == is_text and not _same(theirs, ours):
            return False
    return True


def is_namesake(settle: Settle, request: Request[Any], item: Any) -> bool:
    """Return whether the server could take an id of the write for the login of `item`."""
    return any(
        isinstance(theirs := getattr(item, name, None), str)
        and isinstance(ours, int)
        and identity.login_key(theirs) == str(ours)
        for name, ours in _given(settle.key, request, None)
    )


def _given(fields: Mapping[str, tuple[str, ...]], request: Request[Any], found: Any) -> list[tuple[str, Any]]:
    return [(name, first_given(request, sources, found)) for name, sources in fields.items()]


def _same(theirs: Any, ours: Any) -> bool:
    if type(theirs) is type(ours) and theirs == ours:
        return True
    # Servers trim, fold and normalize texts: a difference of spelling must not make our own user somebody else's.
    if isinstance(theirs, str) and isinstance(ours, str):
        return identity.text_key(theirs) == identity.text_key(ours)
    return False


def ambiguous_source(settle: Settle | None) -> str | None:
    """Return the value of a write that may be an id or a login, such as `path.user`, if it has one."""
    if settle is None or len(settle.key) < 2:
        return None
    sources = {source for alternatives in settle.key.values() for source in alternatives}
    return sources.pop() if len(sources) == 1 else None


def describe(check: Check) -> str:
    """Say in one sentence what is known of a write that could not be settled."""
    if check.finding == "failed":
        return (
            "the write may or may not have been carried out, and the check for it failed "
            f"({check.error}); check what is on the server before you repeat it"
        )
    if check.finding == "taken":
        return (
            "the write may or may not have been carried out: the key exists with other values (error.candidates). It "
            "belonged to somebody else before, or the server has changed what was sent"
        )
    if check.finding == "refused":
        return (
            "the server refused the write, and its response does not say whether it refused a part of it only. What it "
            "asks for is on the server (error.candidates): it was created by this call, or before"
        )
    if check.finding == "another":
        return (
            "the response is about another object than the one that was asked for (error.candidates): the server may "
            "have taken an id for a login"
        )
    if check.candidates:
        count = len(check.candidates)
        shown = "1 candidate was" if count == 1 else f"{count} candidates were"
        return (
            f"the write may or may not have been carried out: {shown} found on the server (error.candidates); "
            "check them before you repeat it"
        )
    return (
        "the write may or may not have been carried out: its result was not found on the server, where it may still "
        "appear; check again before you repeat it"
    )
