"""What is sent back, and what faults make of it."""

import pytest

from coggno.sandbox import CutBody, Drop, Empty, Html, LateCommit, Status, WrongType
from coggno.sandbox.answers import ApiResponse, altered, forestalled, injected, refused
from coggno.sandbox.refusals import Invalid

OK = ApiResponse(200, {"id": 1})
REFUSED = ApiResponse(422, {"error": {}})


@pytest.mark.parametrize("ending", [Status(), Drop(), Html(502)])
def test_a_fault_before_the_effect_answers_instead(ending):
    assert forestalled(ending) is not None


@pytest.mark.parametrize(
    "ending",
    [None, Status(after=True), Drop(after=True), Html(after=True), CutBody(), Empty(), LateCommit(), WrongType()],
)
def test_the_others_let_it_happen(ending):
    assert forestalled(ending) is None


@pytest.mark.parametrize("ending", [None, Drop(after=True), CutBody(), LateCommit()])
def test_an_answer_that_is_sent_or_lost_is_the_natural_one(ending):
    assert altered(OK, ending) is OK


def test_faults_in_the_shape_spare_refusals():
    assert altered(REFUSED, Empty()) is altered(REFUSED, WrongType()) is REFUSED
    assert altered(OK, WrongType()).json == {"id": "1"}
    assert altered(OK, Empty(204)) == ApiResponse(204, empty=True)


@pytest.mark.parametrize(
    ("code", "name"),
    [(400, "bad_request"), (404, "not_found"), (429, "rate_limited"), (503, "server_error"), (599, "server_error")],
)
def test_an_injected_status_looks_like_the_real_one(code, name):
    answer = injected(Status(code))
    assert (answer.status, answer.json["error"]["code"], dict(answer.headers)) == (code, name, {})


def test_retry_after_is_sent_as_it_is():
    assert injected(Status(429, retry_after="Wed, 21 Oct 2026 07:28:00 GMT")).headers == {
        "Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"
    }


def test_an_html_page_names_the_status():
    response = injected(Html(502)).response("r")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert b"502 Bad Gateway" in response.body


def test_a_refusal_names_code_message_and_fields():
    response = refused(Invalid("no", fields={"name": "is required"})).response("r-1")
    assert response.status_code == 422
    assert bytes(response.body) == b'{"error":{"code":"invalid","message":"no","fields":{"name":"is required"}}}'
    assert response.headers["x-request-id"] == "r-1"


def test_an_answer_does_not_show_its_content():
    assert "secret" not in repr(ApiResponse(200, {"a": "secret"}))
