"""`/docs`: Swagger UI on the sandbox's own address, or a plain list of the operations.

The files of Swagger UI come from the PyPI package `flask-swagger-ui` (extra `swagger`), which follows its releases.
Only its files are read: it is not imported, and Flask is not either.
"""

from __future__ import annotations

import html
import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from coggno.sandbox.api import OPERATIONS, SandboxOperation

_PACKAGE: Final = "flask_swagger_ui"
FILES: Final = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}
"""The only files that are served, and their media types."""

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; connect-src 'self'; font-src data:; img-src 'self' data:; "
    "script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""No other host is ever contacted, and no other site may frame a page that can delete users with one click."""

_VIEWER: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Coggno API on this sandbox</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<noscript><p>Without scripts: <a href="docs/operations">all operations as a list</a>.</p></noscript>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script>
const key = %(key)s
const ui = SwaggerUIBundle({
  url: "openapi.yaml",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayOperationId: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  onComplete: () => { if (key) ui.preauthorizeBasic("apiKey", key, "") },
})
</script>
</body>
</html>
"""
_LIST: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Coggno API on this sandbox</title>
<link rel="icon" href="data:,">
<style>
body { font: 1em/1.4 sans-serif; margin: 2em; max-width: 80em }
div { overflow-x: auto }
th, td { padding: .3em 1em .3em 0; text-align: left }
</style>
</head>
<body>
<h1>Coggno API on this sandbox</h1>
<p>%(hint)sThe whole description is in <a href="/openapi.yaml">openapi.yaml</a>.</p>
<div>
<table>
<tr><th>Operation</th><th>Method</th><th>Path</th><th>Try it</th></tr>
%(rows)s
</table>
</div>
</body>
</html>
"""
_HINT: Final = "To send requests from this page, install <code>pip install 'coggno[swagger]'</code>. "


_SAMPLES: Final = {
    "email": "ann@example.com",
    "first_name": "Ann",
    "id": "2",
    "last_name": "Lee",
    "name": "Warehouse",
    "password": "not-a-real-one",
}
"""Values of required fields; they go through a shell as they are."""


def docs_page(address: str, key: str | None) -> str:
    """Return the page at `/docs`.

    Args:
        address: where the sandbox is reached.
        key: an API key that may be shown, if there is one; the page sends it with every request.
    """
    # Without the extra the page still works: it must not depend on what a test environment happens to install.
    if _folder() is None:
        return operation_list(address, key, hint=True)
    # "<" is escaped: a key must not end the script.
    return _VIEWER % {"key": json.dumps(key).replace("<", "\\u003c")}


def operation_list(address: str, key: str | None, *, hint: bool = False) -> str:
    """Return a page that lists the operations, with a command for each.

    Args:
        address: where the sandbox is reached.
        key: an API key that may be shown, if there is one.
        hint: whether to name the extra that the viewer needs.
    """
    rows = [_row(each, address, key or "YOUR_KEY") for each in OPERATIONS]
    return _LIST % {"rows": "\n".join(rows), "hint": _HINT if hint else ""}


def viewer_file(name: str) -> bytes | None:
    """Return a file of Swagger UI, or None if there is none of that name, or the extra is not installed."""
    folder = _folder()
    return folder.joinpath(name).read_bytes() if folder is not None and name in FILES else None


def curl(operation: SandboxOperation, address: str, key: str) -> str:
    """Return a command that calls an operation with made-up values."""
    parts = [f"curl {address}/api/v1/{_filled(operation.path)} -u {key}:"]
    if operation.method != "GET":
        parts.append(f"-X {operation.method}")
    parts += [f"-d {name}={_SAMPLES[name]}" for name, required in operation.fields.items() if required]
    return " ".join(parts)


def _filled(path: str) -> str:
    return path.replace("{group}", "1").replace("{user}", "2").replace("{document}", "1")


def _row(operation: SandboxOperation, address: str, key: str) -> str:
    cells = (operation.id, operation.method, f"/api/v1/{operation.path}", curl(operation, address, key))
    marked = [f"<td><code>{html.escape(cell)}</code></td>" for cell in cells]
    return f"<tr>{''.join(marked)}</tr>"


@cache
def _folder() -> Path | None:
    # find_spec does not import a package on the top level, so Flask stays out of the process.
    found = find_spec(_PACKAGE)
    locations = found.submodule_search_locations if found is not None else None
    folder = Path(next(iter(locations)), "dist") if locations else None
    return folder if folder is not None and all(folder.joinpath(name).is_file() for name in FILES) else None
