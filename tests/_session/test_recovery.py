"""Retries, settling and what is known after every failure. Time is injected; the engine answers from a script."""

import asyncio

import attrs
import pytest

from coggno import (
    APIConnectionError,
    AuthenticationError,
    DecodeError,
    NotFoundError,
    OutcomeUnknownError,
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
    MISSING,
    OK,
    REFUSED,
    RESET,
    SLOW,
    USER,
    Clock,
    answer,
    create,
    session_on,
    user,
)

# Reads and requests that never left


@pytest.mark.parametrize("failure", [REFUSED, RESET, SLOW, BROKEN, answer(content=b"[{"), answer(content=b"<html>")])
async def test_a_read_is_repeated_whatever_went_wrong_on_the_way(failure):
    clock = Clock()
    session, engine = session_on(failure, failure, answer(200, []), clock=clock)
    assert await operations.list_users(session) == []
    assert engine.sent == ["GET /api/v1/users"] * 3
    assert clock.slept == [0.5, 1.0]


async def test_when_the_attempts_are_used_up_the_last_failure_says_how_many_and_how_long():
    session, _ = session_on(*[BROKEN] * 4)
    with pytest.raises(ServerError) as caught:
        await operations.list_users(session)
    error = caught.value
    assert (error.attempts, error.waits, error.outcome, error.operation) == (4, (0.5, 1.0, 2.0), "unknown", "listUsers")
    assert str(error) == "listUsers: 503: down (after 4 attempts)"


async def test_a_write_that_was_not_sent_is_simply_sent_again():
    session, engine = session_on(REFUSED, REFUSED, OK)
    assert await create(session) == USER
    assert engine.sent == ["POST /api/v1/users"] * 3


@pytest.mark.parametrize(
    ("status", "kind"), [(401, AuthenticationError), (404, NotFoundError), (422, UnprocessableEntityError)]
)
async def test_what_the_server_refused_is_never_repeated(status, kind):
    session, engine = session_on(answer(status, {"error": "no"}))
    with pytest.raises(kind) as caught:
        await create(session)
    assert caught.value.outcome == "rejected"
    assert len(engine.sent) == 1


async def test_429_is_repeated_after_what_the_server_asks_for_even_for_a_write():
    clock = Clock()
    session, engine = session_on(answer(429, None, retry_after="3"), OK, clock=clock)
    assert await create(session) == USER
    assert engine.sent == ["POST /api/v1/users"] * 2
    assert clock.slept == [3.5]


async def test_who_is_asked_to_wait_too_long_gets_the_error_at_once():
    session, engine = session_on(answer(429, None, retry_after="3600"))
    with pytest.raises(RateLimitError) as caught:
        await create(session)
    assert caught.value.retry_after.total_seconds() == 3600
    assert len(engine.sent) == 1


async def test_a_well_formed_answer_of_the_wrong_type_is_not_asked_for_again():
    session, engine = session_on(answer(200, [{"id": "x"}]))
    with pytest.raises(DecodeError):
        await operations.list_users(session)
    assert len(engine.sent) == 1


async def test_the_deadline_bounds_the_call_with_its_pauses():
    clock = Clock()
    session, engine = session_on(*[BROKEN] * 9, clock=clock, deadline=2.0, max_retries=8)
    with pytest.raises(ServerError):
        await operations.list_users(session)
    assert clock.now <= 2.0
    assert len(engine.sent) == 3


async def test_looking_has_what_is_left_of_the_time_or_a_grace(monkeypatch):
    """Else a call with a deadline took that time once more to find out."""
    monkeypatch.setattr("coggno._session.recovery.GRACE", 0.01)

    async def hang(_):
        await asyncio.Event().wait()

    clock = Clock()

    async def late(_):
        clock.now += 60
        raise RESET

    session, engine = session_on(late, hang, clock=clock, deadline=60.0)
    with pytest.raises(OutcomeUnknownError):
        await asyncio.wait_for(create(session), 5)
    assert engine.sent == ["POST /api/v1/users", "GET /api/v1/users/ada"]


async def test_nothing_is_sent_when_looking_has_taken_the_rest_of_the_time():
    clock = Clock()

    async def slow(_):
        clock.now += 60
        return MISSING

    session, engine = session_on(RESET, slow, MISSING, clock=clock, deadline=60.0)
    with pytest.raises(OutcomeUnknownError) as caught:
        await create(session)
    assert engine.sent == ["POST /api/v1/users", "GET /api/v1/users/ada", "GET /api/v1/users/ada"]
    assert caught.value.__cause__.outcome == "not_sent"


async def test_an_empty_quota_ends_the_retries():
    session, engine = session_on(*[BROKEN] * 2)
    session.quota.tokens = 14
    with pytest.raises(ServerError):
        await operations.list_users(session)
    assert len(engine.sent) == 2
    assert session.quota.tokens == 0


async def test_success_refunds_the_quota():
    session, _ = session_on(answer(200, []))
    session.quota.tokens = 3
    await operations.list_users(session)
    assert session.quota.tokens == 4


# Settling: create user


LOST = [RESET, SLOW, BROKEN, answer(content=b""), answer(content=b"{"), answer(200, {"id": "odd"}), answer(302, None)]


@pytest.mark.parametrize("failure", LOST, ids=lambda item: getattr(item, "message", None) or str(item.status))
async def test_a_create_in_doubt_that_is_there_with_our_names_is_ours(failure):
    session, engine = session_on(failure, OK)
    assert await create(session) == USER
    assert engine.sent == ["POST /api/v1/users", "GET /api/v1/users/ada"]


async def test_a_create_in_doubt_that_is_not_there_is_sent_again():
    session, engine = session_on(BROKEN, MISSING, OK)
    assert await create(session) == USER
    assert engine.sent == ["POST /api/v1/users", "GET /api/v1/users/ada", "POST /api/v1/users"]
    assert engine.form(0) == engine.form(2)


async def test_the_email_is_looked_for_when_no_login_was_given():
    found = answer(200, user(login="ada@example.com"))
    session, engine = session_on(RESET, found)
    await operations.create_user(session, **{**ADA, "login": None})
    assert engine.sent[1] == "GET /api/v1/users/ada%40example.com"


async def test_a_create_in_doubt_that_is_there_with_other_names_is_somebody_else():
    session, _ = session_on(RESET, answer(200, user(first_name="Adam")))
    with pytest.raises(UnprocessableEntityError, match="other names") as caught:
        await create(session)
    assert isinstance(caught.value.__cause__, APIConnectionError)


async def test_a_login_of_digits_that_reads_another_user_settles_nothing():
    session, _ = session_on(RESET, answer(200, user(7, login="grace")))
    with pytest.raises(OutcomeUnknownError) as caught:
        await operations.create_user(session, **{**ADA, "login": "7"})
    assert [candidate.login for candidate in caught.value.candidates] == ["grace"]


async def test_a_late_commit_shows_as_422_and_is_settled_by_looking():
    session, engine = session_on(BROKEN, MISSING, answer(422, {"error": "registered"}), OK)
    assert await create(session) == USER
    assert engine.sent[-1] == "GET /api/v1/users/ada"


async def test_a_refusal_after_a_doubt_stands_when_nothing_is_there():
    session, _ = session_on(BROKEN, MISSING, answer(422, {"error": "registered"}), MISSING)
    with pytest.raises(UnprocessableEntityError, match="registered"):
        await create(session)


async def test_a_look_that_fails_is_repeated_and_the_write_is_not_sent_meanwhile():
    session, engine = session_on(BROKEN, BROKEN, RESET, OK)
    assert await create(session) == USER
    assert [line for line in engine.sent if line.startswith("POST")] == ["POST /api/v1/users"]


async def test_when_nothing_can_be_found_out_the_error_says_so_and_chains_the_failure():
    session, engine = session_on(RESET, *[BROKEN] * 4)
    with pytest.raises(OutcomeUnknownError, match="may or may not") as caught:
        await create(session)
    assert engine.sent.count("POST /api/v1/users") == 1
    assert isinstance(caught.value.__cause__, APIConnectionError)
    assert caught.value.operation == "createUser"
    assert (caught.value.attempts, len(caught.value.waits)) == (1, 3)


async def test_without_retries_a_write_in_doubt_is_still_looked_for_once():
    session, engine = session_on(BROKEN, OK, max_retries=0)
    assert await create(session) == USER
    session, engine = session_on(BROKEN, MISSING, max_retries=0)
    with pytest.raises(OutcomeUnknownError, match="nothing is to be seen"):
        await create(session)
    assert len(engine.sent) == 2


async def test_a_page_of_a_proxy_is_no_proof_of_absence():
    page = answer(404, content=b"<html>no such app</html>")
    session, engine = session_on(RESET, page, OK)
    assert await create(session) == USER
    assert engine.sent.count("POST /api/v1/users") == 1


async def test_cancelling_during_a_pause_leaves_at_once():
    session, engine = session_on(BROKEN, BROKEN)

    async def cancel(_):
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await operations.list_users(attrs.evolve(session, sleep=cancel))
    assert len(engine.sent) == 1


# Settling: the other writes


@pytest.mark.parametrize(
    ("call", "read"),
    [
        (lambda s: operations.delete_user(s, "ada"), "GET /api/v1/users/ada"),
        (lambda s: operations.remove_group_user(s, 3, 1), "GET /api/v1/groups/3/users/1"),
        (lambda s: operations.delete_group(s, 3, name="X"), "GET /api/v1/groups/3"),
    ],
)
async def test_a_removal_in_doubt_is_done_when_the_thing_is_gone(call, read):
    session, engine = session_on(RESET, MISSING)
    assert await call(session) is None
    assert engine.sent[1] == read


async def test_a_removal_in_doubt_is_repeated_when_the_thing_is_there_and_404_then_means_gone():
    session, engine = session_on(RESET, OK, MISSING, MISSING)
    assert await operations.delete_user(session, "ada") is None
    assert [line.split()[0] for line in engine.sent] == ["DELETE", "GET", "DELETE", "GET"]


async def test_a_removal_of_what_was_never_there_is_an_error():
    session, _ = session_on(MISSING)
    with pytest.raises(NotFoundError):
        await operations.delete_user(session, "ada")


async def test_an_addition_in_doubt_is_settled_by_the_membership():
    session, engine = session_on(RESET, OK)
    assert await operations.add_group_user(session, 3, id=1) == USER
    assert engine.sent == ["POST /api/v1/groups/3/users", "GET /api/v1/groups/3/users/1"]


@pytest.mark.parametrize("groups", [[], [{"id": 1, "name": "X"}], [{"id": 1, "name": "X"}, {"id": 2, "name": "X"}]])
async def test_a_group_in_doubt_is_never_made_twice_and_the_candidates_are_shown(groups):
    others = [{"id": 9, "name": "Y"}]
    session, engine = session_on(RESET, answer(200, groups + others))
    with pytest.raises(OutcomeUnknownError) as caught:
        await operations.create_group(session, name="X")
    assert caught.value.candidates == tuple(Group(**group) for group in groups)
    assert engine.sent == ["POST /api/v1/groups", "GET /api/v1/groups"]


async def test_deleting_by_name_in_doubt_never_deletes_a_namesake():
    session, engine = session_on(RESET, answer(200, [{"id": 1, "name": "X"}]))
    with pytest.raises(OutcomeUnknownError):
        await operations.delete_group_by_name(session, name="X")
    assert engine.sent.count("DELETE /api/v1/groups") == 1
    session, _ = session_on(RESET, answer(200, [{"id": 1, "name": "Y"}]))
    assert await operations.delete_group_by_name(session, name="X") is None


async def test_an_operation_that_must_never_be_repeated_ends_as_unknown():
    import attrs

    never = attrs.evolve(operations.CREATE_GROUP, retry="never", settle=None)
    session, engine = session_on(RESET)
    with pytest.raises(OutcomeUnknownError):
        await session(Request(operation=never, form={"name": "X"}))
    assert len(engine.sent) == 1
