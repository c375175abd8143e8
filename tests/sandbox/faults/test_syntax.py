"""Faults written as text."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coggno.sandbox import (
    OPERATION_IDS,
    Capacity,
    CutBody,
    Drop,
    Empty,
    Fault,
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
    Sandbox,
    SetField,
    Status,
    UnwrapList,
    WrapInList,
    WrongType,
    fault_help,
    format_fault,
    parse_fault,
)
from coggno.sandbox.faults.kinds import KINDS


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("createUser:status=503,after,p=0.05", Fault(Status(503, after=True), "createUser", p=0.05)),
        ("status", Fault(Status())),
        ("status=429,retry_after=7", Fault(Status(429, retry_after="7"))),
        ("*:drop", Fault(Drop())),
        ("writes:drop,after,times=2", Fault(Drop(after=True), "writes", times=2)),
        ("reads:reset,before", Fault(Drop(reset=True), "reads")),
        ("reset,after", Fault(Drop(after=True, reset=True))),
        ("latency=0.2", Fault(Latency(0.2))),
        ("latency=0.2,most=1", Fault(Latency(0.2, most=1))),
        ("getUser:latency=3,after", Fault(Latency(3, after=True), "getUser")),
        ("rate=10,burst=20", Fault(RateLimit(10, burst=20))),
        ("capacity=16,seconds=0.1", Fault(Capacity(16, seconds=0.1))),
        ("cut", Fault(CutBody())),
        ("listUsers:cut=0.9,reset", Fault(CutBody(0.9, reset=True), "listUsers")),
        ("html=502,after", Fault(Html(502, after=True))),
        ("empty=204", Fault(Empty(204))),
        ("createUser:late=30", Fault(LateCommit(30), "createUser")),
        ("late,requests=3,code=502", Fault(LateCommit(requests=3, code=502))),
        ("getUser:type=first_name", Fault(WrongType("first_name"), "getUser")),
        ("getUser:gateway", Fault(Gateway(), "getUser")),
        ("gateway=503,body=text,after", Fault(Gateway(503, body="text", after=True))),
        ("createUser:lag", Fault(ReadLag(), "createUser")),
        ("createUser:lag=30", Fault(ReadLag(30), "createUser")),
        ("writes:lag,reads=2", Fault(ReadLag(reads=2), "writes")),
        ("listUsers:set=2.last_name,to=null", Fault(SetField("2.last_name", None), "listUsers")),
        ('set=complete_date,to=""', Fault(SetField("complete_date", ""))),
        ('set=start_date,to="2025-01-15T08:30:00Z"', Fault(SetField("start_date", "2025-01-15T08:30:00Z"))),
        ('set=a,to={"b":[1, 2],"c":"x,y"},p=0.5', Fault(SetField("a", {"b": [1, 2], "c": "x,y"}), p=0.5)),
        ("set=a,p=0.5,to=[1,2]", Fault(SetField("a", [1, 2]), p=0.5)),
        ("listUsers:remove=3.id", Fault(RemoveField("3.id"), "listUsers")),
        ("getUser:list,p=0.5", Fault(WrapInList(), "getUser", p=0.5)),
        ("listGroupUsers:object", Fault(UnwrapList(), "listGroupUsers")),
        ("deleteUser:ids", Fault(IdsOnly(), "deleteUser")),
        ("deleteGroup:require=name", Fault(RequireField("name"), "deleteGroup")),
        ("drop,skip=3,key=a:b@example.com", Fault(Drop(), skip=3, key="a:b@example.com")),
        (" createUser : status = 500 , p = 1 ", Fault(Status(500), "createUser")),
    ],
)
def test_a_fault_is_read(text, fault):
    assert parse_fault(text) == fault


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "unknown kind ''"),
        ("createUser", "unknown kind 'createUser'"),
        ("createUsr:drop", "unknown operation 'createUsr', did you mean 'createUser'?"),
        ("createUser:staus=503", "unknown kind 'staus', did you mean 'status'?"),
        ("status=fast", "'fast' is not a whole number"),
        ("status=200", "status must be at least 400, not 200"),
        ("status=503,aftr", "unknown option 'aftr', did you mean 'after'?"),
        ("status=503,reset", "unknown option 'reset'"),
        ("status=503,p", "'p' needs a value"),
        ("status=503,p=", "'p' needs a value"),
        ("status=503,p=2", "p must be at most 1, not 2"),
        ("status=503,p=often", "'often' is not a number"),
        ("status=503,after=yes", "'after' takes no value"),
        ("status=503,p=1,p=0", "'p' is given twice"),
        ("status=503,after,before", "'before' is given twice, or contradicts"),
        ("status=503,", "unknown option ''"),
        ("drop=1", "drop takes no value"),
        ("latency", "latency needs a value: latency="),
        ("rate=0", "rate must be above 0, not 0"),
        ("empty=500", "empty must be one of 200, 201, 202, 204, not 500"),
        ("gateway=404,body=html", "body must be one of json, text, empty, not 'html'"),
        ("set=name,to=Ann", "'Ann' is not JSON; a text needs quotation marks: \"Ann\""),
        ("set=name,to=[1,2", "'[1' is not JSON"),
        ("set=name,to=1 2", "'1 2' is not JSON"),
        ("set", "set needs a value: set="),
        ("remove", "remove needs a value: remove="),
        ("deleteGroup:require=", "has no field ''"),
        ("listUsers:ids", "listUsers has no user in its path"),
        ("deleteGroup:require=nmae", "deleteGroup has no field 'nmae'"),
    ],
)
def test_invalid_text_is_explained(text, message):
    with pytest.raises(FaultSyntaxError) as caught:
        parse_fault(text)
    assert message in str(caught.value)
    assert repr(text) in str(caught.value)


@given(st.text(st.sampled_from("createUser:status=503,drop.*p after"), max_size=40) | st.text(max_size=20))
def test_any_text_is_a_fault_or_a_syntax_error(text):
    with suppress(FaultSyntaxError):
        assert isinstance(parse_fault(text), Fault)


@given(
    operation=st.sampled_from(["*", "reads", "writes", *OPERATION_IDS]),
    code=st.integers(400, 599),
    p=st.floats(0, 1),
    times=st.none() | st.integers(0, 9),
)
def test_written_fault_is_read_back(operation, code, p, times):
    text = f"{operation}:status={code},p={p}" + ("" if times is None else f",times={times}")
    assert parse_fault(text) == Fault(Status(code), operation, p=p, times=times)


@pytest.mark.parametrize("faults", ["getUser:drop", ["getUser:drop"], [Fault(Drop(), "getUser")]])
def test_a_sandbox_takes_faults_as_text_or_values(faults):
    assert [rule.fault for rule in Sandbox(faults=faults).faults] == [Fault(Drop(), "getUser")]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_example_of_every_kind_is_read_and_written(kind):
    fault = parse_fault(kind.example)
    assert parse_fault(format_fault(fault)) == fault


@given(st.text(st.sampled_from("createUser:status=503,drop.*p after"), max_size=40))
def test_a_fault_that_is_read_can_be_written(text):
    with suppress(FaultSyntaxError):
        fault = parse_fault(text)
        assert parse_fault(format_fault(fault)) == fault


def test_the_help_explains_every_kind_with_an_example():
    text = fault_help()
    for kind in KINDS.values():
        assert f"  {kind.example}  " in text
        assert kind.help in text
    assert max(len(line) for line in text.splitlines()) <= 78


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(value=JSON, p=st.floats(0, 1))
def test_any_json_is_written_and_read_back(value, p):
    fault = Fault(SetField("*.name", value), "listUsers", p=p)
    assert parse_fault(format_fault(fault)) == fault
