"""One async function for each operation of the API, generated from `openapi/coggno.yaml`; see `AsyncCoggno.call`."""

from __future__ import annotations

from coggno._generated.operations import (
    add_group_user,
    create_company,
    create_group,
    create_user,
    delete_group,
    delete_group_by_name,
    delete_user,
    get_document_licenses,
    get_group,
    get_group_user,
    get_user,
    get_user_licenses,
    list_companies,
    list_documents,
    list_group_users,
    list_groups,
    list_users,
    remove_group_user,
)

__all__ = [
    "add_group_user",
    "create_company",
    "create_group",
    "create_user",
    "delete_group",
    "delete_group_by_name",
    "delete_user",
    "get_document_licenses",
    "get_group",
    "get_group_user",
    "get_user",
    "get_user_licenses",
    "list_companies",
    "list_documents",
    "list_group_users",
    "list_groups",
    "list_users",
    "remove_group_user",
]
