"""The API itself: reading requests, carrying operations out, writing responses. Knows nothing of faults."""

from __future__ import annotations

from .authentication import EXAMPLE_KEY, ApiKeys, acting_company
from .calls import ApiCall, SandboxOperation
from .errors import ApiError, InvalidFieldsError, error_body, from_state_error
from .forms import check_fields, read_form
from .operations import OPERATION_IDS, OPERATIONS, WRITES
from .request_log import OpenRequest, RequestLog, RequestRecord
from .requests import ReceivedRequest, check_host, check_origin, fields_of, path_for_log, read_body, read_request
from .responses import ApiResponse, error_response

__all__ = [
    "EXAMPLE_KEY",
    "OPERATIONS",
    "OPERATION_IDS",
    "WRITES",
    "ApiCall",
    "ApiError",
    "ApiKeys",
    "ApiResponse",
    "InvalidFieldsError",
    "OpenRequest",
    "ReceivedRequest",
    "RequestLog",
    "RequestRecord",
    "SandboxOperation",
    "acting_company",
    "check_fields",
    "check_host",
    "check_origin",
    "error_body",
    "error_response",
    "fields_of",
    "from_state_error",
    "path_for_log",
    "read_body",
    "read_form",
    "read_request",
]
