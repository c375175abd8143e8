"""The sandbox as an ASGI application."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from .api import (
    ApiError,
    ApiKeys,
    OpenRequest,
    ReceivedRequest,
    RequestLog,
    check_host,
    check_origin,
    error_response,
    path_for_log,
    read_body,
    read_request,
)
from .clock import Clock, RealClock
from .execution import Executor, Seeding, StateFiles, StateLookups
from .faults import (
    CutBody,
    Drop,
    Fault,
    FaultDecision,
    Faults,
    Latency,
    RequestFacts,
    parse_fault,
    parse_quirk,
    send_part,
)
from .handler import RequestHandler
from .pages import Site
from .server import ConnectionDroppedError, MakeError, break_connection
from .state import AccountState, LoginFolding, SandboxCompany

_SAMPLES: Final = ("Training", "Workplace Safety", "Data Protection")
"""Titles of documents: no operation creates one, so an empty sandbox would have nothing to show."""
_MAX_BODY_BYTES: Final = 1_048_576
"""1 MiB: the largest form of the API is under 10 kB."""


class Sandbox(Seeding, StateLookups, StateFiles):
    """The Coggno API on this machine: an ASGI application with state, faults and a log of effects.

    Served under `/api/v1` and `/capp/api/v1`; see `serving`, `ServerThread` and `run`, or use it in process:
    `httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox), base_url="http://localhost")`.

    Args:
        keys: API keys that are accepted; `None` accepts every key that begins with `test_`.
        quirks: oddities of a server that works, such as `getUser:list`; `reference` for those the reference shows.
        faults: what goes wrong, as `Fault` or as text for `parse_fault`.
        seed: of the faults: with the same seed, the same requests get the same faults.
        clock: the time; with a `ManualClock` nothing ever waits.
        lag: seconds during which reads do not see a user that was created; short for the quirk `createUser:lag=N`.
        fold_logins: whether logins are the same that differ only in case (`"case"`), in how Unicode composes an
            accent (`"nfc"`), or in either (`True`).
        documents: whether there are a few sample documents.
        dropped: makes the exception for a dropped connection where there is no socket (in process); with
            `httpx.ReadError` a client gets the error of its own library.
        keep: how many requests `requests.recent` keeps.
        latency: seconds that every response takes, or a range such as `(0.05, 0.3)`; `faults.clear()` leaves it.
        max_body_bytes: the largest request body; a larger one gets 413, and is never in memory as a whole.
        allowed_hosts: names in the `Host` header to accept besides loopback names and IP addresses; `*` for all.

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
        fold_logins: LoginFolding = False,
        documents: bool = True,
        dropped: MakeError = ConnectionDroppedError,
        keep: int = 1000,
        latency: float | tuple[float, float] = 0.0,
        max_body_bytes: int = _MAX_BODY_BYTES,
        allowed_hosts: Iterable[str] = (),
    ) -> None:
        self.clock: Clock = clock or RealClock()
        """The time that faults and late commits go by."""
        self.requests = RequestLog(keep, self.clock.now)
        """Counts, the last requests, and how many ran at once."""
        self.faults = Faults(seed)
        """What goes wrong; `add`, `remove` and `clear` at any time."""
        executor = Executor(AccountState(fold_logins), self.clock)
        Seeding.__init__(self, executor)
        StateLookups.__init__(self, executor)
        StateFiles.__init__(self, executor, fold_logins)
        self._keys = ApiKeys(keys)
        # Apart from the faults: `faults.clear()` ends an outage, but does not make another server of this one.
        self._quirks = Faults(seed)
        self._handler = RequestHandler(executor, self._keys, self.clock)
        self._site = Site(self, self.requests, self.faults, self._keys, max_body_bytes=max_body_bytes)
        self._max_body_bytes = max_body_bytes
        names = [allowed_hosts] if isinstance(allowed_hosts, str) else allowed_hosts
        self._allowed_hosts = frozenset(name.lower() for name in names)
        self._dropped = dropped
        self._add_faults(quirks, faults, lag)
        self._add_latency(*(latency if isinstance(latency, tuple) else (latency, latency)))
        # Its id is ROOT, since it is the first.
        self._new_account("Sandbox", "owner")
        for title in _SAMPLES if documents else ():
            self.seed_document(title)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to one request, or take part in a server's lifespan.

        Raises:
            RuntimeError: a protocol other than HTTP.
            Exception: what `dropped` makes, for a dropped connection where there is no socket.
        """
        if scope["type"] == "http":
            await self._respond(scope, receive, send)
        elif scope["type"] == "lifespan":
            await _run_lifespan(receive, send)
        else:
            raise RuntimeError(f"the sandbox serves HTTP only, not {scope['type']}")

    def seed_account(self, key: str, *, name: str = "Another account") -> SandboxCompany:
        """Open another account with a company of its own, and accept `key` for it.

        Raises:
            ValueError: the key is empty.
        """
        if not key:
            raise ValueError("an API key must not be empty")
        company = self._new_account(name)
        self._keys.add(key, company.id)
        return company

    def _add_faults(self, quirks: Iterable[str], faults: Iterable[Fault | str], lag: float) -> None:
        # A single text is one fault, not a fault for each of its characters.
        texts = [quirks] if isinstance(quirks, str) else [*quirks]
        for text in [*texts, f"createUser:lag={lag}"] if lag else texts:
            for quirk in parse_quirk(text):
                self._quirks.add(quirk)
        for fault in [faults] if isinstance(faults, str) else faults:
            self.faults.add(parse_fault(fault) if isinstance(fault, str) else fault)

    def _add_latency(self, lowest: float, highest: float) -> None:
        # Among the quirks: a distant server stays distant when an outage ends.
        if highest:
            self._quirks.add(Fault(Latency(lowest, highest)))

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            # Before everything else, the pages included: those are what another site would read.
            check_host(request.headers.get("host"), self._allowed_hosts)
            check_origin(request.headers.get("origin"), self._allowed_hosts)
            page = await self._site.page(request)
            if page is not None:
                await page(scope, receive, send)
                return
            received = read_request(request, await read_body(request, self._max_body_bytes))
        except ClientDisconnect:
            return
        except ApiError as error:
            await self._refuse(error, request, send)
        else:
            await self._exchange(received, request, send)

    async def _refuse(self, error: ApiError, request: Request, send: Send) -> None:
        """Respond to a request that is for no operation: it counts, but no fault can be meant for it."""
        with self._recording(None, request) as entry:
            response = error_response(error).render(f"sandbox-{entry.seq}")
            entry.status = response.status_code
            await response(request.scope, request.receive, send)

    async def _exchange(self, received: ReceivedRequest, request: Request, send: Send) -> None:
        scope, receive = request.scope, request.receive
        with self._recording(received.operation.id, request) as entry:
            decision = self._decide(received)
            entry.fault = decision.name
            response = (await self._handler.respond(received, decision)).render(f"sandbox-{entry.seq}")
            ending = decision.ending
            # A broken connection has no status in the log, whatever the operation would have returned.
            if isinstance(ending, Drop):
                await break_connection(scope, receive, reset=ending.reset, error=self._dropped)
            elif isinstance(ending, CutBody):
                await send_part(response, ending, scope, receive, send, error=self._dropped)
            else:
                entry.status = response.status_code
                await response(scope, receive, send)

    @contextmanager
    def _recording(self, operation: str | None, request: Request) -> Generator[OpenRequest]:
        with self.requests.recording(operation, request.method, path_for_log(request)) as entry:
            # Counts towards late commits that wait for a number of requests.
            self._executor.receive()
            yield entry

    def _decide(self, received: ReceivedRequest) -> FaultDecision:
        # Usually nothing is to go wrong, and telling requests apart costs as much as carrying one out.
        if not len(self.faults) + len(self._quirks):
            return FaultDecision()
        facts = RequestFacts(received.operation.id, received.identity(), received.values())
        now = self.clock.now()
        return self.faults.decide(facts, now, self._quirks.decide(facts, now))


async def _run_lifespan(receive: Receive, send: Send) -> None:
    while (await receive())["type"] != "lifespan.shutdown":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})
