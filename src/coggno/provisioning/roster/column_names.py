"""What columns are called: names of fields, in this and in other systems, however they are spelt. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Final

SINGLE: Final = ("email", "first_name", "last_name", "login", "password", "company")  # fields with one column at most
FIELDS: Final = (*SINGLE, "group")
_NAMES: Final[Mapping[str, str]] = {
    name: field
    for field, names in {
        "email": "email emailaddress mail",
        "first_name": "firstname givenname forename",
        "last_name": "lastname surname familyname",
        # Canvas has login_id, Microsoft Entra userPrincipalName
        "login": "login loginname username loginid userprincipalname",
        "password": "password passwordprofile",
        "group": "group groups",
        "company": "company companyid",
    }.items()
    for name in names.split()
}
_SHORT_NAMES: Final[Mapping[str, str]] = {"first": "first_name", "last": "last_name"}
_WHOLE_NAMES: Final = frozenset({"name", "fullname", "displayname", "sortablename"})
_COHORT: Final = re.compile(r"cohort\d+")  # Moodle's upload format: cohort1, cohort2, ...
_MARKS: Final = re.compile(r"\[required\]|\[upload only\]|\*")  # of columns in Google Workspace
_PROPERTY: Final = re.compile(r"\[([A-Za-z]+)\]")  # Microsoft Entra: `First name [givenName]`
_NEARLY: Final = 0.8  # of difflib's ratio: two letters of `group` exchanged
# HR exports come in many languages; short words count only as the whole name.
_SECRET: Final = re.compile(
    "passwor[dt]|passwd|passphrase|pwd|kennwort|contrase[nñ]a|motdepasse|wachtwoord|senha|parola|has[lł]o|l[oö]senord|"
    "adgangskode|salasana|пароль|密码|パスワード|^(?:pass|pw|pin|pincode|secret|clave)$"
)


def column_key(name: str) -> str:
    """Return the text by which names of columns are compared: `First Name [Required]` equals `first_name`."""
    return re.sub(r"[\W_]+", "", _MARKS.sub("", name.casefold()))


def keys_of(name: str) -> Iterator[str]:
    """Yield the texts by which a column is found: that of its name, and that of its property, where it has one."""
    yield column_key(name)
    found = _PROPERTY.search(name)
    if found is not None and found[1].casefold() != "required":
        yield found[1].casefold()


def field_of(name: str) -> str | None:
    """Return the field of a column that has one of the usual names."""
    for key in keys_of(name):
        if _COHORT.fullmatch(key):
            return "group"
        if key in _NAMES:
            return _NAMES[key]
    return _SHORT_NAMES.get(column_key(name))


def is_short_name(name: str) -> bool:
    """Return whether a column is called `First` or `Last`, and so gives way to one with the full name of the field."""
    return column_key(name) in _SHORT_NAMES


def near_field(name: str) -> str | None:
    """Return the field of a usual name that is nearly the name of a column, as in `gruop`."""
    near = get_close_matches(column_key(name), _NAMES, n=1, cutoff=_NEARLY)
    return _NAMES[near[0]] if near else None


def is_whole_name(name: str) -> bool:
    """Return whether a column has first and last name together."""
    return not _WHOLE_NAMES.isdisjoint(keys_of(name))


def is_user_name(name: str) -> bool:
    """Return whether a column has Microsoft Entra's names of users, which mostly are e-mail addresses."""
    return "userprincipalname" in keys_of(name)


def may_be_secret(name: str) -> bool:
    """Return whether a column may hold passwords, used or not."""
    key = column_key(name)
    return _SECRET.search(key) is not None or bool(get_close_matches(key, ["password"], cutoff=_NEARLY))
