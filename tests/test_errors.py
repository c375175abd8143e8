"""Errors cross processes, with all they know."""

import copy
import pickle

import pytest

from coggno import errors
from coggno.models import User

ADA = User(id=1, login="ada", first_name="Ada", last_name="Lovelace")
SAMPLES = [
    errors.CoggnoError("plain"),
    errors.ConfigurationError("setting"),
    errors.InvalidRequestError("field"),
    errors.AmbiguousNameError("two", candidates=[ADA]),
    errors.APIConnectionError("reset", outcome="unknown", operation="getUser"),
    errors.APITimeoutError("slow", outcome="not_sent"),
    errors.NotFoundError("404", status_code=404, body={"a": 1}, request_id="r"),
    errors.DecodeError("wrong", path="$[1]", complete=False),
    errors.OutcomeUnknownError("lost", operation="createUser", candidates=[ADA]),
    errors.PartialWriteError(operation="createUser", value=ADA),
]


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("clone", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy, copy.deepcopy])
def test_errors_pickle_and_copy(error, clone):
    """A 404 once broke a ProcessPoolExecutor."""
    if isinstance(error, errors.APIError):
        error.attempts, error.waits = 3, (0.5, 1.0)
    twin = clone(error)
    assert type(twin) is type(error)
    assert (twin.args, str(twin), vars(twin)) == (error.args, str(error), vars(error))


def test_every_public_error_stands_in_the_tree():
    tree = errors.__doc__ or ""
    public = [name for name, item in vars(errors).items() if isinstance(item, type) and issubclass(item, Exception)]
    assert [name for name in public if name not in tree] == []
