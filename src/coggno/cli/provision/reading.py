"""Reads the roster of a run, and says what was found in it."""

from __future__ import annotations

import sys

from coggno.cli.exit_codes import CommandError
from coggno.cli.provision.options import ProvisionOptions
from coggno.cli.provision.roster_hints import message_of
from coggno.cli.terminal import output
from coggno.provisioning import Roster, RosterError, read_roster


def read(options: ProvisionOptions) -> Roster:
    """Read and check the roster of a run.

    Raises:
        CommandError: it cannot be read; the message says what to do.
    """
    if options.source == "-":
        if not hasattr(sys.stdin, "buffer"):  # started with `<&-`, see `accept_any_text`
            raise CommandError("Standard input is closed, so there is no roster. Give the path of a file.")
        if output.is_terminal(sys.stdin):
            # Here the key comes first: nobody should type a roster for nothing.
            options.client.require_key()
            output.write_message("Reading the roster from standard input; Ctrl-D ends it.")
    try:
        return read_roster(options.source, options.roster)
    except RosterError as error:
        raise CommandError(message_of(error)) from error


def report_roster(roster: Roster) -> None:
    """Write what was found, and what looks damaged."""
    form = f", separated by {roster.delimiter_name}" if roster.delimiter else ""
    unused = f"; columns not used: {', '.join(roster.unused)}" if roster.unused else ""
    output.write_message(f"{roster.name}: {output.count_rows(len(roster.rows))}{form}{unused}")
    for warning in roster.warnings:
        output.write_message(f"Warning: {warning}")
