"""`--verbose` shows requests, retries and waits, and no secret."""

from __future__ import annotations

import re

import pytest

from coggno.sandbox import Sandbox, parse_fault
from coggno.testing import set_testing
from tests.cli.helpers import KEY, RunCommand

pytestmark = pytest.mark.usefixtures("address")


def test_requests_and_retries_are_shown(coggno: RunCommand, sandbox: Sandbox, address: str):
    sandbox.seed_user("ada")
    sandbox.faults.add(parse_fault("getUser:status=503,times=1"))
    with set_testing(True):
        ended = coggno("users", "get", "ada", "--verbose", "--json")
    assert ended.json[0]["login"] == "ada"
    failed, waited, done = ended.err.splitlines()
    path = re.escape(f"{address}/api/v1/users/{{user}}")
    assert re.fullmatch(rf"GET {path}: 503 in \d+\.\d+ s", failed)
    assert re.fullmatch(r"  waited \d+\.\d+ s, attempt 2 to read the user", waited)
    assert re.fullmatch(rf"GET {path}: 200 in \d+\.\d+ s", done)
    # The path is a template: a login can be an e-mail address.
    assert "users/ada" not in ended.err


def test_lost_response_shows_its_check(coggno: RunCommand, sandbox: Sandbox):
    sandbox.faults.add(parse_fault("createGroup:drop,after"))
    ended = coggno("groups", "create", "Hall", "-v", "--company", "1")
    assert "company 1, to check whether the group was created" in ended.err
    assert KEY not in ended.err


def test_nothing_is_shown_without_the_option(coggno: RunCommand):
    assert "GET" not in coggno("users", "list").err


@pytest.mark.parametrize(
    ("fault", "line"),
    [("listUsers:drop", ": no response in "), ("listUsers:cut=0.5", ": 200, a response that cannot be read, in ")],
)
def test_failures_are_in_plain_words(coggno: RunCommand, sandbox: Sandbox, fault, line):
    sandbox.seed_users(3)
    sandbox.faults.add(parse_fault(f"{fault},times=1"))
    with set_testing(True):
        ended = coggno("users", "list", "-v")
    assert line in ended.err.splitlines()[0]
