"""What a plan would come to, for `--dry-run`."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve

from coggno.provisioning import Outcome, Plan, RowResult


def forecast(plan: Plan) -> Iterator[RowResult]:
    """Yield the outcome that each row would have if every request of `plan` succeeded."""
    ended = {result.line: result for result in (*plan.roster.verdicts(), *plan.settled)}
    for step in plan.steps:
        outcome = Outcome.CREATED if step.user is None else Outcome.JOINED
        login = step.row.person.sent_login if step.row.person else ""
        ended[step.row.line] = RowResult(line=step.row.line, login=login, outcome=outcome)
    for row in plan.roster.rows:
        if row.repeats is None:
            yield ended[row.line]
            continue
        first = ended[row.repeats.line]
        outcome = Outcome.DUPLICATE if first.is_as_wanted else first.outcome
        yield evolve(first, line=row.line, outcome=outcome, detail=first.detail)
