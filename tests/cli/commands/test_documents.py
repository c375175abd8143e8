"""`coggno documents`, against the sandbox."""

from __future__ import annotations

import pytest

from coggno.sandbox import Sandbox
from tests.cli.helpers import RunCommand

pytestmark = pytest.mark.usefixtures("address")


def test_documents_and_their_licenses(coggno: RunCommand, sandbox: Sandbox):
    ada = sandbox.seed_user("ada", first_name="Ada", last_name="Lovelace")
    sandbox.seed_license(ada.id, 1, status="in progress")
    assert "Training" in coggno("documents", "list").out
    assert "Lovelace" in coggno("documents", "licenses", "1").out
    (data,) = coggno("documents", "licenses", "1", "--json").json
    assert data["user"]["first_name"] == "Ada"


def test_document_without_licenses(coggno: RunCommand):
    ended = coggno("documents", "licenses", "1")
    assert (ended.code, ended.out, ended.err) == (0, "", "The document has no licenses.\n")


def test_unknown_document_is_one_sentence(coggno: RunCommand):
    ended = coggno("documents", "licenses", "99")
    assert (ended.code, ended.err) == (1, "Error: No document has the id 99. See: coggno documents list\n")


def test_documents_are_found_by_title(coggno: RunCommand, sandbox: Sandbox):
    title = sandbox.seed_document("Fire safety").title
    assert coggno("documents", "licenses", title.upper()).code == 0
    sandbox.seed_document("Fire safety")
    ended = coggno("documents", "licenses", title)
    assert ended.code == 1
    assert ended.err.startswith(
        "Error: 2 documents have the title 'Fire safety'. Give the id of the one that you mean:"
    )
