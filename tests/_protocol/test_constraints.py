"""A request that breaks a rule of the API's description is refused before anything is sent, without its values."""

import datetime as dt

import pytest

from coggno import InvalidRequestError
from coggno._generated import operations
from coggno._protocol import encode
from coggno._protocol.constraints import check
from coggno._protocol.operation import Constraint, Operation, Request

NEW = {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace", "password": "s3cret-word"}


def create_user(**change):
    return Request(operation=operations.CREATE_USER, form={**NEW, **change})


def one_value(value, **constraint):
    operation = Operation(
        id="op", method="GET", path="/", returns=None, shape="none", retry="safe",
        constraints={"query.x": Constraint(**constraint)},
    )  # fmt: skip
    return Request(operation=operation, query={"x": value})


@pytest.mark.parametrize("length", [0, 1, 5, 41, 1000])
def test_a_password_outside_6_to_40_is_refused(length):
    password = "\N{SNOWMAN}" * length
    with pytest.raises(InvalidRequestError, match="password") as caught:
        encode.target(create_user(password=password))
    assert not length or password not in str(caught.value)
    if length:
        sentence = "password must have 6 to 40 characters (createUser). Nothing was sent."
        assert str(caught.value) == sentence


@pytest.mark.parametrize("length", [6, 40])
def test_a_password_of_6_or_40_is_sent(length):
    check(create_user(password="\N{SNOWMAN}" * length))


@pytest.mark.parametrize("name", ["email", "first_name", "last_name", "password"])
@pytest.mark.parametrize("value", [None, ""])
def test_required_fields_must_be_given(name, value):
    with pytest.raises(InvalidRequestError, match=f"^{name} is required and must not be"):
        check(create_user(**{name: value}))


@pytest.mark.parametrize("name", [None, ""])
def test_a_group_is_not_deleted_without_a_name(name):
    with pytest.raises(InvalidRequestError, match="name is required"):
        encode.target(Request(operation=operations.DELETE_GROUP_BY_NAME, form={"name": name}))


@pytest.mark.parametrize("form", [None, {}])
def test_a_required_form_must_be_given(form):
    with pytest.raises(InvalidRequestError, match="name is required"):
        check(Request(operation=operations.DELETE_GROUP_BY_NAME, form=form))


@pytest.mark.parametrize("email", ["ada", "@example.com", "ada@", "a da@example.com", "ada@exa mple.com"])
def test_an_email_address_has_two_parts(email):
    with pytest.raises(InvalidRequestError, match="email must be an e-mail address") as caught:
        check(create_user(email=email))
    assert f" {email} " not in str(caught.value)


@pytest.mark.parametrize("email", ["a@b", "ada+x@example.com", '"a b"@example.com', "ä@ö.example", "a@[::1]"])
def test_odd_email_addresses_are_the_servers_matter(email):
    check(create_user(email=email))


@pytest.mark.parametrize("value", [True, "5", 5.0])
def test_an_id_is_an_integer(value):
    with pytest.raises(InvalidRequestError, match="id must be an integer, not"):
        check(Request(operation=operations.ADD_GROUP_USER, path={"group_id": 1}, form={"id": value}))


def test_optional_fields_may_be_left_out():
    check(create_user(login=None, group_id=None))
    with pytest.raises(InvalidRequestError, match="login must not be empty"):
        check(create_user(login=""))


@pytest.mark.parametrize(
    ("value", "constraint", "sentence"),
    [
        (0, {"minimum": 1}, "x must be at least 1"),
        (9, {"maximum": 8}, "x must be at most 8"),
        (1, {"above": 1}, "x must be more than 1"),
        (1, {"below": 1}, "x must be less than 1"),
        ("b", {"values": ("a", 1)}, "x must be 'a' or 1"),
        ("a1", {"pattern": "^[a-z]+$"}, "x must match"),
        ("٣", {"pattern": r"^\d$"}, "x must match"),
        ("abc", {"max_length": 2}, "x must have at most 2 characters"),
        ("a", {"min_length": 2}, "x must have at least 2 characters"),
        ("a", {"min_length": 2, "max_length": 2}, "x must have exactly 2 characters"),
        ([], {"min_items": 1}, "x must not be empty"),
        ([1, 2, 3], {"max_items": 2}, "x must have at most 2 items"),
        (1, {"types": ("boolean",)}, "x must be a boolean, not int"),
        ("1", {"types": ("number",)}, "x must be a number, not str"),
        (1, {"types": ("string",)}, "x must be a string, not int"),
        (dt.datetime(2025, 1, 1), {"required": True}, "x must have a time zone"),  # noqa: DTZ001
    ],
)
def test_every_rule_is_checked(value, constraint, sentence):
    with pytest.raises(InvalidRequestError) as caught:
        check(one_value(value, **constraint))
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(
    ("value", "constraint"),
    [
        (None, {"min_length": 2}),
        (5, {"types": ("integer", "string"), "min_length": 1}),
        (1, {"minimum": 1, "maximum": 1}),
        (dt.datetime(2025, 1, 1, tzinfo=dt.UTC), {"required": True}),
    ],
)
def test_what_keeps_the_rules_passes(value, constraint):
    check(one_value(value, **constraint))


def test_a_naive_date_time_is_never_sent():
    request = Request(operation=operations.LIST_USERS, query={"since": dt.datetime(2025, 1, 1)})  # noqa: DTZ001
    with pytest.raises(InvalidRequestError, match="since: must have a time zone"):
        encode.target(request)
