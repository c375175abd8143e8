"""The records of the sandbox. Frozen: a copy of the state may share them."""

from __future__ import annotations

from typing import Final

from attrs import frozen

ROOT: Final = 1
"""Id of the company that the first API key belongs to."""


@frozen(kw_only=True)
class SandboxUser:
    """A registered user. The password is checked when the form is read and is never stored."""

    id: int
    login: str
    email: str
    first_name: str
    last_name: str


@frozen(kw_only=True)
class SandboxCompany:
    """A single LMS account and the user who owns it."""

    id: int
    user_id: int
    login: str
    first_name: str
    last_name: str
    name: str | None
    parent: int | None
    """The company it was created by, hence is connected to; `None` for an account's own company."""
    account: int
    """The company at the root of its account: a key reaches all companies of one account."""


@frozen(kw_only=True)
class SandboxGroup:
    """A group of a company. Names are not unique."""

    id: int
    company: int
    name: str
    description: str | None


@frozen(kw_only=True)
class SandboxDocument:
    """A piece of training content."""

    id: int
    title: str
    company: int | None
    """The only company that has it; `None`: every company has it."""
    published: int
    type: str
    published_at: str | None
    created_at: str


@frozen(kw_only=True)
class SandboxLicense:
    """A user's license for a document."""

    user: int
    document: int
    amount: int
    used: int
    views: int
    start_date: str | None
    complete_date: str | None
    total_time: int
    score: int
    status: str
    passed: bool
    created_at: str


@frozen(kw_only=True)
class NewPerson:
    """The data of a new user, or of the owner of a new company."""

    email: str
    first_name: str
    last_name: str
    login: str | None = None
    """`None`: the e-mail is the login (reference: Create User)."""
