"""What a plan would come to, for `--dry-run`."""

from __future__ import annotations

from collections.abc import Iterator

from coggno.provisioning import Plan, RowOutcome, RowResult


def forecast(plan: Plan, *, makes_passwords: bool) -> Iterator[RowResult]:
    """Yield the outcome that each row would have if every request of `plan` succeeded.

    Args:
        plan: what would be done.
        makes_passwords: whether new users without a password would have one made.
    """
    lacking = set[int]() if makes_passwords else set(_without_password(plan))
    for row, result in zip(plan.roster.rows, plan.forecast(), strict=True):
        first = row if row.merged_into is None else row.merged_into
        yield row.result(RowOutcome.INVALID, "password is missing") if first.line in lacking else result


def _without_password(plan: Plan) -> Iterator[int]:
    for step in plan.planned:
        if step.user is None and step.row.person is not None and step.row.person.password is None:
            yield step.row.line
