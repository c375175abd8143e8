"""`coggno sandbox`: the Coggno API on this machine; and the private one of `coggno provision --sandbox`."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Final

import typer

from coggno.cli.exit_codes import CommandError
from coggno.cli.terminal import output
from coggno.cli.terminal.interrupt import heed_ctrl_c

if TYPE_CHECKING:
    from coggno.sandbox import Sandbox

_KEY: Final = "test_sandbox"
_WELCOME: Final = """\
Coggno sandbox on {url}
Nothing here is real, and nothing is kept. Any key that begins with test_
is let in. Ctrl-C ends it.

  curl {url}/api/v1/users -u {key}:

  export COGGNO_BASE_URL={url} COGGNO_API_KEY={key}
  coggno users list

The API's reference: {url}/docs
"""
FAULTS: Final = """\
\b
Faults are written [OPERATION:]KIND[=VALUE][,OPTION[=VALUE]]...
  createUser:status=503,after,p=0.05   made, yet answered 503, one in twenty
  writes:drop,times=2                  the first two writes are not answered
  getUser:html=502                     a proxy's page instead of JSON
  createUser:late,requests=3           504, and made three requests later
  listUsers:cut=0.9                    nine tenths of the body, then closed
  rate=10                              429 above ten requests per second

Kinds: status=CODE, drop, reset, latency=SECONDS, rate=PER_SECOND,
capacity=SLOTS, cut=SHARE, html=CODE, empty=CODE, late=SECONDS, type=FIELD.
When: after or before the server does it. How often: p=SHARE, times=N, skip=N,
key=KEY. OPERATION: an operationId as in /docs, reads, writes, or * for all.
"""


def sandbox(
    *,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, metavar="N", help="0 takes a free one.")] = 8000,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    allow_remote: Annotated[
        bool,
        typer.Option("--allow-remote", help="Let --host be an address that other machines reach."),
    ] = False,
    faults: Annotated[
        list[str] | None,
        typer.Option(
            "--fault",
            metavar="SPEC",
            help="What goes wrong, e.g. createUser:status=503,after,p=0.05 or latency=0.2; see below. Repeatable.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Of the faults: same seed, same fate.")] = 0,
    quirks: Annotated[
        bool,
        typer.Option("--quirks", help="Answer in the reference's odd shapes: a list for one object, and the reverse."),
    ] = False,
    users: Annotated[int, typer.Option("--users", min=0, metavar="N", help="Made-up users to begin with.")] = 0,
) -> None:
    """Serve the Coggno API on this machine, to try things out. No key, no network, nothing real."""
    heed_ctrl_c()
    made = _make(faults=faults or (), seed=seed, quirks=["reference"] if quirks else ())
    made.seed_users(users)
    with _usable():
        from coggno.sandbox import run

        run(made, host, port, allow_remote=allow_remote, on_start=_welcome)


@contextmanager
def private_sandbox(faults: Sequence[str] = ()) -> Generator[tuple[str, str]]:
    """Serve a new sandbox from a thread for as long as the context lasts; yields its address and the only key to it.

    Raises:
        CommandError: the extra is missing, or a fault cannot be read.
    """
    key = f"test_{secrets.token_urlsafe(24)}"
    made = _make(keys=[key], faults=faults)
    with _usable():
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
    with _usable():
        from coggno.sandbox import Sandbox

        return Sandbox(keys=keys, faults=faults, seed=seed, quirks=quirks)


@contextmanager
def _usable() -> Generator[None]:
    """Say what is wrong where the extra is missing, an option cannot be used, or the address is taken."""
    try:
        yield
    except ImportError as error:
        raise CommandError(str(error)) from None
    except ValueError as error:
        raise CommandError(str(error).replace("allow_remote=True", "--allow-remote")) from None
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CommandError(f"cannot listen there: {error.strerror or error}. Try --port 0 for a free port") from None


def _welcome(url: str) -> None:
    output.write(_WELCOME.format(url=url, key=_KEY).rstrip())
    sys.stdout.flush()
