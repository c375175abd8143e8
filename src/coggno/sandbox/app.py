"""The sandbox as an ASGI application: reads a request, lets it in, carries it out, lets faults strike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote

from attrs import field, frozen
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from .answers import ApiResponse, altered, forestalled, injected, refused, send_part
from .clock import Clock
from .connection import ConnectionDroppedError, MakeError, break_off
from .faults import CutBody, Drop, Fault, FaultDecision, Faults, LateCommit, Seen, Status
from .forms import SECRETS, Pairs, check, identity, read_form, read_pairs, readable
from .log import Requests
from .notation import parse_fault
from .operations import ApiCall, SandboxOperation
from .pages import page
from .quirks import Quirks
from .refusals import Refusal
from .routes import find
from .world import World


@frozen
class _Incoming:
    """A request as far as it could be read."""

    operation: SandboxOperation
    path: Mapping[str, str]
    form: Pairs | Refusal = field(repr=False)
    query: Pairs | Refusal = field(repr=False)
    raw_path: str
    authorization: str | None = field(repr=False)
    company: str | None

    def seen(self) -> Seen:
        """Return what a fault may know of it."""
        pairs = readable(self.form)
        values = {value for name, value in pairs if name not in SECRETS}
        # The company tells requests apart, the key does not: it is a secret.
        what = f"{self.operation.id} {self.raw_path} {self.company} {identity(pairs)}"
        return Seen(self.operation.id, what, frozenset(values.union(self.path.values())))


class Sandbox(World):
    """The Coggno API on this machine: an ASGI application with state, faults and a log.

    Served under `/api/v1` and `/capp/api/v1`; see `serving`, `ServerThread` and `run`, or use it in process:
    `httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox), base_url="http://sandbox")`.

    Args:
        keys: API keys that are accepted; `None` accepts every key that begins with `test_`.
        quirks: odd answer shapes, such as `getUser:list`; `reference` for those the reference shows.
        faults: what goes wrong, as `Fault` or as text for `parse_fault`.
        seed: of the faults: the same requests meet the same fate.
        clock: the time; give a `ManualClock` and nothing ever waits.
        lag: seconds during which a user just created is not found yet.
        fold_logins: whether logins that differ only in case are the same.
        documents: whether a few sample documents are there.
        dropped: makes what is raised for a dropped connection where there is no socket (in process); give
            `httpx.ReadError` for a client to see the error of its own library.
        keep: how many exchanges `requests.recent` keeps.

    Raises:
        ValueError: an unknown quirk, or a fault that cannot be read.
    """

    def __init__(
        self,
        *,
        keys: Iterable[str] | None = None,
        quirks: Iterable[str] = (),
        faults: Iterable[Fault | str] = (),
        seed: int = 0,
        clock: Clock | None = None,
        lag: float = 0.0,
        fold_logins: bool = False,
        documents: bool = True,
        dropped: MakeError = ConnectionDroppedError,
        keep: int = 1000,
    ) -> None:
        super().__init__(keys=keys, clock=clock, lag=lag, fold_logins=fold_logins, documents=documents)
        self.requests = Requests(keep)
        """Counts, the last exchanges, and how many ran at once."""
        self.faults = Faults(seed)
        """What goes wrong; `add`, `remove` and `clear` at any time."""
        self._quirks = Quirks(quirks)
        self._dropped = dropped
        for fault in [faults] if isinstance(faults, str) else faults:
            self.faults.add(parse_fault(fault) if isinstance(fault, str) else fault)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or attend a server's lifespan.

        Raises:
            RuntimeError: a protocol other than HTTP.
            Exception: what `dropped` makes, for a dropped connection where there is no socket.
        """
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await _attend(receive, send)
        else:
            raise RuntimeError(f"the sandbox does not speak {scope['type']}")

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        response = page(self, self.requests, request.method, scope["path"])
        if response is not None:
            await response(scope, receive, send)
            return
        try:
            body = await request.body()
        except ClientDisconnect:
            return
        await self._exchange(_incoming(request, body), scope, receive, send)

    async def _exchange(self, incoming: _Incoming | Refusal, scope: Scope, receive: Receive, send: Send) -> None:
        operation = None if isinstance(incoming, Refusal) else incoming.operation.id
        raw_path = _raw_path(scope).decode("ascii", errors="backslashreplace")
        with self.requests.arrival(operation, scope["method"], raw_path) as entry:
            self.arrive()
            if isinstance(incoming, Refusal):
                strike, answer = FaultDecision(), refused(incoming)
            else:
                strike = self.faults.strike(incoming.seen(), self.clock.now())
                answer = await self._answer(incoming, strike)
            entry.fault = type(strike.ending).__name__ if strike.ending else None
            response = answer.response(f"sandbox-{entry.seq}")
            if isinstance(strike.ending, Drop):
                await break_off(scope, receive, reset=strike.ending.reset, error=self._dropped)
            elif isinstance(strike.ending, CutBody):
                await send_part(response, strike.ending, scope, receive, send, error=self._dropped)
            else:
                entry.status = response.status_code
                await response(scope, receive, send)

    async def _answer(self, incoming: _Incoming, strike: FaultDecision) -> ApiResponse:
        if strike.wait_before:
            await self.clock.sleep(strike.wait_before)
        instead = forestalled(strike.ending)
        if instead is not None:
            return instead
        try:
            answer = self._carry_out(self._admitted(incoming), strike)
        except Refusal as refusal:
            answer = refused(refusal)
        if strike.wait_after:
            await self.clock.sleep(strike.wait_after)
        return altered(answer, strike.ending)

    def _admitted(self, incoming: _Incoming) -> ApiCall:
        company = self.admit(incoming.authorization, incoming.company)
        for pairs in (incoming.form, incoming.query):
            if isinstance(pairs, Refusal):
                raise pairs
        form = check(readable(incoming.form), readable(incoming.query), incoming.operation.fields)
        return ApiCall(
            operation=incoming.operation,
            company=company,
            path=incoming.path,
            form=form,
            logins=self._quirks.takes_logins(incoming.operation.id),
        )

    def _carry_out(self, call: ApiCall, strike: FaultDecision) -> ApiResponse:
        late = strike.ending
        if isinstance(late, LateCommit):
            self.postpone(call, seconds=late.seconds, requests=late.requests)
            return injected(Status(late.code))
        return ApiResponse(200, self._quirks.shaped(call.operation.id, self.perform(call)))


def _incoming(request: Request, body: bytes) -> _Incoming | Refusal:
    raw_path = _raw_path(request.scope)
    try:
        operation, path = find(request.method, raw_path)
    except Refusal as refusal:
        return refusal
    headers = request.headers
    return _Incoming(
        operation,
        path,
        _or_refusal(lambda: read_form(body, headers.get("content-type"))),
        _or_refusal(lambda: read_pairs(request.scope["query_string"], "query")),
        raw_path.decode("ascii"),
        headers.get("authorization"),
        # A header given twice is no id.
        ",".join(headers.getlist("coggno-lms")) if "coggno-lms" in headers else None,
    )


def _or_refusal(read: Callable[[], Pairs]) -> Pairs | Refusal:
    try:
        return read()
    except Refusal as refusal:
        return refusal


def _raw_path(scope: Scope) -> bytes:
    raw: bytes | None = scope.get("raw_path")
    return quote(scope["path"]).encode() if raw is None else raw


async def _attend(receive: Receive, send: Send) -> None:
    while (await receive())["type"] != "lifespan.shutdown":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})
