"""A response whose status is not 2xx becomes an error that says what is known and shows no secret."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coggno import NotFoundError, RateLimitError, ServerError, UnprocessableEntityError
from coggno._generated.operations import CREATE_USER, GET_USER
from coggno._protocol.status_error import retry_after, status_error
from coggno.errors import outcome_for_status


def encoded(data):
    return json.dumps(data).encode()


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
def test_echoed_secrets_are_masked(secret):
    from urllib.parse import urlencode

    body = {"errors": {"password": f"{secret} is weak", secret: "x"}, "sent": urlencode({"password": secret})}
    error = status_error(CREATE_USER, 422, {}, encoded(body), secrets=[secret])
    for shown in (str(error), repr(error), json.dumps(error.body, ensure_ascii=False), repr(error.errors)):
        assert secret not in shown
    text = status_error(CREATE_USER, 422, {}, urlencode({"password": secret}).encode(), secrets=[secret])
    assert text.body == "password=***"


@pytest.mark.parametrize("secret", ["message", "no", "s", "such"])
def test_a_word_as_password_does_not_hide_the_reason(secret):
    body = {"error": {"code": "invalid", "message": "no such group", "sent": secret}}
    error = status_error(CREATE_USER, 422, {}, encoded(body), secrets=[secret])
    assert "group" in str(error)
    assert error.code == "invalid"
    assert secret not in error.body["error"].values()


def test_retry_after_in_both_forms():
    now = datetime(2025, 1, 15, 8, 0, 0, tzinfo=UTC)
    assert retry_after("120", now) == timedelta(seconds=120)
    assert retry_after("Wed, 15 Jan 2025 08:00:30 GMT", now) == timedelta(seconds=30)
    assert retry_after("Wed, 15 Jan 2025 07:00:00 GMT", now) == timedelta(0)
    for nonsense in (None, "", "soon", "-5", "1.5", "²"):
        assert retry_after(nonsense, now) is None
    assert isinstance(status_error(GET_USER, 429, {"retry-after": "9" * 400}, b""), RateLimitError)
    assert isinstance(status_error(GET_USER, 404, {}, b""), NotFoundError)


@pytest.mark.parametrize("value", ["Mon, 01 Jan 99999999999 00:00:00 GMT", "Wed, 15 Jan 2025 08:00:00 +9999999999"])
def test_retry_after_with_a_number_no_date_has(value):
    """Such a date once ended the call with an OverflowError."""
    assert retry_after(value, datetime(2025, 1, 15, tzinfo=UTC)) in {None, timedelta(0)}


def test_retry_after_heeds_the_zone_of_a_date():
    now = datetime(2025, 1, 15, 8, 0, 0, tzinfo=UTC)
    assert retry_after("Wed, 15 Jan 2025 10:00:00 +0100", now) == timedelta(hours=1)


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"error":[', '{"errors":{"a":'])
def test_a_deeply_nested_body_is_cut_off(opening):
    """Such a body once ended a whole provisioning run with a RecursionError."""
    closing = {"[": "]", "{": "}"}
    depth = 400
    content = opening * depth + "1" + "".join(closing[c] for c in reversed(opening * depth) if c in closing)
    error = status_error(CREATE_USER, 422, {}, content.encode(), secrets=["s3cret"])
    assert error.status_code == 422
    assert "[nested too deeply]" in repr(error.body)


@pytest.mark.parametrize(
    ("status", "outcome"), [(404, "rejected"), (422, "rejected"), (408, "unknown"), (502, "unknown"), (302, "unknown")]
)
def test_outcome_for_status(status, outcome):
    assert outcome_for_status(status) == outcome


def test_a_request_id_that_echoes_the_key_is_masked():
    error = status_error(GET_USER, 500, {"x-request-id": "r-test_key_1"}, b"", secrets=["test_key_1"])
    assert error.request_id == "r-***"


def test_a_long_body_is_cut_in_the_message():
    assert len(str(status_error(GET_USER, 500, {}, b"x" * 65_536))) < 300


def test_a_secret_at_the_cut_of_a_long_body_is_not_shown():
    """The engine cuts a body off after 64 kB, perhaps within the key, whose rest is not recognized."""
    key = "test_SECRETKEY0123456789"
    content = (b"x" * (65_536 - len(key) + 1) + key.encode())[:65_536]
    assert "SECRETKEY" not in str(status_error(GET_USER, 500, {}, content, secrets=[key]).body)


@pytest.mark.parametrize("shown", ["Tom&amp;Jerry&#39;s", "Tom&amp;Jerry&#x27;s", "Tom%26Jerry%27s", "a%3cb%2fc"])
def test_escaped_passwords_are_masked(shown):
    """Error pages of web frameworks escape what they show."""
    error = status_error(CREATE_USER, 422, {}, f"<p>{shown} is weak</p>".encode(), secrets=["Tom&Jerry's", "a<b/c"])
    assert shown not in error.body
