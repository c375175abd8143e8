"""The models of the API, as plain attrs classes. They are generated from `openapi/coggno.yaml`."""

from __future__ import annotations

from coggno._generated.models import (
    Company,
    Document,
    DocumentLicense,
    DocumentLicenses,
    DocumentSummary,
    Group,
    LicenseUser,
    User,
    UserLicense,
    UserLicenses,
)

__all__ = [
    "Company",
    "Document",
    "DocumentLicense",
    "DocumentLicenses",
    "DocumentSummary",
    "Group",
    "LicenseUser",
    "User",
    "UserLicense",
    "UserLicenses",
]
