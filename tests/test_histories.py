"""Whole histories of calls under faults: a machine searches, and the sandbox's log of effects judges.

Each call makes a claim: done, not carried out, or unknown. At the end every claim is compared with what the server did,
writes that arrive late included.
"""

import asyncio
import os
import re
from collections import Counter
from contextlib import AsyncExitStack
from urllib.parse import quote, unquote

import attrs
import httpx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from coggno import APIError, AsyncCoggno, CoggnoError, OutcomeUnknownError
from coggno.sandbox import ManualClock, Sandbox, parse_fault

ENDINGS = [
    "status=503",
    "status=503,after",
    "drop",
    "drop,after",
    "cut=0.5",
    "html=200,after",
    "empty",
    "late,requests=1",
    "late,requests=3",
    "late,requests=9",
    "status=429",
]
READINGS = ["status=503", "drop", "gateway=404,body=json", "gateway=404,body=text", "html=404", "status=401"]
CHECKS = {
    "createUser": ["getUser", "listUsers", "getGroupUser"],
    "deleteUser": ["getUser", "listUsers"],
    "addGroupUser": ["getGroupUser", "listGroupUsers"],
    "removeGroupUser": ["getGroupUser", "listGroupUsers"],
    "createGroup": ["listGroups"],
    "deleteGroup": ["getGroup", "listGroups"],
}


def trouble(operation):
    """Faults of one call: of the write, and of the reads that check it."""
    times = st.integers(1, 4)
    write = st.builds("{}:{},times={}".format, st.just(operation), st.sampled_from(ENDINGS), times)
    read = st.builds("{}:{},times={}".format, st.sampled_from(CHECKS[operation]), st.sampled_from(READINGS), times)
    lag = st.just("createUser:lag,reads=1,times=1")
    # The group of a new user may be refused after the user was created.
    refusal = st.just("createUser:status=404,after,times=1")
    return st.lists(
        st.one_of(write, write, read, lag, refusal) if operation == "createUser" else write | read, max_size=4
    )


LOGINS_LIKE_IDS = ["{}", "+{}", "{} x"]
"""How a login can look like somebody's id, to some servers."""


LOOKUPS = [None, (False, r"\s*\+?(\d+)"), (True, r"(\d+)$"), (True, r"\s*\+?(\d+)")]
"""How servers find users, as arguments of `Lookup`; `None` for the sandbox's own way."""
IDS_ONLY = [f"{name}:ids" for name in ("getUser", "deleteUser", "getGroupUser", "removeGroupUser")]


@attrs.frozen
class Lookup(httpx.AsyncBaseTransport):
    """Finds users as other servers do: by the number at the beginning of a text, or by their login first.

    Who is meant is settled when a request arrives, so that the sandbox behind it must find users by id only.
    """

    sandbox: Sandbox
    logins_first: bool
    numbers: str
    """What of a login is taken for an id."""

    async def handle_async_request(self, request):
        head, word, user = request.url.raw_path.decode().rpartition("/users/")
        if word and (found := self.find(unquote(user))) is not None:
            request.url = request.url.copy_with(raw_path=f"{head}{word}{quote(str(found))}".encode())
        return await httpx.ASGITransport(app=self.sandbox).handle_async_request(request)

    def find(self, text):
        ids = {user.login: user.id for user in self.sandbox.users()}
        number = re.match(self.numbers, text)
        by_id = int(number[1]) if number and int(number[1]) in ids.values() else None
        by_login = ids.get(text)
        return by_login or by_id if self.logins_first else by_id or by_login


@attrs.define
class Claim:
    """What the client said of one write, and the key by which its effects are found."""

    operation: str
    key: object
    said: str


class Histories(RuleBasedStateMachine):
    """Calls of one client in a row, with faults that come and go."""

    @initialize(folding=st.sampled_from([False, True]), lookup=st.sampled_from(LOOKUPS))
    def begin(self, folding, lookup):
        self.runner = asyncio.Runner()
        quirks = [] if lookup is None else IDS_ONLY
        self.sandbox = Sandbox(clock=ManualClock(), dropped=httpx.ReadError, fold_logins=folding, quirks=quirks)
        self.stack = AsyncExitStack()
        transport = httpx.ASGITransport(app=self.sandbox) if lookup is None else Lookup(self.sandbox, *lookup)
        self.coggno = self.runner.run(self.open(transport))
        self.claims, self.targets, self.number = [], set(), 0
        for name in ("Ada", "Bob"):
            self.sandbox.seed_user(f"{name}@example.com")
        self.sandbox.seed_group("Old")

    async def open(self, transport):
        http_client = await self.stack.enter_async_context(httpx.AsyncClient(transport=transport))
        coggno = await self.stack.enter_async_context(
            AsyncCoggno("test_key", base_url="http://localhost", http_client=http_client)
        )

        async def no_time(_):
            return None

        coggno._init(attrs.evolve(coggno._session, sleep=no_time), owner=True)
        return coggno

    def teardown(self):
        if not hasattr(self, "runner"):
            return
        try:
            self.sandbox.faults.clear()
            self.sandbox.commit_late()
            self.judge()
        finally:
            self.runner.run(self.stack.aclose())
            self.runner.close()

    # Calls

    def call(self, faults, operation, key, coroutine):
        """Make a call under faults and note what it claims: done, not done, or unknown."""
        for fault in faults:
            self.sandbox.faults.add(parse_fault(fault))
        try:
            value = self.runner.run(coroutine)
        except APIError as error:
            said = "unknown" if error.outcome == "unknown" else "not done"
            assert said == "unknown" or not isinstance(error, OutcomeUnknownError)
        except CoggnoError:
            said = "not done"
        else:
            said = "not done" if getattr(value, "created", True) is False else "done"
        finally:
            self.sandbox.faults.clear()
        self.claims.append(Claim(operation, key, said))

    def new_login(self, like_an_id):
        self.number += 1
        users = self.sandbox.users()
        # A login that is somebody's id to the server, which cannot tell them apart in a path.
        login = f"user{self.number}@example.com"
        if like_an_id and users:
            login = like_an_id.format(users[self.number % len(users)].id)
        return login if all(user.login != login for user in users) and self.count("createUser", login) == 0 else None

    @rule(
        like_an_id=st.sampled_from([None, *LOGINS_LIKE_IDS]),
        with_group=st.booleans(),
        ensure=st.booleans(),
        closed=st.sampled_from([None, None, 400, 403, 409, 422]),
        faults=trouble("createUser"),
    )
    def create_user(self, like_an_id, with_group, ensure, closed, faults):
        login = self.new_login(like_an_id)
        if login is None or any(claim.key == login for claim in self.claims):
            return
        fields = {"email": login if "@" in login else f"new{self.number}@example.com", "password": "s3cret-word"}
        groups = self.sandbox.groups()
        group = groups[0].id if with_group and groups else None
        if closed is not None and group is not None:
            faults = [*faults, f"createUser:status={closed},after,times=1"]  # the user is made, and the group refused
        users = self.coggno.users
        make = users.ensure if ensure else users.create
        self.call(
            faults, "createUser", login, make(first_name="A", last_name="B", login=login, group_id=group, **fields)
        )
        if self.claims[-1].said == "done" and group is not None:
            user = next(user for user in self.sandbox.users() if user.login == login)
            assert user in self.sandbox.members(group), "done, and not in the group"

    def someone(self, index):
        users = [user for user in self.sandbox.users() if user.id not in self.targets]
        return users[index % len(users)] if users else None

    @rule(index=st.integers(0, 9), by_login=st.booleans(), faults=trouble("deleteUser"))
    def delete_user(self, index, by_login, faults):
        user = self.someone(index)
        if user is None:
            return
        self.targets.add(user.id)
        self.call(faults, "deleteUser", user.id, self.coggno.users.delete(user.login if by_login else user.id))

    @rule(
        like_an_id=st.sampled_from(LOGINS_LIKE_IDS),
        by_login=st.booleans(),
        namesake=st.booleans(),
        faults=trouble("deleteUser"),
    )
    def delete_user_like_an_id(self, like_an_id, by_login, namesake, faults):
        self.number += 1
        login = self.new_login(like_an_id)
        if login is None or self.sandbox.registered(login):
            return
        user = self.sandbox.seed_user(login)
        if namesake and not self.sandbox.registered(str(user.id)):
            self.sandbox.seed_user(str(user.id))
        self.targets.add(user.id)
        self.call(faults, "deleteUser", user.id, self.coggno.users.delete(login if by_login else user.id))

    @rule(
        index=st.integers(0, 9),
        by_login=st.booleans(),
        joining=trouble("addGroupUser"),
        leaving=trouble("removeGroupUser"),
    )
    def join_and_leave(self, index, by_login, joining, leaving):
        user, groups = self.someone(index), self.sandbox.groups()
        key = (user.id, groups[0].id) if user and groups else None
        if key is None or any(claim.key == key for claim in self.claims) or user in self.sandbox.members(key[1]):
            return
        self.call(joining, "addGroupUser", key, self.coggno.groups.users.add(key[1], user.id))
        # An addition that arrives after the removal: no client can tell, and both claims were right in their time.
        if self.claims[-1].said == "done" and not any("late" in fault for fault in joining):
            who = user.login if by_login else user.id
            self.call(leaving, "removeGroupUser", key, self.coggno.groups.users.remove(key[1], who))

    @rule(ensure=st.booleans(), faults=trouble("createGroup"))
    def create_group(self, ensure, faults):
        self.number += 1
        name = f"Group {self.number}"
        make = self.coggno.groups.ensure if ensure else self.coggno.groups.create
        self.call(faults, "createGroup", name, make(name=name))

    @precondition(lambda self: len(self.sandbox.groups()) > 1)
    @rule(faults=trouble("deleteGroup"))
    def delete_group(self, faults):
        group = self.sandbox.groups()[-1]
        if any(claim.key == ("group", group.id) for claim in self.claims):
            return
        self.call(faults, "deleteGroup", ("group", group.id), self.coggno.groups.delete(group.id))

    # The judge

    def count(self, operation, key):
        return self.effects()[operation, key]

    def effects(self):
        found = Counter()
        for effect in self.sandbox.effects:
            keys = {
                "createUser": effect.login,
                "deleteUser": effect.user,
                "addGroupUser": (effect.user, effect.group),
                "removeGroupUser": (effect.user, effect.group),
                "createGroup": effect.name,
                "deleteGroup": ("group", effect.group),
            }
            found[effect.operation, keys[effect.operation]] += 1
        return found

    @invariant()
    def nobody_is_deleted_by_mistake(self):
        if hasattr(self, "sandbox"):
            deleted = {effect.user for effect in self.sandbox.effects if effect.operation == "deleteUser"}
            assert deleted <= self.targets

    def judge(self):
        effects = self.effects()
        assert all(count == 1 for count in effects.values()), "nothing is done twice"
        for claim in self.claims:
            happened = effects[claim.operation, claim.key]
            expected = {"done": {1}, "not done": {0}, "unknown": {0, 1}}[claim.said]
            assert happened in expected, f"{claim} and it happened {happened} times"


EXAMPLES = os.environ.get("COGGNO_HISTORIES")
"""How many histories to try; set for a long search, which is then a new one each time."""
Histories.TestCase.settings = settings(
    max_examples=int(EXAMPLES or 80),
    stateful_step_count=20,
    derandomize=EXAMPLES is None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestHistories = Histories.TestCase
