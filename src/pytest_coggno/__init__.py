"""Pytest plugin: a Coggno sandbox for each test, and a client that never waits.

pytest imports this at every start, in every project that has coggno installed. So it is a package of its own, and the
client, the sandbox and their libraries are imported only when a fixture is used.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest

if TYPE_CHECKING:
    from coggno import AsyncCoggno
    from coggno.sandbox import Sandbox

__all__ = ["CoggnoServer"]

_MARKER: Final = "coggno_faults"
_FIXTURES: Final = ("coggno_sandbox", "coggno", "coggno_server")
_API_KEY: Final = "test_key"


class CoggnoServer(NamedTuple):
    """Where `coggno_server` can be reached."""

    url: str
    """Its address, for `base_url`."""
    api_key: str
    """A key that it accepts."""
    sandbox: Sandbox
    """What is served."""

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment variables that make a client or the command line use it."""
        return {"COGGNO_BASE_URL": self.url, "COGGNO_API_KEY": self.api_key}


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        f"{_MARKER}(*faults): what goes wrong in this test's Coggno sandbox, "
        "for example 'createUser:status=503,after,times=1'",
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse a marker that has no effect: the test would pass without the fault that it is about."""
    used = getattr(item, "fixturenames", ())
    # At a class or module it is for those tests that use a fixture; `request` may ask for one while the test runs.
    own = [marker for marker in item.own_markers if marker.name == _MARKER]
    if any(not marker.args for marker in own):
        message = f"the marker {_MARKER} names no fault; for example: {_MARKER}('createUser:status=503,times=1')"
        pytest.fail(message, pytrace=False)
    if own and not any(name in used for name in (*_FIXTURES, "request")):
        pytest.fail(f"the marker {_MARKER} needs one of the fixtures {', '.join(_FIXTURES)}", pytrace=False)


class _Clock:
    """The time of a sandbox: it passes when a client skips a pause, so that a rate limit ends. Latency is waited for.

    Args:
        now: returns the time in seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@pytest.fixture
def coggno_sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A new `coggno.sandbox.Sandbox` with the faults of the marker `coggno_faults`.

    While it exists, no client in this process waits between attempts.
    """
    with _extra_needed("coggno_sandbox"):
        from coggno import sandbox
    # The client needs both, so they are there.
    import httpx

    from coggno import testing

    # Within the process there is no connection to break: the error that httpx would raise for one takes its place.
    made = sandbox.Sandbox(clock=_Clock(testing.clock), dropped=httpx.ReadError)
    problem = None
    for text in _faults(request.node):
        try:
            made.faults.add(sandbox.parse_fault(text))
        except ValueError as error:
            problem = f"{_MARKER}: {error}"
    # Outside of the handler, where pytest would print the errors behind this one as well.
    if problem is not None:
        pytest.fail(problem, pytrace=False)
    with testing.skipping_pauses():
        yield made


# The client's fixture is no coroutine, so that it works with every plugin and mode for async tests, and without one.
@pytest.fixture
def coggno(request: pytest.FixtureRequest, coggno_sandbox: Sandbox) -> Iterator[AsyncCoggno]:
    """A `coggno.AsyncCoggno` that sends to `coggno_sandbox`, in this process and without a socket."""
    # anyio's plugin runs a test once for each backend that is installed.
    if "anyio_backend" in request.fixturenames and request.getfixturevalue("anyio_backend_name") == "trio":
        pytest.skip("the client does not run on trio")
    import httpx

    from coggno import AsyncCoggno

    http_client = httpx.AsyncClient(transport=httpx.ASGITransport(app=coggno_sandbox))
    client = AsyncCoggno(_API_KEY, base_url="http://localhost", http_client=http_client)
    yield client
    # A loop of its own: that of the test is closed by now, or belongs to a plugin.
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(client.aclose())
        loop.run_until_complete(http_client.aclose())
    finally:
        loop.close()


@pytest.fixture
def coggno_server(coggno_sandbox: Sandbox) -> Iterator[CoggnoServer]:
    """`coggno_sandbox` on a port of this machine, for code in other processes."""
    from coggno.sandbox import ServerThread

    thread = ServerThread(coggno_sandbox)
    with _extra_needed("coggno_server"):
        url = thread.start()
    yield CoggnoServer(url, _API_KEY, coggno_sandbox)
    thread.stop()


@contextmanager
def _extra_needed(fixture: str) -> Generator[None]:
    try:
        yield
    except ImportError as error:
        # Any other import that fails is a mistake, which a skipped test would hide.
        if "coggno[sandbox]" not in str(error):
            raise
        pytest.skip(f"{fixture}: {error}")


def _faults(node: pytest.Item) -> Iterator[str]:
    # Those of the class and the module first, as they are written from the top of the file down.
    for marker in reversed([*node.iter_markers(_MARKER)]):
        yield from marker.args
