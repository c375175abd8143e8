"""Spans as an SDK receives them."""

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, DEFAULT_OFF
from opentelemetry.trace import SpanKind, StatusCode

from coggno import AsyncCoggno, ConfigurationError, NotFoundError
from coggno.otel import instrument
from coggno.sandbox import Sandbox, parse_fault, serving
from coggno.testing import set_testing

ADA = {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace", "password": "difference-engine"}


@pytest.fixture(autouse=True)
def no_pauses():
    with set_testing(True):
        yield


@pytest.fixture
def exporter():
    return InMemorySpanExporter()


@pytest.fixture
def provider(exporter):
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield provider
    provider.shutdown()


@pytest.fixture
def sandbox():
    return Sandbox(dropped=httpx.ReadError)


@pytest.fixture
async def coggno(sandbox, provider):
    async with serving(sandbox) as url, AsyncCoggno("test_key", base_url=url) as coggno:
        instrument(coggno, tracer_provider=provider, meter_provider=NoOpMeterProvider())
        yield coggno


def tree(spans):
    """The spans as (name, names of children), roots only."""
    children = {}
    for span in spans:
        children.setdefault(span.parent and span.parent.span_id, []).append(span)
    return [(root.name, [child.name for child in children.get(root.context.span_id, [])]) for root in children[None]]


async def test_call_has_a_span_for_each_attempt(coggno, exporter, sandbox):
    sandbox.faults.add(parse_fault("listGroups:status=503,times=2"))
    await coggno.groups.list()
    spans = exporter.get_finished_spans()
    assert tree(spans) == [("coggno.listGroups", ["GET /api/v1/groups"] * 3)]
    *attempts, call = spans
    assert [span.kind for span in spans] == [SpanKind.CLIENT] * 3 + [SpanKind.INTERNAL]
    assert dict(call.attributes) == {
        "coggno.operation": "listGroups",
        "coggno.attempts": 3,
        "coggno.requests": 3,
        "coggno.settled": False,
        "coggno.outcome": "done",
    }
    url = httpx.URL(coggno.base_url)
    assert dict(attempts[0].attributes) == {
        "http.request.method": "GET",
        "url.template": "/api/v1/groups",
        "server.address": url.host,
        "server.port": url.port,
        "coggno.operation": "listGroups",
        "coggno.outcome": "unknown",
        "http.response.status_code": 503,
        "error.type": "503",
    }
    assert [span.attributes.get("http.request.resend_count") for span in attempts] == [None, 1, 2]
    assert [span.status.status_code for span in spans] == [StatusCode.ERROR] * 2 + [StatusCode.UNSET] * 2


async def test_checks_of_a_lost_write_belong_to_it(coggno, exporter, sandbox):
    sandbox.faults.add(parse_fault("createUser:drop,after,times=1"))
    await coggno.users.create(**ADA)
    spans = exporter.get_finished_spans()
    assert tree(spans) == [("coggno.createUser", ["POST /api/v1/users", "GET /api/v1/users/{user}"])]
    lost, check, call = spans
    assert (lost.attributes["error.type"], lost.attributes["coggno.outcome"]) == ("APIConnectionError", "unknown")
    assert (check.attributes["coggno.check_of"], check.attributes["coggno.operation"]) == ("createUser", "getUser")
    assert (call.attributes["coggno.settled"], call.attributes["coggno.requests"]) == (True, 2)


async def test_failed_call_has_the_class_of_its_error(coggno, exporter):
    with pytest.raises(NotFoundError):
        await coggno.users.get("nobody@example.com")
    call = exporter.get_finished_spans()[-1]
    assert (call.attributes["error.type"], call.attributes["coggno.outcome"]) == ("NotFoundError", "rejected")
    assert call.status.status_code == StatusCode.ERROR


async def test_no_span_holds_a_secret_or_a_login(coggno, exporter, sandbox):
    sandbox.faults.add(parse_fault("writes:status=422,times=1"))
    with pytest.raises(Exception, match="422"):
        await coggno.users.create(**ADA)
    await coggno.users.create(**ADA)
    await coggno.users.delete("ada@example.com")
    text = "".join(span.to_json() for span in exporter.get_finished_spans())
    assert "createUser" in text
    for secret in ("test_key", "difference-engine", "ada@example.com", "Lovelace"):
        assert secret not in text


async def test_own_spans_are_the_parents(coggno, exporter, provider):
    with provider.get_tracer("program").start_as_current_span("import") as mine:
        await coggno.groups.list()
        assert trace.get_current_span() is mine
    assert tree(exporter.get_finished_spans()) == [("import", ["coggno.listGroups"])]


async def test_stream_is_no_parent_of_what_its_loop_does(coggno, exporter, provider, sandbox):
    sandbox.seed_users(2)
    async for _ in coggno.users.iter():
        with provider.get_tracer("program").start_as_current_span("mine"):
            pass
    names = [(span.name, span.parent is None) for span in exporter.get_finished_spans()]
    assert names == [("mine", True)] * 2 + [("GET /api/v1/users", False), ("coggno.listUsers", True)]


async def test_abandoned_stream_is_no_error(coggno, exporter, sandbox):
    sandbox.seed_users(2)
    users = coggno.users.iter()
    await anext(users)
    await users.aclose()
    for span in exporter.get_finished_spans():
        assert (span.attributes["coggno.outcome"], span.status.status_code) == ("done", StatusCode.UNSET)


async def test_copies_are_recorded_with_their_company(coggno, exporter, sandbox):
    company = sandbox.seed_company(name="Second")
    await coggno.as_company(company.id).groups.list()
    call = exporter.get_finished_spans()[-1]
    assert call.attributes["coggno.lms"] == str(company.id)


async def test_own_hooks_are_called_as_before(sandbox, provider, exporter):
    seen = []
    async with (
        serving(sandbox) as url,
        AsyncCoggno("test_key", base_url=url, on_request=seen.append, on_exchange=seen.append) as coggno,
    ):
        instrument(coggno, tracer_provider=provider)
        await coggno.groups.list()
        await coggno.with_options(on_exchange=None).groups.list()
    assert [type(each).__name__ for each in seen] == ["Attempt", "Exchange", "Attempt"]
    assert len(exporter.get_finished_spans()) == 4


async def test_second_time_is_refused(coggno):
    for client in (coggno, coggno.as_company(1)):
        with pytest.raises(ConfigurationError, match="instrumented already"):
            instrument(client)


@pytest.mark.parametrize(("propagate", "sampler"), [(False, None), (True, None), (True, ALWAYS_OFF)])
async def test_trace_context_is_sent_only_when_asked(sandbox, exporter, propagate, sampler):
    headers = []

    async def app(scope, receive, send):
        headers.append(dict(scope["headers"]))
        await sandbox(scope, receive, send)

    provider = TracerProvider(sampler=sampler)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as http_client,
        AsyncCoggno("test_key", base_url="http://localhost", http_client=http_client) as coggno,
    ):
        instrument(coggno, tracer_provider=provider, propagate=propagate)
        await coggno.groups.list()
    sent = headers[0].get(b"traceparent", b"").decode()
    assert bool(sent) == propagate
    if propagate:
        # The lowest bit is "sampled"; the others are the SDK's.
        *ids, flags = sent.split("-")
        assert int(flags, 16) & 1 == (sampler is None)
        recorded = [
            (f"{span.context.trace_id:032x}", f"{span.context.span_id:016x}") for span in exporter.get_finished_spans()
        ]
        assert not recorded or tuple(ids[1:]) == recorded[0]


async def test_sampler_that_is_always_off_is_not_asked(sandbox, exporter, monkeypatch):
    """The SDK takes longer to say no than the client to ask for it."""
    provider = TracerProvider(sampler=ALWAYS_OFF)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(type(ALWAYS_OFF), "should_sample", None)
    async with serving(sandbox) as url, AsyncCoggno("test_key", base_url=url) as coggno:
        instrument(coggno, tracer_provider=provider)
        await coggno.groups.list()
    assert exporter.get_finished_spans() == ()


async def test_what_is_not_sampled_asks_for_no_attempts(sandbox, exporter, monkeypatch):
    """That is what keeps the costs under five percent."""
    provider = TracerProvider(sampler=DEFAULT_OFF)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    async with serving(sandbox) as url, AsyncCoggno("test_key", base_url=url) as coggno:
        instrument(coggno, tracer_provider=provider, meter_provider=NoOpMeterProvider())
        monkeypatch.setattr("coggno._session.attempt.announce", None)
        monkeypatch.setattr("coggno._session.attempt.Exchange", None)
        await coggno.groups.list()
    assert exporter.get_finished_spans() == ()
