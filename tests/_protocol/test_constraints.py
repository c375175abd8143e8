"""A request that breaks a rule of the API's description is refused before anything is sent, without its values."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coggno import InvalidRequestError
from coggno._generated import operations
from coggno._protocol import constraints, encode
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


EMAILS_REFUSED = [
    *["ada", "@example.com", "ada@", "a da@example.com", "ada@exa mple.com", "a@b@c.org", "a,b@c.org"],
    *["(a)@b.org", "a@b.org,c@d.org", "Ada <a@b.org>", '"a@b.org', '""@b.org', "a@b.org;", "a@[b", "a@\tb"],
    *["a@b..org", "a@.b.org", "a@b.org."],
]


@pytest.mark.parametrize("email", EMAILS_REFUSED)
def test_an_email_address_has_two_parts(email):
    with pytest.raises(InvalidRequestError, match="email must be an e-mail address") as caught:
        check(create_user(email=email))
    assert f" {email} " not in str(caught.value)


@pytest.mark.parametrize(
    "email",
    ["a@b", "ada+x@example.com", '"a b"@example.com', "ä@ö.example", "a@[::1]", "o'brien@x.org", "a.b-c_d/e=f@x"],
)
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
        ([1, 2, 1], {"unique_items": True}, "x must not have an item twice"),
        (7, {"multiple_of": 5}, "x must be a multiple of 5"),
        (0.25, {"multiple_of": 0.1}, "x must be a multiple of 0.1"),
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
        (0.3, {"multiple_of": 0.1}),
        (1e300, {"multiple_of": 1e-300}),
        ([1, 2], {"unique_items": True}),
        (dt.datetime(2025, 1, 1, tzinfo=dt.UTC), {"required": True}),
    ],
)
def test_what_keeps_the_rules_passes(value, constraint):
    check(one_value(value, **constraint))


def test_a_naive_date_time_is_never_sent():
    request = Request(operation=operations.LIST_USERS, query={"since": dt.datetime(2025, 1, 1)})  # noqa: DTZ001
    with pytest.raises(InvalidRequestError, match="since: must have a time zone"):
        encode.target(request)


@pytest.mark.parametrize("number", [0, -1])
@pytest.mark.parametrize(
    ("operation", "values"),
    [
        (operations.GET_USER, lambda number: {"path": {"user": number}}),
        (operations.DELETE_GROUP, lambda number: {"path": {"group_id": number}}),
        (operations.ADD_GROUP_USER, lambda number: {"path": {"group_id": 3}, "form": {"id": number}}),
        (operations.CREATE_USER, lambda number: {"form": {**NEW, "group_id": number}}),
        (operations.GET_DOCUMENT_LICENSES, lambda number: {"path": {"document_id": number}}),
    ],
    ids=lambda value: getattr(value, "id", ""),
)
def test_an_id_is_positive(operation, values, number):
    check(Request(operation=operation, **values(7)))
    with pytest.raises(InvalidRequestError, match="must be at least 1"):
        check(Request(operation=operation, **values(number)))


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 8), st.floats(-2, 8), st.text("ab@. ", max_size=8), st.lists(st.none())
)
BOUNDS = st.fixed_dictionaries(
    {},
    optional={
        "required": st.booleans(),
        "types": st.lists(st.sampled_from(["integer", "number", "string", "boolean"]), unique=True).map(tuple),
        "format": st.just("email"),
        "pattern": st.just("a"),
        "values": st.just(("a", 1)),
        "multiple_of": st.integers(1, 3),
        **{name: st.integers(0, 4) for name in ("min_length", "max_length", "minimum", "maximum", "above", "below")},
    },
)


@given(VALUES, BOUNDS)
def test_the_quick_check_passes_nothing_that_breaks_a_rule(value, bounds):
    constraint = Constraint(**bounds)
    if constraints._fits(value, constraint):
        assert list(constraints._violations(value, constraint)) == []
