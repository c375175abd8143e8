"""Both passes of decoding agree on what fits, and only the detailed one says why not."""

from __future__ import annotations

import datetime as dt
import gc
import json
import pickle
from copy import deepcopy
from typing import Any, Literal
from uuid import UUID

import attrs
import pytest
from attrs import Factory, define, field
from hypothesis import given
from hypothesis import strategies as st

from coggno import models
from coggno._protocol import converter as _serialize
from coggno._protocol import json as _json
from coggno._protocol.converter import StructureError, structure, unstructure
from coggno._protocol.model import DECODERS, to_dict
from coggno._protocol.operation import UNSET, Unset
from coggno.models import User, UserLicenses

ADA = {"id": 1, "login": "ada", "first_name": "Ada", "last_name": "Lovelace"}
PERSON = {"id": 1, "first_name": "Ada", "last_name": "Lovelace"}
LICENSE = {
    "amount": 1, "used": 0, "views": 3, "start_date": "2025-01-15", "complete_date": None, "total_time": 120,
    "score": 88.5, "status": "complete", "passed": True, "created_at": "2025-01-10",
    "document": {"id": 5, "title": "Training"},
}  # fmt: skip


@define(kw_only=True)
class Thing:
    """A model with every kind of field that the generator writes."""

    count: int
    name: str
    flag: bool
    score: float
    day: dt.date
    moment: dt.datetime
    code: UUID
    kind: Literal["a", "b"] | str  # noqa: PYI051 - an open enum
    closed: Literal["a", 1]
    key: int | str
    anything: Any
    maybe_count: int | None = None
    maybe_score: float | None = None
    maybe_day: dt.date | None = None
    maybe_kind: Literal["a", "b"] | str | None = None  # noqa: PYI051
    not_sent: int | Unset = UNSET
    not_sent_or_null: str | Unset | None = UNSET
    seven: int = 7
    class_: str | None = field(default=None, metadata={"wire": "class"})
    odd: str | None = field(default=None, metadata={"wire": 'it\'s "odd" \\ {0}\n'})
    _private: str | None = None
    inner: Inner | None = None
    children: list[Thing] | None = None


@define(kw_only=True)
class Inner:
    """A model whose defaults are made anew, which the fast pass leaves to cattrs."""

    numbers: list[int] = Factory(list)
    wrong_default: int = None  # type: ignore[assignment]


FAST, DETAILED = _serialize._converter(detailed=False), _serialize._converter(detailed=True)
FIT: dict[str, Any] = {
    "count": 1, "name": "n", "flag": True, "score": 1.5, "day": "2025-01-15", "moment": "2025-01-15T08:00:00Z",
    "code": "12345678123456781234567812345678", "kind": "new", "closed": "a", "key": "x", "anything": [None],
}  # fmt: skip
WIRE = [
    *FIT, "maybe_count", "maybe_score", "maybe_day", "maybe_kind", "not_sent", "not_sent_or_null", "seven", "class",
    "it's \"odd\" \\ {0}\n", "_private", "inner", "children", "unknown",
]  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 9), st.floats(allow_nan=False), st.just(10**400),
    st.sampled_from(["a", "b", "x", "", "2025-01-15", "2025-13-01", "2025-01-15T08:00:00", FIT["code"]]),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*WIRE, "numbers", "wrong_default"]), inner, max_size=3)
        | st.lists(st.dictionaries(st.sampled_from(WIRE), inner, max_size=3).map(lambda change: {**FIT, **change}))
    ),
    max_leaves=6,
)


def outcome(converter: Any, data: Any, into: Any) -> Any:
    try:
        return repr(converter.structure(data, into))
    except Exception:  # noqa: BLE001 - which one is the matter of the tests below
        return "mismatch"


@given(st.dictionaries(st.sampled_from(WIRE), VALUES, max_size=4), st.sets(st.sampled_from(WIRE), max_size=1))
def test_the_fast_pass_and_the_detailed_one_agree(change, without):
    data = {name: value for name, value in {**FIT, **change}.items() if name not in without}
    assert outcome(FAST, data, Thing) == outcome(DETAILED, data, Thing)


@given(VALUES, st.sampled_from([Thing, Inner, list[Thing], list[int], Thing | None, dt.date, float | None, list[User]]))
def test_they_agree_on_any_data_and_type(data, into):
    assert outcome(FAST, data, into) == outcome(DETAILED, data, into)


def test_every_field_of_a_model_arrives():
    more = {"class": "c", 'it\'s "odd" \\ {0}\n': "o", "_private": "p", "maybe_score": 2, "maybe_day": "2025-02-01"}
    thing = structure({**FIT, **more, "inner": {"wrong_default": 3}, "children": [FIT]}, Thing)
    assert (thing.class_, thing.odd, thing._private, thing.maybe_score) == ("c", "o", "p", 2.0)
    assert type(thing.maybe_score) is float
    assert (thing.day, thing.maybe_day) == (dt.date(2025, 1, 15), dt.date(2025, 2, 1))
    assert (thing.not_sent, thing.seven, thing.inner.numbers) == (UNSET, 7, [])
    assert thing.children == [structure(FIT, Thing)]
    again = unstructure(thing)
    assert structure(again, Thing) == thing
    assert not {"not_sent", "not_sent_or_null"} & again.keys()


@define
class Watched:
    """More than its fields: making one does something."""

    name: str = field(validator=lambda _, __, value: seen.append(value))
    short: str = field(converter=str.upper)

    def __attrs_post_init__(self) -> None:
        seen.append("made")


@define
class Begun:
    """Making one does something first."""

    name: str

    def __attrs_pre_init__(self) -> None:
        seen.append("begun")


seen: list[str] = []


def test_a_model_with_hooks_makes_itself():
    seen.clear()
    assert structure([{"name": "x", "short": "a"}], list[Watched]) == [Watched("x", "a")]
    assert structure({"name": "x"}, Begun).name == "x"
    assert seen[:2] == ["x", "made"]
    assert "begun" in seen


def test_a_default_that_is_made_anew_is_not_shared():
    one, other = structure([{}, {}], list[Inner])
    assert one.numbers is not other.numbers


@pytest.mark.parametrize(
    ("change", "path", "reason"),
    [
        ({"count": True}, ".count", "expected an integer, got a boolean"),
        ({"flag": 1}, ".flag", "expected a boolean, got an integer"),
        ({"score": True}, ".score", "expected a number, got a boolean"),
        ({"score": "1"}, ".score", "expected a number, got a string"),
        ({"score": 10**400}, ".score", "has the wrong type"),
        ({"day": None}, ".day", "expected a date (2025-01-15), got null"),
        ({"day": "x"}, ".day", "expected a date (2025-01-15), got another string"),
        ({"seven": None}, ".seven", "expected an integer, got null"),
        ({"maybe_day": 5}, ".maybe_day", "expected a date (2025-01-15), got an integer"),
        ({"kind": None}, ".kind", "expected a string, got null"),
        ({"closed": "c"}, ".closed", "expected 'a' or 1"),
        ({"children": {}}, ".children", "expected an array, got an object"),
        ({"children": [FIT, {**FIT, "name": 1}]}, ".children[1].name", "expected a string, got an integer"),
    ],
)
def test_a_mismatch_is_named_by_path_and_reason(change, path, reason):
    with pytest.raises(StructureError) as caught:
        structure({**FIT, **change}, Thing)
    assert (caught.value.path, caught.value.reason) == (f"${path}", reason)


@pytest.mark.parametrize("broken", [False, True])
@pytest.mark.parametrize("running", [True, False])
def test_a_long_list_leaves_the_collector_as_it_was(running, broken):
    was = gc.isenabled()
    data = [{"id": 1, "login": "a", "first_name": "A", "last_name": "B"}] * 5000 + [{}] * broken
    try:
        gc.enable() if running else gc.disable()
        if broken:
            with pytest.raises(StructureError):
                structure(data, list[User])
        else:
            assert len(structure(data, list[User])) == 5000
        assert gc.isenabled() is running
    finally:
        gc.enable() if was else gc.disable()


def test_a_long_list_is_made_with_the_collector_paused(monkeypatch):
    seen = []
    paused = _json.collector_paused
    monkeypatch.setattr(_json, "collector_paused", lambda: seen.append(1) or paused())
    structure([1] * _json.MANY, list[int])
    assert not seen
    structure([1] * (_json.MANY + 1), list[int])
    assert seen


def test_every_model_has_a_generated_decoder():
    found = {getattr(models, name) for name in models.__all__}
    assert found <= DECODERS.keys()


def test_any_operation_uses_the_generated_decoder():
    """Also where a user names the model in an `Operation` of their own."""
    assert structure({"u": [ADA]}, dict[str, list[User]]) == {"u": [User(**ADA)]}
    assert _serialize._hook(User)(ADA, User) == User(**ADA)


@pytest.mark.parametrize(
    ("into", "data"),
    [
        (dict, {"a": [1]}),
        (dict[str, int], {"a": 1}),
        (list, [1, "a"]),
        (list[dict], [{"a": 1}]),
        (Any, [{}]),
        (str, "x"),
    ],
)
def test_plain_json_types_decode_to_themselves(into, data):
    assert structure(data, into) == data


@pytest.mark.parametrize(
    ("into", "data"), [(dict, [["id", "login"]]), (dict[str, int], {"a": "b"}), (list, {"a": 1}), (list[dict], [[]])]
)
def test_plain_json_types_refuse_other_json(into, data):
    with pytest.raises(StructureError):
        structure(data, into)


@pytest.mark.parametrize("data", [1.0, -3.0])
def test_a_number_without_fraction_is_an_integer(data):
    found = structure({**ADA, "id": data}, User).id
    assert (found, type(found)) == (int(data), int)


@pytest.mark.parametrize("data", [1.5, float("inf"), True, "1"])
def test_other_values_are_no_integer(data):
    with pytest.raises(StructureError, match="expected an integer"):
        structure({**ADA, "id": data}, User)


def test_unknown_fields_are_kept_in_extra():
    user = structure({**ADA, "email": "a@b.c"}, User)
    assert user.extra == {"email": "a@b.c"}
    assert repr(user).endswith("extra=<email>)")
    assert user == User(**ADA, extra={"email": "a@b.c"}) != User(**ADA)
    assert to_dict(user) == {**ADA, "email": "a@b.c"}


def test_extra_is_empty_by_default():
    user, other = structure([ADA, ADA], list[User])
    assert repr(user) == "User(id=1, login='ada', first_name='Ada', last_name='Lovelace')"
    assert user.extra == {}
    assert user == other
    user.extra["x"] = 1
    assert other.extra == {}


def test_models_pickle_copy_and_evolve():
    user = structure({**ADA, "email": "a@b.c"}, User)
    for same in (pickle.loads(pickle.dumps(user)), deepcopy(user), attrs.evolve(user)):
        assert same == user


def test_to_dict_is_ready_for_json():
    licenses = structure({"user": PERSON, "licenses": [LICENSE]}, UserLicenses)
    again = json.loads(json.dumps(to_dict(licenses)))
    assert again == {"user": PERSON, "licenses": [LICENSE]}
    assert structure(again, UserLicenses) == licenses


def test_deep_data_is_an_error_of_ours():
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(StructureError):
        structure({**ADA, "login": deep}, User)
