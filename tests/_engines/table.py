"""Writes the cases into docs/engines.md: `python -m tests._engines.table`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from .cases import GROUPS, Case, Through
from .kinds import KINDS

PAGE: Final = Path(__file__).parents[2] / "docs" / "engines.md"
BEGIN: Final = "<!-- written by `python -m tests._engines.table` from tests/_engines/cases.py -->"
END: Final = "<!-- end of what is written -->"


def written(page: str) -> str:
    """Return the page with the tables of today."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables()}\n{END}{after}"


def tables() -> str:
    return "\n".join(line for name, cases in GROUPS.items() for line in _group(name, cases))


def _group(name: str, cases: Iterable[Case]) -> Iterator[str]:
    yield f"### {name}\n"
    yield _row(["case", "requests", *(kind.name for kind in KINDS), "GET", "POST", "DELETE"])
    yield _row(["---"] * (len(KINDS) + 5))
    yield from map(_case, cases)
    yield ""


def _case(case: Case) -> str:
    results = [_expected(case, case.expected_by(kind)) for kind in KINDS]
    get, post, delete = (
        _through(case, lambda through: through.get),
        _through(case, lambda through: through.post),
        _through(case, lambda through: through.delete),
    )
    if case.upload:
        get = delete = "-"
    return _row([case.name, str(case.received), *results, get, post, delete])


def _expected(case: Case, result: int | str) -> str:
    return str(result) if result == case.expected else f"**{result}**"


def _through(case: Case, part: Callable[[Through], str]) -> str:
    usual = part(case.through)
    others: dict[str, list[str]] = {}
    for kind in KINDS:
        other = part(case.through_by(kind))
        if other != usual:
            others.setdefault(other, []).append(kind.name)
    return usual + "".join(f"; **{', '.join(names)}: {other}**" for other, names in others.items())


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
