"""The Coggno API on this machine: an ASGI application with state, faults on request and a log of effects.

    from coggno.sandbox import Sandbox, serving

    sandbox = Sandbox(faults=["createUser:drop,after,p=0.05"])
    async with serving(sandbox) as url:
        ...
    print(sandbox.effects)

It shares no code with the client: else it would repeat its mistakes.
"""

from __future__ import annotations

try:
    import starlette as _starlette
except ModuleNotFoundError as exc:
    if exc.name != "starlette":
        raise
    raise ImportError("the sandbox needs starlette: pip install 'coggno[sandbox]'") from exc

from .app import Sandbox
from .clock import Clock, ManualClock, RealClock
from .connection import ConnectionDroppedError
from .faults import (
    Action,
    Capacity,
    CutBody,
    Drop,
    Empty,
    Fault,
    Faults,
    Html,
    LateCommit,
    Latency,
    RateLimit,
    Rule,
    Status,
    WrongType,
)
from .log import Effect, RequestRecord, Requests
from .notation import FaultSyntaxError, parse_fault
from .operations import OPERATION_IDS
from .serve import ServerThread, run, serving
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
    "FaultSyntaxError",
    "Faults",
    "Html",
    "LateCommit",
    "Latency",
    "ManualClock",
    "RateLimit",
    "RealClock",
    "RequestRecord",
    "Requests",
    "Rule",
    "Sandbox",
    "SandboxCompany",
    "SandboxDocument",
    "SandboxGroup",
    "SandboxLicense",
    "SandboxUser",
    "ServerThread",
    "Status",
    "WrongType",
    "parse_fault",
    "run",
    "serving",
]

del _starlette
