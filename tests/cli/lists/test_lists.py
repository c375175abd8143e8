"""Every list takes the same options: columns, order, filters and form."""

from __future__ import annotations

import csv
import io

import pytest

from coggno.cli.exit_codes import CommandError
from coggno.cli.lists.columns import COMPANY, DOCUMENT, GROUP, LICENSE_OF_DOCUMENT, LICENSE_OF_USER, USER
from coggno.cli.lists.options import ListOptions
from coggno.cli.lists.selection import Selection
from coggno.cli.lists.show import ListView
from coggno.models import User
from coggno.sandbox import Sandbox
from tests.cli.helpers import RunCommand

LISTS = [
    ("users", "list"),
    ("groups", "list"),
    ("groups", "members", "list", "Hall"),
    ("companies", "list"),
    ("documents", "list"),
    ("users", "licenses", "ada"),
    ("documents", "licenses", "1"),
]


@pytest.fixture
def people(address: str, sandbox: Sandbox) -> None:
    for login, first, last in [("ada", "Ada", "Lovelace"), ("bob", "Bob", "=1+1"), ("cyd", "Cyd", "lovelace")]:
        sandbox.seed_user(login, first_name=first, last_name=last)


def column(ended, name):
    return [row[name] for row in csv.DictReader(io.StringIO(ended.out))]


@pytest.mark.parametrize("name", ["user.id", "user_id", "User id", "USER-ID"])
def test_dots_are_like_spaces(name):
    """A table shows `User id` for it, and other files of this program call it `user_id`."""
    assert LICENSE_OF_DOCUMENT.field(name, "--columns") == "user.id"
    assert LICENSE_OF_DOCUMENT.field("first name", "--columns") == "user.first_name"


def test_headings_name_the_column_they_stand_above():
    for table in (USER, GROUP, COMPANY, DOCUMENT, LICENSE_OF_USER, LICENSE_OF_DOCUMENT):
        for column in table.columns:
            assert " " in column.path or table.field(column.title, "--sort") == column.path


@pytest.mark.parametrize("command", LISTS, ids=" ".join)
def test_every_list_takes_every_option(coggno: RunCommand, sandbox: Sandbox, address, command):
    user = sandbox.seed_user("ada")
    sandbox.seed_group("Hall", members=[user.id])
    sandbox.seed_company(name="Acme")
    sandbox.seed_license(user.id, 1)
    as_csv, *_ = csv.DictReader(io.StringIO(coggno(*command, "--csv").out))
    name = next(iter(as_csv))
    value = as_csv[name]
    options = ["--columns", name, "--sort", f"-{name}", "--filter", f"{name}={value}", "--no-pager"]
    (row,) = coggno(*command, *options, "--json").json
    assert {name: str(value) for name, value in row.items()} == {name: value}
    assert value in coggno(*command, *options).out


@pytest.mark.usefixtures("people")
class TestSelection:
    def test_columns_in_the_order_asked_for(self, coggno: RunCommand):
        head, *_ = coggno("users", "list", "--columns", "Last name,ID").out.splitlines()
        assert head.split() == ["Last", "name", "Id"]

    def test_csv_has_the_names_of_the_api(self, coggno: RunCommand):
        assert coggno("users", "list", "--csv").out.splitlines()[0] == "id,login,first_name,last_name"

    def test_csv_runs_no_formula(self, coggno: RunCommand):
        assert column(coggno("users", "list", "--csv"), "last_name")[1] == "'=1+1"

    @pytest.mark.parametrize(
        ("filters", "found"),
        [
            (["last_name=LOVELACE"], ["ada", "cyd"]),
            (["last_name~love", "first name=ada"], ["ada"]),
            (["login=ad"], []),
            (["id=3"], ["bob"]),
            (["last_name==1+1"], ["bob"]),
        ],
    )
    def test_filters_must_all_match(self, coggno: RunCommand, filters, found):
        options = [part for text in filters for part in ("--filter", text)]
        assert column(coggno("users", "list", "--csv", *options), "login") == found

    @pytest.mark.parametrize(
        ("sort", "found"), [("-id", "cyd bob ada"), ("last_name,-login", "bob cyd ada"), ("first-name", "ada bob cyd")]
    )
    def test_sorted_by_several_columns(self, coggno: RunCommand, sort, found):
        assert column(coggno("users", "list", "--csv", "--sort", sort), "login") == found.split()

    def test_no_match_is_reported(self, coggno: RunCommand):
        ended = coggno("users", "list", "--filter", "login=nobody")
        assert (ended.code, ended.out, ended.err) == (0, "", "No row matches --filter.\n")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--columns", "lgin"], "--columns: there is no column 'lgin'. Columns: id, login, first_name, last_name."),
        (["--columns", ","], "--columns names no column. Columns: id, login, first_name, last_name."),
        (["--sort", "-age"], "--sort: there is no column 'age'. Columns: id, login, first_name, last_name."),
        (["--filter", "age=3"], "--filter: there is no column 'age'. Columns: id, login, first_name, last_name."),
        (["--json", "--csv"], "--json and --csv cannot be combined. Give one of them."),
    ],
)
def test_wrong_option_is_refused_unsent(coggno: RunCommand, sandbox: Sandbox, address, options, message):
    ended = coggno("users", "list", *options)
    assert (ended.code, ended.out, ended.err) == (2, "", f"Error: {message}\n")
    assert sandbox.requests.total == 0


def test_filter_without_a_sign_shows_the_form():
    with pytest.raises(CommandError, match=r"--filter must be NAME=VALUE or NAME~TEXT.*not 'ada'"):
        Selection.parse(USER, ["ada"], None)


def test_false_and_missing_values_can_be_filtered(coggno: RunCommand, sandbox: Sandbox, address):
    for passed in (True, False):
        sandbox.seed_license(sandbox.seed_user().id, 1, passed=passed, complete_date="2026-01-01" if passed else None)
    listed = ("documents", "licenses", "1", "--csv")
    assert column(coggno(*listed, "--filter", "passed=false"), "passed") == ["no"]
    assert column(coggno(*listed, "--filter", "passed=Yes"), "complete_date") == ["2026-01-01"]
    assert column(coggno(*listed, "--filter", "complete_date="), "passed") == ["no"]
    # Empty cells are last in both directions.
    assert column(coggno(*listed, "--sort", "-complete_date"), "passed") == ["yes", "no"]
    assert column(coggno(*listed, "--sort", "complete_date"), "passed") == ["yes", "no"]


async def test_rows_stream_unless_they_are_sorted(capsys):
    taken = []

    async def users():
        for number in range(1200):
            if number == 1000:
                taken.append(len(capsys.readouterr().out.splitlines()))
            yield User(id=number, login="x", first_name="x", last_name="x")

    for options in (ListOptions(as_csv=True), ListOptions(as_json=True), ListOptions(), ListOptions(sort="-id")):
        await ListView.of(USER, options).show(users())
        capsys.readouterr()
    assert taken == [1001, 1000, 1001, 0]
