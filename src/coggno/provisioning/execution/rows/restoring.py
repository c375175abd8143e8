"""What earlier runs have sent for a row: the row goes on from there."""

from __future__ import annotations

from coggno.provisioning.execution.context import RunContext
from coggno.provisioning.execution.rows.state import RowState
from coggno.provisioning.journal import RecordedWrite, WriteOutcome
from coggno.provisioning.planning.earlier import EarlierWrites


def restore(context: RunContext, state: RowState, writes: EarlierWrites) -> None:
    """Enter into the state of a row what earlier runs have sent for it.

    Args:
        context: of the run.
        state: of the row, which has not begun.
        writes: of earlier runs that are not finished.
    """
    creation = writes.creation(state.planned.company, state.person.key)
    if creation is not None:
        _restore_creation(context, state, creation, writes.age(creation))
    for known in writes.memberships(state.planned.company, state.person.key):
        _restore_membership(context, state, known, writes.age(known))


def _restore_creation(context: RunContext, state: RowState, creation: RecordedWrite, age: float) -> None:
    # The request may have put the user into its first group or not.
    state.must_check_groups = True
    if creation.outcome is WriteOutcome.DONE:
        state.user_id = state.user_id or creation.result_id
        state.was_created = state.user_id is not None
    elif state.user_id is not None:
        # Nobody had the login before the request was sent, and somebody has it now.
        state.was_created = state.is_inferred = True
    if state.user_id is None:
        state.may_be_created = True
        _doubt(context, state, "creating the user", age)


def _restore_membership(context: RunContext, state: RowState, known: RecordedWrite, age: float) -> None:
    name = _name_of(context, state, known.write.group_id)
    if name is None:
        return
    if known.outcome is WriteOutcome.DONE:
        state.joined.add(name)
        state.added.append(name)
    else:
        state.must_check_groups = True
        _doubt(context, state, f"adding to group {name!r}", age)


def _doubt(context: RunContext, state: RowState, action: str, age: float) -> None:
    state.doubt.action = action
    # The server may still be at a request whose sender has died.
    state.doubt.not_before = context.clock() + context.settle_time - age


def _name_of(context: RunContext, state: RowState, group_id: int | None) -> str | None:
    """Return the name of a group among those that the user is to be added to."""
    groups = ((name, context.groups.get((state.planned.company, name))) for name in state.planned.missing)
    return next((name for name, group in groups if group is not None and group.id == group_id), None)
