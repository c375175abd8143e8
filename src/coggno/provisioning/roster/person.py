"""A user as a row describes it: the values that the requests will carry."""

from __future__ import annotations

from attrs import field, frozen

from coggno._protocol.identity import group_key, login_key, name_key, text_key


@frozen(kw_only=True)
class Person:
    """The user whom a row asks for.

    Attributes:
        email: e-mail address.
        first_name: given name.
        last_name: family name.
        login: login name; `None` where the row gives none.
        password: password of a new user; `None` where the row gives none.
        groups: names of the groups that the user is put into, in the row's order.
        company: id or name of the company that the user belongs to, as it is written; `None` where the row gives none.
    """

    email: str
    first_name: str
    last_name: str
    login: str | None = None
    password: str | None = field(default=None, repr=False)
    groups: tuple[str, ...] = ()
    company: str | None = None

    @property
    def effective_login(self) -> str:
        """The login that the user will have: the e-mail address where none is given (reference: Create User)."""
        return self.login if self.login is not None else self.email

    @property
    def key(self) -> str:
        """What makes two rows the same user."""
        return login_key(self.effective_login)

    @property
    def wish(self) -> tuple[str, ...]:
        """What is wanted, in a form that is equal for rows that want the same; without the password."""
        groups = sorted(map(group_key, self.groups))
        names = name_key(self.first_name), name_key(self.last_name)
        return (text_key(self.company or ""), self.key, login_key(self.email), *names, *groups)

    def has_names(self, first_name: str | None, last_name: str | None) -> bool:
        """Return whether these are the person's names; the encoding of accents and spacing make no difference.

        Args:
            first_name: on the server; `None` where the server does not give it, which contradicts nothing.
            last_name: likewise.
        """
        pairs = ((self.first_name, first_name), (self.last_name, last_name))
        # `str`: a tolerant client passes on whatever the server sends, even a number.
        return all(theirs is None or name_key(ours) == name_key(str(theirs)) for ours, theirs in pairs)
