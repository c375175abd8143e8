"""The methods of the client: companies, groups, group members, users and documents, over the generated operations."""

from __future__ import annotations

from coggno._resources.companies import Companies
from coggno._resources.documents import Documents
from coggno._resources.ensured import Ensured
from coggno._resources.groups import Groups, GroupUsers
from coggno._resources.users import Users

__all__ = ["Companies", "Documents", "Ensured", "GroupUsers", "Groups", "Users"]
