"""From a request and a decision about faults to a response."""

from __future__ import annotations

from collections.abc import Mapping

from .api import (
    ApiCall,
    ApiError,
    ApiKeys,
    ApiResponse,
    ReceivedRequest,
    acting_company,
    check_fields,
    error_response,
    fields_of,
    from_state_error,
)
from .clock import Clock
from .execution import Executor
from .faults import FaultDecision, LateCommit, changed_response, injected_response, response_instead
from .state import StateError


class RequestHandler:
    """Carries requests out, with the faults that were decided for them.

    Args:
        executor: the way to the state.
        keys: the API keys that are accepted.
        clock: the time.
    """

    def __init__(self, executor: Executor, keys: ApiKeys, clock: Clock) -> None:
        self._executor = executor
        self._keys = keys
        self._clock = clock

    async def respond(self, request: ReceivedRequest, decision: FaultDecision) -> ApiResponse:
        """Return the response to a request, after its effect, if it has one."""
        if decision.wait_before:
            await self._clock.sleep(decision.wait_before)
        # A fault before the effect comes even before the key is checked: an outage does not ask who is calling.
        instead = response_instead(decision.ending)
        if instead is not None:
            return instead
        try:
            response = self._carry_out(self._accept(request, decision), decision)
        except ApiError as error:
            response = error_response(error)
        except StateError as error:
            response = error_response(from_state_error(error))
        if decision.wait_after:
            await self._clock.sleep(decision.wait_after)
        return changed_response(response, decision.ending, decision.edits)

    def _accept(self, request: ReceivedRequest, decision: FaultDecision) -> ApiCall:
        account = self._keys.account(request.authorization)
        company = self._executor.peek(lambda state: acting_company(state, account, request.company))
        # The key first: who has none learns nothing about the fields.
        for pairs in (request.form, request.query):
            if isinstance(pairs, ApiError):
                raise pairs
        return ApiCall(
            operation=request.operation,
            company=company,
            path=request.path,
            form=check_fields(fields_of(request.form), fields_of(request.query), _declared(request, decision)),
            by_login=not decision.ids_only,
        )

    def _carry_out(self, call: ApiCall, decision: FaultDecision) -> ApiResponse:
        late = decision.ending
        if isinstance(late, LateCommit):
            self._executor.postpone(call, seconds=late.seconds, requests=late.requests)
            return injected_response(late)
        return ApiResponse(200, self._executor.perform(call, delay=decision.lag))


def _declared(request: ReceivedRequest, decision: FaultDecision) -> Mapping[str, bool]:
    fields = request.operation.fields
    return {**fields, **{name: True for name in decision.required if name in fields}} if decision.required else fields
