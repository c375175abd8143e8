"""`coggno sandbox`: the Coggno API on this machine; and the temporary one of `coggno provision --sandbox`."""

from __future__ import annotations

import errno
import os
import secrets
import socket
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from coggno.cli.commands.sandbox_state import load_state, saving_state
from coggno.cli.exit_codes import CommandError
from coggno.cli.options import whole_number
from coggno.cli.terminal import output
from coggno.cli.terminal.interrupt import accept_ctrl_c

if TYPE_CHECKING:
    from coggno.sandbox import RequestRecord, Sandbox

_KEY: Final = "test_sandbox"
_LONGEST_WAIT: Final = 3600.0
"""Seconds."""
_WELCOME: Final = """\
Coggno test server on {url} (Ctrl-C stops it).
It accepts every key that begins with test_. Its data is invented{kept}.

In another terminal:

  {settings}
  coggno users list
  {curl} {url}/api/v1/users -u {key}:

API documentation: {url}/docs
State, requests, effects and faults: {url}/_sandbox/..., see {url}/"""
FAULTS_HELP: Final = """\
\b
Faults and quirks are written [OPERATION:]KIND[=VALUE][,OPTION[=VALUE]]...
  createUser:status=503,after,p=0.05   an error, here after it was carried out
  writes:drop,times=2                  closes the connection, no response
  reset,after                          resets the connection, no response
  *:latency=0.2,most=1,after           waits so many seconds, here 0.2 to 1
  rate=10,burst=20                     429 above so many requests per second
  capacity=16,seconds=0.1              so many at a time, the others wait
  listUsers:cut=0.9                    sends part of the body, then closes
  getUser:html=502                     a proxy's HTML page instead of JSON
  getUser:gateway=404,body=text        a gateway's 404; body=json|text|empty
  deleteUser:empty=204                 carried out, but nothing in the body
  createUser:late,requests=3           504 now, done N requests later
  createUser:lag,reads=2               N reads (or seconds) do not see it
  getUser:type=id                      a field has another type
  listUsers:set=*.last_name,to=null    a field has another value, or is new
  listUsers:remove=3.id                a field is missing
  getUser:list                         a list where one object is due
  listGroupUsers:object                one object where a list of one is due
  deleteUser:ids                       the path takes ids, but no logins
  deleteGroup:require=name             an optional form field is required

OPERATION is an operationId such as createUser; or reads, writes, * for all.
Every kind takes p=SHARE, times=N, skip=N, and key=VALUE (only requests
that carry this login or id); before is the opposite of after.
"""
"""What `coggno.sandbox.fault_help` returns; a copy, since importing the sandbox would slow every command down."""


def _host_name(text: str) -> str:
    # Only the name is compared: an address with a scheme, a port or a path would allow nothing.
    if any(sign in text for sign in "/:") or not text.strip():
        raise typer.BadParameter(f"must be a name alone, such as sandbox.internal, not '{text}'.")
    return text


def sandbox(
    *,
    port: Annotated[
        int,
        typer.Option("--port", metavar="N", parser=whole_number(0, 65535), help="Port; 0 chooses a free one."),
    ] = 8000,
    host: Annotated[
        str,
        typer.Option(
            "--host", metavar="ADDRESS", help="Address to listen on; 0.0.0.0 can be reached from other machines."
        ),
    ] = "127.0.0.1",
    allowed_hosts: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-host",
            metavar="NAME",
            parser=_host_name,
            help="A name of this machine that requests may use, such as sandbox.internal; * for all. Repeatable.",
        ),
    ] = None,
    faults: Annotated[
        list[str] | None,
        typer.Option("--fault", metavar="SPEC", help="A fault of the server, see below. Repeatable."),
    ] = None,
    seed: Annotated[
        int,
        typer.Option("--seed", metavar="N", parser=whole_number(0), help="The same seed repeats data and faults."),
    ] = 0,
    latency: Annotated[
        str | None,
        typer.Option("--latency", metavar="SECONDS", help="Let every response wait: 0.2, or a range such as 0.05-0.3."),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(
            "--state",
            metavar="FILE",
            dir_okay=False,
            help="Keep the data in this file. If it exists, start with its data instead of new data.",
        ),
    ] = None,
    log: Annotated[
        bool | None,
        typer.Option("--log/--no-log", help="Print a line for each request; the default in a terminal."),
    ] = None,
    quirks: Annotated[
        bool,
        typer.Option("--quirks", help="Imitate inconsistencies of the API reference, such as a list for one object."),
    ] = False,
    users: Annotated[
        int, typer.Option("--users", metavar="N", parser=whole_number(0), help="Start with N users, all invented.")
    ] = 0,
    documents: Annotated[
        int,
        typer.Option(
            "--documents", metavar="N", parser=whole_number(0), help="Start with N documents, and licenses for them."
        ),
    ] = 3,
    groups: Annotated[
        int | None,
        typer.Option(
            "--groups", metavar="N", parser=whole_number(0), help="Start with N groups; by default up to 12, as suits."
        ),
    ] = None,
) -> None:
    """Run a test server with the Coggno API on this machine. It needs no key and no network."""
    accept_ctrl_c()
    made = _make(
        documents=False,
        faults=faults or (),
        seed=seed,
        quirks=["reference"] if quirks else (),
        latency=_latency(latency),
        # The machine's own name is none that a foreign web page could choose.
        allowed_hosts=[*(allowed_hosts or ()), socket.gethostname()],
    )
    is_kept = state is not None and load_state(made, state)
    if not is_kept:
        made.populate(users=users, documents=documents, groups=groups, seed=seed)
    if output.is_terminal(sys.stdout) if log is None else log:
        made.requests.follow(_print_request)
    with _startup_errors(host, port), saving_state(made, state):
        from coggno.sandbox import run

        run(made, host, port, allow_remote=True, on_start=lambda url: _welcome(url, state, is_kept=is_kept))


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
    allowed_hosts: Sequence[str] = (),
    documents: bool = True,
    latency: tuple[float, float] = (0.0, 0.0),
) -> Sandbox:
    with _startup_errors("127.0.0.1", 0):
        from coggno.sandbox import Sandbox

        return Sandbox(
            keys=keys,
            faults=faults,
            seed=seed,
            quirks=quirks,
            allowed_hosts=allowed_hosts,
            documents=documents,
            latency=latency,
        )


@contextmanager
def _startup_errors(host: str, port: int) -> Generator[None]:
    """Report a missing extra, an invalid option or an address that is taken."""
    try:
        yield
    except ImportError as error:
        raise CommandError(str(error)) from None
    except ValueError as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        hint = "Choose a free port with --port 0." if error.errno == errno.EADDRINUSE else "Check --host and --port."
        raise CommandError(f"Cannot listen on {host}, port {port}: {error.strerror or error}. {hint}") from None


def _latency(text: str | None) -> tuple[float, float]:
    """Return the shortest and the longest wait, in seconds."""
    if text is None:
        return 0.0, 0.0
    shortest, dash, longest = text.partition("-")
    try:
        found = float(shortest), float(longest if dash else shortest)
    except ValueError:
        found = -1.0, -1.0
    # `float` also reads `nan` and `inf`.
    if not 0 <= found[0] <= found[1] <= _LONGEST_WAIT:
        raise CommandError(f"--latency must be seconds, such as 0.2, or a range such as 0.05-0.3, not '{text}'.")
    return found


def _print_request(record: RequestRecord) -> None:
    now = datetime.now().astimezone()
    output.write(output.clean(f"{now:%H:%M:%S} {record}"))
    # Read line by line by whoever follows it.
    output.flush()


def shell_words(url: str, *, is_windows: bool) -> tuple[str, str]:
    """Return the line that makes a terminal use the server, and the name of curl there."""
    if is_windows:
        # PowerShell knows no `export`, and its older versions have another command called `curl`.
        return f'$env:COGGNO_BASE_URL = "{url}"; $env:COGGNO_API_KEY = "{_KEY}"', "curl.exe"
    return f"export COGGNO_BASE_URL={url} COGGNO_API_KEY={_KEY}", "curl"


def _reachable(url: str) -> str:
    """Return an address for this machine: one that stands for all addresses is none to send requests to."""
    return url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")


def _welcome(url: str, state: Path | None, *, is_kept: bool) -> None:
    kept = ", and lost\nwhen it stops" if state is None else f",\nand kept in {state}"
    width = output.terminal_width()
    address = _reachable(url)
    settings, curl = shell_words(address, is_windows=os.name == "nt")
    for line in _WELCOME.format(url=address, key=_KEY, kept=kept, settings=settings, curl=curl).split("\n"):
        # Commands stay whole, so that they can be copied.
        for part in [line] if line.startswith(" ") else output.wrapped(line, width):
            output.write(part)
    if is_kept:
        output.write(f"\nThe data is that of {state}; --users, --documents and --groups are not applied to it.")
    # Whoever starts the server from a program waits for these lines.
    output.flush()
