"""One call from beginning to end: send, classify, decide, wait, check what became of a write, send again, report.

The decisions are pure and made elsewhere: `retry.decide` (whether to go on, and after which pause) and
`settle.evaluate` (what the response of a check means).
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Final, Generic, TypeVar, cast

from attrs import define, evolve

from coggno._engines.base import EngineResponse
from coggno._protocol import identity
from coggno._protocol.json import is_array
from coggno._protocol.operation import Request, Settle
from coggno._protocol.values import first_given
from coggno._session import settle
from coggno._session.attempt import attempt
from coggno._session.call import Call, begin, logger
from coggno._session.check import check_write
from coggno._session.context import CallContext
from coggno._session.exchange import AroundCall
from coggno._session.hooks import traced
from coggno._session.settle import Check
from coggno.errors import (
    APIConnectionError,
    APIError,
    NotFoundError,
    OutcomeUnknownError,
    PartialWriteError,
    PermissionDeniedError,
    RateLimitError,
)

T = TypeVar("T")

_WRITES: Final = frozenset({"settle", "never"})


@define
class Reply(Generic[T]):
    """How a call ended well.

    Attributes:
        value: what the operation returns.
        received: the response; `None` where it was lost and a check showed that the write was carried out.
        call: the call, after its last attempt.
    """

    value: T
    received: EngineResponse | None
    call: Call[T]


def send(
    context: CallContext, request: Request[T], *, checked_write: Call[Any] | None = None
) -> Coroutine[Any, Any, Reply[T]]:
    """Send `request` until it is known what became of it, or nothing more may be tried.

    Args:
        context: what all calls share.
        request: what is to be done.
        checked_write: the write for which this read is made; the two have one deadline.

    Raises:
        InvalidRequestError: the request cannot be sent.
        APIError: the last failure; `OutcomeUnknownError` where nobody knows whether the write was carried out.
    """
    call = begin(context, request, checked_write=checked_write)
    if context.around_call is None or checked_write is not None:
        return _send(call)
    return _send_traced(call, context.around_call)


async def _send_traced(call: Call[T], around: AroundCall) -> Reply[T]:
    with traced(call, around):
        reply = await _send(call)
        if call.trace is not None:
            call.trace.settled = reply.received is None
        return reply


async def _send(call: Call[T]) -> Reply[T]:
    try:
        if settle.ambiguous_source(call.operation.settle) is not None:
            await _verify_target(call)
        return await _run(call)
    except (APIError, AssertionError):
        raise
    except Exception as error:
        # Whatever it is (a client that was closed, a backoff of the caller's that fails): a write in doubt stays one.
        if not call.in_doubt:
            raise
        raise _unknown(call, Check("failed", error=error)) from error


async def _run(call: Call[T]) -> Reply[T]:
    while True:
        check = await _check(call) if call.in_doubt else None
        if check is None or _may_send_again(call, check):
            check = None
            try:
                value, received = await attempt(call)
            except APIError as failure:
                _classify(call, failure)
            else:
                call.context.quota.refund(call.paid)
                _raise_if_another(call, value)
                return Reply(value, received, call)
        elif check.finding == "done":
            return _settled(call, check)
        else:
            _raise_if_final(call, check)
        pause = call.next_pause()
        if pause is None:
            return await _conclude(call, check)
        await _pause(call, pause)


async def _pause(call: Call[Any], seconds: float) -> None:
    try:
        await call.pause(seconds)
    except APIConnectionError as closed:
        if not call.in_doubt:
            raise
        raise _unknown(call, Check("failed", error=closed)) from closed


def _raise_if_another(call: Call[Any], value: Any) -> None:
    """Raise if the response is about another object than the request.

    A server may take an id for a login, and a cache may return somebody else. What was created is not compared: a
    server may change a login or a name that it is sent.
    """
    declared = call.operation.settle
    if declared is None or value is None or is_array(value):
        return
    is_removal = declared.absent == "done"
    if not settle.is_about(declared, call.request, value, ids_only=not is_removal):
        # Without a cause: no attempt has failed.
        raise call.complete(_outcome_unknown(call, Check("another", candidates=(value,))))


def _classify(call: Call[Any], failure: APIError) -> None:
    """Note what a failed attempt leaves behind."""
    call.failure = failure
    if call.operation.retry not in _WRITES:
        return
    declared = call.operation.settle
    if failure.outcome == "unknown":
        call.is_lost = True
    elif failure.outcome == "rejected" and not isinstance(failure, RateLimitError):
        part = "all" if declared is None else settle.refused_part(declared, call.request, failure)
        # After a loss our own attempt may be the reason: "registered already", or "no such user" after a deletion.
        if call.is_lost or part != "all":
            call.refusal = failure
            call.is_unclear = part == "unclear" and not call.is_lost


def _may_send_again(call: Call[Any], check: Check) -> bool:
    """Return whether the write is proven absent; after a refusal it is not repeated, only looked for again."""
    return check.finding == "resend" and call.refusal is None


def _raise_if_final(call: Call[Any], check: Check) -> None:
    """Raise what a check has brought to light, unless another check may show more."""
    if check.finding in {"failed", "partial"}:  # the next check may show more
        return
    if check.finding == "resend":
        if not call.is_lost and call.refusal is not None:
            raise call.refusal
        return
    raise _error_of(call, check)


async def _check(call: Call[Any]) -> Check:
    check = await check_write(call)
    if call.is_unclear:
        _raise_if_unclear(call, check)
    return check


def _raise_if_unclear(call: Call[Any], check: Check) -> None:
    """After a refusal that does not say what it is about: raise it, unless what it refuses is there all the same."""
    if check.finding in {"done", "partial"}:
        raise _unknown(call, Check("refused", candidates=check.candidates))
    # A key that may not read either was refused as such.
    is_key = isinstance(call.refusal, PermissionDeniedError) and isinstance(check.error, PermissionDeniedError)
    if is_key or check.finding in {"resend", "taken"}:
        raise cast("APIError", call.refusal)


async def _conclude(call: Call[T], check: Check | None) -> Reply[T]:
    """End a call whose attempts are used up: a write in doubt is checked a last time."""
    if not call.in_doubt:
        raise cast("APIError", call.failure)
    if check is None:
        check = await _check(call)
    if check.finding == "done":
        return _settled(call, check)
    raise _error_of(call, check)


def _settled(call: Call[T], check: Check) -> Reply[T]:
    logger.info("%s: its response was lost, and a check shows that it was carried out", call.operation.id)
    call.context.quota.refund(call.paid)
    return Reply(cast("T", check.value), None, call)


def _error_of(call: Call[Any], check: Check) -> APIError:
    """Return the error of a write that a check did not show as done."""
    if not call.is_lost and call.refusal is not None and check.finding in {"taken", "resend"}:
        return call.refusal
    if check.finding == "partial":
        return _from(call, PartialWriteError(operation=call.operation.id, value=check.value))
    return _unknown(call, check)


def _unknown(call: Call[Any], check: Check) -> APIError:
    return _from(call, _outcome_unknown(call, check))


def _outcome_unknown(call: Call[Any], check: Check) -> OutcomeUnknownError:
    return OutcomeUnknownError(
        settle.describe(check),
        operation=call.operation.id,
        candidates=check.candidates,
        was_absent=check.is_absence,
    )


def _from(call: Call[Any], error: APIError) -> APIError:
    error.__cause__ = call.failure
    return call.complete(error)


async def _verify_target(call: Call[Any]) -> None:
    """Make sure that a deletion or removal hits the user who is meant, and send it by id.

    In a path the server cannot tell a login from an id: "delete the user with the login 123" may delete user 123, and
    "delete user 7", who is gone, the user with the login 7. So the user is read first and compared (reference: Retrieve
    User, note). A login that does not begin with a number cannot be taken for an id.

    Raises:
        NotFoundError: there is no such user; nothing was changed.
        APIError: the user could not be read; nothing was sent.
    """
    source = cast("str", settle.ambiguous_source(call.operation.settle))
    user = first_given(call.request, (source,))
    if isinstance(user, str) and not identity.begins_like_an_id(user):
        return
    found = await _read_target(call, user)
    name = source.partition(".")[2]
    call.request = evolve(call.request, path={**call.request.path, name: found.id})
    call.prepared = call.context.prepare(call.request)
    if isinstance(user, str):
        # A server that tries logins first takes the id for the login of somebody else.
        await _read_target(call, found.id)


async def _read_target(call: Call[Any], user: int | str) -> Any:
    """Return the user whom a deletion or removal names, as the server understands the name."""
    declared = cast("Settle", call.operation.settle)
    try:
        found = (await send(call.context, settle.settling_read(declared, call.request), checked_write=call)).value
    except NotFoundError:
        raise
    except APIError as error:
        error.outcome = "not_sent"  # of the write: it was not begun
        raise
    if settle.evaluate(declared, call.request, found).finding == declared.found:
        return found
    kind = "login" if isinstance(user, str) else "id"
    raise NotFoundError(
        f"no user has the {kind} {user!r}: the server takes it for that of another user; nothing was changed",
        status_code=404,
        operation=call.operation.id,
    )
