"""Values of a request are named by where they are."""

from coggno import Operation, Request
from coggno._protocol.values import first_given, secrets
from coggno.models import User


def test_first_given_reads_every_part_of_a_request():
    operation = Operation(
        id="x",
        method="POST",
        path="/",
        returns=User,
        shape="one",
        retry="never",
        secrets=frozenset({"password", "pin"}),
    )
    request = Request(operation=operation, json={"password": "one", "pin": None}, query={"q": 1})
    assert first_given(request, ("form.q", "json.nothing", "query.q")) == 1
    assert first_given(request, ("path.q",)) is None
    ada = User(id=7, login="ada", first_name="A", last_name="L")
    assert first_given(request, ("found.id",), ada) == 7
    assert secrets(request) == ["one"]
    assert secrets(Request(operation=operation, form={"password": "two"})) == ["two"]
