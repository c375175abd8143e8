"""Metrics as an SDK collects them."""

import asyncio
import subprocess
import sys

import pytest
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.trace import NoOpTracerProvider

from coggno import AsyncCoggno, NotFoundError
from coggno.otel import instrument
from coggno.sandbox import Sandbox, parse_fault, serving
from coggno.testing import set_testing


@pytest.fixture(autouse=True)
def no_pauses():
    with set_testing(True):
        yield


@pytest.fixture
def reader():
    return InMemoryMetricReader()


@pytest.fixture
def provider(reader):
    provider = MeterProvider([reader])
    yield provider
    provider.shutdown()


@pytest.fixture
def sandbox():
    return Sandbox()


@pytest.fixture
async def coggno(sandbox, provider):
    async with serving(sandbox) as url, AsyncCoggno("test_key", base_url=url) as coggno:
        instrument(coggno, tracer_provider=NoOpTracerProvider(), meter_provider=provider)
        yield coggno


def points(reader, name):
    """The data points of a metric: (attributes without the server, value or count)."""
    data = reader.get_metrics_data()
    found = []
    for metric in data.resource_metrics[0].scope_metrics[0].metrics if data else ():
        if metric.name == name:
            for point in metric.data.data_points:
                given = {key: value for key, value in point.attributes.items() if not key.startswith("server.")}
                found.append((given, getattr(point, "count", None) or point.value))
    return found


async def test_attempts_are_measured_by_operation_and_outcome(coggno, reader, sandbox):
    sandbox.faults.add(parse_fault("listGroups:status=503,times=1"))
    await coggno.groups.list()
    shared = {"http.request.method": "GET", "url.template": "/api/v1/groups", "coggno.operation": "listGroups"}
    assert points(reader, "http.client.request.duration") == [
        ({**shared, "coggno.outcome": "unknown", "http.response.status_code": 503, "error.type": "503"}, 1),
        ({**shared, "coggno.outcome": "done", "http.response.status_code": 200}, 1),
    ]


async def test_calls_and_retries_are_counted(coggno, reader, sandbox):
    sandbox.faults.add(parse_fault("listGroups:status=503,times=2"))
    await coggno.groups.list()
    with pytest.raises(NotFoundError):
        await coggno.groups.get(9)
    assert points(reader, "coggno.client.call.duration") == [
        ({"coggno.operation": "listGroups", "coggno.outcome": "done"}, 1),
        ({"coggno.operation": "getGroup", "coggno.outcome": "rejected", "error.type": "NotFoundError"}, 1),
    ]
    assert points(reader, "coggno.client.retries") == [({"coggno.operation": "listGroups"}, 2)]


async def test_buckets_are_those_of_the_conventions(coggno, reader):
    await coggno.groups.list()
    metrics = reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics
    (duration,) = [metric for metric in metrics if metric.name == "http.client.request.duration"]
    assert (duration.unit, duration.data.data_points[0].explicit_bounds[0]) == ("s", 0.005)


async def test_connections_and_waiting_calls_are_observed(sandbox, reader, provider):
    sandbox.faults.add(parse_fault("listUsers:latency=30"))
    async with (
        serving(sandbox) as url,
        AsyncCoggno("test_key", base_url=url, max_connections=2) as coggno,
        asyncio.TaskGroup() as group,
    ):
        instrument(coggno, meter_provider=provider)
        await coggno.groups.list()
        tasks = [group.create_task(coggno.users.list()) for _ in range(5)]
        while sandbox.requests.in_flight < 2:
            await asyncio.sleep(0)
        states = {
            each["http.connection.state"]: value for each, value in points(reader, "http.client.open_connections")
        }
        assert states == {"idle": 0, "active": 2}
        assert points(reader, "coggno.client.waiting_calls") == [({}, 3)]
        for task in tasks:
            task.cancel()


async def test_clients_share_the_instruments(coggno, sandbox, provider, caplog):
    """The SDK complains about two instruments of one name."""
    async with AsyncCoggno("test_key", base_url=coggno.base_url) as other:
        instrument(other, meter_provider=provider)
    assert caplog.records == []


async def test_rows_are_counted_by_outcome(sandbox, reader, provider):
    rows = [
        {"email": f"{name}@example.com", "first_name": name, "last_name": "Lee", "password": "not-a-real-one"}
        for name in ("ann", "bob", "")
    ]
    async with serving(sandbox) as url, AsyncCoggno("test_key", base_url=url) as coggno:
        telemetry = instrument(coggno, meter_provider=provider)
        results = [result async for result in telemetry.count_rows(coggno.provision(rows))]
    assert len(results) == 3
    counted = {each["coggno.row.outcome"]: value for each, value in points(reader, "coggno.provision.rows")}
    assert counted == {"created": 2, "invalid": 1}


async def test_leaving_the_count_ends_the_run(sandbox, provider):
    """No request goes on behind the back of whoever has left the loop."""
    rows = [
        {"email": f"u{number}@example.com", "first_name": "U", "last_name": "Lee", "password": "not-a-real-one"}
        for number in range(50)
    ]
    async with serving(sandbox) as url, AsyncCoggno("test_key", base_url=url) as coggno:
        counted = instrument(coggno, meter_provider=provider).count_rows(coggno.provision(rows))
        await anext(counted)
        await counted.aclose()
        created = len(sandbox.effects)
        await asyncio.sleep(0.2)
        assert len(sandbox.effects) == created < 50


@pytest.mark.parametrize("provider", [NoOpMeterProvider(), None])
async def test_without_an_sdk_nothing_is_recorded(sandbox, provider):
    async with serving(sandbox) as url, AsyncCoggno("test_key", base_url=url) as coggno:
        telemetry = instrument(coggno, meter_provider=provider)
        assert not telemetry._instruments.is_active
        await coggno.groups.list()


def python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_client_does_not_import_it():
    assert python("import sys, coggno; print('opentelemetry' in sys.modules)") == "False"


def test_missing_extra_is_named():
    code = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "try:\n    import coggno.otel\n"
        "except ImportError as error: print(error)"
    )
    assert python(code) == "coggno.otel needs OpenTelemetry: pip install 'coggno[otel]'"
