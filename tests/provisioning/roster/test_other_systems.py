"""Upload files of other systems are rosters: what their columns mean, and which of their rows ask for no user.

The files are invented; the headers are those of the systems' templates.
"""

import csv
import io
import random

import pytest

from coggno.provisioning import RosterError, RosterOptions, read_roster, write_failed
from tests.provisioning.helpers import roster, row_of

GIVEN = ("Ada", "Bao", "Chidi", "Dolores", "Émile", "Fatima")
FAMILY = ("Okafor", "Nguyen", "Silva", "Lindqvist", "O'Neill", "van der Berg")
GOOGLE = (
    "First Name [Required],Last Name [Required],Email Address [Required],Password [Required],"
    "Password Hash Function [UPLOAD ONLY],Org Unit Path [Required],New Primary Email [UPLOAD ONLY],Recovery Email,"
    "Home Secondary Email,Work Secondary Email,Employee ID,Manager Email,New Status [UPLOAD ONLY]"
)
ENTRA = (
    "Name [displayName] Required,User name [userPrincipalName] Required,Initial password [passwordProfile] Required,"
    "Block sign in (Yes/No) [accountEnabled] Required,First name [givenName],Last name [surname],Job title [jobTitle]"
)
CANVAS = "user_id,integration_id,login_id,password,first_name,last_name,full_name,sortable_name,email,status"
ADOBE = "firstname,lastname,email,country,groups,type,username,domain"
MOODLE = "username,password,firstname,lastname,email,cohort1,cohort2,suspended,deleted"


def invented(count=20, seed=10):
    """People as dictionaries; every column of a test is made from these."""
    generator = random.Random(seed)
    for number in range(count):
        given, family = generator.choice(GIVEN), generator.choice(FAMILY)
        login = f"u{number}.{family.casefold().replace(' ', '').replace(chr(39), '')}"
        yield {
            "given": given,
            "family": family,
            "login": login,
            "mail": f"{login}@example.com",
            "word": f"Pw-{number:06}",
        }


def table(header, rows, above=""):
    buffer = io.StringIO()
    buffer.write(above)
    writer = csv.DictWriter(buffer, header.split(","), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def rejections(found):
    return {row.line: row.rejection.detail for row in found.rows if row.rejection}


def check_people(found, people, groups=lambda number: (), has_login=True):
    assert rejections(found) == {}
    for number, (row, each) in enumerate(zip(found.rows, people, strict=True)):
        person = row.person
        assert (person.first_name, person.last_name, person.email) == (each["given"], each["family"], each["mail"])
        assert person.login == (each["login"] if has_login else None)
        assert person.groups == groups(number)


def test_columns_that_make_rows_invalid_are_used():
    found = roster(MOODLE + ",idnumber\nada,,Ada,Lovelace,ada@example.com,,,0,0,7\n")
    assert found.unused == ("idnumber",)


def test_moodle():
    people = list(invented())
    rows = [
        {
            "username": each["login"],
            "password": each["word"],
            "firstname": each["given"],
            "lastname": each["family"],
            "email": each["mail"],
            "cohort1": "Nurses",
            "cohort2": "Night shift" if number % 2 else "",
            "suspended": "0",
        }
        for number, each in enumerate(people)
    ]
    found = roster(table(MOODLE, rows))
    check_people(found, people, lambda number: ("Nurses", "Night shift") if number % 2 else ("Nurses",))
    assert row_of(found, 3).person.password == "Pw-000003"


@pytest.mark.parametrize("column", ["deleted", "suspended"])
def test_moodle_rows_that_remove_users(column):
    """Moodle deletes or suspends these; a new user would be the opposite."""
    (each,) = invented(1)
    row = {"username": each["login"], "firstname": each["given"], "lastname": each["family"], "email": each["mail"]}
    found = roster(table(MOODLE, [{**row, column: "1"}]))
    assert rejections(found) == {
        2: f"{column} is '1', so the row asks for no user; remove the row, or rename the column to have it ignored"
    }


def test_adobe():
    """Its groups are separated by commas; elsewhere a comma is part of the name."""
    people = list(invented())
    rows = [
        {
            "firstname": each["given"],
            "lastname": each["family"],
            "email": each["mail"],
            "country": "US",
            "groups": "Acrobat Pro,Photoshop",
            "type": "federatedID",
            "username": each["login"],
            "domain": "example.com",
        }
        for each in people
    ]
    check_people(roster(table(ADOBE, rows)), people, lambda number: ("Acrobat Pro", "Photoshop"))
    found = roster('firstname,lastname,email,groups\nA,B,a@example.com,"Sales, EMEA"\n')
    assert row_of(found, 0).person.groups == ("Sales, EMEA",)


def google(each, **changes):
    return {
        "First Name [Required]": each["given"],
        "Last Name [Required]": each["family"],
        "Email Address [Required]": each["mail"],
        "Password [Required]": each["word"],
        "Org Unit Path [Required]": "/Nurses",
        "Recovery Email": "other@example.net",
        "New Status [UPLOAD ONLY]": "Active",
        **changes,
    }


def test_google_workspace():
    people = list(invented())
    found = roster(table(GOOGLE, map(google, people)))
    check_people(found, people, has_login=False)
    assert row_of(found, 0).person.password == "Pw-000000"
    assert "Org Unit Path [Required]" in found.unused


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"Password Hash Function [UPLOAD ONLY]": "SHA-1"}, "the password is a hash, and Coggno needs the password"),
        ({"New Status [UPLOAD ONLY]": "Suspended"}, "New Status [UPLOAD ONLY] is 'Suspended', so the row asks for no"),
        ({"Password [Required]": "****"}, "password must have 6 to 40 characters, and has 4"),
    ],
)
def test_google_rows_that_cannot_be_created(changes, words):
    """Four asterisks leave a password as it is there; a hash would become the password here."""
    (each,) = invented(1)
    (detail,) = rejections(roster(table(GOOGLE, [google(each, **changes)]))).values()
    assert words in detail
    assert each["word"] not in detail


def canvas(each, **changes):
    return {
        "user_id": f"S-{each['login']}",
        "login_id": each["login"],
        "password": each["word"],
        "first_name": each["given"],
        "last_name": each["family"],
        "email": each["mail"],
        "status": "active",
        **changes,
    }


def test_canvas():
    people = list(invented())
    check_people(roster(table(CANVAS, map(canvas, people))), people)


@pytest.mark.parametrize("status", ["deleted", "Suspended"])
def test_canvas_rows_that_remove_users(status, tmp_path):
    """They stay refused when `failed.csv` is run again."""
    people = list(invented(2))
    found = roster(table(CANVAS, [canvas(people[0]), canvas(people[1], status=status)]))
    assert list(rejections(found)) == [3]
    assert f"status is {status!r}, so the row asks for no user" in rejections(found)[3]
    write_failed(tmp_path / "failed.csv", found, {})
    again = read_roster(tmp_path / "failed.csv")
    assert list(rejections(again).values()) == list(rejections(found).values())


def test_canvas_without_split_names():
    """Canvas takes a full name as well; where the first name ends is not certain."""
    header = "user_id,login_id,full_name,email,status"
    with pytest.raises(RosterError) as caught:
        roster(header + "\n1,a,Ana Maria da Silva,a@example.com,active\n")
    assert "First and last name are together in 'full_name', which cannot be split with certainty" in str(caught.value)
    assert caught.value.hint is None


def entra(each, **changes):
    return {
        "Name [displayName] Required": f"{each['given']} {each['family']}",
        "User name [userPrincipalName] Required": each["mail"],
        "Initial password [passwordProfile] Required": each["word"],
        "Block sign in (Yes/No) [accountEnabled] Required": "No",
        "First name [givenName]": each["given"],
        "Last name [surname]": each["family"],
        **changes,
    }


VERSION = "version:v1.0,,,,,,\n"


def test_entra_says_what_is_missing():
    """The template asks for no e-mail address, and its names of users may be something else."""
    with pytest.raises(RosterError) as caught:
        roster(table(ENTRA, map(entra, invented()), VERSION))
    assert "There is no column for email." in str(caught.value)
    assert caught.value.hint.choices == ({"email": "User name [userPrincipalName] Required"},)
    short = ENTRA.partition(",First name")[0]
    with pytest.raises(RosterError) as caught:
        roster(f"version:v1.0\n{short}\nAda Okafor,ada@example.com,Pw-000001,No\n")
    assert "no column for email, first_name, last_name" in str(caught.value)
    assert "together in 'Name [displayName] Required', which cannot be split with certainty" in str(caught.value)
    assert "Pw-000001" not in str(caught.value)


@pytest.mark.parametrize("column", ["User name [userPrincipalName] Required", "userPrincipalName"])
def test_entra_with_a_mapping(column):
    people = list(invented())
    found = roster(table(ENTRA, map(entra, people), VERSION), mapping={"email": column})
    check_people(found, people, has_login=False)
    assert row_of(found, 0).line == 3
    assert found.has_password_column


def test_entra_rows_that_ask_for_no_user():
    """The template's third line is an example, and a blocked user cannot learn."""
    people = list(invented(3))
    rows = [
        entra(people[0], **{"Name [displayName] Required": "Example: Chris Green"}),
        entra(people[1], **{"Block sign in (Yes/No) [accountEnabled] Required": "Yes"}),
        entra(people[2]),
    ]
    details = rejections(roster(table(ENTRA, rows, VERSION), mapping={"email": "userPrincipalName"}))
    assert sorted(details) == [3, 4]
    assert "the row is the example of the template" in details[3]
    assert "[accountEnabled] Required is 'Yes', so the row asks for no user" in details[4]


def test_an_export_with_enabled_accounts():
    """In an export the column says the opposite of what the template asks."""
    text = "GivenName,Surname,Mail,AccountEnabled\nAda,Okafor,a@example.com,True\nBao,Silva,b@example.com,False\n"
    assert list(rejections(roster(text))) == [3]


@pytest.mark.parametrize("header", [MOODLE, ADOBE, GOOGLE, CANVAS])
def test_formats_are_read_with_any_delimiter(header):
    """Spreadsheets in many countries save with semicolons."""
    found = read_roster(
        io.BytesIO(b"\xef\xbb\xbf" + f"{header}\n{'x,' * header.count(',')}x\n".replace(",", ";").encode())
    )
    assert found.delimiter == ";"
    assert found.header == tuple(header.split(","))
    assert isinstance(found.settings["mapping"], dict)
    assert RosterOptions(**found.settings) == RosterOptions()
