"""Retries, checks and what is known after every failure. Time is injected; the engine responds from a script."""

import asyncio
import random
from contextlib import asynccontextmanager

import attrs
import pytest

from coggno import (
    APIConnectionError,
    AuthenticationError,
    ConfigurationError,
    DecodeError,
    NotFoundError,
    OutcomeUnknownError,
    PartialWriteError,
    PermissionDeniedError,
    RateLimitError,
    Request,
    ServerError,
    UnprocessableEntityError,
)
from coggno._generated import operations
from coggno.models import Group
from tests.helpers.scripted_engine import (
    ADA,
    BROKEN,
    EMPTY_LIST,
    MISSING,
    OK,
    REFUSED,
    RESET,
    SLOW,
    USER,
    Clock,
    create,
    response,
    session_on,
    user,
)

POST, CHECK, CONTROL = "POST /api/v1/users", "GET /api/v1/users/ada", "GET /api/v1/users"
ABSENT = (MISSING, EMPTY_LIST)
"""The two responses that prove absence: a 404, and a list that can be read right after it."""
GONE = ABSENT * 3
"""Absence that ends a call must show three times."""
REGISTERED = response(422, {"error": "registered"})


# Reads, and requests that were not sent


@pytest.mark.parametrize(
    "failure", [REFUSED, RESET, SLOW, BROKEN, response(content=b"[{"), response(content=b"<html>")]
)
async def test_read_is_repeated_after_any_transient_failure(failure):
    clock = Clock()
    session, engine = session_on(failure, failure, response(200, []), clock=clock)
    assert await operations.list_users(session) == []
    assert engine.sent == ["GET /api/v1/users"] * 3
    assert clock.slept == [0.5, 1.0]


async def test_the_last_failure_has_attempts_and_waits():
    session, _ = session_on(*[BROKEN] * 4)
    with pytest.raises(ServerError) as caught:
        await operations.list_users(session)
    error = caught.value
    assert (error.attempts, error.waits, error.outcome, error.operation) == (4, (0.5, 1.0, 2.0), "unknown", "listUsers")
    assert str(error) == "listUsers: 503: down (after 4 attempts)"


async def test_a_write_that_was_not_sent_is_sent_again():
    session, engine = session_on(REFUSED, REFUSED, OK)
    assert await create(session) == USER
    assert engine.sent == [POST] * 3


@pytest.mark.parametrize(("status", "kind"), [(401, AuthenticationError), (422, UnprocessableEntityError)])
async def test_a_refusal_is_never_repeated(status, kind):
    session, engine = session_on(response(status, {"error": "no"}))
    with pytest.raises(kind) as caught:
        await create(session)
    assert caught.value.outcome == "rejected"
    assert len(engine.sent) == 1


async def test_429_is_repeated_after_retry_after():
    clock = Clock()
    session, engine = session_on(response(429, None, retry_after="3"), OK, clock=clock)
    assert await create(session) == USER
    assert engine.sent == [POST] * 2
    assert clock.slept == [3.5]


async def test_too_long_a_retry_after_ends_the_call():
    session, engine = session_on(response(429, None, retry_after="3600"))
    with pytest.raises(RateLimitError) as caught:
        await create(session)
    assert caught.value.retry_after.total_seconds() == 3600
    assert len(engine.sent) == 1


async def test_a_response_of_the_wrong_type_is_not_repeated():
    session, engine = session_on(response(200, [{"id": "x"}]))
    with pytest.raises(DecodeError):
        await operations.list_users(session)
    assert len(engine.sent) == 1


async def test_an_error_that_cannot_change_is_not_repeated():
    refused = APIConnectionError("certificate", outcome="not_sent")
    refused.retryable = False

    async def fail(_):
        raise refused

    session, engine = session_on(fail)
    with pytest.raises(APIConnectionError):
        await create(session)
    assert len(engine.sent) == 1


# Deadlines and the quota


async def test_the_deadline_bounds_the_call_with_its_pauses():
    clock = Clock()
    session, engine = session_on(*[BROKEN] * 9, clock=clock, deadline=2.0, max_retries=8)
    with pytest.raises(ServerError):
        await operations.list_users(session)
    assert clock.now <= 2.0
    assert len(engine.sent) == 3


async def test_the_grace_for_checks_is_granted_once():
    """A deadline of 2 s "and up to 5 more" once took 10.4 s."""
    clock = Clock()

    async def slow(_):
        clock.now += 3
        raise RESET

    session, engine = session_on(*[slow] * 9, clock=clock, deadline=2.0, max_retries=8)
    with pytest.raises(OutcomeUnknownError):
        await create(session)
    assert clock.now <= 3 + 5 + 3
    assert engine.sent.count(POST) == 1


async def test_the_grace_is_not_extended_by_every_check():
    clock = Clock()

    async def slow(_):
        clock.now += 2
        raise RESET

    async def quick(_):
        clock.now += 1
        raise RESET

    session, _ = session_on(quick, *[slow] * 9, clock=clock, deadline=2.0, max_retries=8)
    with pytest.raises(OutcomeUnknownError):
        await create(session)
    assert clock.now <= 7


async def test_a_check_has_the_grace_when_the_time_is_over(monkeypatch):
    monkeypatch.setattr("coggno._session.check.CHECK_GRACE", 0.01)
    clock = Clock()

    async def hang(_):
        await asyncio.Event().wait()

    async def late(_):
        clock.now += 60
        raise RESET

    session, engine = session_on(late, hang, clock=clock, deadline=60.0)
    with pytest.raises(OutcomeUnknownError):
        await asyncio.wait_for(create(session), 5)
    assert engine.sent == [POST, CHECK]


async def test_a_check_that_used_up_the_time_sends_nothing():
    clock = Clock()

    async def slow(_):
        clock.now += 120
        return MISSING

    session, engine = session_on(RESET, slow, clock=clock, deadline=60.0)
    with pytest.raises(OutcomeUnknownError):
        await create(session)
    assert engine.sent == [POST, CHECK]


async def test_an_empty_quota_ends_the_retries():
    session, engine = session_on(*[BROKEN] * 2)
    session.quota.tokens = 14
    with pytest.raises(ServerError):
        await operations.list_users(session)
    assert len(engine.sent) == 2
    assert session.quota.tokens == 0


async def test_success_refunds_the_quota():
    session, _ = session_on(response(200, []))
    session.quota.tokens = 3
    await operations.list_users(session)
    assert session.quota.tokens == 4


async def test_a_settled_write_refunds_the_quota():
    session, _ = session_on(RESET, OK)
    await create(session)
    assert session.quota.tokens == session.quota.capacity


async def test_a_call_that_ends_without_a_pause_pays_nothing():
    session, _ = session_on(BROKEN, max_retries=0)
    with pytest.raises(ServerError):
        await operations.list_users(session)
    assert session.quota.tokens == session.quota.capacity


async def test_steady_faults_do_not_starve_retries():
    """One request in ten fails, for 3,000 calls: every call is retried, and the quota stays healthy."""
    fault = random.Random(7)
    session, _ = session_on()

    async def answer(request, timeout, limit):
        return BROKEN if fault.random() < 0.1 else response(200, [])

    session = attrs.evolve(session, engine=Scripted(answer), config=attrs.evolve(session.config, max_retries=9))
    for _ in range(3000):
        assert await operations.list_users(session) == []
    assert session.quota.tokens > 400


async def test_every_second_request_throttled_is_survived():
    """The quota once ran dry after 124 calls."""
    session, _ = session_on()
    turn = iter(range(10_000))

    async def answer(request, timeout, limit):
        return response(429) if next(turn) % 2 == 0 else response(200, [])

    session = attrs.evolve(session, engine=Scripted(answer))
    for _ in range(1000):
        assert await operations.list_users(session) == []


async def test_an_outage_is_not_met_with_a_storm():
    session, _ = session_on()
    sent = []

    async def answer(request, timeout, limit):
        sent.append(request)
        return BROKEN

    session = attrs.evolve(session, engine=Scripted(answer))
    for _ in range(1000):
        with pytest.raises(ServerError):
            await operations.list_users(session)
    assert len(sent) < 1000 * 1.1


@attrs.define
class Scripted:
    """An engine of one function."""

    send: object

    @asynccontextmanager
    async def until_closed(self, request):
        yield


# Creating a user


LOST = [
    RESET,
    SLOW,
    BROKEN,
    response(content=b""),
    response(content=b"{"),
    response(200, {"id": "odd"}),
    response(302, None),
    response(408, None),
]


@pytest.mark.parametrize("failure", LOST, ids=lambda item: getattr(item, "message", None) or str(item.status))
async def test_a_lost_create_found_with_our_names_is_ours(failure):
    session, engine = session_on(failure, OK)
    assert await create(session) == USER
    assert engine.sent == [POST, CHECK]


async def test_a_lost_create_proven_absent_is_sent_again():
    session, engine = session_on(BROKEN, *ABSENT, OK)
    assert await create(session) == USER
    assert engine.sent == [POST, CHECK, CONTROL, POST]
    assert engine.form(0) == engine.form(3)


async def test_the_email_is_checked_when_there_is_no_login():
    found = response(200, user(login="ada@example.com"))
    session, engine = session_on(RESET, found)
    await operations.create_user(session, **{**ADA, "login": None})
    assert engine.sent[1] == "GET /api/v1/users/ada%40example.com"


@pytest.mark.parametrize("changes", [{"first_name": "Adam"}, {"last_name": "O&#39;Brien"}, {"last_name": None}])
async def test_lost_create_with_other_names_is_unknown(changes):
    """Somebody else has the login, or the server has changed our names: such a write was once called rejected."""
    session, _ = session_on(RESET, response(200, user(**changes)))
    with pytest.raises(OutcomeUnknownError, match="with other values") as caught:
        await create(session)
    assert isinstance(caught.value.__cause__, APIConnectionError)
    assert [candidate.login for candidate in caught.value.candidates] == ["ada"]


async def test_login_of_digits_that_reads_another_user():
    session, _ = session_on(RESET, response(200, user(7, login="grace")))
    with pytest.raises(OutcomeUnknownError) as caught:
        await operations.create_user(session, **{**ADA, "login": "7"})
    assert [candidate.login for candidate in caught.value.candidates] == ["grace"]


async def test_refusal_explained_by_our_own_attempt():
    """Carried out, response lost, reads lag (404), sent again: 422 is our own doing."""
    session, engine = session_on(BROKEN, *ABSENT, REGISTERED, OK)
    assert await create(session) == USER
    assert engine.sent == [POST, CHECK, CONTROL, POST, CHECK]


async def test_a_refusal_is_checked_again_while_reads_lag():
    session, engine = session_on(BROKEN, *ABSENT, REGISTERED, *ABSENT, OK)
    assert await create(session) == USER
    assert engine.sent.count(POST) == 2, "a refused write is not sent a third time"


async def test_refusal_after_a_lost_attempt_is_unknown():
    session, engine = session_on(BROKEN, *ABSENT, REGISTERED, *ABSENT * 6)
    with pytest.raises(OutcomeUnknownError) as caught:
        await create(session)
    assert isinstance(caught.value.__cause__, UnprocessableEntityError)
    assert engine.sent.count(POST) == 2


async def test_failed_check_is_repeated_before_sending():
    session, engine = session_on(BROKEN, BROKEN, RESET, OK)
    assert await create(session) == USER
    assert engine.sent.count(POST) == 1


@pytest.mark.parametrize(
    "missing",
    [
        response(404, {"message": "no Route matched with those values"}),
        response(404, content=b""),
        response(404, content=b"not found"),
        response(404, {"error": {"code": "not_found"}}),
    ],
    ids=["gateway", "empty", "text", "json"],
)
@pytest.mark.parametrize("control", [BROKEN, RESET, MISSING, response(403, None), response(content=b"<html>")])
async def test_a_404_without_a_readable_list_proves_nothing(missing, control):
    session, engine = session_on(RESET, *[missing, control] * 4)
    with pytest.raises(OutcomeUnknownError):
        await create(session)
    assert engine.sent.count(POST) == 1


async def test_a_404_page_of_a_proxy_is_no_proof_of_absence():
    page = response(404, content=b"<html>no such app</html>")
    session, engine = session_on(RESET, page, OK)
    assert await create(session) == USER
    assert engine.sent == [POST, CHECK, CHECK]


async def test_an_unknown_outcome_chains_the_failure():
    session, engine = session_on(RESET, *[BROKEN] * 4)
    with pytest.raises(OutcomeUnknownError, match="the check for it failed") as caught:
        await create(session)
    assert engine.sent.count(POST) == 1
    assert isinstance(caught.value.__cause__, APIConnectionError)
    assert caught.value.operation == "createUser"
    assert (caught.value.attempts, len(caught.value.waits)) == (1, 3)


async def test_without_retries_a_lost_write_is_still_checked():
    session, engine = session_on(BROKEN, OK, max_retries=0)
    assert await create(session) == USER
    session, engine = session_on(BROKEN, *ABSENT, max_retries=0)
    with pytest.raises(OutcomeUnknownError, match="was not found on the server"):
        await create(session)
    assert engine.sent == [POST, CHECK, CONTROL]


async def test_cancelling_during_a_pause_ends_the_call():
    session, engine = session_on(BROKEN, BROKEN)

    async def cancel(_):
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await operations.list_users(attrs.evolve(session, sleep=cancel))
    assert len(engine.sent) == 1


# A create that asks for a membership as well

MEMBER = "GET /api/v1/groups/3/users/1"


async def create_member(session):
    return await operations.create_user(session, **ADA, group_id=3)


async def test_a_lost_create_with_a_group_proves_both_parts():
    session, engine = session_on(RESET, OK, OK)
    assert await create_member(session) == USER
    assert engine.sent == [POST, CHECK, MEMBER]


async def test_a_missing_membership_is_reported():
    """Such a create was once reported as done."""
    session, engine = session_on(RESET, *[OK, *ABSENT] * 4)
    with pytest.raises(PartialWriteError) as caught:
        await create_member(session)
    assert caught.value.value == USER
    assert caught.value.outcome == "unknown"
    assert engine.sent.count(POST) == 1


async def test_a_membership_that_shows_late_is_waited_for():
    session, _ = session_on(RESET, OK, MISSING, EMPTY_LIST, OK, OK)
    assert await create_member(session) == USER


async def test_a_membership_may_show_with_a_later_check():
    session, _ = session_on(RESET, OK, *ABSENT, OK, OK)
    assert await create_member(session) == USER


async def test_404_for_the_group_after_the_user_was_created():
    session, _ = session_on(MISSING, *[OK, *ABSENT] * 4)
    with pytest.raises(PartialWriteError):
        await create_member(session)


async def test_a_group_that_does_not_exist_has_no_member():
    """The user was once not even a candidate."""
    session, engine = session_on(MISSING, *[OK, MISSING, MISSING] * 4)
    with pytest.raises(PartialWriteError) as caught:
        await create_member(session)
    assert caught.value.value == USER
    assert engine.sent[1:4] == [CHECK, MEMBER, "GET /api/v1/groups/3/users"]


async def test_a_page_does_not_prove_that_a_group_is_absent():
    page = response(404, content=b"<html>Not found</html>")
    session, _ = session_on(RESET, *[OK, MISSING, page] * 4)
    with pytest.raises(OutcomeUnknownError) as caught:
        await create_member(session)
    assert type(caught.value) is OutcomeUnknownError


async def test_a_user_whose_membership_cannot_be_read():
    session, _ = session_on(RESET, *[OK, BROKEN] * 4)
    with pytest.raises(OutcomeUnknownError) as caught:
        await create_member(session)
    assert caught.value.candidates == (USER,)


async def test_404_for_the_group_when_the_user_is_absent():
    session, engine = session_on(MISSING, *GONE)
    with pytest.raises(NotFoundError) as caught:
        await create_member(session)
    assert caught.value.outcome == "rejected"
    assert engine.sent == [POST, *[CHECK, CONTROL] * 3]


CLOSED = response(403, {"error": {"message": "The group is closed"}})
NO_WORD = response(422, {"error": {"code": "invalid"}})
LOGIN_TAKEN = response(422, {"errors": {"login": ["has already been taken"]}})


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422])
async def test_refused_group_after_the_user_was_created(status):
    """Any of these was once reported as rejected, without a check, although the user was there."""
    session, _ = session_on(response(status, {"errors": {"group_id": ["no"]}}), *[OK, *ABSENT] * 4)
    with pytest.raises(PartialWriteError) as caught:
        await create_member(session)
    assert caught.value.value == USER


async def test_refused_group_when_the_user_is_absent():
    session, engine = session_on(CLOSED, *GONE)
    with pytest.raises(PermissionDeniedError) as caught:
        await create_member(session)
    assert (caught.value.outcome, engine.sent) == ("rejected", [POST, *[CHECK, CONTROL] * 3])


async def test_refused_login_needs_no_check():
    session, engine = session_on(LOGIN_TAKEN)
    with pytest.raises(UnprocessableEntityError) as caught:
        await create_member(session)
    assert (caught.value.outcome, engine.sent) == ("rejected", [POST])


async def test_refusal_without_a_group_needs_no_check():
    session, engine = session_on(NO_WORD)
    with pytest.raises(UnprocessableEntityError):
        await create(session)
    assert engine.sent == [POST]


async def test_a_404_without_a_group_is_checked():
    session, _ = session_on(MISSING, OK)
    assert await create(session) == USER
    session, engine = session_on(MISSING, *GONE)
    with pytest.raises(NotFoundError):
        await create(session)
    assert engine.sent == [POST, *[CHECK, CONTROL] * 3]


@pytest.mark.parametrize("retries", [0, 3])
async def test_refusal_without_words_and_no_user(retries):
    session, engine = session_on(NO_WORD, *GONE, max_retries=retries)
    with pytest.raises(UnprocessableEntityError) as caught:
        await create_member(session)
    assert (caught.value.outcome, engine.sent) == ("rejected", [POST, *[CHECK, CONTROL] * 3])


@pytest.mark.parametrize("retries", [0, 3])
async def test_refusal_without_words_and_the_user_is_there(retries):
    """Created by this call, or older: nobody can tell."""
    session, _ = session_on(NO_WORD, OK, *ABSENT, max_retries=retries)
    with pytest.raises(OutcomeUnknownError, match="it was created by this call, or before") as caught:
        await create_member(session)
    assert caught.value.candidates == (USER,)
    assert isinstance(caught.value.__cause__, UnprocessableEntityError)


async def test_refusal_and_a_user_of_other_names():
    session, _ = session_on(NO_WORD, response(200, user(last_name="Byron")))
    with pytest.raises(UnprocessableEntityError):
        await create_member(session)


async def test_a_key_that_may_not_read_either_was_refused():
    session, engine = session_on(*[response(403, None)] * 2)
    with pytest.raises(PermissionDeniedError):
        await create_member(session)
    assert engine.sent == [POST, CHECK]


async def test_a_refusal_without_words_and_a_failed_check():
    session, _ = session_on(NO_WORD, *[BROKEN] * 4)
    with pytest.raises(OutcomeUnknownError):
        await create_member(session)


async def test_a_page_says_nothing_about_the_group():
    page = response(403, content=b"<html>Denied. Ask your group's administrator</html>")
    session, _ = session_on(page, OK, *ABSENT)
    with pytest.raises(OutcomeUnknownError):
        await create_member(session)


async def test_a_value_is_no_word_of_the_server():
    session, engine = session_on(response(422, {"error": "password: not the group's-word"}))
    with pytest.raises(UnprocessableEntityError):
        await operations.create_user(session, **{**ADA, "password": "the group's-word"}, group_id=3)
    assert engine.sent == [POST]


# Whatever happens while a write is in doubt


@pytest.mark.parametrize("error", [ConfigurationError("closed"), RecursionError(), OverflowError(), RuntimeError("x")])
async def test_any_exception_of_a_check_ends_as_unknown(error):
    async def fail(_):
        raise error

    session, _ = session_on(RESET, fail, fail, fail, fail)
    with pytest.raises(OutcomeUnknownError):
        await create(session)


@pytest.mark.parametrize("error", [ConfigurationError("closed"), RuntimeError("x")])
async def test_any_exception_of_a_second_attempt(error):
    """Closing the client during the call once ended it with "nothing was sent"."""

    async def fail(_):
        raise error

    session, _ = session_on(RESET, *ABSENT, fail, *ABSENT, fail, *ABSENT, fail, *ABSENT)
    with pytest.raises(OutcomeUnknownError):
        await create(session)


async def test_an_unexpected_exception_is_an_unknown_outcome():
    async def fail(_):
        raise RecursionError

    session, _ = session_on(fail, OK)
    assert await create(session) == USER


@pytest.mark.parametrize("login", [".", ".."])
async def test_a_login_that_no_path_can_hold_ends_as_unknown(login):
    """Once ended with InvalidRequestError, "nothing was sent", after the POST."""
    session, engine = session_on(RESET)
    with pytest.raises(OutcomeUnknownError):
        await operations.create_user(session, **{**ADA, "login": login})
    assert engine.sent == [POST]


# The other writes


@pytest.mark.parametrize(
    ("call", "read"),
    [
        (lambda s: operations.delete_user(s, "ada"), "GET /api/v1/users/ada"),
        (lambda s: operations.remove_group_user(s, 3, "ada"), "GET /api/v1/groups/3/users/ada"),
        (lambda s: operations.delete_group(s, 3, name="X"), "GET /api/v1/groups/3"),
    ],
)
async def test_a_lost_removal_is_done_when_absence_is_proven(call, read):
    session, engine = session_on(RESET, *GONE)
    assert await call(session) is None
    assert engine.sent[1] == read
    session, _ = session_on(RESET, *[MISSING, BROKEN] * 4)
    with pytest.raises(OutcomeUnknownError):
        await call(session)


async def test_absence_is_seen_three_times_with_pauses():
    clock = Clock()
    session, _ = session_on(RESET, *GONE, clock=clock)
    assert await operations.delete_user(session, "ada") is None
    assert clock.slept == [0.5, 0.5, 1.5], "the pause before the check, and those between its looks"


async def test_429_after_a_lost_attempt_is_no_refusal():
    session, engine = session_on(BROKEN, *ABSENT, response(429), *ABSENT, OK)
    assert await create(session) == USER
    assert engine.sent.count(POST) == 3


async def test_a_record_without_an_id_does_not_hide_absence():
    """It once made every settled deletion unknown."""
    odd = response(200, [{"name": "no id"}, user(5, login="grace")])
    session, _ = session_on(BROKEN, *[MISSING, odd] * 3)
    assert await operations.delete_user(session, "ada") is None


async def test_a_404_after_a_repeated_removal_means_gone():
    session, engine = session_on(RESET, OK, MISSING, *GONE)
    assert await operations.delete_user(session, "ada") is None
    assert [line.split()[0] for line in engine.sent] == ["DELETE", "GET", "DELETE", *["GET"] * 6]


async def test_a_removal_of_nobody_is_an_error():
    session, _ = session_on(MISSING)
    with pytest.raises(NotFoundError):
        await operations.delete_user(session, "ada")


@pytest.mark.parametrize(
    "call", [lambda s: operations.delete_user(s, 7), lambda s: operations.remove_group_user(s, 3, 7)]
)
async def test_delete_by_id_ignores_a_matching_login(call):
    """The wrong person was once deleted: the check for user 7 found a user whose login is "7"."""
    session, engine = session_on(response(200, user(7)), RESET, response(200, user(12, login="7")))
    with pytest.raises(OutcomeUnknownError) as caught:
        await call(session)
    assert [candidate.id for candidate in caught.value.candidates] == [12]
    assert [line.split()[0] for line in engine.sent] == ["GET", "DELETE", "GET"]


async def test_delete_by_an_id_that_is_gone_spares_its_namesake():
    """User 7 is gone, and the server would delete the user whose login is "7"."""
    session, engine = session_on(response(200, user(12, login="7")))
    with pytest.raises(NotFoundError, match="no user has the id 7"):
        await operations.delete_user(session, 7)
    assert len(engine.sent) == 1


async def test_a_deletion_that_could_not_be_verified_was_not_sent():
    session, engine = session_on(BROKEN, max_retries=0)
    with pytest.raises(ServerError) as caught:
        await operations.delete_user(session, 7)
    assert (caught.value.outcome, engine.sent) == ("not_sent", ["GET /api/v1/users/7"])


async def test_verifying_a_deletion_shares_its_deadline():
    clock = Clock()

    async def slow(_):
        clock.now += 1.8
        return response(200, user(7))

    session, engine = session_on(slow, clock=clock, deadline=1.5)
    with pytest.raises(APIConnectionError):
        await operations.delete_user(session, 7)
    assert engine.sent == ["GET /api/v1/users/7"]


@pytest.mark.parametrize("login", ["7", " 7", "007", "+7 170"])
async def test_delete_by_a_login_of_digits_goes_to_the_id(login):
    session, engine = session_on(*[response(200, user(12, login=login))] * 3)
    await operations.delete_user(session, login)
    assert engine.sent[1:] == ["GET /api/v1/users/12", "DELETE /api/v1/users/12"]


@pytest.mark.parametrize(
    "call", [lambda s: operations.delete_user(s, "7"), lambda s: operations.remove_group_user(s, 3, "7")]
)
async def test_delete_by_a_login_spares_the_login_of_its_id(call):
    """On a server that tries logins first, the id of the user meant was once taken for the login of somebody else."""
    session, engine = session_on(response(200, user(12, login="7")), response(200, user(5, login="12")))
    with pytest.raises(NotFoundError, match="no user has the id 12"):
        await call(session)
    assert [line.split()[0] for line in engine.sent] == ["GET", "GET"]


async def test_a_removal_that_hit_another_user_is_reported():
    session, _ = session_on(response(200, user(7)), response(200, user(12, login="7")))
    with pytest.raises(OutcomeUnknownError, match="another object") as caught:
        await operations.delete_user(session, 7)
    assert [candidate.id for candidate in caught.value.candidates] == [12]


async def test_removal_is_not_repeated_near_a_namesake():
    """Late, it takes the id away, and the repetition would delete the user whose login is that id."""
    namesake = user(12, login="7")
    session, engine = session_on(
        response(200, user(7)), RESET, response(200, user(7)), response(200, [user(7), namesake])
    )
    with pytest.raises(OutcomeUnknownError) as caught:
        await operations.delete_user(session, 7)
    assert [candidate.id for candidate in caught.value.candidates] == [7, 12]
    assert [line.split()[0] for line in engine.sent] == ["GET", "DELETE", "GET", "GET"]


async def test_a_404_that_the_list_contradicts_is_no_proof():
    session, _ = session_on(response(200, user(7)), RESET, *[MISSING, response(200, [user(7)])] * 4)
    with pytest.raises(OutcomeUnknownError, match="contradicts itself"):
        await operations.delete_user(session, 7)


async def test_delete_by_a_login_of_digits_spares_that_id():
    """Deleting the login "2" once deleted user 2."""
    session, engine = session_on(response(200, user(2, login="bob")))
    with pytest.raises(NotFoundError, match="no user has the login '2'"):
        await operations.delete_user(session, "2")
    assert engine.sent == ["GET /api/v1/users/2"]


async def test_a_lost_addition_is_settled_by_the_membership():
    session, engine = session_on(RESET, OK)
    assert await operations.add_group_user(session, 3, id=1) == USER
    assert engine.sent == ["POST /api/v1/groups/3/users", "GET /api/v1/groups/3/users/1"]


@pytest.mark.parametrize("groups", [[], [{"id": 1, "name": "X"}], [{"id": 1, "name": "X"}, {"id": 2, "name": "X"}]])
async def test_a_lost_group_is_not_made_twice(groups):
    others = [{"id": 9, "name": "Y"}]
    session, engine = session_on(RESET, *[response(200, groups + others)] * 3)
    with pytest.raises(OutcomeUnknownError) as caught:
        await operations.create_group(session, name="X")
    assert caught.value.candidates == tuple(Group(**group) for group in groups)
    assert engine.sent == ["POST /api/v1/groups", *["GET /api/v1/groups"] * (1 if groups else 3)]


async def test_a_lost_deletion_by_name_spares_a_namesake():
    session, engine = session_on(RESET, response(200, [{"id": 1, "name": "X"}]))
    with pytest.raises(OutcomeUnknownError):
        await operations.delete_group_by_name(session, name="X")
    assert engine.sent.count("DELETE /api/v1/groups") == 1
    session, _ = session_on(RESET, *[response(200, [{"id": 1, "name": "Y"}])] * 3)
    assert await operations.delete_group_by_name(session, name="X") is None


async def test_a_lost_deletion_by_name_is_seen_in_a_later_list():
    """One lagging list without the group once made it "deleted"."""
    session, _ = session_on(RESET, response(200, []), response(200, [{"id": 1, "name": "X"}]))
    with pytest.raises(OutcomeUnknownError):
        await operations.delete_group_by_name(session, name="X")


async def test_a_response_about_another_member_is_reported():
    session, _ = session_on(response(200, user(8)))
    with pytest.raises(OutcomeUnknownError, match="another object"):
        await operations.add_group_user(session, 3, id=7)


async def test_a_check_does_not_show_the_password():
    seen = []
    leak = response(400, {"message": "bad query password=s3cret-word"}, location="/x?password=s3cret-word")
    session, _ = session_on(BROKEN, *[leak] * 4, on_exchange=seen.append)
    with pytest.raises(OutcomeUnknownError) as caught:
        await create(session)
    assert "s3cret" not in f"{caught.value} {seen}"


@pytest.mark.parametrize("backoff", [lambda _: 1 / 0, lambda _: None, lambda _: "soon", lambda _: float("inf")])
async def test_a_backoff_that_fails_leaves_a_write_unknown(backoff):
    session, _ = session_on(BROKEN)
    with pytest.raises(OutcomeUnknownError, match="backoff"):
        await create(attrs.evolve(session, backoff=backoff))
    session, _ = session_on(BROKEN)
    with pytest.raises(ConfigurationError, match="backoff"):
        await operations.list_users(attrs.evolve(session, backoff=backoff))


async def test_never_repeated_operation_ends_as_unknown():
    never = attrs.evolve(operations.CREATE_GROUP, retry="never", settle=None)
    session, engine = session_on(RESET)
    with pytest.raises(OutcomeUnknownError):
        await session(Request(operation=never, form={"name": "X"}))
    assert len(engine.sent) == 1


# What comes back with the result


async def test_respond_has_all_of_the_response():
    session, _ = session_on(BROKEN, *ABSENT, response(200, user(), x_request_id="r1", set_cookie="a=b"))
    reply = await session.respond(Request(operation=operations.CREATE_USER, form=ADA))
    assert (reply.value, reply.status, reply.attempts, reply.waits, reply.settled) == (USER, 200, 2, (0.5,), False)
    assert reply.requests == 4
    assert (reply.request_id, reply.json, dict(reply.headers)) == ("r1", user(), {"x-request-id": "r1"})


async def test_respond_says_that_a_lost_write_was_settled():
    session, _ = session_on(RESET, OK)
    reply = await session.respond(Request(operation=operations.CREATE_USER, form=ADA))
    assert (reply.value, reply.status, reply.settled, reply.attempts, reply.json) == (USER, None, True, 1, None)
