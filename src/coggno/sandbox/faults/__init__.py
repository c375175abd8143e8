"""Failures and oddities on request: what they do, which requests they apply to, and how they are written as text."""

from __future__ import annotations

from .actions import (
    Action,
    Capacity,
    CutBody,
    Drop,
    Empty,
    Gateway,
    Html,
    IdsOnly,
    LateCommit,
    Latency,
    RateLimit,
    ReadLag,
    RemoveField,
    RequireField,
    SetField,
    Status,
    UnwrapList,
    WrapInList,
    WrongType,
)
from .decisions import FaultDecision, Faults
from .kinds import FaultSyntaxError
from .responses import changed_response, injected_response, response_instead, send_part
from .rules import Fault, FaultRule, RequestFacts
from .syntax import fault_help, format_fault, parse_fault, parse_quirk

__all__ = [
    "Action",
    "Capacity",
    "CutBody",
    "Drop",
    "Empty",
    "Fault",
    "FaultDecision",
    "FaultRule",
    "FaultSyntaxError",
    "Faults",
    "Gateway",
    "Html",
    "IdsOnly",
    "LateCommit",
    "Latency",
    "RateLimit",
    "ReadLag",
    "RemoveField",
    "RequestFacts",
    "RequireField",
    "SetField",
    "Status",
    "UnwrapList",
    "WrapInList",
    "WrongType",
    "changed_response",
    "fault_help",
    "format_fault",
    "injected_response",
    "parse_fault",
    "parse_quirk",
    "response_instead",
    "send_part",
]
