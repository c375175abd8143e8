"""Records as the JSON objects the reference shows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from coggno.sandbox.state import SandboxCompany, SandboxDocument, SandboxGroup, SandboxLicense, SandboxUser

JsonObject: TypeAlias = dict[str, Any]


def company(record: SandboxCompany) -> JsonObject:
    """Return a company as in "Create Company"."""
    return {
        "id": record.id,
        "user_id": record.user_id,
        "login": record.login,
        "first_name": record.first_name,
        "last_name": record.last_name,
        "name": record.name,
    }


def group(record: SandboxGroup) -> JsonObject:
    """Return a group as in "Get Specific Group"."""
    return {"id": record.id, "name": record.name, "description": record.description}


def deleted_group(record: SandboxGroup) -> JsonObject:
    """Return a group as in "Delete Group": it has no description there."""
    # Leaving the field out is what the reference shows; a client must not expect it to be null.
    return {"id": record.id, "name": record.name}


def user(record: SandboxUser) -> JsonObject:
    """Return a user as in "Create User"."""
    # The e-mail never comes back: whether the real API returns it is not documented.
    return {
        "id": record.id,
        "login": record.login,
        "first_name": record.first_name,
        "last_name": record.last_name,
    }


def document(record: SandboxDocument) -> JsonObject:
    """Return a document as in "Get All Documents"."""
    return {
        "id": record.id,
        "title": record.title,
        "published": record.published,
        "type": record.type,
        "published_at": record.published_at,
        "created_at": record.created_at,
    }


def user_licenses(holder: SandboxUser, licenses: Iterable[tuple[SandboxLicense, SandboxDocument]]) -> JsonObject:
    """Return a user with licenses as in "Get User Licenses"."""
    return {
        "user": _holder(holder),
        "licenses": [{**_license(each), "document": _summary(of)} for each, of in licenses],
    }


def document_licenses(of: SandboxDocument, licenses: Iterable[tuple[SandboxLicense, SandboxUser]]) -> JsonObject:
    """Return a document with licenses as in "Get Document Licenses"."""
    return {
        "document": _summary(of),
        "licenses": [{**_license(each), "user": _holder(holder)} for each, holder in licenses],
    }


def _license(record: SandboxLicense) -> JsonObject:
    return {
        "amount": record.amount,
        "used": record.used,
        "views": record.views,
        "start_date": record.start_date,
        "complete_date": record.complete_date,
        "total_time": record.total_time,
        "score": record.score,
        "status": record.status,
        "passed": record.passed,
        "created_at": record.created_at,
    }


def _holder(record: SandboxUser) -> JsonObject:
    # No login here, other than everywhere else.
    return {"id": record.id, "first_name": record.first_name, "last_name": record.last_name}


def _summary(record: SandboxDocument) -> JsonObject:
    return {"id": record.id, "title": record.title}
