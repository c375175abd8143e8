"""What is sent back, and what faults make of it."""

import pytest

from coggno.sandbox import CutBody, Drop, Empty, Gateway, Html, LateCommit, SetField, Status, WrongType
from coggno.sandbox.api.errors import InvalidFieldsError
from coggno.sandbox.api.responses import ApiResponse, error_response
from coggno.sandbox.faults.responses import changed_response, injected_response, response_instead

OK = ApiResponse(200, {"id": 1})
REFUSED = ApiResponse(422, {"error": {}})


@pytest.mark.parametrize("ending", [Status(), Drop(), Html(502)])
def test_fault_before_the_effect_replaces_the_response(ending):
    assert response_instead(ending) is not None


@pytest.mark.parametrize(
    "ending",
    [None, Status(after=True), Drop(after=True), Html(after=True), CutBody(), Empty(), LateCommit()],
)
def test_other_faults_let_the_request_take_effect(ending):
    assert response_instead(ending) is None


@pytest.mark.parametrize("ending", [None, Drop(after=True), CutBody(), LateCommit()])
def test_lost_response_is_not_changed(ending):
    assert changed_response(OK, ending, []) is OK


def test_edits_do_not_change_errors():
    assert changed_response(REFUSED, Empty(), []) is changed_response(REFUSED, None, [WrongType()]) is REFUSED
    assert changed_response(OK, None, [WrongType()]).json == {"id": "1"}
    assert changed_response(OK, Empty(204), []) == ApiResponse(204, empty=True)


@pytest.mark.parametrize(
    ("code", "name"),
    [(400, "bad_request"), (404, "not_found"), (429, "rate_limited"), (503, "server_error"), (599, "server_error")],
)
def test_injected_status_has_the_usual_form(code, name):
    response = injected_response(Status(code))
    assert (response.status, response.json["error"]["code"], dict(response.headers)) == (code, name, {})


def test_retry_after_is_sent_as_it_is():
    assert injected_response(Status(429, retry_after="Wed, 21 Oct 2026 07:28:00 GMT")).headers == {
        "Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"
    }


@pytest.mark.parametrize(
    ("fault", "body", "content_type"),
    [
        (Gateway(), b'{"message":"no Route matched with those values"}', "application/json"),
        (Gateway(503), b'{"message":"Service Unavailable"}', "application/json"),
        (Gateway(body="text"), b"no Route matched with those values\n", "text/plain; charset=utf-8"),
        (Gateway(body="empty"), b"", None),
    ],
)
def test_a_gateway_has_its_own_form(fault, body, content_type):
    response = injected_response(fault).render("r")
    assert (response.status_code, response.body) == (fault.code, body)
    assert response.headers.get("content-type") == content_type


def test_edits_come_one_after_another():
    edits = [SetField("department", "Sales"), WrongType("department"), SetField("name", None)]
    assert changed_response(OK, None, edits).json == {"id": 1, "department": 12345, "name": None}


def test_an_html_page_names_the_status():
    response = injected_response(Html(502)).render("r")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert b"502 Bad Gateway" in response.body


def test_error_has_code_message_and_fields():
    response = error_response(InvalidFieldsError("no", fields={"name": "is required"})).render("r-1")
    assert response.status_code == 422
    assert bytes(response.body) == b'{"error":{"code":"invalid","message":"no","fields":{"name":"is required"}}}'
    assert response.headers["x-request-id"] == "r-1"


def test_repr_hides_the_content():
    assert "secret" not in repr(ApiResponse(200, {"a": "secret"}))
