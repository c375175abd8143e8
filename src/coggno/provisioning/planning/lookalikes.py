"""People of a roster who are on the server under a login that is written in another way. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

from attrs import frozen

from coggno._protocol.identity import login_key, name_key
from coggno.models import User
from coggno.provisioning.planning.wanted import Digests
from coggno.provisioning.roster import Person

CompanyPerson: TypeAlias = "tuple[int | None, Person]"
"""Id of a connected company (`None` for that of the key), and somebody whom the roster asks for there."""

# Cyrillic and Greek letters that nobody can tell from Latin ones.
_LETTERS: Final = str.maketrans("авеікмнорстухѕјԁԛԝοαρυν", "abeikmhopctyxsjdqwoapyv")
_QUOTES: Final = "'\"`\u00b4\u2018\u2019\u201c\u201d"
_NUMBER: Final = re.compile(r"\+?0*(\d+?)(?:\.0+)?")
_EXACT_DIGITS: Final = 15  # of a number that a spreadsheet keeps; it replaces further ones by zeros


@frozen
class Lookalikes:
    """Finds users who are not in a roster and are probably people of it, under another login.

    Attributes:
        keys: logins of the roster, as they are compared.
        anywhere: the same, whatever the company.
        skeletons: logins and e-mail addresses of the roster, without what spreadsheets and keyboards change.
        names: names of the people whose user is new.
        beginnings: what comes before the @ in logins and e-mail addresses of these.
    """

    keys: Digests
    anywhere: Digests
    skeletons: Digests
    names: Digests
    beginnings: Digests

    @classmethod
    def of(
        cls, people: Callable[[], Iterable[CompanyPerson]], newcomers: Callable[[], Iterable[CompanyPerson]]
    ) -> Lookalikes:
        """Return what finds them.

        Args:
            people: yields everybody in the roster.
            newcomers: yields those whose user the run creates, or an earlier run of its journal has created.
        """
        return cls(
            Digests(f"{company}/{person.key}" for company, person in people()),
            Digests(person.key for _, person in people()),
            Digests(f"{company}/{skeleton(text)}" for company, person in people() for text in _texts(person)),
            Digests(f"{company}/{_names(person.first_name, person.last_name)}" for company, person in newcomers()),
            Digests(f"{company}/{_beginning(text)}" for company, person in newcomers() for text in _texts(person)),
        )

    def reason(self, company: int | None, user: User) -> str | None:
        """Return why a user is probably somebody of the roster, or `None`.

        Args:
            company: of the user.
            user: who is not in the roster, or not in it with the group in question.
        """
        if f"{company}/{login_key(user.login)}" in self.keys:
            return None  # nobody else
        if login_key(user.login) in self.anywhere:
            # No two users of Coggno have the same login: the company is the same one under two names.
            return "the roster has this login in another company"
        if f"{company}/{skeleton(user.login)}" in self.skeletons:
            return "the roster has a login or an e-mail address that differs only in how it is written"
        # `str`: a tolerant client passes on whatever the server sends.
        names: tuple[str | None, str | None] = user.first_name, user.last_name
        if all(names) and f"{company}/{_names(str(names[0]), str(names[1]))}" in self.names:
            return "a new user of the roster has the same name"
        if f"{company}/{_beginning(user.login)}" in self.beginnings:
            return "a new user of the roster has the same login or e-mail address up to the @"
        return None


def skeleton(login: str) -> str:
    """Return what is left of a login without that which spreadsheets, keyboards and copying change."""
    text = unicodedata.normalize("NFKC", login_key(login)).casefold().translate(_LETTERS)
    visible = "".join(character for character in text if character.isprintable() and not character.isspace())
    bare = visible.strip(_QUOTES)
    number = _NUMBER.fullmatch(bare)
    if number is None or not bare.isascii():
        return bare
    digits = number[1]
    return digits if len(digits) <= _EXACT_DIGITS else f"{digits[:_EXACT_DIGITS]}+{len(digits)}"


def _texts(person: Person) -> Iterator[str]:
    yield person.effective_login
    if person.login is not None:
        yield person.email


def _names(first_name: str, last_name: str) -> str:
    # In any order: some lists have the family name first.
    return "/".join(sorted(name_key(name).casefold() for name in (first_name, last_name)))


def _beginning(login: str) -> str:
    return skeleton(login.partition("@")[0])
