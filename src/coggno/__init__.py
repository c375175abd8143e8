"""Async client for the Coggno LMS, with generated typed models."""

from __future__ import annotations

from coggno._config import Timeout
from coggno._facade import AsyncCoggno
from coggno._protocol.model import to_dict
from coggno._protocol.operation import UNSET, Operation, Request, Send, Settle
from coggno._resources import Ensured
from coggno._session import Attempt, Exchange, Response
from coggno._version import __version__
from coggno.errors import (
    AmbiguousNameError,
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    CoggnoError,
    ConfigurationError,
    DecodeError,
    InvalidRequestError,
    NotFoundError,
    OutcomeUnknownError,
    PartialWriteError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    UnprocessableEntityError,
)
from coggno.models import (
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
    "UNSET",
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "APITimeoutError",
    "AmbiguousNameError",
    "AsyncCoggno",
    "Attempt",
    "AuthenticationError",
    "BadRequestError",
    "CoggnoError",
    "Company",
    "ConfigurationError",
    "DecodeError",
    "Document",
    "DocumentLicense",
    "DocumentLicenses",
    "DocumentSummary",
    "Ensured",
    "Exchange",
    "Group",
    "InvalidRequestError",
    "LicenseUser",
    "NotFoundError",
    "Operation",
    "OutcomeUnknownError",
    "PartialWriteError",
    "PermissionDeniedError",
    "RateLimitError",
    "Request",
    "Response",
    "Send",
    "ServerError",
    "Settle",
    "Timeout",
    "UnprocessableEntityError",
    "User",
    "UserLicense",
    "UserLicenses",
    "__version__",
    "to_dict",
]
