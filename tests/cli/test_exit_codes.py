"""The exit codes are those of the one table that explains them."""

from __future__ import annotations

import re

from coggno import AuthenticationError, ConfigurationError, InvalidRequestError
from coggno.cli import exit_codes
from coggno.cli.exit_codes import ExitCode, exit_code_of
from coggno.provisioning import RosterError


def test_table_has_every_exit_code():
    codes = re.findall(r"^\| (\d+) \|", exit_codes.__doc__, re.MULTILINE)
    assert [int(code) for code in codes] == sorted(ExitCode)


def test_mistakes_of_the_user_are_invalid():
    """Nothing was sent; every other error came from the API or the network."""
    for error in (ConfigurationError("x"), InvalidRequestError("x"), RosterError("x")):
        assert exit_code_of(error) is ExitCode.INVALID
    assert exit_code_of(AuthenticationError("401", status_code=401)) is ExitCode.FAILED
