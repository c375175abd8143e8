"""Build the API reference: one page from openapi/coggno.yaml and Redoc, which asks no other host for anything.

    python docs/reference/build.py             # after a change of the spec
    python docs/reference/build.py --npm       # with Redoc as npm has it
    python docs/reference/build.py --check     # fail if the page is not what this would write

The page is written into the package, where the sandbox serves it at `/docs`; opening the file works as well. Without
`--npm`, Redoc is taken from the page that is there: only a new Redoc needs Node and a network. Either way it must be
the very file whose hash stands below.
"""

from __future__ import annotations

import argparse
import hashlib
import html
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from string import Template
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).resolve().parents[2]
SPEC: Final = ROOT / "openapi" / "coggno.yaml"
PAGE: Final = ROOT / "src" / "coggno" / "sandbox" / "reference.html"
TEMPLATE: Final = Path(__file__).with_name("page.html")
LICENSES: Final = Path(__file__).with_name("LICENSES.txt")

REDOC: Final = "2.5.4"
"""Redoc 3 makes many pages and expects a server; 2 is one page."""
BUNDLE_SHA256: Final = "dcaf76612bc4a3fbcc923a8966dee2f6146a5f32e5ce1b6f02dd60cbbf89500b"
"""Of bundles/redoc.standalone.js in the npm package redoc."""

# Redoc's only request to another host is for the picture beside "API docs by Redocly".
_LOGO: Final = "https://cdn.redoc.ly/redoc/logo-mini.svg"
_NO_LOGO: Final = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E"
_BEGIN: Final = '<script id="redoc">\n'
_END: Final = "\n</script><!-- redoc -->"


class BuildError(Exception):
    """The page cannot be built; the message says why."""


def main(arguments: list[str] | None = None) -> int:
    """Build or check the page; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        wanted = build(SPEC.read_bytes(), _from_npm() if options.npm else _from_page())
    except BuildError as error:
        sys.stderr.write(f"docs: {error}\n")
        return 1
    if options.check:
        return _compare(wanted)
    PAGE.write_text(wanted, encoding="utf-8", newline="\n")
    sys.stdout.write(f"docs: {PAGE.relative_to(ROOT)}, {len(wanted.encode()) // 1024} KiB\n")
    return 0


def build(spec: bytes, bundle: str) -> str:
    """Return the page.

    Args:
        spec: the YAML of the spec.
        bundle: Redoc's standalone bundle, as npm has it.

    Raises:
        BuildError: the bundle is not the pinned one.
    """
    _check(bundle)
    document = yaml.safe_load(spec)
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=html.escape(document["info"]["title"]),
        spec_hash=hashlib.sha256(spec).hexdigest(),
        redoc=REDOC,
        operations="\n".join(_rows(document)),
        licenses=LICENSES.read_text(encoding="utf-8").strip(),
        spec=_script_json(document),
        bundle=_BEGIN + bundle.replace(_LOGO, _NO_LOGO) + _END,
    )


def _check(bundle: str) -> None:
    if hashlib.sha256(bundle.encode()).hexdigest() != BUNDLE_SHA256:
        raise BuildError(f"this is not the redoc.standalone.js of redoc {REDOC}")
    if bundle.count(_LOGO) != 1 or _NO_LOGO in bundle or "</script" in bundle:
        raise BuildError("the bundle cannot be put into a page as it is")


def _from_npm() -> str:
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", f"redoc@{REDOC}"]
        try:
            subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE)  # noqa: S603
        except (OSError, subprocess.CalledProcessError) as error:
            raise BuildError(f"npm cannot get Redoc: {error}") from error
        (package,) = Path(folder).glob("*.tgz")
        with tarfile.open(package) as members:
            bundle = members.extractfile("package/bundles/redoc.standalone.js")
            return bundle.read().decode() if bundle else ""


def _from_page() -> str:
    page = PAGE.read_bytes().decode() if PAGE.exists() else ""
    bundle = page.partition(_BEGIN)[2].partition(_END)[0]
    if not bundle:
        raise BuildError(f"{PAGE} holds no Redoc: give --npm")
    return bundle.replace(_NO_LOGO, _LOGO)


def _rows(document: dict[str, Any]) -> list[str]:
    """Return a table row for every operation, for readers without scripts."""
    return [
        f"<tr><td>{method.upper()}</td><td>{html.escape(path)}</td><td>{html.escape(operation['summary'])}</td></tr>"
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]


def _script_json(document: dict[str, Any]) -> str:
    """Return JSON that may stand inside a script element; in lines, so that a change can be read."""
    return json.dumps(document, ensure_ascii=False, indent=1).replace("<", "\\u003c")


def _compare(wanted: str) -> int:
    if PAGE.read_bytes().decode() == wanted:
        return 0
    sys.stderr.write(f"docs: {PAGE.relative_to(ROOT)} is not up to date: run `nox -s docs`\n")
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Build the API reference from the spec.")
    parser.add_argument("--npm", action="store_true", help="take Redoc from npm, not from the page that is there")
    parser.add_argument("--check", action="store_true", help="only fail if the page is not up to date")
    return parser


if __name__ == "__main__":
    sys.exit(main())
