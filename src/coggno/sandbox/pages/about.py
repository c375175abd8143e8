"""The first page: what this is, and what there is."""

from __future__ import annotations

from typing import Final

from coggno.sandbox.api import EXAMPLE_KEY, OPERATIONS
from coggno.sandbox.faults import fault_help

_ABOUT: Final = """\
The Coggno sandbox: the Coggno API on this machine. Nothing here is real, and it is lost when the sandbox
stops, unless it keeps its state in a file.

    curl {address}/api/v1/users -u {key}:

API reference  {address}/docs

Control pages, with an API key as above:

    curl {address}/_sandbox/state -u {key}:                 companies, counts of requests
    curl {address}/_sandbox/effects -u {key}:               what requests changed, in order
    curl {address}/_sandbox/requests -u {key}:              the last requests
    curl {address}/_sandbox/faults -u {key}:                active faults
    curl {address}/_sandbox/faults -u {key}: -d fault=drop  add a fault
    curl {address}/_sandbox/faults -u {key}: -X DELETE      remove all faults, or with -d fault=drop that one

Operations, below /api/v1 and /capp/api/v1:

{operations}

{faults}"""


def about(address: str, key: str | None) -> str:
    """Return the text.

    Args:
        address: where the sandbox is reached.
        key: an API key that may be shown, if there is one.
    """
    # Plain text: it is read with curl as often as with a browser.
    rows = [f"    {each.method:6} /{each.path:32} {each.id}" for each in OPERATIONS]
    return _ABOUT.format(address=address, key=key or EXAMPLE_KEY, operations="\n".join(rows), faults=fault_help())
