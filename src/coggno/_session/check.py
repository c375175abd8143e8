"""The check of a write in doubt: the reads that `settle` asks for, within what is left of the time."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any, Final

from coggno._protocol.operation import Request, Settle
from coggno._protocol.values import first_given
from coggno._session.attempt import attempt
from coggno._session.call import Call, begin
from coggno._session.settle import (
    ABSENT,
    Check,
    ambiguous_source,
    applies,
    control_read,
    evaluate,
    has_key,
    is_namesake,
    settling_read,
)
from coggno._session.stream_loop import open_stream
from coggno.errors import APIError, DecodeError, NotFoundError

PAUSES: Final = (0.5, 1.5)  # seconds between looks that must all find nothing
CHECK_GRACE: Final = 5.0  # seconds beyond the deadline to find out what became of a write, granted once a call


async def check_write(call: Call[Any]) -> Check:
    """Find out whether the write of `call` was carried out. Never raises but for a cancellation."""
    settle = call.operation.settle
    if settle is None:
        return Check("unknown")
    _grant_grace(call)
    try:
        return await _check(call, settle)
    except AssertionError:
        raise  # a test double's complaint is for the test
    except Exception as error:  # noqa: BLE001 - whatever went wrong, the write is still in doubt
        return Check("failed", error=error)


def _grant_grace(call: Call[Any]) -> None:
    """Extend the deadline once: a second extension would let every check take that time once more."""
    if call.deadline is not None and not call.has_grace:
        call.deadline = max(call.deadline, call.context.clock() + CHECK_GRACE)
        call.has_grace = True


async def _check(call: Call[Any], settle: Settle) -> Check:
    check = await _look(call, settle)
    if check.object_remains:
        return await _spare_namesakes(call, settle, check)
    then = settle.then
    if check.finding != "done" or then is None or not applies(then, call.request, check.value):
        return check
    # A write that asks for two things is done when both are proven.
    try:
        rest = await _find_rest(call, then, check.value)
    except APIError as error:
        return Check("failed", error=error, candidates=check.candidates)
    if evaluate(then, call.request, rest, check.value).finding == "done":
        return check
    return Check("partial", value=check.value, candidates=check.candidates)


async def _find_rest(call: Call[Any], then: Settle, found: Any) -> Any:
    try:
        return await _find(call, then, found)
    except NotFoundError as missing:
        if missing.is_page:
            raise
        # There is no such group, so that nobody is in it; that the API itself responds, the first part has shown.
        return ABSENT


async def _look(call: Call[Any], settle: Settle) -> Check:
    """Read what the write is about, and return what that means.

    Absence that ends the call ("removed", or "not created") must show each time: reads may lag behind writes.
    """
    check = evaluate(settle, call.request, await _find(call, settle))
    for pause in PAUSES:
        if not (check.is_absence and _ends_the_call(call, settle)):
            return check
        await call.pause(pause)
        check = evaluate(settle, call.request, await _find(call, settle))
    return check


def _ends_the_call(call: Call[Any], settle: Settle) -> bool:
    # Where the write is sent again instead, one look is enough: the server refuses a second user of the same login.
    return settle.absent != "resend" or call.refusal is not None


async def _spare_namesakes(call: Call[Any], settle: Settle, check: Check) -> Check:
    """Return `check`, unless repeating a removal by id could hit somebody whose login is that id.

    The first removal may still be carried out late. The id is then gone when the repetition arrives, and the server
    takes it for a login.
    """
    control, source = control_read(settle, call.request), ambiguous_source(settle)
    if control is None or source is None or not isinstance(first_given(call.request, (source,)), int):
        return check
    items, first = await open_stream(begin(call.context, control, checked_write=call))
    async with aclosing(items):
        namesakes = [item for item in first if is_namesake(settle, call.request, item)]
        namesakes += [item async for item in items if is_namesake(settle, call.request, item)]
    return Check("unknown", candidates=(check.value, *namesakes)) if namesakes else check


async def _find(call: Call[Any], settle: Settle, earlier: Any = None) -> Any:
    """Return what the settling read finds, or `ABSENT` for a 404 that the control read confirms.

    A 404 alone proves nothing: gateways and error pages use it too, and the API documents no form for its own. It
    counts when the list that `control` reads can be read right after it.
    """
    request = call.request
    control = control_read(settle, request, earlier)
    try:
        value, _ = await attempt(begin(call.context, settling_read(settle, request, earlier), checked_write=call))
    except NotFoundError as missing:
        if control is None or missing.is_page:
            raise
        await _check_list(call, settle, control, earlier)
        return ABSENT
    return value


def _pass_over(_: DecodeError) -> None:
    """One record without an id must not leave every deletion in doubt: the 404 has shown absence already."""


async def _check_list(call: Call[Any], settle: Settle, control: Request[Any], earlier: Any) -> None:
    """Read the list that proves a 404.

    Raises:
        APIError: it cannot be read, or it contains what the 404 says is absent.
    """
    items, first = await open_stream(begin(call.context, control, checked_write=call), _pass_over)
    async with aclosing(items):
        if not _ends_the_call(call, settle):
            return  # the beginning of the list shows that the server has spoken
        matching = [item for item in first if has_key(settle, call.request, item, earlier)]
        matching += [item async for item in items if has_key(settle, call.request, item, earlier)]
    if matching:
        raise APIError("the server contradicts itself: 404 for an object that its list contains", outcome="unknown")
