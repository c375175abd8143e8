"""The body of a 2xx response becomes a model, or an error that names the place and no value."""

import json
import traceback

import pytest

from coggno import DecodeError
from coggno._generated.operations import GET_USER, GET_USER_LICENSES, LIST_GROUP_USERS, LIST_USERS
from coggno._protocol.decode import decode
from coggno.models import User

ADA = {"id": 1, "login": "ada", "first_name": "Ada", "last_name": "Lovelace"}
USER = User(**ADA)


def encoded(data):
    return json.dumps(data).encode()


@pytest.mark.parametrize("data", [ADA, [ADA]])
def test_one_object_may_come_in_a_list(data):
    assert decode(GET_USER, encoded(data)) == USER


@pytest.mark.parametrize("data", [ADA, [ADA]])
def test_a_list_may_come_as_one_object(data):
    assert decode(LIST_GROUP_USERS, encoded(data)) == [USER]


@pytest.mark.parametrize("data", [[], [ADA, ADA]])
def test_none_or_several_for_one_is_an_error(data):
    with pytest.raises(DecodeError, match=f"a list of {len(data)}") as caught:
        decode(GET_USER, encoded(data))
    assert caught.value.operation == "getUser"


def test_unknown_fields_are_kept_out_of_the_way():
    user = decode(GET_USER, encoded({**ADA, "shoe_size": {"eu": [39]}}))
    assert user.extra == {"shoe_size": {"eu": [39]}}


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        ({"id": "1"}, "$.id", "expected an integer, got a string"),
        ({"id": True}, "$.id", "expected an integer, got a boolean"),
        ({"id": 1.5}, "$.id", "expected an integer, got a number"),
        ({"login": None}, "$.login", "expected a string, got null"),
        ({"login": ["a"]}, "$.login", "expected a string, got an array"),
    ],
)
def test_a_wrong_type_is_named_by_path_not_value(change, path, words):
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
        (b'{"id": 1', "not complete JSON"),
        (b'{"id": NaN}', "not complete JSON"),
        (b"\xff\xfe\xff", "not complete JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[" + b"1" * 5000 + b"]", "too long"),
    ],
)
def test_a_body_that_is_not_json_says_what_it_is(content, words):
    with pytest.raises(DecodeError, match=words) as caught:
        decode(LIST_USERS, content, strict=True)
    assert not caught.value.complete


@pytest.mark.parametrize("content", [b"", b"<html>", b'[{"id": 1', b"[\xff", b"[" * 100_000, b'["' + b"\t" * 9])
def test_a_truncated_body_is_no_json_for_the_tolerant(content):
    with pytest.raises(DecodeError) as caught:
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
    found_licenses = decode(
        GET_USER_LICENSES, encoded({"user": {"id": 1, "first_name": "J", "last_name": "J"}, "licenses": [licence]})
    )
    (found,) = found_licenses.licenses
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
            strict=True,
        )
    assert caught.value.path == "$.licenses[0].created_at"
