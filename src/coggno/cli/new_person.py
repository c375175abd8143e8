"""The options that describe a person who gets an account."""

from __future__ import annotations

from typing import TypedDict

from coggno.cli.option_groups import option_group
from coggno.cli.options import Email, FirstName, LastName, NewLogin, PasswordStdin
from coggno.cli.terminal.prompts import read_password


class PersonFields(TypedDict):
    """What the API wants to know of a new person."""

    email: str
    first_name: str
    last_name: str
    login: str | None
    password: str


@option_group
class NewPersonOptions:
    """Name, address and login of a new person, and where the password comes from."""

    email: Email
    first_name: FirstName
    last_name: LastName
    login: NewLogin = None
    password_stdin: PasswordStdin = False

    def fields(self) -> PersonFields:
        """Return what the API wants to know; asks for the password."""
        return {
            "email": self.email,
            "first_name": self.first_name,
            "last_name": self.last_name,
            "login": self.login,
            "password": read_password(from_stdin=self.password_stdin),
        }
