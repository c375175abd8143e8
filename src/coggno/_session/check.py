"""The check of a write in doubt: the reads that `settle` asks for, within what is left of the time."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any, Final

from coggno._protocol.operation import Request, Settle
from coggno._session.attempt import attempt
from coggno._session.call import Call, begin
from coggno._session.settle import ABSENT, Check, applies, control_read, evaluate, has_key, settling_read
from coggno._session.stream_loop import open_stream
from coggno.errors import APIError, NotFoundError

GRACE: Final = 5.0  # seconds beyond the deadline to find out what became of a write, granted once a call


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
        call.deadline = max(call.deadline, call.context.clock() + GRACE)
        call.has_grace = True


async def _check(call: Call[Any], settle: Settle) -> Check:
    request = call.request
    check = evaluate(settle, request, await _find(call, settle))
    then = settle.then
    if check.finding != "done" or then is None or not applies(then, request, check.value):
        return check
    # A write that asks for two things is done when both are proven.
    if evaluate(then, request, await _find(call, then, check.value), check.value).finding == "done":
        return check
    return Check("partial", value=check.value, candidates=check.candidates)


async def _find(call: Call[Any], settle: Settle, earlier: Any = None) -> Any:
    """Return what the settling read finds, or `ABSENT`.

    A 404 alone proves nothing: gateways and error pages use it too, and the API documents no form for its own. It
    counts when the list that `control` reads can be read right after it.
    """
    request = call.request
    control = control_read(settle, request, earlier)
    try:
        value, _ = await attempt(begin(call.context, settling_read(settle, request, earlier), checks=call))
    except NotFoundError as missing:
        if control is None or (isinstance(missing.body, str) and missing.body.lstrip().startswith("<")):
            raise
        await _check_list(call, settle, control, earlier)
        return ABSENT
    return value


async def _check_list(call: Call[Any], settle: Settle, control: Request[Any], earlier: Any) -> None:
    """Read the list that proves a 404.

    Raises:
        APIError: it cannot be read, or it contains what the 404 says is absent.
    """
    items, first = await open_stream(begin(call.context, control, checks=call))
    async with aclosing(items):
        if settle.absent != "done":
            # Sending again does no harm, since the server refuses a second one: the beginning of the list is enough.
            return
        # A removal that did not happen must not be called done, so the whole list is searched.
        matching = [item for item in first if has_key(settle, call.request, item, earlier)]
        matching += [item async for item in items if has_key(settle, call.request, item, earlier)]
    if matching:
        raise APIError("the server contradicts itself: 404 for an object that its list contains", outcome="unknown")
