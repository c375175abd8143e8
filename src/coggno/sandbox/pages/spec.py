"""The OpenAPI document, as the sandbox shows it: its own address first, and a command to try."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

_PACKAGED: Final = "openapi.yaml"
"""Added to the package by the build; the repository keeps the document in one place only."""
_IN_CHECKOUT: Final = Path("openapi", "coggno.yaml")
_SERVERS: Final = "\nservers:\n"
_DESCRIPTION: Final = "\n  description: |-\n"


def spec_for(address: str, key: str | None) -> str:
    """Return the document as YAML.

    It is changed as text: reading YAML would need a library at run time, only to write it again.

    Args:
        address: where the sandbox is reached.
        key: an API key that may be shown, if there is one.
    """
    server = f"  - url: {json.dumps(address)}\n    description: This sandbox. Nothing in it is real.\n"
    sample = f"    Try it on this sandbox: `curl {address}/api/v1/users -u {key or 'YOUR_KEY'}:`\n\n"
    # The first match only: descriptions further down contain the same lines.
    text = _text()
    text = text.replace(_SERVERS, _SERVERS + server, 1)
    return text.replace(_DESCRIPTION, _DESCRIPTION + sample, 1)


@cache
def _text() -> str:
    packaged = files("coggno.sandbox").joinpath(_PACKAGED)
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")
    # An editable install, or a checkout on PYTHONPATH: src/coggno/sandbox/pages is four folders below the root.
    return Path(__file__).parents[4].joinpath(_IN_CHECKOUT).read_text(encoding="utf-8")
