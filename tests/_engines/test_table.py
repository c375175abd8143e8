"""docs/engines.md holds what the tests prove."""

import re

from . import table
from .cases import CASES, GROUPS
from .kinds import KINDS


def test_the_tables_are_those_of_the_cases():
    page = table.PAGE.read_text(encoding="utf-8")
    assert page == table.written(page), "docs/engines.md is stale: python -m tests._engines.table"


def test_every_case_is_in_the_table_once():
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
    assert all(f"| {name} |" in table.tables() for name in names)
    assert len(CASES) == sum(map(len, GROUPS.values()))


def test_every_engine_has_a_section():
    """Each engine has its paragraph."""
    page = table.PAGE.read_text(encoding="utf-8")
    for kind in KINDS:
        assert re.search(rf"^### {kind.name}$", page, re.MULTILINE), kind.name


def test_a_stale_page_would_be_noticed():
    page = f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n"
    assert table.written(page) != page
    assert table.written(table.written(page)) == table.written(page)
    assert table.written(page).startswith("before\n")
    assert table.written(page).endswith("\nafter\n")
