"""User code for the sandbox, never run: mypy --strict and pyright strict must accept it."""

from __future__ import annotations

from typing import assert_type

from coggno.sandbox import (
    OPERATION_IDS,
    Action,
    Capacity,
    Clock,
    ConnectionDroppedError,
    CutBody,
    Drop,
    Effect,
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
    ManualClock,
    RateLimit,
    ReadLag,
    RealClock,
    RemoveField,
    RequestLog,
    RequestRecord,
    RequireField,
    Sandbox,
    SandboxCompany,
    SandboxDocument,
    SandboxGroup,
    SandboxLicense,
    SandboxUser,
    ServerThread,
    SetField,
    StateFileError,
    StateSaver,
    Status,
    UnwrapList,
    WrapInList,
    WrongType,
    fault_help,
    format_fault,
    parse_fault,
    run,
    serving,
)

ACTIONS: list[Action] = [
    Status(503),
    Drop(after=True),
    CutBody(0.5),
    Html(502),
    Empty(),
    Latency(0.5),
    LateCommit(1.0),
    WrongType("id"),
    RateLimit(5.0),
    Capacity(4, 0.1),
    ReadLag(2.0),
    Gateway(502),
    SetField("id", 1),
    RemoveField("id"),
    RequireField("name"),
    WrapInList(),
    UnwrapList(),
    IdsOnly(),
]


def faults() -> str:
    try:
        fault = parse_fault("createUser:status=503,p=0.1")
    except FaultSyntaxError:
        return fault_help()
    assert_type(fault, Fault)
    assert_type(format_fault(fault), str)
    return fault.operation


def clocks(manual: bool) -> Clock:
    return ManualClock() if manual else RealClock()


def seeding() -> list[Effect]:
    sandbox = Sandbox(faults=["*:latency=0.1"], clock=clocks(manual=True), dropped=ConnectionDroppedError)
    user = sandbox.seed_user("ada@example.com")
    assert_type(user, SandboxUser)
    assert_type(sandbox.seed_group("Warehouse", members=[user.id]), SandboxGroup)
    assert_type(sandbox.seed_company(), SandboxCompany)
    document = sandbox.seed_document("Training")
    assert_type(document, SandboxDocument)
    assert_type(sandbox.seed_license(user.id, document.id), SandboxLicense)
    assert_type(sandbox.faults, Faults)
    rule = sandbox.faults.add(Fault(Drop()))
    assert_type(rule, FaultRule)
    assert_type(sandbox.requests, RequestLog)
    for record in sandbox.requests.recent:
        assert_type(record, RequestRecord)
    return list(sandbox.effects)


def kept(sandbox: Sandbox) -> list[SandboxUser]:
    try:
        sandbox.load_state("state.json")
    except StateFileError:
        sandbox.save_state("state.json")
    with StateSaver(sandbox, "state.json", on_error=print) as saver:
        assert_type(saver, StateSaver)
    sandbox.requests.follow(lambda record: record.seconds)
    return sandbox.populate(users=2000, documents=20, groups=12, seed=7)


async def servers() -> str:
    async with serving(Sandbox()) as url:
        assert_type(url, str)
    with ServerThread(Sandbox()) as url:
        assert_type(url, str)
    run(Sandbox(latency=(0.1, 0.3)), port=8000)
    return OPERATION_IDS[0]
