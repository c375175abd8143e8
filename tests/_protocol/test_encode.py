"""What leaves: paths that reach what they name, forms as the API wants them, and refusals before anything is sent."""

import datetime as dt
from urllib.parse import parse_qsl, unquote, urlsplit
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coggno import InvalidRequestError, Operation, Request
from coggno._protocol.encode import body, header_values, target

GET = Operation(id="get", method="GET", path="/api/{thing}/parts/{part}", returns=str, shape="exact", retry="safe")
FIND = Operation(
    id="find", method="GET", path="/api", returns=str, shape="exact", retry="safe", joined=frozenset({"ids"})
)
TEXT = st.text(st.characters(exclude_categories=("Cs",)))


def reaches_a_path(text):
    """A text without control characters, and none of its segments is a dot segment."""
    segments = text.replace("\\", "/").split("/")
    return text.strip() and all(c >= " " and c != "\x7f" for c in text) and not {".", ".."} & set(segments)


@given(TEXT.filter(reaches_a_path))
def test_any_login_reaches_its_own_path_through_httpx(login):
    path = target(Request(operation=GET, path={"thing": login, "part": 7}))
    sent = httpx.URL("http://localhost" + path).raw_path.decode()
    assert sent == path
    assert [unquote(part) for part in sent.split("/")] == ["", "api", login, "parts", "7"]


@pytest.mark.parametrize("login", ["", ".", "..", "x/../../groups/3", "a\\..\\b", " ", "\t", "\0", "7\r\nX: y", "\x7f"])
def test_what_libraries_collapse_is_refused_and_named(login):
    with pytest.raises(InvalidRequestError, match="thing"):
        target(Request(operation=GET, path={"thing": login, "part": 1}))


@pytest.mark.parametrize("value", [None, b"x", object(), {"a": 1}, "\ud800", float("nan"), [1]])
def test_what_cannot_be_in_a_path_is_refused(value):
    with pytest.raises(InvalidRequestError, match="part"):
        target(Request(operation=GET, path={"thing": "a", "part": value}))


@given(st.dictionaries(st.from_regex(r"[a-z_]+", fullmatch=True), TEXT | st.integers() | st.none()))
def test_a_form_round_trips_and_none_is_not_sent(form):
    content, content_type = body(Request(operation=FIND, form=form))
    assert dict(parse_qsl(content.decode(), keep_blank_values=True)) == {
        name: str(value) for name, value in form.items() if value is not None
    }
    assert content_type == ("application/x-www-form-urlencoded" if content else None)


def test_scalars_have_one_spelling():
    form = {"yes": True, "day": dt.date(2025, 1, 15), "id": UUID(int=1), "half": 0.5}
    content, _ = body(Request(operation=FIND, form=form))
    assert content == b"yes=true&day=2025-01-15&id=00000000-0000-0000-0000-000000000001&half=0.5"


def test_query_arrays_are_repeated_or_joined():
    path = target(Request(operation=FIND, query={"tag": ["a b", "c"], "ids": [1, 2], "none": None, "empty": []}))
    assert urlsplit(path).query == "tag=a%20b&tag=c&ids=1%2C2"


def test_json_bodies_keep_null():
    content, content_type = body(Request(operation=FIND, json={"a": None, "b": "é"}))
    assert (content.decode(), content_type) == ('{"a": null, "b": "é"}', "application/json")


@pytest.mark.parametrize("value", [float("nan"), object(), "\ud800"])
def test_json_that_cannot_be_sent_is_refused(value):
    with pytest.raises(InvalidRequestError, match="JSON"):
        body(Request(operation=FIND, json={"a": value}))


def test_unencodable_password_is_not_shown():
    with pytest.raises(InvalidRequestError, match="password") as caught:
        body(Request(operation=FIND, form={"password": "secret\ud800"}))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("value", ["a\r\nX: y", "é", "\x00", " a", "a "])
def test_header_values_cannot_break_out(value):
    with pytest.raises(InvalidRequestError, match="X-Thing"):
        header_values(Request(operation=FIND, header={"X-Thing": value}))


def test_items_of_a_joined_list_hold_no_comma():
    """`["a,b"]` and `["a", "b"]` would reach the server as the same text."""
    with pytest.raises(InvalidRequestError, match="ids: an item must not contain a comma"):
        target(Request(operation=FIND, query={"ids": ["a,b"]}))
    assert target(Request(operation=FIND, query={"ids": ["a", "b"]})) == "/api?ids=a%2Cb"


@pytest.mark.parametrize(
    "path",
    [".evil.example/x", "@evil.example/x", "//evil.example", "/a/../b", "/..", "/a b", "/a\r\nX: y", "/a?b", "", "a"],
)
def test_a_path_of_the_callers_cannot_reach_another_host(path):
    """Address and path are joined as text: such a path once sent the key to another host."""
    operation = Operation(id="own", method="GET", path=path, returns=str, shape="text", retry="never")
    with pytest.raises(InvalidRequestError, match="path"):
        target(Request(operation=operation))


def test_a_method_of_the_callers_is_an_http_method():
    operation = Operation(id="own", method="GET\r\nX: y", path="/x", returns=str, shape="text", retry="never")
    with pytest.raises(InvalidRequestError, match="method"):
        target(Request(operation=operation))


@pytest.mark.parametrize(
    "name", ["authorization", "HOST", "Content-Length", "transfer-encoding", "X\r\nEvil", "X Y", "", "Coggno-LMS"]
)
def test_headers_of_a_request_replace_none_of_ours(name):
    with pytest.raises(InvalidRequestError):
        header_values(Request(operation=FIND, header={name: "x"}))
