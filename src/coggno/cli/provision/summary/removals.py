"""Who is removed because the roster does not have them: the question, and the words for it."""

from __future__ import annotations

from collections.abc import Iterator

from coggno.cli.terminal.output import count
from coggno.provisioning import Leaver, Leavers
from coggno.provisioning.report import LISTED

_OPTIONS = {"max_count": "--max-removals", "max_share": "--max-removals-share"}


def question(leavers: Leavers) -> str:
    """Return what to ask before anybody is removed, with the first of those whom it concerns."""
    lines = [f"  {_name(leaver)}" for leaver in leavers.found[:LISTED]]
    if leavers.count > LISTED:
        lines.append(f"  and {leavers.count - LISTED:,} more")
    if leavers.removals.scope == "users":
        asked = f"Delete {count(leavers.count, 'user')}, who {_are_not(leavers)} in the roster, for good?"
    else:
        asked = f"Remove {count(leavers.count, 'membership')}, which {_are_not(leavers)} in the roster?"
    return "\n".join([*lines, asked])


def forecast_lines(leavers: Leavers) -> Iterator[str]:
    """Yield who would be removed."""
    objection = leavers.objection()
    if objection is not None:
        yield f"Nobody would be removed: {with_options(objection)}."
        return
    if leavers.removals.scope == "users":
        yield f"It would delete {leavers.count:,} of {count(leavers.present, 'user')} for good."
    else:
        yield f"It would remove {leavers.count:,} of {count(leavers.present, 'membership')}."
    if leavers.found:
        more = f" and {leavers.count - LISTED:,} more" if leavers.count > LISTED else ""
        yield f"Not in the roster: {', '.join(map(_name, leavers.found[:LISTED]))}{more}"
    for leaver, reason in leavers.kept[:LISTED]:
        yield f"Not in the roster, and kept: {_name(leaver)}: {reason}."
    if len(leavers.kept) > LISTED:
        yield f"and {len(leavers.kept) - LISTED:,} more are kept."


def with_options(reason: str) -> str:
    """Return why nobody was removed, with the options of the command line instead of the settings in code."""
    for setting, option in _OPTIONS.items():
        reason = reason.replace(f"({setting})", f"({option})")
    return reason


def _are_not(leavers: Leavers) -> str:
    return "is not" if leavers.count == 1 else "are not"


def _name(leaver: Leaver) -> str:
    return f"{leaver.login} in {leaver.group}" if leaver.group else leaver.login
