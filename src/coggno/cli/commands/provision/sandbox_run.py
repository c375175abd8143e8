"""Trying a roster on a temporary test server."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated, TypeAlias

import typer
from attrs import evolve

from coggno.cli.client_settings import ClientSettings
from coggno.cli.commands.sandbox import private_sandbox
from coggno.cli.exit_codes import CommandError
from coggno.cli.option_groups import option_group
from coggno.cli.terminal import output

UseSandbox: TypeAlias = Annotated[
    bool,
    typer.Option("--sandbox", help="Try it on a temporary test server on this machine. Needs no key."),
]
SandboxFaults: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--fault",
        metavar="SPEC",
        help="A fault of the test server, such as createUser:drop,after. See: coggno sandbox --help. Repeatable.",
    ),
]


@option_group
class SandboxRun:
    """Whether a run goes to a temporary test server, and what goes wrong there."""

    sandbox: UseSandbox = False
    faults: SandboxFaults = None

    def settings(self, client: ClientSettings, stack: ExitStack) -> ClientSettings:
        """Return the settings of a client: for a new server if one was asked for, which lasts as long as `stack`.

        Raises:
            CommandError: options contradict each other.
        """
        if not self.sandbox:
            if self.faults:
                raise CommandError("--fault works only together with --sandbox.")
            return client
        if any(given is not None for given in (client.company, client.base_url, client.profile)):
            message = "--sandbox is a new, empty server: it cannot be combined with --company, --base-url or --profile."
            raise CommandError(message)
        url, key = stack.enter_context(private_sandbox(self.faults or ()))
        output.write_message("Using a temporary test server on this machine: it starts empty and nothing is kept.")
        return evolve(client, base_url=url, api_key=key)
