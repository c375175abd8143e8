"""`coggno companies`, against the sandbox, and the password that it asks for."""

from __future__ import annotations

import pytest

from coggno.sandbox import Sandbox
from tests.cli.helpers import ADA_OPTIONS, RunCommand

pytestmark = pytest.mark.usefixtures("address")


def test_company_with_a_typed_password(coggno: RunCommand, sandbox: Sandbox, monkeypatch):
    monkeypatch.setattr("getpass.getpass", lambda *_, **__: "s3cret-word")
    ended = coggno("companies", "create", *ADA_OPTIONS, "--name", "Acme", typed="")
    assert ended.code == 0
    assert sandbox.companies()[-1].name == "Acme"
    assert coggno("companies", "list", "--json").json[0]["name"] == "Acme"


def test_no_companies_is_reported_on_stderr(coggno: RunCommand):
    ended = coggno("companies", "list")
    assert (ended.code, ended.out, ended.err) == (0, "", "There are no connected companies.\n")
