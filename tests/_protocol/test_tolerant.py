"""The tolerant reader: one odd value hides no other, `id` and `login` must be right, and each oddity is logged once."""

from __future__ import annotations

import contextlib
import json
import logging

import pytest
from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st

from coggno import DecodeError
from coggno._generated.operations import GET_USER, GET_USER_LICENSES, LIST_USERS
from coggno._protocol import converter, tolerant
from coggno._protocol.converter import StructureError
from coggno._protocol.decode import decode, structure
from coggno.models import User

ADA = {"id": 1, "login": "ada", "first_name": "Ada", "last_name": "Lovelace"}
LICENSE = {"amount": 1, "used": 0, "status": "new", "passed": False, "document": {"id": 5, "title": "Training"}}


@pytest.fixture(autouse=True)
def nothing_reported(monkeypatch):
    monkeypatch.setattr(tolerant, "_reported", set())
    monkeypatch.setattr(tolerant, "_reported_texts", set())


def users(*items, strict=False):
    return decode(LIST_USERS, json.dumps(items).encode(), strict=strict)


def licenses(*items):
    content = json.dumps({"user": {"id": 1, "first_name": "A", "last_name": "L"}, "licenses": items}).encode()
    return decode(GET_USER_LICENSES, content).licenses


@pytest.mark.parametrize("value", [None, 5, ["x"], {"a": 1}, True])
def test_a_field_of_another_type_arrives_as_it_is(value):
    _, odd = users(ADA, {**ADA, "last_name": value})
    assert odd.last_name == value
    with pytest.raises(DecodeError) as caught:
        users(ADA, {**ADA, "last_name": value}, strict=True)
    assert caught.value.path == "$[1].last_name"


def test_a_missing_field_arrives_as_none():
    (user,) = users({"id": 1, "login": "ada", "first_name": "Ada"})
    assert user.last_name is None


@pytest.mark.parametrize("value", ["", "2025-01-15T08:00:00Z", "soon", 5])
def test_a_date_of_another_form_arrives_as_it_is(value):
    first, odd = licenses(LICENSE, {**LICENSE, "complete_date": value})
    assert (first.complete_date, odd.complete_date) == (None, value)


def test_one_odd_item_leaves_the_others_decoded():
    first, odd = licenses(LICENSE, 7)
    assert (first.document.title, odd) == ("Training", 7)


def test_what_is_odd_inside_an_object_stays_inside():
    (found,) = licenses({**LICENSE, "document": {"id": 5, "title": None, "x": 1}})
    assert (found.document.title, found.document.extra) == (None, {"x": 1})


def test_unknown_fields_are_kept_beside_an_odd_one():
    (user,) = users({**ADA, "last_name": 5, "email": "a@b.c"})
    assert user.extra == {"email": "a@b.c"}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"id": None}, "$[1].id"),
        ({"id": "1"}, "$[1].id"),
        ({"login": None}, "$[1].login"),
        ({"login": 5}, "$[1].login"),
    ],
)
def test_id_and_login_must_be_right(change, path):
    with pytest.raises(DecodeError) as caught:
        users(ADA, {**ADA, **change})
    assert (caught.value.path, caught.value.operation) == (path, "listUsers")


@pytest.mark.parametrize("item", [{}, None, 5, [], {"id": 1}])
def test_a_record_without_identity_is_an_error(item):
    with pytest.raises(DecodeError) as caught:
        users(ADA, item)
    assert caught.value.path == "$[1]"


@pytest.mark.parametrize("content", [b"5", b"null", b'"x"'])
def test_a_response_of_another_kind_is_an_error(content):
    for operation in (LIST_USERS, GET_USER):
        with pytest.raises(DecodeError):
            decode(operation, content)


def test_a_warning_is_logged_once_for_a_field(caplog):
    with caplog.at_level(logging.WARNING, "coggno"):
        users(
            {**ADA, "last_name": 5}, {**ADA, "last_name": "SECRET", "first_name": ["SECRET"]}, {**ADA, "last_name": 6}
        )
    assert [record.name for record in caplog.records] == ["coggno"] * 2
    assert "User.last_name at $[0].last_name expected a string, got an integer" in caplog.messages[0]
    assert "User.first_name at $[1].first_name expected a string, got an array" in caplog.messages[1]
    assert "SECRET" not in caplog.text


def test_an_item_of_a_stream_is_named_by_its_index():
    with pytest.raises(DecodeError) as caught:
        structure(LIST_USERS, {**ADA, "id": None}, User, "$[7]")
    assert (caught.value.path, caught.value.index, caught.value.complete) == ("$[7].id", 7, True)
    with pytest.raises(DecodeError) as caught:
        decode(GET_USER, b"5")
    assert caught.value.index is None


@define
class Strict:
    """A class that is not ours and checks its values."""

    size: int = field()
    names: list[str] = field(factory=list)

    @size.validator
    def _check(self, _, value):
        if not isinstance(value, int):
            raise TypeError(value)


def test_a_class_of_the_user_may_refuse_a_value():
    assert tolerant.structure({"size": 1.0}, Strict) == Strict(1)
    assert tolerant.structure({"size": 1, "names": ["a", 5]}, Strict).names == ["a", 5]
    with pytest.raises(StructureError, match="refused by Strict"):
        tolerant.structure({"size": "x"}, Strict)


@given(st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_any_value_of_a_field_is_kept(value):
    (user,) = users({**ADA, "first_name": value})
    assert user.first_name == value


@define
class Node:
    """A model that contains itself."""

    id: int
    child: Node | None = None


@pytest.mark.parametrize("convert", [converter.structure, tolerant.structure])
@pytest.mark.parametrize("depth", [50, 250, 330, 990, 5000])
@pytest.mark.parametrize("id_", [1, "x"])
def test_deep_data_never_raises_recursion_error(convert, depth, id_):
    data = {"id": id_}
    for _ in range(depth):
        data = {"id": 1, "child": data}
    try:
        convert(data, Node)
    except StructureError as error:
        assert id_ == "x" or error.reason == "is nested too deeply"


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("depth", [500, 900, 1000, 3000])
def test_deep_json_never_raises_recursion_error(depth, strict):
    deep = b"[" * depth + b"]" * depth
    for content in (deep, b'[{"id":1,"login":"a","first_name":"a","last_name":"b","x":' + deep + b"}]"):
        with contextlib.suppress(DecodeError):
            decode(LIST_USERS, content, strict=strict)


# Text that is not JSON as RFC 8259 has it

GRACE = b'{"id": 2, "login": "grace", "first_name": "%s", "last_name": "Hopper", "x": %s}'
DEEP = b'{"]": ' * 3000 + b"1" + b"}" * 3000
TEXTS = {
    "byte": (GRACE % (b"Jos\xe9", b"1"), "Jos\ufffd", 1),
    "tab": (GRACE % (b"a\tb", b"1"), "a\tb", 1),
    "NaN": (GRACE % (b"a", b"NaN"), "a", None),
    "digits": (GRACE % (b"a", b"9" * 5000), "a", "9" * 5000),
    "byte and tab": (GRACE % (b"\xff\t", b"Infinity"), "\ufffd\t", None),
}


@pytest.mark.parametrize(("odd", "name", "extra"), TEXTS.values(), ids=TEXTS)
def test_an_odd_text_hides_no_record(odd, name, extra, caplog):
    ada = json.dumps(ADA).encode()
    for _ in range(2):
        one, other, third = decode(LIST_USERS, b"\xef\xbb\xbf[" + ada + b"," + odd + b"," + ada + b"]")
    assert (one, third) == (User(**ADA), User(**ADA))
    assert (other.first_name, other.extra["x"]) == (name, extra)
    assert [record.getMessage()[:36] for record in caplog.records] == ["The response of listUsers is not JSO"]
    assert "grace" not in caplog.text


def test_a_deep_value_hides_no_record():
    ada = json.dumps(ADA).encode()
    one, other = decode(LIST_USERS, b"[" + ada + b"," + GRACE % (b"a", DEEP) + b"]")
    assert (one.id, other.id, list(other.extra["x"])) == (1, 2, ["]"])


@pytest.mark.parametrize("odd", [*(odd for odd, *_ in TEXTS.values()), GRACE % (b"a", DEEP)], ids=[*TEXTS, "deep"])
def test_strict_decoding_refuses_odd_texts(odd):
    with pytest.raises(DecodeError):
        decode(LIST_USERS, b"[" + odd + b"]", strict=True)


@pytest.mark.parametrize("number", [0, 1, 499, 500, 1200])
def test_an_odd_license_among_many_hides_no_other(number):
    """Those before it were models already when it was met."""
    many = [{**LICENSE, "amount": index} for index in range(1300)]
    many[number] = {**LICENSE, "amount": "x"}
    found = licenses(*many)
    assert [item.amount for item in found] == [item["amount"] for item in many]
    assert {type(item).__name__ for item in found} == {"UserLicense"}


@pytest.mark.parametrize("number", [1, 1200])
def test_strict_decoding_names_the_place_among_many(number):
    many = [{**LICENSE, "start_date": "2025-01-15"} for _ in range(1300)]
    many[number] = {**LICENSE, "start_date": 5}
    content = json.dumps({"user": {"id": 1, "first_name": "A", "last_name": "L"}, "licenses": many}).encode()
    with pytest.raises(DecodeError) as caught:
        decode(GET_USER_LICENSES, content, strict=True)
    assert caught.value.path == f"$.licenses[{number}].start_date"


def test_a_date_that_is_repeated_is_one_object():
    first, second = licenses(*[{**LICENSE, "start_date": "2025-01-15"}] * 2)
    assert first.start_date is second.start_date
    assert licenses({**LICENSE, "start_date": "2025-13-15"})[0].start_date == "2025-13-15"
