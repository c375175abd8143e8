"""From method and path to an operation."""

from contextlib import suppress
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coggno.sandbox.api.calls import SandboxOperation
from coggno.sandbox.api.errors import MalformedRequestError, MethodNotAllowedError, PathNotFoundError
from coggno.sandbox.api.operations import OPERATIONS
from coggno.sandbox.api.routes import PREFIXES, find_operation

# The operations of the reference, written down once more by hand.
REFERENCE = {
    ("POST", "companies"): "createCompany",
    ("GET", "companies"): "listCompanies",
    ("POST", "groups"): "createGroup",
    ("GET", "groups"): "listGroups",
    ("GET", "groups/7"): "getGroup",
    ("DELETE", "groups/7"): "deleteGroup",
    ("DELETE", "groups"): "deleteGroupByName",
    ("GET", "users"): "listUsers",
    ("GET", "users/7"): "getUser",
    ("POST", "users"): "createUser",
    ("DELETE", "users/7"): "deleteUser",
    ("GET", "users/7/licenses"): "getUserLicenses",
    ("GET", "groups/7/users"): "listGroupUsers",
    ("GET", "groups/7/users/7"): "getGroupUser",
    ("POST", "groups/7/users"): "addGroupUser",
    ("DELETE", "groups/7/users/7"): "removeGroupUser",
    ("GET", "documents"): "listDocuments",
    ("GET", "documents/7/licenses"): "getDocumentLicenses",
}


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize(("asked", "operation"), REFERENCE.items())
def test_every_operation_is_found_below_both_prefixes(prefix, asked, operation):
    method, path = asked
    found, parameters = find_operation(method, (prefix + path).encode())
    assert found.id == operation
    assert set(parameters.values()) <= {"7"}


def test_there_is_no_other_operation():
    assert sorted(operation.id for operation in OPERATIONS) == sorted(REFERENCE.values())


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api/v1",
        "/api/v1/",
        "/api/v1/user",
        "/api/v1/users/",
        "/api/v1//users",
        "/api/v1/users/7/licenses/1",
        "/api/v2/users",
        "/capp/api/v2/users",
        "/coggno/api/v1/users",
        "/API/V1/users",
        "/api/v1/Users",
        "/api/v1/documents/7",
        "/api/v1/documents/7/users",
    ],
)
def test_an_undeclared_path_is_missing(path):
    with pytest.raises(PathNotFoundError):
        find_operation("GET", path.encode())


@pytest.mark.parametrize("method", ["HEAD", "PUT", "PATCH", "OPTIONS", "get", "TRACE"])
def test_undeclared_method_gets_the_allowed_ones(method):
    with pytest.raises(MethodNotAllowedError) as caught:
        find_operation(method, b"/api/v1/groups")
    assert caught.value.headers == {"Allow": "DELETE, GET, POST"}


@pytest.mark.parametrize(
    "path", [b"..", b".", b"%2e%2E", b".%2e", b"%2E", b"%", b"%2", b"%zz", b"%ff", b"%c3%28", b"\xc3\xa9"]
)
def test_malformed_segment_is_refused(path):
    with pytest.raises(MalformedRequestError):
        find_operation("GET", b"/api/v1/users/" + path)


def test_a_dot_segment_never_reaches_another_operation():
    """A careless client turns "remove user `..` from group 3" into "delete group 3"."""
    with pytest.raises(MalformedRequestError):
        find_operation("DELETE", b"/api/v1/groups/3/users/..")


@given(st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: text not in {".", ".."}))
def test_any_quoted_login_is_decoded(login):
    operation, parameters = find_operation("GET", b"/api/v1/users/" + quote(login, safe="").encode())
    assert isinstance(operation, SandboxOperation)
    assert operation.id == "getUser"
    assert parameters == {"user": login}


@pytest.mark.parametrize(
    ("segment", "login"),
    [("a+b", "a+b"), ("a%2Bb", "a+b"), ("a%2Fb", "a/b"), ("a%252Fb", "a%2Fb"), ("a%3Fb%23", "a?b#"), ("a@b", "a@b")],
)
def test_segment_is_decoded_exactly_once(segment, login):
    assert find_operation("DELETE", f"/api/v1/users/{segment}".encode())[1] == {"user": login}


@given(st.binary())
def test_any_path_is_found_or_refused(path):
    with suppress(MalformedRequestError, PathNotFoundError):
        find_operation("GET", b"/api/v1/users/" + path)
