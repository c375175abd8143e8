"""Form-encoded bodies and queries."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coggno.sandbox.api.errors import InvalidFieldsError, MalformedRequestError
from coggno.sandbox.api.forms import FORM, check_fields, identity, read_form, read_pairs

NAMES = {"name": True, "description": False, "password": False}


@given(st.lists(st.tuples(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8"))), max_size=9))
def test_urlencoded_pairs_are_read_back(pairs):
    assert read_form(urlencode(pairs).encode(), FORM) == pairs


def test_bare_utf8_is_read_as_curl_sends_it():
    assert read_form("name=Zoë".encode(), FORM) == [("name", "Zoë")]


def test_an_empty_body_needs_no_content_type():
    assert read_form(b"", None) == []


@pytest.mark.parametrize("content_type", [FORM, FORM.upper(), f"{FORM}; charset=utf-8"])
def test_a_form_is_known_by_its_media_type(content_type):
    assert read_form(b"name=a", content_type) == [("name", "a")]


@pytest.mark.parametrize(
    "content_type", [None, "", "application/json", "multipart/form-data; boundary=x", "text/plain"]
)
def test_another_content_type_is_a_bad_request(content_type):
    with pytest.raises(MalformedRequestError):
        read_form(b"name=a", content_type)


@pytest.mark.parametrize(
    "body", [b"name", b"a=1&&b=2", b"name=%ff", b"name=\xff", b"name=%zz", b"name=%", b"&".join([b"a=1"] * 101)]
)
def test_malformed_form_is_refused_without_quoting(body):
    with pytest.raises(MalformedRequestError) as caught:
        read_pairs(body, "body")
    assert "name" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_declared_fields_come_through():
    assert check_fields([("name", "a"), ("description", "")], [], NAMES) == {"name": "a", "description": ""}


def test_every_problem_is_named_at_once():
    with pytest.raises(InvalidFieldsError) as caught:
        check_fields([("nmae", "x"), ("description", "a"), ("description", "b")], [("page", "2")], NAMES)
    assert caught.value.fields == {
        "nmae": "is not declared",
        "description": "is given more than once",
        "page": "is not declared for the query",
        "name": "is required",
    }


def test_a_required_field_must_not_be_blank():
    with pytest.raises(InvalidFieldsError) as caught:
        check_fields([("name", " \t")], [], NAMES)
    assert caught.value.fields == {"name": "must not be blank"}


def test_json_sent_as_a_form_is_not_echoed():
    with pytest.raises(InvalidFieldsError) as caught:
        check_fields(read_form(b'{"password": "hunter2", "a": "="}', FORM), [], {})
    assert "hunter2" not in repr((caught.value.fields, caught.value.message))


def test_identity_ignores_order_and_password():
    one = identity([("login", "a"), ("email", "b"), ("password", "first")])
    assert one == identity([("password", "second"), ("email", "b"), ("login", "a")])
    assert "first" not in one
    assert one != identity([("login", "c"), ("email", "b")])
