"""The state: who is where, and what is unique."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from coggno.sandbox.state import (
    AccountState,
    InvalidDataError,
    NewPerson,
    RecordNotFoundError,
    SandboxLicense,
)


def person(login: str, email: str = "x@example.com") -> NewPerson:
    return NewPerson(email=email, first_name="Ann", last_name="Lee", login=login)


@pytest.fixture
def state() -> AccountState:
    state = AccountState()
    state.create_company(person("owner"), "Root")
    state.create_company(person("second"), "Connected", 1)
    state.create_company(person("stranger"), "Foreign")
    return state


class TestUsers:
    def test_the_login_defaults_to_the_email(self, state):
        user = state.create_user(1, NewPerson(email="ann@example.com", first_name="Ann", last_name="Lee"))
        assert user.login == "ann@example.com"

    @pytest.mark.parametrize(("login", "field"), [("ann@example.com", "login"), (None, "email")])
    def test_a_login_is_unique_in_all_companies(self, state, login, field):
        state.create_user(1, person("ann@example.com"))
        with pytest.raises(InvalidDataError) as caught:
            state.create_user(3, NewPerson(email="ann@example.com", first_name="a", last_name="b", login=login))
        assert caught.value.fields == {field: "is taken"}

    def test_an_owner_holds_a_login_but_is_not_in_the_lms(self, state):
        with pytest.raises(InvalidDataError):
            state.create_user(1, person("owner"))
        with pytest.raises(RecordNotFoundError):
            state.users.get(1, "owner")
        assert list(state.users.in_lms(1).values()) == []

    def test_an_email_is_not_unique(self, state):
        state.create_user(1, person("a"))
        assert state.create_user(1, person("b")).email == "x@example.com"

    def test_a_user_is_found_by_id_and_by_login(self, state):
        user = state.create_user(1, person("ann"))
        assert state.users.get(1, str(user.id)) is state.users.get(1, "ann") is user

    def test_an_id_wins_over_a_login_of_the_same_digits(self, state):
        first = state.create_user(1, person("ann"))
        second = state.create_user(1, person(str(first.id)))
        assert state.users.get(1, str(first.id)) is first
        assert state.users.get(1, str(second.id)) is second

    def test_a_login_of_digits_is_found_when_no_id_is(self, state):
        user = state.create_user(1, person("4711"))
        assert state.users.get(1, "4711") is user
        with pytest.raises(RecordNotFoundError):
            state.users.get(1, "4711", by_login=False)

    def test_another_companys_user_is_missing(self, state):
        user = state.create_user(2, person("ann"))
        for key in ("ann", str(user.id)):
            with pytest.raises(RecordNotFoundError):
                state.users.get(1, key)

    def test_a_deleted_user_stays_registered(self, state):
        group = state.create_group(1, "one", None)
        user = state.create_user(1, person("ann"), group.id)
        state.delete_user(1, user)
        assert (list(state.users.in_lms(1).values()), list(state.memberships.of(group.id).values())) == ([], [])
        with pytest.raises(RecordNotFoundError):
            state.users.get(1, "ann")
        with pytest.raises(RecordNotFoundError):
            state.add_member(group, user.id)
        assert state.users.registered("ann") is user
        with pytest.raises(InvalidDataError):
            state.create_user(1, person("ann"))

    def test_unknown_group_leaves_the_login_free(self, state):
        foreign = state.create_group(2, "theirs", None)
        with pytest.raises(InvalidDataError) as caught:
            state.create_user(1, person("ann"), foreign.id)
        assert caught.value.fields == {"group_id": "no such group"}
        assert state.users.registered("ann") is None

    @pytest.mark.parametrize("fold", [True, False])
    def test_case_matters_unless_folded(self, fold):
        state = AccountState(fold)
        state.create_company(person("owner"), None)
        ann = state.create_user(1, person("Ann"))
        if not fold:
            assert state.create_user(1, person("ann")) is not ann
            return
        assert state.users.get(1, "aNN") is ann
        with pytest.raises(InvalidDataError):
            state.create_user(1, person("ann"))


class TestGroups:
    def test_deleting_by_name_needs_a_unique_name(self, state):
        first, second = state.create_group(1, "one", None), state.create_group(1, "one", "again")
        with pytest.raises(InvalidDataError):
            state.groups.named(1, "one")
        state.delete_group(first)
        assert state.groups.named(1, "one") is second
        state.delete_group(second)
        with pytest.raises(RecordNotFoundError):
            state.groups.named(1, "one")

    def test_another_companys_group_is_missing(self, state):
        group = state.create_group(2, "theirs", None)
        with pytest.raises(RecordNotFoundError):
            state.groups.get(1, str(group.id))
        with pytest.raises(RecordNotFoundError):
            state.groups.named(1, "theirs")

    def test_deleting_a_group_keeps_its_members_in_the_lms(self, state):
        group, other = state.create_group(1, "one", None), state.create_group(1, "two", None)
        user = state.create_user(1, person("ann"), group.id)
        state.add_member(other, user.id)
        state.delete_group(group)
        assert list(state.users.in_lms(1).values()) == list(state.memberships.of(other.id).values()) == [user]
        state.delete_user(1, user)
        assert list(state.memberships.of(other.id).values()) == []

    def test_a_member_may_be_added_again(self, state):
        group = state.create_group(1, "one", None)
        user = state.create_user(1, person("ann"))
        assert state.add_member(group, user.id) == (user, True)
        assert state.add_member(group, user.id) == (user, False)
        assert list(state.memberships.of(group.id).values()) == [user]

    def test_a_user_of_a_connected_lms_may_join(self, state):
        ours, theirs = state.create_group(1, "ours", None), state.create_group(2, "theirs", None)
        here, there = state.create_user(1, person("here")), state.create_user(2, person("there"))
        state.add_member(ours, there.id)
        state.add_member(theirs, here.id)
        assert state.member(ours, "there") is there
        assert list(state.users.in_lms(1).values()) == [here]
        state.delete_user(2, there)
        assert list(state.memberships.of(ours.id).values()) == []

    def test_a_user_of_another_account_may_not(self, state):
        group = state.create_group(1, "one", None)
        stranger = state.create_user(3, person("ann"))
        with pytest.raises(RecordNotFoundError):
            state.add_member(group, stranger.id)

    def test_a_removed_member_stays_in_the_lms(self, state):
        group = state.create_group(1, "one", None)
        user = state.create_user(1, person("ann"), group.id)
        state.memberships.leave(group.id, user)
        assert (list(state.memberships.of(group.id).values()), list(state.users.in_lms(1).values())) == ([], [user])
        with pytest.raises(RecordNotFoundError):
            state.member(group, "ann")


class TestDocuments:
    def test_own_document_is_hidden_from_others(self, state):
        every = state.documents.add(
            "Training", company=None, type_="ScormDocument", published=1, created_at="2025-01-15"
        )
        own = state.documents.add("Secret", company=2, type_="ScormDocument", published=0, created_at="2025-01-15")
        assert state.documents.of(1) == [every]
        assert state.documents.of(2) == [every, own]
        assert own.published_at is None
        with pytest.raises(RecordNotFoundError):
            state.documents.get(1, str(own.id))

    def test_document_licenses_are_those_of_the_lms(self, state):
        document = state.documents.add("Training", company=None, type_="x", published=1, created_at="2025-01-15")
        users = [state.create_user(company, person(f"user{company}")) for company in (1, 2)]
        licenses = [
            SandboxLicense(
                user=user.id, document=document.id, amount=1, used=0, views=0, start_date=None,
                complete_date=None, total_time=0, score=0, status="not started", passed=False, created_at="x",
            )
            for user in users
        ]  # fmt: skip
        for each in licenses:
            state.add_license(each)
        assert state.document_licenses(1, document) == [(licenses[0], users[0])]
        assert state.user_licenses(users[1]) == [(licenses[1], document)]
        state.delete_user(1, users[0])
        assert state.document_licenses(1, document) == []


def test_companies_know_their_account(state):
    third = state.create_company(person("third"), None, 2)
    assert [company.account for company in state.companies.all()] == [1, 1, 3, 1]
    assert state.companies.connected(1) == [state.companies.get(2)]
    assert state.companies.connected(2) == [third]
    assert state.companies.connected(3) == []


class StateMachine(RuleBasedStateMachine):
    """Whatever is done to the state, its indexes agree with a plain model of who is where."""

    users = Bundle("users")
    groups = Bundle("groups")

    @initialize()
    def begin(self) -> None:
        self.state = AccountState()
        self.state.create_company(person("owner"), None)
        self.taken = {"owner"}
        self.inside: dict[int, str] = {}
        self.members: dict[int, set[int]] = {}
        self.names: dict[int, str] = {}

    @rule(target=users, login=st.sampled_from("abcdefgh"))
    def create(self, login):
        if login in self.taken:
            with pytest.raises(InvalidDataError):
                self.state.create_user(1, person(login))
            return self.state.users.registered(login)
        user = self.state.create_user(1, person(login))
        self.taken.add(login)
        self.inside[user.id] = login
        return user

    @rule(user=users)
    def delete(self, user):
        if self.inside.pop(user.id, None) is None:
            with pytest.raises(RecordNotFoundError):
                self.state.users.get(1, user.login)
            return
        self.state.delete_user(1, self.state.users.get(1, user.login))
        for members in self.members.values():
            members.discard(user.id)

    @rule(target=groups, name=st.sampled_from(["x", "y"]))
    def create_group(self, name):
        group = self.state.create_group(1, name, None)
        self.members[group.id] = set()
        self.names[group.id] = name
        return group

    @rule(group=consumes(groups))
    def delete_group(self, group):
        self.state.delete_group(group)
        del self.members[group.id], self.names[group.id]

    @rule(group=groups, user=users)
    def add(self, group, user):
        if user.id not in self.inside:
            with pytest.raises(RecordNotFoundError):
                self.state.add_member(group, user.id)
            return
        assert self.state.add_member(group, user.id) == (user, user.id not in self.members[group.id])
        self.members[group.id].add(user.id)

    @rule(group=groups, user=users)
    def remove(self, group, user):
        if user.id not in self.members[group.id]:
            with pytest.raises(RecordNotFoundError):
                self.state.member(group, user.login)
            return
        self.state.memberships.leave(group, self.state.member(group, str(user.id)))
        self.members[group.id].discard(user.id)

    @invariant()
    def agrees(self):
        assert {user.id: user.login for user in self.state.users.in_lms(1).values()} == self.inside
        assert {group.id: group.name for group in self.state.groups.of(1)} == self.names
        for group_id, members in self.members.items():
            assert {user.id for user in self.state.memberships.of(group_id).values()} == members
        for name in ("x", "y"):
            ids = [group_id for group_id, other in self.names.items() if other == name]
            if len(ids) == 1:
                assert self.state.groups.named(1, name).id == ids[0]
            else:
                with pytest.raises(InvalidDataError if ids else RecordNotFoundError):
                    self.state.groups.named(1, name)


TestStateMachine = StateMachine.TestCase
TestStateMachine.settings = settings(max_examples=30, stateful_step_count=40, deadline=None)
