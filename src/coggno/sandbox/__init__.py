"""The Coggno API on this machine: an ASGI application with state, faults on request and a log of effects.

    from coggno.sandbox import Sandbox, serving

    sandbox = Sandbox(faults=["createUser:drop,after,p=0.05"])
    async with serving(sandbox) as url:
        ...
    print(sandbox.effects)

It shares no code with the client: else it would repeat its mistakes, and tests of the one by the other would pass.
"""

from __future__ import annotations

try:
    import starlette as _starlette
except ModuleNotFoundError as exc:
    if exc.name != "starlette":
        raise
    raise ImportError("the sandbox needs starlette: pip install 'coggno[sandbox]'") from exc

from .api import OPERATION_IDS, RequestLog, RequestRecord
from .app import Sandbox
from .clock import Clock, ManualClock, RealClock
from .execution import Effect, StateFileError, StateSaver
from .faults import (
    Action,
    Capacity,
    CutBody,
    Drop,
    Empty,
    Fault,
    FaultRule,
    Faults,
    FaultSyntaxError,
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
    fault_help,
    format_fault,
    parse_fault,
)
from .server import ConnectionDroppedError, ServerThread, run, serving
from .state import SandboxCompany, SandboxDocument, SandboxGroup, SandboxLicense, SandboxUser

__all__ = [
    "OPERATION_IDS",
    "Action",
    "Capacity",
    "Clock",
    "ConnectionDroppedError",
    "CutBody",
    "Drop",
    "Effect",
    "Empty",
    "Fault",
    "FaultRule",
    "FaultSyntaxError",
    "Faults",
    "Gateway",
    "Html",
    "IdsOnly",
    "LateCommit",
    "Latency",
    "ManualClock",
    "RateLimit",
    "ReadLag",
    "RealClock",
    "RemoveField",
    "RequestLog",
    "RequestRecord",
    "RequireField",
    "Sandbox",
    "SandboxCompany",
    "SandboxDocument",
    "SandboxGroup",
    "SandboxLicense",
    "SandboxUser",
    "ServerThread",
    "SetField",
    "StateFileError",
    "StateSaver",
    "Status",
    "UnwrapList",
    "WrapInList",
    "WrongType",
    "fault_help",
    "format_fault",
    "parse_fault",
    "run",
    "serving",
]

del _starlette
