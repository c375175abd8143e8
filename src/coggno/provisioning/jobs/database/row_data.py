"""Rows of a roster as texts in the database, and back; passwords are apart from them. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from attrs import asdict, evolve

from coggno.provisioning.outcomes import RowOutcome, RowResult
from coggno.provisioning.roster import Person, Row


def text_of(row: Row) -> str:
    """Return a row without its password; ASCII only, since a cell may have characters that no database takes."""
    person = None if row.person is None else asdict(evolve(row.person, password=None))
    data: dict[str, Any] = {"cells": row.cells, "person": person}
    if row.rejection is not None:
        data["rejection"] = asdict(row.rejection)
    if row.uneven is not None:
        data["uneven"] = row.uneven
    return json.dumps(data, separators=(",", ":"))


def row_of(line: int, text: str, *, merged_into: int | None = None, password: str | None = None) -> Row:
    """Return a row.

    Args:
        line: of the row.
        text: as `text_of` returns it.
        merged_into: the line of the row that it was merged into, if it was.
        password: of the person, if it is known.
    """
    data = json.loads(text)
    rejection, uneven = data.get("rejection"), data.get("uneven")
    return Row(
        line,
        tuple(data["cells"]),
        None if data["person"] is None else _person(data["person"], password),
        rejection=None if rejection is None else _result(rejection),
        merged_into=merged_into,
        uneven=None if uneven is None else tuple(uneven),
    )


def _result(data: Mapping[str, Any]) -> RowResult:
    values: dict[str, Any] = {**data, "outcome": RowOutcome(data["outcome"])}
    return RowResult(**values)


def _person(data: Mapping[str, Any], password: str | None) -> Person:
    values: dict[str, Any] = {**data, "groups": tuple(data["groups"]), "password": password}
    return Person(**values)
