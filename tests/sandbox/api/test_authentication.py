"""API keys and the companies they reach."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coggno.sandbox.api.authentication import ApiKeys, acting_company
from coggno.sandbox.api.errors import ForbiddenError, MalformedRequestError, UnauthorizedError
from coggno.sandbox.state import ROOT, AccountState, NewPerson


def basic(credentials: str) -> str:
    return "Basic " + b64encode(credentials.encode()).decode()


@pytest.mark.parametrize("header", [basic("test_abc:"), basic("test_abc:").replace("Basic", "basic")])
def test_any_test_key_is_accepted_by_default(header):
    assert ApiKeys().account(header) == ROOT


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic",
        "Basic !!!",
        "Basic " + b64encode(b"\xff\xfe:").decode(),
        "Bearer test_abc",
        basic("test_abc"),
        basic("test_abc:secret"),
        basic("test_:"),
        basic("live_abc:"),
        basic("abc:"),
        basic(":"),
        basic(":test_abc"),
    ],
)
def test_invalid_authorization_gets_a_challenge(header):
    with pytest.raises(UnauthorizedError) as caught:
        ApiKeys().account(header)
    assert caught.value.headers == {"WWW-Authenticate": 'Basic realm="Coggno API"'}
    assert "abc" not in str(caught.value)


def test_named_keys_are_the_only_ones():
    keys = ApiKeys(["live_a", "plain"])
    assert keys.account(basic("live_a:")) == keys.account(basic("plain:")) == ROOT
    with pytest.raises(UnauthorizedError):
        keys.account(basic("test_abc:"))


def test_single_string_is_one_key():
    with pytest.raises(UnauthorizedError):
        ApiKeys("live_a").account(basic("l:"))
    assert ApiKeys("live_a").account(basic("live_a:")) == ROOT


def test_an_empty_key_is_no_key():
    with pytest.raises(ValueError, match="empty"):
        ApiKeys([""])


def test_repr_hides_the_keys():
    assert "live_secret" not in repr(ApiKeys(["live_secret"]))


@given(st.text(max_size=30))
def test_any_header_is_accepted_or_unauthorized(header):
    with pytest.raises(UnauthorizedError):
        ApiKeys().account(header)


class TestActingCompany:
    @pytest.fixture
    def state(self):
        state = AccountState()
        for number, parent in enumerate([None, 1, 2, None]):
            owner = NewPerson(email=f"{number}@example.com", first_name="a", last_name="b")
            state.create_company(owner, "Company", parent)
        return state

    def test_without_the_header_it_is_the_accounts_own(self, state):
        assert acting_company(state, 4, None) == 4

    def test_the_header_names_any_company_of_the_account(self, state):
        assert [acting_company(state, 1, f" {n} ") for n in (1, 2, 3)] == [1, 2, 3]

    @pytest.mark.parametrize(
        ("account", "header"), [(1, "4"), (4, "1"), (4, "2"), (1, "5"), (1, "0"), (1, "-1"), (1, "9" * 19)]
    )
    def test_foreign_and_unknown_company_are_both_forbidden(self, state, account, header):
        with pytest.raises(ForbiddenError, match="may not act as this company"):
            acting_company(state, account, header)

    @pytest.mark.parametrize("header", ["", "x", "-", "1.0", "01", "1,2", "²"])
    def test_company_that_is_no_id_is_malformed(self, state, header):
        with pytest.raises(MalformedRequestError):
            acting_company(state, 1, header)
