"""Control pages below `/_sandbox`: state, effects and faults as JSON. Whoever calls this has checked the key."""

from __future__ import annotations

from typing import Any, Final

from attrs import asdict

from coggno.sandbox.api import OPERATIONS, InvalidFieldsError, RequestLog, check_fields, read_form
from coggno.sandbox.execution import StateLookups
from coggno.sandbox.faults import Fault, Faults, FaultSyntaxError, format_fault, parse_fault

_NEWEST: Final = 1000
"""Effects on the page: a run with a million of them is read in the program, not in a browser."""


def state(lookups: StateLookups, requests: RequestLog) -> dict[str, Any]:
    """Return what there is, and how many requests there were."""
    companies = [
        {
            "id": company.id,
            "name": company.name,
            "connected_to": company.parent,
            "users": len(lookups.users(company.id)),
            "groups": len(lookups.groups(company.id)),
        }
        for company in lookups.companies()
    ]
    counts = {each.id: requests.count(each.id) for each in OPERATIONS}
    return {
        "companies": companies,
        "effects": len(lookups.effects),
        "late": lookups.pending,
        "requests": {"total": requests.total, "peak": requests.peak, "by_operation": counts},
    }


def effects(lookups: StateLookups) -> list[dict[str, Any]]:
    """Return the newest effects, in order."""
    return [asdict(effect) for effect in lookups.effects[-_NEWEST:]]


def active_faults(faults: Faults) -> list[dict[str, Any]]:
    """Return the active faults and how often each applied."""
    return [{"fault": format_fault(rule.fault), "applied": rule.applied} for rule in faults]


def recent_requests(requests: RequestLog) -> list[dict[str, Any]]:
    """Return the last requests that ended, in order."""
    return [asdict(request) for request in requests.recent]


def add_fault(faults: Faults, body: bytes, content_type: str | None) -> list[dict[str, Any]]:
    """Add the fault in a form, and return all active ones.

    Raises:
        ApiError: the form cannot be read, or the fault in it.
    """
    form = check_fields(read_form(body, content_type), [], {"fault": True})
    faults.add(_parsed(form["fault"]))
    return active_faults(faults)


def remove_faults(faults: Faults, body: bytes, content_type: str | None) -> list[dict[str, Any]]:
    """Remove the fault in a form, or all if it names none; return those that are left.

    Raises:
        ApiError: the form cannot be read, or the fault in it, or no such fault is active.
    """
    form = check_fields(read_form(body, content_type), [], {"fault": False})
    if "fault" not in form:
        faults.clear()
        return []
    # Compared as faults: the same one can be written in several ways.
    fault = _parsed(form["fault"])
    rules = [rule for rule in faults if rule.fault == fault]
    if not rules:
        raise InvalidFieldsError("no such fault is active", fields={"fault": "is not active"})
    for rule in rules:
        faults.remove(rule)
    return active_faults(faults)


def _parsed(text: str) -> Fault:
    try:
        return parse_fault(text)
    except FaultSyntaxError as error:
        raise InvalidFieldsError(str(error), fields={"fault": "cannot be read"}) from error
