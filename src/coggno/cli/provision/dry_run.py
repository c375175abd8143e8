"""How a plan would end, for `--dry-run`."""

from __future__ import annotations

from collections.abc import Iterator

from coggno.provisioning import Plan, RowOutcome, RowResult


def forecast(plan: Plan, *, makes_passwords: bool) -> Iterator[RowResult]:
    """Yield the outcome that each row would have if every request of `plan` succeeded.

    Args:
        plan: what would be done.
        makes_passwords: whether passwords would be generated for new users without one.
    """
    # The plan assumes a password for everybody; without --generate-passwords the real run would reject these rows.
    invalid = set[int]() if makes_passwords else set(_lines_without_password(plan))
    for row, result in zip(plan.roster.rows, plan.forecast(), strict=True):
        first = row if row.merged_into is None else row.merged_into
        yield row.result(RowOutcome.INVALID, "password is missing") if first.line in invalid else result


def _lines_without_password(plan: Plan) -> Iterator[int]:
    for planned in plan.planned:
        if planned.user is None and planned.row.person is not None and planned.row.person.password is None:
            yield planned.row.line
