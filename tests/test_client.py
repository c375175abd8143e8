"""The facade: every operation through respx, copies, `ensure`, and who closes what."""

import asyncio
import copy
import pickle
from urllib.parse import parse_qsl

import httpx
import pytest
import respx

from coggno import (
    AmbiguousNameError,
    APIConnectionError,
    AsyncCoggno,
    ConfigurationError,
    DecodeError,
    Ensured,
    InvalidRequestError,
    NotFoundError,
    Operation,
    OutcomeUnknownError,
    PartialWriteError,
    Request,
    UnprocessableEntityError,
    operations,
)
from coggno.models import Company, Document, DocumentLicenses, Group, User, UserLicenses

URL = "https://beta.coggno.com/api/v1"
ADA = {"id": 1, "login": "ada", "first_name": "Ada", "last_name": "Lovelace"}
GROUP = {"id": 3, "name": "Warehouse"}
COMPANY = {"id": 4, "user_id": 1, "login": "ada", "first_name": "Ada", "last_name": "Lovelace", "name": "Engines"}
DOCUMENT = {
    "id": 5,
    "title": "Training",
    "published": 1,
    "type": "ScormDocument",
    "published_at": "2025-01-15",
    "created_at": "2025-01-15",
}
LICENCE = {
    "amount": 1,
    "used": 0,
    "views": 0,
    "start_date": None,
    "complete_date": None,
    "total_time": 0,
    "score": 0,
    "status": "not started",
    "passed": False,
    "created_at": "2025-01-15",
}
PERSON = {"id": 1, "first_name": "Ada", "last_name": "Lovelace"}
NEW = {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace", "password": "s3cret-word"}

CALLS = [
    ("GET", "/companies", [COMPANY], list, {}, lambda c: c.companies.list()),
    (
        "POST",
        "/companies",
        COMPANY,
        Company,
        {**NEW, "name": "Engines"},
        lambda c: c.companies.create(**NEW, name="Engines"),
    ),
    ("GET", "/groups", [GROUP], list, {}, lambda c: c.groups.list()),
    (
        "POST",
        "/groups",
        GROUP,
        Group,
        {"name": "Warehouse"},
        lambda c: c.groups.create(name="Warehouse", description=None),
    ),
    ("GET", "/groups/3", GROUP, Group, {}, lambda c: c.groups.get(3)),
    ("DELETE", "/groups/3", GROUP, Group, {}, lambda c: c.groups.delete(3)),
    ("DELETE", "/groups/3", GROUP, Group, {"name": "Warehouse"}, lambda c: c.groups.delete(3, "Warehouse")),
    ("DELETE", "/groups", GROUP, Group, {"name": "Warehouse"}, lambda c: c.groups.delete_by_name("Warehouse")),
    ("GET", "/groups/3/users", ADA, list, {}, lambda c: c.groups.users.list(3)),
    ("GET", "/groups/3/users/ada", [ADA], User, {}, lambda c: c.groups.users.get(3, "ada")),
    ("POST", "/groups/3/users", ADA, User, {"id": "1"}, lambda c: c.groups.users.add(3, 1)),
    ("DELETE", "/groups/3/users/1", ADA, User, {}, lambda c: c.groups.users.remove(3, 1)),
    ("GET", "/users", [ADA], list, {}, lambda c: c.users.list()),
    ("GET", "/users/a%2Fb%3F%23%25%2B%40.%20%C3%A9", [ADA], User, {}, lambda c: c.users.get("a/b?#%+@. é")),
    ("POST", "/users", ADA, User, {**NEW, "group_id": "3"}, lambda c: c.users.create(**NEW, login=None, group_id=3)),
    ("DELETE", "/users/1", ADA, User, {}, lambda c: c.users.delete(1)),
    (
        "GET",
        "/users/1/licenses",
        {"user": PERSON, "licenses": [{**LICENCE, "document": {"id": 5, "title": "T"}}]},
        UserLicenses,
        {},
        lambda c: c.users.licenses(1),
    ),
    ("GET", "/documents", [DOCUMENT], list, {}, lambda c: c.documents.list()),
    (
        "GET",
        "/documents/5/licenses",
        {"document": {"id": 5, "title": "T"}, "licenses": [{**LICENCE, "user": PERSON}]},
        DocumentLicenses,
        {},
        lambda c: c.documents.licenses(5),
    ),
]


@pytest.fixture
async def coggno():
    async with AsyncCoggno("test_key") as client:
        yield client


@respx.mock
@pytest.mark.parametrize(
    ("method", "path", "answer", "kind", "form", "call"), CALLS, ids=[f"{c[0]} {c[1]}" for c in CALLS]
)
async def test_every_operation(coggno, method, path, answer, kind, form, call):
    respx.get(path__regex=r"/users/1$").mock(return_value=httpx.Response(200, json=ADA))  # before a deletion by id
    respx.route(method=method).mock(return_value=httpx.Response(200, json=answer))
    result = await call(coggno)
    assert isinstance(result, kind)
    assert len(result) == 1 if isinstance(result, list) else True
    request = respx.calls.last.request
    assert request.url.raw_path.decode() == "/api/v1" + path
    assert dict(parse_qsl(request.content.decode())) == form
    assert request.headers["authorization"] == httpx.BasicAuth("test_key", "")._auth_header


@respx.mock
@pytest.mark.parametrize(
    ("path", "answer", "kind", "call"),
    [
        ("/companies", [COMPANY], Company, lambda c: c.companies.iter()),
        ("/groups", [GROUP], Group, lambda c: c.groups.iter()),
        ("/groups/3/users", ADA, User, lambda c: c.groups.users.iter(3)),
        ("/users", [ADA], User, lambda c: c.users.iter()),
        ("/documents", [DOCUMENT], Document, lambda c: c.documents.iter()),
    ],
)
async def test_every_list_streams(coggno, path, answer, kind, call):
    respx.get(URL + path).mock(return_value=httpx.Response(200, json=answer))
    assert [type(item) async for item in call(coggno)] == [kind]


async def test_client_names_address_and_company(coggno):
    assert coggno.base_url.startswith("http")
    assert coggno.lms is None
    assert coggno.as_company(7).lms == "7"


async def test_accounts_are_told_apart_without_their_keys():
    one, same, other = (AsyncCoggno(key) for key in ("test_one_secret", "test_one_secret", "test_two_secret"))
    assert one.account == same.account != other.account
    assert "secret" not in one.account
    assert len(one.account) == 16
    for each in (one, same, other):
        await each.aclose()


@respx.mock
async def test_as_company_leaves_the_original_unchanged(coggno):
    route = respx.get(URL + "/groups").mock(return_value=httpx.Response(200, json=[]))
    copy = coggno.as_company(7)
    await coggno.groups.list()
    await copy.groups.list()
    await copy.as_company("8").with_options(timeout=3).groups.list()
    await coggno.groups.list()
    assert [call.request.headers.get("coggno-lms") for call in route.calls] == [None, "7", "8", None]
    assert copy._session.engine is coggno._session.engine
    assert copy._session.quota is coggno._session.quota
    assert route.calls[2].request.extensions["timeout"]["read"] == 3


@respx.mock
async def test_options_change_a_copy_only(coggno, monkeypatch):
    route = respx.get(URL + "/groups").mock(return_value=httpx.Response(503))
    with pytest.raises(Exception, match="503"):
        await coggno.with_options(max_retries=0).groups.list()
    assert route.call_count == 1
    assert coggno._session.config.max_retries == 3
    for wrong in ({"max_retries": -1}, {"timeout": 0}, {"deadline": "soon"}):
        with pytest.raises(ConfigurationError):
            coggno.with_options(**wrong)


async def test_closing_a_copy_closes_nothing():
    coggno = AsyncCoggno("test_key", base_url="http://localhost:9")
    async with coggno.as_company(1):
        pass
    assert not coggno._session.engine._calls.is_closed
    await coggno.aclose()
    with pytest.raises(ConfigurationError, match="closed"):
        await coggno.users.list()


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda coggno: coggno.users.list(), APIConnectionError),
        (lambda coggno: coggno.users.create(**NEW), OutcomeUnknownError),
    ],
    ids=["read", "write"],
)
async def test_closing_ends_a_pause_at_once(call, error):
    """It took as long as the pause, and then reported that nothing was sent."""
    pausing = asyncio.Event()

    def backoff(state):
        pausing.set()
        return 60.0

    coggno = AsyncCoggno("test_key", backoff=backoff)
    with respx.mock(base_url=URL) as router:
        router.route().respond(503)
        task = asyncio.create_task(call(coggno))
        await pausing.wait()
        await asyncio.sleep(0)
        await coggno.aclose()
        assert task.done()
        with pytest.raises(error, match="closed during the call") as caught:
            await task
    assert caught.value.outcome == "unknown"


async def test_callers_client_stays_open():
    seen = []

    def handler(request):
        seen.append(request)
        return httpx.Response(200, json=[], headers={"set-cookie": "a=b"})

    async with httpx.AsyncClient(transport=httpx.MockTransport(handler), auth=("other", "auth")) as mine:
        async with AsyncCoggno("test_key", http_client=mine) as coggno:
            await coggno.groups.list()
        assert not mine.is_closed
    assert seen[0].headers["authorization"] == httpx.BasicAuth("test_key", "")._auth_header


@respx.mock
async def test_cookies_stay_with_no_company(coggno):
    route = respx.get(URL + "/groups").mock(
        return_value=httpx.Response(200, json=[], headers={"set-cookie": "session=company7"})
    )
    await coggno.as_company(7).groups.list()
    await coggno.as_company(8).groups.list()
    assert "cookie" not in route.calls.last.request.headers


@respx.mock
async def test_redirects_are_never_followed(coggno):
    respx.get(URL + "/groups").mock(return_value=httpx.Response(302, headers={"location": "https://elsewhere.example"}))
    with pytest.raises(Exception, match="302"):
        await coggno.groups.list()


@respx.mock
@pytest.mark.parametrize("login", ["", ".", ".."])
async def test_login_that_reaches_something_else_is_refused(coggno, login):
    for call in (coggno.users.get, coggno.users.delete, coggno.users.licenses):
        with pytest.raises(InvalidRequestError):
            await call(login)
    with pytest.raises(InvalidRequestError):
        await coggno.groups.users.remove(3, login)
    assert respx.calls.call_count == 0


async def test_an_answer_beyond_the_cap_is_refused():
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=b"[" + b" " * 1000 + b"]"))
    async with (
        httpx.AsyncClient(transport=transport) as mine,
        AsyncCoggno("test_key", http_client=mine, max_response_bytes=100) as coggno,
    ):
        with pytest.raises(Exception, match="longer than 100 bytes"):
            await coggno.users.list()
        assert [item async for item in coggno.users.iter()] == []


@respx.mock
async def test_complaint_of_respx_reaches_the_test(coggno):
    with pytest.raises(AssertionError, match="not mocked"):
        await coggno.users.list()
    assert respx.calls.call_count == 0


# ensure


@respx.mock
async def test_ensure_returns_a_user_who_is_there(coggno):
    respx.get(URL + "/users/ada%40example.com").mock(
        return_value=httpx.Response(200, json={**ADA, "login": "ada@example.com"})
    )
    user, created = await coggno.users.ensure(**NEW)
    assert (user.id, created) == (1, False)


@respx.mock
async def test_ensure_makes_a_user_who_is_not(coggno):
    respx.get(URL + "/users/ada").mock(return_value=httpx.Response(404, json={}))
    respx.post(URL + "/users").mock(return_value=httpx.Response(200, json=ADA))
    assert await coggno.users.ensure(**NEW, login="ada") == (User(**ADA), True)


@respx.mock
async def test_ensure_adds_the_membership_that_is_missing(coggno):
    respx.get(URL + "/users/ada").mock(return_value=httpx.Response(200, json=[ADA]))
    respx.get(URL + "/groups/3/users/1").mock(return_value=httpx.Response(404, json={}))
    added = respx.post(URL + "/groups/3/users").mock(return_value=httpx.Response(200, json=ADA))
    await coggno.users.ensure(**NEW, login="ada", group_id=3)
    assert added.call_count == 1


@respx.mock
async def test_ensure_finds_a_user_created_in_between(coggno):
    respx.get(URL + "/users/ada").mock(side_effect=[httpx.Response(404, json={}), httpx.Response(200, json=ADA)])
    respx.post(URL + "/users").mock(return_value=httpx.Response(422, json={"error": "registered"}))
    assert await coggno.users.ensure(**NEW, login="ada") == (User(**ADA), False)


@respx.mock
async def test_ensure_of_somebody_registered_elsewhere(coggno):
    respx.get(URL + "/users/ada").mock(return_value=httpx.Response(404, json={}))
    respx.post(URL + "/users").mock(return_value=httpx.Response(422, json={"error": "registered"}))
    with pytest.raises(UnprocessableEntityError):
        await coggno.users.ensure(**NEW, login="ada")


@respx.mock
async def test_tasks_that_ensure_one_group_make_one(coggno):
    groups = []

    def create(request):
        groups.append({"id": len(groups) + 1, "name": "Warehouse"})
        return httpx.Response(200, json=groups[-1])

    respx.get(URL + "/groups").mock(side_effect=lambda _: httpx.Response(200, json=groups))
    respx.post(URL + "/groups").mock(side_effect=create)
    results = await asyncio.gather(*(coggno.groups.ensure(name="Warehouse") for _ in range(20)))
    assert len(groups) == 1
    assert sorted(result.created for result in results) == [False] * 19 + [True]


@respx.mock
async def test_ensure_adopts_the_one_new_group(coggno):
    listed = [
        httpx.Response(200, json=[{"id": 1, "name": "Other"}]),
        httpx.Response(200, json=[{"id": 1, "name": "Other"}, GROUP]),
    ]
    respx.get(URL + "/groups").mock(side_effect=listed)
    posted = respx.post(URL + "/groups").mock(side_effect=httpx.ReadError("reset"))
    quick = coggno.with_options(max_retries=0)
    assert await quick.groups.ensure(name="Warehouse") == (Group(**GROUP), True)
    assert posted.call_count == 1


async def test_ensure_passes_over_a_group_without_an_id(coggno):
    """One such record once made `ensure` fail for every name."""
    with respx.mock(base_url=URL) as router:
        router.get("/groups").respond(json=[{"name": "No id"}, {"id": None}, GROUP])
        assert await coggno.groups.ensure(name="Warehouse") == (Group(**GROUP), False)


async def test_ensure_makes_no_twin_of_a_group_without_an_id(coggno):
    with respx.mock(base_url=URL) as router:
        router.get("/groups").respond(json=[{"name": "WAREHOUSE"}])
        with pytest.raises(DecodeError):
            await coggno.groups.ensure(name="Warehouse")


@respx.mock
async def test_ensure_does_not_guess(coggno):
    respx.get(URL + "/groups").mock(return_value=httpx.Response(200, json=[GROUP, {**GROUP, "id": 8}]))
    with pytest.raises(AmbiguousNameError) as caught:
        await coggno.groups.ensure(name="Warehouse")
    assert [group.id for group in caught.value.candidates] == [3, 8]
    respx.get(URL + "/groups").mock(return_value=httpx.Response(200, json=[]))
    respx.post(URL + "/groups").mock(side_effect=httpx.ReadError("reset"))
    with pytest.raises(OutcomeUnknownError):
        await coggno.with_options(max_retries=0).groups.ensure(name="Warehouse")


@respx.mock
async def test_ensure_adopts_no_group_that_was_there_before(coggno):
    """It has got the name only since: somebody renamed it."""
    renamed = {**GROUP, "name": "Stock"}
    listed = [httpx.Response(200, json=[renamed]), *[httpx.Response(200, json=[GROUP])] * 4]
    respx.get(URL + "/groups").mock(side_effect=listed)
    respx.post(URL + "/groups").mock(side_effect=httpx.ReadError("reset"))
    with pytest.raises(OutcomeUnknownError) as caught:
        await coggno.with_options(max_retries=0).groups.ensure(name="Warehouse")
    assert [group.id for group in caught.value.candidates] == [3]


async def test_what_is_no_request_is_refused():
    async with AsyncCoggno("test_key", base_url="http://localhost:1") as coggno:
        with pytest.raises(InvalidRequestError, match=r"coggno\.Request, not builtins\.str"):
            await coggno.send("GET /users")


@respx.mock
async def test_request_of_the_callers_own(coggno):
    archive = Operation(
        id="archiveGroup",
        method="POST",
        path="/api/v1/groups/{group_id}/archive",
        returns=Group,
        shape="one",
        retry="never",
    )
    respx.post(URL + "/groups/3/archive").respond(json={"id": 3, "name": "Navy"})
    assert await coggno.send(Request(operation=archive, path={"group_id": 3})) == Group(id=3, name="Navy")


# Everything that is known of a call


@respx.mock
async def test_call_returns_the_whole_response(coggno):
    respx.get(URL + "/users/1").mock(return_value=httpx.Response(200, json=[ADA], headers={"x-request-id": "r1"}))
    response = await coggno.call(operations.get_user, 1)
    assert (response.value, response.status, response.request_id, response.json) == (User(**ADA), 200, "r1", [ADA])
    assert (response.attempts, response.requests, response.settled) == (1, 1, False)


@respx.mock
async def test_call_says_that_a_write_was_settled(coggno):
    respx.post(URL + "/users").mock(side_effect=httpx.ReadError("reset"))
    respx.get(URL + "/users/ada").mock(return_value=httpx.Response(200, json=ADA))
    response = await coggno.with_options(max_retries=0).call(operations.create_user, **NEW, login="ada")
    assert (response.value, response.status, response.settled, response.requests) == (User(**ADA), None, True, 2)


@respx.mock
async def test_ensure_makes_up_for_a_missing_membership(coggno):
    respx.post(URL + "/users").mock(side_effect=httpx.ReadError("reset"))
    found = httpx.Response(200, json=ADA)
    respx.get(URL + "/users/ada").mock(side_effect=[httpx.Response(404, json={}), found, found, found])
    respx.get(URL + "/groups/3/users").mock(return_value=httpx.Response(200, json=[]))
    respx.get(URL + "/groups/3/users/1").mock(return_value=httpx.Response(404, json={}))
    added = respx.post(URL + "/groups/3/users").mock(return_value=httpx.Response(200, json=ADA))
    result = await coggno.with_options(max_retries=0).users.ensure(**NEW, login="ada", group_id=3)
    assert (result.created, result.settled, added.call_count) == (True, True, 1)


@respx.mock
async def test_ensure_reports_a_user_who_could_not_join(coggno):
    """The error once was "404, rejected", although the user had been created."""
    none, found = httpx.Response(404, json={"error": "no such group"}), httpx.Response(200, json=ADA)
    respx.post(URL + "/users").mock(return_value=none)
    respx.get(URL + "/users/ada").mock(side_effect=[httpx.Response(404, json={}), found, found])
    respx.route(url__startswith=URL + "/groups/3/users").mock(return_value=none)
    with pytest.raises(PartialWriteError) as caught:
        await coggno.with_options(max_retries=0).users.ensure(**NEW, login="ada", group_id=3)
    assert (caught.value.value, caught.value.outcome) == (User(**ADA), "unknown")
    assert isinstance(caught.value.__cause__, NotFoundError)


@respx.mock
async def test_ensure_with_another_spelling_finds_the_login(coggno):
    """A decomposed spelling once led to a 422, or to `created` for somebody who was there before."""
    jose = {**ADA, "login": "jos\u00e9"}
    respx.get(url__startswith=URL + "/users/jose").mock(return_value=httpx.Response(200, json=jose))
    user, created = await coggno.users.ensure(**NEW, login="jose\u0301")
    assert (user.login, created) == ("jos\u00e9", False)


@respx.mock
async def test_ensure_ignores_a_user_whose_id_is_the_login(coggno):
    respx.get(URL + "/users/7").mock(return_value=httpx.Response(200, json={**ADA, "id": 7, "login": "grace"}))
    created = respx.post(URL + "/users").mock(return_value=httpx.Response(200, json={**ADA, "id": 9, "login": "7"}))
    user, is_new = await coggno.users.ensure(**NEW, login="7")
    assert (user.id, is_new, created.call_count) == (9, True, 1)


@respx.mock
async def test_ensure_takes_no_group_of_several_new_ones(coggno):
    twins = [GROUP, {**GROUP, "id": 8}]
    respx.get(URL + "/groups").mock(side_effect=[httpx.Response(200, json=[]), httpx.Response(200, json=twins)])
    respx.post(URL + "/groups").mock(side_effect=httpx.ReadError("reset"))
    with pytest.raises(OutcomeUnknownError) as caught:
        await coggno.with_options(max_retries=0).groups.ensure(name="Warehouse")
    assert [group.id for group in caught.value.candidates] == [3, 8]


@respx.mock
async def test_ensure_adds_the_user_where_a_namesake_is_member(coggno):
    """The server took the id for the login of a member."""
    respx.get(URL + "/users/ada").mock(return_value=httpx.Response(200, json=ADA))
    respx.get(URL + "/groups/3/users/1").mock(return_value=httpx.Response(200, json={**ADA, "id": 8, "login": "1"}))
    added = respx.post(URL + "/groups/3/users").mock(return_value=httpx.Response(200, json=ADA))
    await coggno.users.ensure(**NEW, login="ada", group_id=3)
    assert added.call_count == 1


@respx.mock
async def test_ensure_waits_only_within_one_company(coggno):
    """The lock once ignored the company, and one company waited for the other."""
    inside, release = asyncio.Event(), asyncio.Event()

    async def create(request):
        if request.headers["Coggno-LMS"] == "1":
            inside.set()
            await release.wait()
        return httpx.Response(200, json=GROUP)

    respx.get(URL + "/groups").mock(return_value=httpx.Response(200, json=[]))
    respx.post(URL + "/groups").mock(side_effect=create)
    slow = asyncio.create_task(coggno.as_company(1).groups.ensure(name="Warehouse"))
    await inside.wait()
    _, created = await asyncio.wait_for(coggno.as_company(2).groups.ensure(name="warehouse"), 5)
    release.set()
    assert (created, (await slow).created) == (True, True)


@respx.mock
async def test_ensure_passes_over_a_group_without_a_name(coggno):
    respx.get(URL + "/groups").mock(return_value=httpx.Response(200, json=[{"id": 1, "name": None}, GROUP]))
    group, created = await coggno.groups.ensure(name="warehouse")
    assert (group.id, created) == (3, False)


@pytest.mark.parametrize("backoff", [5, "soon", object()])
def test_backoff_must_be_callable(backoff):
    with pytest.raises(ConfigurationError, match="backoff"):
        AsyncCoggno("test_key", backoff=backoff)


@respx.mock
async def test_ensure_remembers_a_group_that_lists_do_not_show_yet(coggno):
    """Two tasks once created one group twice where reads lag behind writes."""
    posted = respx.post(URL + "/groups").mock(return_value=httpx.Response(200, json=GROUP))
    respx.get(URL + "/groups").mock(return_value=httpx.Response(200, json=[]))
    results = await asyncio.gather(*(coggno.groups.ensure(name="Warehouse") for _ in range(3)))
    assert (posted.call_count, sorted(result.created for result in results)) == (1, [False, False, True])
    respx.delete(URL + "/groups/3").mock(return_value=httpx.Response(200, json=GROUP))
    await coggno.groups.delete(3)
    assert (await coggno.groups.ensure(name="Warehouse")).created, "what was deleted is not remembered"


HUGE = 10**5000


@respx.mock
@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.users.get(HUGE),
        lambda c: c.users.delete("x/../../groups/3"),
        lambda c: c.users.get("\0"),
        lambda c: c.groups.ensure(name=None),
        lambda c: c.groups.ensure(name=7),
        lambda c: c.groups.ensure(name=""),
        lambda c: c.groups.ensure(name="\ud800"),
        lambda c: c.users.ensure(**{**NEW, "password": None}, login="ada"),
        lambda c: c.users.ensure(**{**NEW, "email": None}, login="ada"),
        lambda c: c.users.ensure(**NEW, login=7),
        lambda c: c.users.ensure(**NEW, group_id="x"),
        lambda c: c.call(5),
        lambda c: anext(c.users.iter(on_error=5)),
    ],
)
async def test_bad_arguments_are_refused_before_anything_is_sent(coggno, call):
    with pytest.raises(InvalidRequestError):
        await call(coggno)
    assert respx.calls.call_count == 0


@pytest.mark.parametrize(
    "options",
    [
        {"lms": HUGE},
        {"lms": "9" * 5000},
        {"max_retries": -HUGE},
        {"max_connections": HUGE},
        {"timeout": 10**400},
        {"deadline": HUGE},
        {"headers": 5},
        {"headers": [("a", "b")]},
        {"headers": ""},
        {"base_url": b"https://x.example"},
        {"decoding": []},
        {"on_exchange": 5},
        {"on_request": 5},
    ],
    ids=lambda options: next(iter(options)),
)
def test_bad_options_are_refused(options):
    with pytest.raises(ConfigurationError):
        AsyncCoggno("test_key", **options)


def test_ensured_pickles_and_copies():
    result = Ensured(User(**ADA), created=True, settled=True)
    for twin in (pickle.loads(pickle.dumps(result)), copy.copy(result), copy.deepcopy(result)):
        assert (twin, twin.created, twin.settled) == (result, True, True)


async def test_hooks_of_a_copy_are_its_own():
    def hook(event): ...

    async with AsyncCoggno("test_key", on_request=hook) as coggno:
        copy = coggno.with_options(on_exchange=hook)
        assert (copy._session.on_request, copy._session.on_exchange) == (hook, hook)
        assert copy.with_options(on_request=None)._session.on_request is None
        assert coggno._session.on_exchange is None
        with pytest.raises(ConfigurationError, match="on_request must be a function that takes a coggno.Attempt"):
            coggno.with_options(on_request=5)
