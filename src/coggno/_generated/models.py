from __future__ import annotations
import datetime as dt
from attrs import define


@define(kw_only=True)
class LicenseUser:
    id: int
    first_name: str
    last_name: str


@define(kw_only=True)
class DocumentSummary:
    id: int
    title: str


@define(kw_only=True)
class UserLicense:
    document: DocumentSummary
    amount: int
    used: int
    views: int | None = None
    start_date: dt.date | None = None
    complete_date: dt.date | None = None
    total_time: int | None = None
    score: float | None = None
    status: str
    passed: bool
    created_at: dt.date | None = None


@define(kw_only=True)
class UserLicenses:
    user: LicenseUser
    licenses: list[UserLicense]


@define(kw_only=True)
class User:
    id: int
    login: str
    first_name: str
    last_name: str


@define(kw_only=True)
class Document:
    id: int
    title: str
    published: int | None = None
    type: str | None = None
    published_at: dt.date | None = None
    created_at: dt.date | None = None


@define(kw_only=True)
class Group:
    id: int
    name: str
    description: str | None = None


@define(kw_only=True)
class DocumentLicense:
    user: LicenseUser
    amount: int
    used: int
    views: int | None = None
    start_date: dt.date | None = None
    complete_date: dt.date | None = None
    total_time: int | None = None
    score: float | None = None
    status: str
    passed: bool
    created_at: dt.date | None = None


@define(kw_only=True)
class DocumentLicenses:
    document: DocumentSummary
    licenses: list[DocumentLicense]


@define(kw_only=True)
class Company:
    id: int
    user_id: int
    login: str
    first_name: str
    last_name: str
    name: str | None = None
