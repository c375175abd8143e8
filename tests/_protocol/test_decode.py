"""A 2xx body becomes a model, anything else an error that says what is known and shows no secret."""

import json
import traceback
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coggno import DecodeError, NotFoundError, RateLimitError, ServerError, UnprocessableEntityError
from coggno._generated.operations import CREATE_USER, GET_USER, GET_USER_LICENSES, LIST_GROUP_USERS, LIST_USERS
from coggno._protocol.decode import decode, mask, retry_after, status_error
from coggno.models import User

ADA = {"id": 1, "login": "ada", "first_name": "Ada", "last_name": "Lovelace"}
USER = User(**ADA)


def encoded(data):
    return json.dumps(data).encode()


@pytest.mark.parametrize("data", [ADA, [ADA]])
def test_one_is_one_whether_it_comes_alone_or_in_a_list(data):
    assert decode(GET_USER, encoded(data)) == USER


@pytest.mark.parametrize("data", [ADA, [ADA]])
def test_many_are_a_list_whether_one_comes_alone_or_not(data):
    assert decode(LIST_GROUP_USERS, encoded(data)) == [USER]


@pytest.mark.parametrize("data", [[], [ADA, ADA]])
def test_none_or_several_where_one_is_promised_is_an_error(data):
    with pytest.raises(DecodeError, match=f"{len(data)} came") as caught:
        decode(GET_USER, encoded(data))
    assert caught.value.operation == "getUser"


def test_unknown_fields_are_kept_out_of_the_way():
    assert decode(GET_USER, encoded({**ADA, "shoe_size": {"eu": [39]}})) == USER


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        ({"id": "1"}, "$.id", "expected an integer, got a string"),
        ({"id": True}, "$.id", "expected an integer, got a boolean"),
        ({"id": 1.0}, "$.id", "expected an integer, got a number"),
        ({"login": None}, "$.login", "expected a string, got null"),
        ({"login": ["a"]}, "$.login", "expected a string, got an array"),
    ],
)
def test_a_wrong_type_is_named_by_its_path_and_never_by_its_value(change, path, words):
    with pytest.raises(DecodeError, match=words) as caught:
        decode(LIST_USERS, encoded([ADA, {**ADA, **change}]))
    assert caught.value.path == path.replace("$", "$[1]")
    assert caught.value.outcome == "unknown"


def test_a_missing_field_is_named():
    with pytest.raises(DecodeError, match="the field 'login' is missing") as caught:
        decode(LIST_USERS, encoded([{"id": 1, "first_name": "A", "last_name": "B"}]))
    assert caught.value.path == "$[0]"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"<html>", "HTML"),
        (b'{"id": 1', "not whole JSON"),
        (b'{"id": NaN}', "not whole JSON"),
        (b"\xff\xfe\xff", "not whole JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[" + b"1" * 5000 + b"]", "too long"),
    ],
)
def test_a_body_that_is_not_json_says_what_it_is(content, words):
    with pytest.raises(DecodeError, match=words) as caught:
        decode(LIST_USERS, content)
    assert not caught.value.complete


def test_deeply_wrong_data_is_an_error_of_ours():
    with pytest.raises(DecodeError):
        decode(GET_USER, encoded({**ADA, "login": json.loads("[" * 900 + "]" * 900)}))


def test_no_value_of_the_answer_is_in_the_traceback():
    """Chained exceptions of json and cattrs carry the body; ours must not."""
    for content in (encoded({**ADA, "login": 5, "first_name": "SECRET"}), b'{"first_name": "SECRET"'):
        with pytest.raises(DecodeError) as caught:
            decode(GET_USER, content)
        assert "SECRET" not in "".join(traceback.format_exception(caught.value))
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None


def test_dates_nulls_and_open_enums():
    licence = {
        "amount": 1,
        "used": 0,
        "views": 0,
        "start_date": None,
        "complete_date": "2025-02-01",
        "total_time": 0,
        "score": 0,
        "status": "never seen before",
        "passed": False,
        "created_at": "2025-01-15",
        "document": {"id": 1, "title": "Training"},
    }
    answer = decode(
        GET_USER_LICENSES, encoded({"user": {"id": 1, "first_name": "J", "last_name": "J"}, "licenses": [licence]})
    )
    (found,) = answer.licenses
    assert (found.start_date, found.complete_date.isoformat(), found.status) == (
        None,
        "2025-02-01",
        "never seen before",
    )
    with pytest.raises(DecodeError, match="expected a date") as caught:
        decode(
            GET_USER_LICENSES,
            encoded(
                {
                    "user": {"id": 1, "first_name": "J", "last_name": "J"},
                    "licenses": [{**licence, "created_at": "soon"}],
                }
            ),
        )
    assert caught.value.path == "$.licenses[0].created_at"


@pytest.mark.parametrize(
    ("body", "code", "message", "errors"),
    [
        (
            {"error": {"code": "taken", "message": "Login is taken", "fields": {"login": "taken"}}},
            "taken",
            "Login is taken",
            {"login": "taken"},
        ),
        ({"error": "Login is taken"}, None, "Login is taken", None),
        ({"error": "Login is taken", "code": 17}, "17", "Login is taken", None),
        (
            {"errors": {"login": ["is taken", "is short"]}},
            None,
            "login: is taken; is short",
            {"login": ["is taken", "is short"]},
        ),
        ({"errors": ["a", {"message": "b"}]}, None, "a; b", ["a", {"message": "b"}]),
        ({"message": "No"}, None, "No", None),
        ({}, None, "", None),
        (["a"], None, "", ["a"]),
        ("just text", None, "just text", None),
    ],
)
def test_error_bodies_of_every_shape(body, code, message, errors):
    error = status_error(CREATE_USER, 422, {"x-request-id": "r1"}, encoded(body))
    assert isinstance(error, UnprocessableEntityError)
    assert (error.code, error.errors, error.body, error.request_id) == (code, errors, body, "r1")
    assert str(error) == f"createUser: 422{': ' if message else ''}{message}"
    assert error.outcome == "rejected"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "502"),
        (b"<html>x</html>", "502: an HTML page instead of JSON"),
        (b"\xff\x00bad \x1b[31m", "502: � bad [31m"),
    ],
)
def test_an_unreadable_body_never_hides_the_status(content, message):
    error = status_error(GET_USER, 502, {}, content)
    assert isinstance(error, ServerError)
    assert (error.status_code, error.outcome, str(error)) == (502, "unknown", f"getUser: {message}")


@given(st.binary(max_size=200), st.integers(300, 599))
def test_any_body_of_any_status_becomes_an_error(content, status):
    error = status_error(GET_USER, status, {}, content)
    assert error.status_code == status
    assert "\n" not in str(error)


@pytest.mark.parametrize("secret", ["pass word&1", 'quo"te\\', "schlüssel"])
def test_secrets_that_the_server_echoes_are_masked(secret):
    from urllib.parse import urlencode

    body = {"errors": {"password": f"{secret} is weak", secret: "x"}, "sent": urlencode({"password": secret})}
    error = status_error(CREATE_USER, 422, {}, encoded(body), secrets=[secret])
    for shown in (str(error), repr(error), json.dumps(error.body, ensure_ascii=False), repr(error.errors)):
        assert secret not in shown
    text = status_error(CREATE_USER, 422, {}, urlencode({"password": secret}).encode(), secrets=[secret])
    assert text.body == "password=***"


@pytest.mark.parametrize("secret", ["message", "no", "s", "such"])
def test_a_password_that_is_a_word_does_not_hide_the_reason(secret):
    body = {"error": {"code": "invalid", "message": "no such group", "sent": secret}}
    error = status_error(CREATE_USER, 422, {}, encoded(body), secrets=[secret])
    assert "group" in str(error)
    assert error.code == "invalid"
    assert secret not in error.body["error"].values()


def test_masking_leaves_other_things_alone():
    assert mask({"a": [1, None, "b"]}, [""]) == {"a": [1, None, "b"]}


def test_retry_after_in_both_forms():
    now = datetime(2025, 1, 15, 8, 0, 0, tzinfo=UTC)
    assert retry_after("120", now) == timedelta(seconds=120)
    assert retry_after("Wed, 15 Jan 2025 08:00:30 GMT", now) == timedelta(seconds=30)
    assert retry_after("Wed, 15 Jan 2025 07:00:00 GMT", now) == timedelta(0)
    for nonsense in (None, "", "soon", "-5", "1.5", "²"):
        assert retry_after(nonsense, now) is None
    assert isinstance(status_error(GET_USER, 429, {"retry-after": "9" * 400}, b""), RateLimitError)
    assert isinstance(status_error(GET_USER, 404, {}, b""), NotFoundError)
