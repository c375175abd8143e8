"""The reference has an entry for every public name; that the entries exist is checked when the pages are built."""

import importlib
import re

import pytest

import coggno
from tests.docs.blocks import ROOT

REFERENCE = ROOT / "docs" / "reference"
WHOLE = ("errors", "models", "operations", "provisioning", "sandbox")
"""Modules whose pages have an entry for each of their public names, by `automodule`."""


@pytest.mark.parametrize("name", WHOLE)
def test_module_has_a_page_with_all_names(name):
    page = (REFERENCE / f"{name}.md").read_text(encoding="utf-8")
    assert f".. automodule:: coggno.{name}\n   :members:" in page


def test_every_name_of_the_package_has_an_entry():
    page = (REFERENCE / "coggno.md").read_text(encoding="utf-8")
    entries = set(re.findall(r"^\.\. auto\w+:: coggno\.(\w+)$", page, re.MULTILINE))
    for module in WHOLE:
        entries |= set(vars(importlib.import_module(f"coggno.{module}")))
    assert sorted(set(coggno.__all__) - entries - {"__version__"}) == []
