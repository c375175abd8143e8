"""The store: who is where, and what is unique."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from coggno.sandbox.refusals import Invalid, Missing
from coggno.sandbox.state import NewPerson, SandboxLicense, Store, integer, number


def person(login: str, email: str = "x@example.com") -> NewPerson:
    return NewPerson(email=email, first_name="Ann", last_name="Lee", login=login)


@pytest.fixture
def store() -> Store:
    store = Store(now=lambda: 0.0)
    store.create_company(person("owner"), "Root")
    store.create_company(person("second"), "Connected", 1)
    store.create_company(person("stranger"), "Foreign")
    return store


@pytest.mark.parametrize("text", ["0", "7", "123456789012345678"])
def test_an_id_is_plain_digits(text):
    assert number(text) == int(text)


@pytest.mark.parametrize("text", ["", "007", "-1", "+1", "1.0", " 1", "1_0", "٣", "²", "9" * 19, "a"])
def test_anything_else_is_no_id(text):
    assert number(text) is None


@pytest.mark.parametrize(("text", "value"), [("7", 7), ("0", 0), ("-1", -1), ("-70", -1), ("9" * 19, -1)])
def test_an_integer_that_can_be_no_id_is_none_of_ours(text, value):
    assert integer(text) == value


@pytest.mark.parametrize("text", ["", "-", "01", "-01", "+1", "1.0", " 1", "²", "1\n", "a"])
def test_anything_else_is_no_integer(text):
    assert integer(text) is None


class TestUsers:
    def test_the_login_defaults_to_the_email(self, store):
        user = store.create_user(1, NewPerson(email="ann@example.com", first_name="Ann", last_name="Lee"))
        assert user.login == "ann@example.com"

    @pytest.mark.parametrize(("login", "field"), [("ann@example.com", "login"), (None, "email")])
    def test_a_login_is_unique_in_all_companies(self, store, login, field):
        store.create_user(1, person("ann@example.com"))
        with pytest.raises(Invalid) as caught:
            store.create_user(3, NewPerson(email="ann@example.com", first_name="a", last_name="b", login=login))
        assert caught.value.fields == {field: "is taken"}

    def test_an_owner_holds_a_login_but_is_not_in_the_lms(self, store):
        with pytest.raises(Invalid):
            store.create_user(1, person("owner"))
        with pytest.raises(Missing):
            store.user(1, "owner")
        assert store.users(1) == []

    def test_an_email_is_not_unique(self, store):
        store.create_user(1, person("a"))
        assert store.create_user(1, person("b")).email == "x@example.com"

    def test_a_user_is_found_by_id_and_by_login(self, store):
        user = store.create_user(1, person("ann"))
        assert store.user(1, str(user.id)) is store.user(1, "ann") is user

    def test_an_id_wins_over_a_login_of_the_same_digits(self, store):
        first = store.create_user(1, person("ann"))
        second = store.create_user(1, person(str(first.id)))
        assert store.user(1, str(first.id)) is first
        assert store.user(1, str(second.id)) is second

    def test_a_login_of_digits_is_found_when_no_id_is(self, store):
        user = store.create_user(1, person("4711"))
        assert store.user(1, "4711") is user
        with pytest.raises(Missing):
            store.user(1, "4711", logins=False)

    def test_another_companys_user_is_missing(self, store):
        user = store.create_user(2, person("ann"))
        for key in ("ann", str(user.id)):
            with pytest.raises(Missing):
                store.user(1, key)

    def test_a_deleted_user_stays_registered(self, store):
        group = store.create_group(1, "one", None)
        user = store.create_user(1, person("ann"), group.id)
        store.delete_user(1, user)
        assert (store.users(1), store.members(group.id)) == ([], [])
        with pytest.raises(Missing):
            store.user(1, "ann")
        with pytest.raises(Missing):
            store.add_member(group, user.id)
        assert store.registered("ann") is user
        with pytest.raises(Invalid):
            store.create_user(1, person("ann"))

    def test_a_user_of_an_unknown_group_is_not_registered_either(self, store):
        foreign = store.create_group(2, "theirs", None)
        with pytest.raises(Invalid) as caught:
            store.create_user(1, person("ann"), foreign.id)
        assert caught.value.fields == {"group_id": "no such group"}
        assert store.registered("ann") is None

    @pytest.mark.parametrize("fold", [True, False])
    def test_case_matters_unless_folded(self, fold):
        store = Store(now=lambda: 0.0, fold_logins=fold)
        store.create_company(person("owner"), None)
        ann = store.create_user(1, person("Ann"))
        if not fold:
            assert store.create_user(1, person("ann")) is not ann
            return
        assert store.user(1, "aNN") is ann
        with pytest.raises(Invalid):
            store.create_user(1, person("ann"))

    def test_a_user_just_created_is_not_found_before_the_lag_is_over(self):
        times = [0.0]
        store = Store(now=lambda: times[0], lag=5)
        store.create_company(person("owner"), None)
        group = store.create_group(1, "one", None)
        ann = store.create_user(1, person("ann"), group.id)
        bob = store.create_user(1, person("bob"), settled=True)
        assert (store.users(1), store.members(group.id)) == ([bob], [])
        with pytest.raises(Missing):
            store.user(1, "ann")
        with pytest.raises(Missing):
            store.add_member(group, ann.id)
        with pytest.raises(Invalid):
            store.create_user(1, person("ann"))
        times[0] = 5.0
        assert (store.users(1), store.members(group.id)) == ([ann, bob], [ann])


class TestGroups:
    def test_names_are_not_unique_but_deleting_by_one_must_be(self, store):
        first, second = store.create_group(1, "one", None), store.create_group(1, "one", "again")
        with pytest.raises(Invalid):
            store.group_named(1, "one")
        store.delete_group(first)
        assert store.group_named(1, "one") is second
        store.delete_group(second)
        with pytest.raises(Missing):
            store.group_named(1, "one")

    def test_another_companys_group_is_missing(self, store):
        group = store.create_group(2, "theirs", None)
        with pytest.raises(Missing):
            store.group(1, str(group.id))
        with pytest.raises(Missing):
            store.group_named(1, "theirs")

    def test_deleting_a_group_keeps_its_members_in_the_lms(self, store):
        group, other = store.create_group(1, "one", None), store.create_group(1, "two", None)
        user = store.create_user(1, person("ann"), group.id)
        store.add_member(other, user.id)
        store.delete_group(group)
        assert store.users(1) == store.members(other.id) == [user]
        store.delete_user(1, user)
        assert store.members(other.id) == []

    def test_a_member_may_be_added_again(self, store):
        group = store.create_group(1, "one", None)
        user = store.create_user(1, person("ann"))
        assert store.add_member(group, user.id) == (user, True)
        assert store.add_member(group, user.id) == (user, False)
        assert store.members(group.id) == [user]

    def test_a_user_of_a_connected_lms_may_join(self, store):
        ours, theirs = store.create_group(1, "ours", None), store.create_group(2, "theirs", None)
        here, there = store.create_user(1, person("here")), store.create_user(2, person("there"))
        store.add_member(ours, there.id)
        store.add_member(theirs, here.id)
        assert store.member(ours, "there") is there
        assert store.users(1) == [here]
        store.delete_user(2, there)
        assert store.members(ours.id) == []

    def test_a_user_of_another_account_may_not(self, store):
        group = store.create_group(1, "one", None)
        stranger = store.create_user(3, person("ann"))
        with pytest.raises(Missing):
            store.add_member(group, stranger.id)

    def test_a_removed_member_stays_in_the_lms(self, store):
        group = store.create_group(1, "one", None)
        user = store.create_user(1, person("ann"), group.id)
        store.remove_member(group, user)
        assert (store.members(group.id), store.users(1)) == ([], [user])
        with pytest.raises(Missing):
            store.member(group, "ann")


class TestDocuments:
    def test_a_companys_own_document_is_seen_by_it_alone(self, store):
        every = store.add_document(
            "Training", company=None, type_="ScormDocument", published=1, created_at="2025-01-15"
        )
        own = store.add_document("Secret", company=2, type_="ScormDocument", published=0, created_at="2025-01-15")
        assert store.documents(1) == [every]
        assert store.documents(2) == [every, own]
        assert own.published_at is None
        with pytest.raises(Missing):
            store.document(1, str(own.id))

    def test_a_documents_licences_are_those_of_users_in_this_lms(self, store):
        document = store.add_document("Training", company=None, type_="x", published=1, created_at="2025-01-15")
        users = [store.create_user(company, person(f"user{company}")) for company in (1, 2)]
        licenses = [
            SandboxLicense(
                user=user.id, document=document.id, amount=1, used=0, views=0, start_date=None,
                complete_date=None, total_time=0, score=0, status="not started", passed=False, created_at="x",
            )
            for user in users
        ]  # fmt: skip
        for each in licenses:
            store.add_license(each)
        assert store.document_licenses(1, document) == [(licenses[0], users[0])]
        assert store.user_licenses(users[1]) == [(licenses[1], document)]
        store.delete_user(1, users[0])
        assert store.document_licenses(1, document) == []


def test_companies_know_their_account(store):
    third = store.create_company(person("third"), None, 2)
    assert [company.account for company in store.companies()] == [1, 1, 3, 1]
    assert store.connected(1) == [store.company(2)]
    assert store.connected(2) == [third]
    assert store.connected(3) == []


class StoreMachine(RuleBasedStateMachine):
    """Whatever is done to a store, its indices agree with a plain model of who is where."""

    users = Bundle("users")
    groups = Bundle("groups")

    @initialize()
    def begin(self) -> None:
        self.store = Store(now=lambda: 0.0)
        self.store.create_company(person("owner"), None)
        self.taken = {"owner"}
        self.inside: dict[int, str] = {}
        self.members: dict[int, set[int]] = {}
        self.names: dict[int, str] = {}

    @rule(target=users, login=st.sampled_from("abcdefgh"))
    def create(self, login):
        if login in self.taken:
            with pytest.raises(Invalid):
                self.store.create_user(1, person(login))
            return self.store.registered(login)
        user = self.store.create_user(1, person(login))
        self.taken.add(login)
        self.inside[user.id] = login
        return user

    @rule(user=users)
    def delete(self, user):
        if self.inside.pop(user.id, None) is None:
            with pytest.raises(Missing):
                self.store.user(1, user.login)
            return
        self.store.delete_user(1, self.store.user(1, user.login))
        for members in self.members.values():
            members.discard(user.id)

    @rule(target=groups, name=st.sampled_from(["x", "y"]))
    def create_group(self, name):
        group = self.store.create_group(1, name, None)
        self.members[group.id] = set()
        self.names[group.id] = name
        return group

    @rule(group=consumes(groups))
    def delete_group(self, group):
        self.store.delete_group(group)
        del self.members[group.id], self.names[group.id]

    @rule(group=groups, user=users)
    def add(self, group, user):
        if user.id not in self.inside:
            with pytest.raises(Missing):
                self.store.add_member(group, user.id)
            return
        assert self.store.add_member(group, user.id) == (user, user.id not in self.members[group.id])
        self.members[group.id].add(user.id)

    @rule(group=groups, user=users)
    def remove(self, group, user):
        if user.id not in self.members[group.id]:
            with pytest.raises(Missing):
                self.store.member(group, user.login)
            return
        self.store.remove_member(group, self.store.member(group, str(user.id)))
        self.members[group.id].discard(user.id)

    @invariant()
    def agrees(self):
        assert {user.id: user.login for user in self.store.users(1)} == self.inside
        assert {group.id: group.name for group in self.store.groups(1)} == self.names
        for group_id, members in self.members.items():
            assert {user.id for user in self.store.members(group_id)} == members
        for name in ("x", "y"):
            ids = [group_id for group_id, other in self.names.items() if other == name]
            if len(ids) == 1:
                assert self.store.group_named(1, name).id == ids[0]
            else:
                with pytest.raises(Invalid if ids else Missing):
                    self.store.group_named(1, name)


TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.settings = settings(max_examples=30, stateful_step_count=40, deadline=None)
