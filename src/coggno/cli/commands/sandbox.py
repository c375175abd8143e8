"""`coggno sandbox`: the Coggno API on this machine; and the temporary one of `coggno provision --sandbox`."""

from __future__ import annotations

import secrets
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Final

import typer

from coggno.cli.exit_codes import CommandError
from coggno.cli.options import whole_number
from coggno.cli.terminal import output
from coggno.cli.terminal.interrupt import accept_ctrl_c

if TYPE_CHECKING:
    from coggno.sandbox import Sandbox

_KEY: Final = "test_sandbox"
_WELCOME: Final = """\
Coggno test server on {url} (Ctrl-C stops it).
It accepts every key that begins with test_. Its data is made up, and lost
when it stops.

In another terminal:

  export COGGNO_BASE_URL={url} COGGNO_API_KEY={key}
  coggno users list
  curl {url}/api/v1/users -u {key}:

API documentation: {url}/docs"""
FAULTS_HELP: Final = """\
\b
A fault is [OPERATION:]KIND[=VALUE][,OPTION[=VALUE]]...
  createUser:status=503,after,p=0.05   5 % of users: created, but 503 returned
  writes:drop,times=2                  the first two writes get no response
  getUser:html=502                     a proxy's error page instead of JSON
  createUser:late,requests=3           504, and created three requests later
  listUsers:cut=0.9                    90 % of the body, then disconnected
  rate=10                              429 above ten requests per second

Kinds: status=CODE, drop, reset, latency=SECONDS, rate=PER_SECOND,
capacity=SLOTS, cut=SHARE, html=CODE, empty=CODE, late=SECONDS, type=FIELD.
When: before or after the server carries out the request. How often: p=SHARE,
times=N, skip=N, key=KEY. OPERATION: an operationId as in /docs, reads,
writes, or * for all.
"""


def sandbox(
    *,
    port: Annotated[
        int,
        typer.Option("--port", metavar="N", parser=whole_number(0, 65535), help="Port; 0 chooses a free one."),
    ] = 8000,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Address to listen on.")] = "127.0.0.1",
    allow_remote: Annotated[
        bool,
        typer.Option("--allow-remote", help="Allow a --host that other machines can reach."),
    ] = False,
    faults: Annotated[
        list[str] | None,
        typer.Option("--fault", metavar="SPEC", help="A fault of the server, see below. Repeatable."),
    ] = None,
    seed: Annotated[
        int,
        typer.Option("--seed", metavar="N", help="Seed of the faults: the same seed repeats them."),
    ] = 0,
    quirks: Annotated[
        bool,
        typer.Option("--quirks", help="Respond as inconsistently as the API reference does: one object as a list."),
    ] = False,
    users: Annotated[
        int, typer.Option("--users", metavar="N", parser=whole_number(0), help="Start with N made-up users.")
    ] = 0,
) -> None:
    """Run a test server with the Coggno API on this machine. It needs no key and no network."""
    accept_ctrl_c()
    made = _make(faults=faults or (), seed=seed, quirks=["reference"] if quirks else ())
    made.seed_users(users)
    with _startup_errors(host, port):
        from coggno.sandbox import run

        run(made, host, port, allow_remote=allow_remote, on_start=_welcome)


@contextmanager
def private_sandbox(faults: Sequence[str] = ()) -> Generator[tuple[str, str]]:
    """Serve a new sandbox for as long as the context lasts; yields its address and the only key to it.

    Args:
        faults: what goes wrong there.

    Raises:
        CommandError: the extra is not installed, or a fault is invalid.
    """
    # A key that nobody else on the machine can guess: the roster on this server is real.
    key = f"test_{secrets.token_urlsafe(24)}"
    made = _make(keys=[key], faults=faults)
    with _startup_errors("127.0.0.1", 0):
        from coggno.sandbox import ServerThread

        thread = ServerThread(made)
        url = thread.start()
    try:
        yield url, key
    finally:
        thread.stop()


def _make(
    *,
    keys: Sequence[str] | None = None,
    faults: Sequence[str] = (),
    seed: int = 0,
    quirks: Sequence[str] = (),
) -> Sandbox:
    with _startup_errors("127.0.0.1", 0):
        from coggno.sandbox import Sandbox

        return Sandbox(keys=keys, faults=faults, seed=seed, quirks=quirks)


@contextmanager
def _startup_errors(host: str, port: int) -> Generator[None]:
    """Report a missing extra, an invalid option or an address that is taken."""
    try:
        yield
    except ImportError as error:
        raise CommandError(str(error)) from None
    except ValueError as error:
        # The sandbox names the argument of its Python function.
        raise CommandError(str(error).replace("allow_remote=True", "--allow-remote")) from None
    except OSError as error:
        message = f"Cannot listen on {host}, port {port}: {error.strerror or error}. Choose a free port with --port 0."
        raise CommandError(message) from None


def _welcome(url: str) -> None:
    output.write(_WELCOME.format(url=url, key=_KEY))
    # Whoever starts the server from a program waits for these lines.
    output.flush()
