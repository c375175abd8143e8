"""Docstrings of this project are Google style with Markdown inside; autodoc reads reStructuredText.

Converted is what the docstrings use of Markdown: fenced or indented code, and code in backticks.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from typing import Any

from sphinx.application import Sphinx

PUBLIC_MODULES = (
    "coggno",
    "coggno.errors",
    "coggno.models",
    "coggno.operations",
    "coggno.provisioning",
    "coggno.sandbox",
)
_CODE = re.compile(r"(?<![`:\w])`([^`\n]+)`(?!`)")
_FENCE = re.compile(r"^(\s*)```(\w*)$")


def convert(lines: list[str], links: dict[str, str]) -> Iterator[str]:
    """Yield the lines of a docstring as reStructuredText.

    Args:
        lines: the docstring.
        links: names that have an entry in the reference -> their full name.
    """
    fence: str | None = None
    for line in _fenced(lines):
        match = _FENCE.match(line)
        if match and fence is None:
            fence = match[1]
            yield from ("", f"{fence}.. code-block:: {match[2] or 'text'}", "")
        elif match:
            fence = None
            yield ""
        elif fence is not None:
            # reStructuredText wants the code of a block deeper than its directive
            yield f"   {line}" if line.strip() else ""
        else:
            yield _CODE.sub(lambda code: _linked(code[1], links), line)


def _fenced(lines: list[str]) -> Iterator[str]:
    """Yield the lines with indented code in fences, as Markdown would take it."""
    before = ""  # the last line with text, where a blank line follows it
    is_code = False
    for number, line in enumerate(lines):
        is_indented = line.startswith("    ")
        # In a section such as `Args:` no blank line stands before the first indentation.
        if (
            is_indented
            and not is_code
            and number
            and not lines[number - 1].strip()
            and not before.startswith(" ")
        ):
            is_code = True
            yield "```python"
        elif is_code and line.strip() and not is_indented:
            is_code = False
            yield "```"
        before = line if line.strip() else before
        yield line[4:] if is_code else line
    if is_code:
        yield "```"


def _linked(code: str, links: dict[str, str]) -> str:
    if code in links:
        return f":py:obj:`~{links[code]}`"
    return f"``{code}``"


def _links() -> dict[str, str]:
    """Return the public names that the reference documents, short and full -> full."""
    links: dict[str, str] = {}
    for name in PUBLIC_MODULES:
        module = importlib.import_module(name)
        for public in getattr(module, "__all__", dir(module)):
            member = getattr(module, public)
            if (
                inspect.isclass(member)
                and member.__module__.startswith("coggno")
                and not public.startswith("_")
            ):
                # the last module wins: errors and models have their entry in a module of their own
                links[public] = links[f"coggno.{public}"] = f"{name}.{public}"
    return links


def _readable_default(
    _app: Sphinx,
    _what: str,
    _name: str,
    _member: Any,
    _options: Any,
    signature: str | None,
    returns: str | None,
) -> tuple[str | None, str | None]:
    """Write the value of a default where the source names a private constant."""
    if signature is None:
        return signature, returns
    return signature.replace("_config.MAX_RESPONSE_BYTES", "268_435_456"), returns


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the conversion. It runs before napoleon, which has the default priority."""
    links = _links()

    def process(
        _app: Sphinx,
        _what: str,
        _name: str,
        _member: Any,
        _options: Any,
        lines: list[str],
    ) -> None:
        lines[:] = convert(lines, links)

    app.connect("autodoc-process-docstring", process, priority=100)
    app.connect("autodoc-process-signature", _readable_default)
    return {"parallel_read_safe": True}
