"""Docstrings of this project are Google style with Markdown inside; autodoc reads reStructuredText.

Converted is what the docstrings use of Markdown: fenced or indented code, and code in backticks.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from typing import Any

import attrs
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

PUBLIC_MODULES = (
    "coggno",
    "coggno.errors",
    "coggno.models",
    "coggno.operations",
    "coggno.otel",
    "coggno.provisioning",
    "coggno.sandbox",
)
_CODE = re.compile(r"(?<![`:\w])`([^`\n]+)`(?!`)")
_LOGGER = logging.getLogger(__name__)
_ATTRS_DEFAULT = re.compile(r"attr_dict\['(\w+)'\]\.default")
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


def _readable_signature(
    _app: Sphinx,
    what: str,
    _name: str,
    member: Any,
    _options: Any,
    signature: str | None,
    returns: str | None,
) -> tuple[str, str | None] | None:
    """Return a signature without the expressions of generated or private code; `None` leaves it as it is."""
    if signature is None:
        return None
    if what == "class" and _is_made_for_readers(member):
        return "", returns
    if (
        "Concatenate" in signature
    ):  # AsyncCoggno.call, whose types a checker reads better than a person
        return "(operation, /, *args, **kwargs)", "Response"
    if attrs.has(member):
        # unknown fields, which the base class of the models keeps
        signature = signature.replace(
            " extra: dict[str, Any] | None = attr_dict['_extra'].default,", ""
        )
        fields = attrs.fields_dict(member)
        signature = _ATTRS_DEFAULT.sub(
            lambda found: repr(fields[found[1]].default), signature
        )
        signature = signature.replace("= NOTHING", "= ...").replace(
            "= mappingproxy({})", "= {}"
        )
    return signature.replace("_config.MAX_RESPONSE_BYTES", "268_435_456"), returns


def _is_made_for_readers(member: type) -> bool:
    """Return whether readers get instances of a class and do not make any."""
    return getattr(member, "_is_protocol", False) or member.__module__.startswith(
        "coggno._resources"
    )


def _check_complete(_app: Sphinx, env: BuildEnvironment) -> None:
    """Warn of public names that have no entry; the build takes warnings for errors."""
    entries = set(env.get_domain("py").data["objects"])
    for module in PUBLIC_MODULES:
        names = getattr(importlib.import_module(module), "__all__", ())
        for name in sorted({*names} - {"__version__"}):
            # what the package exports may have its entry on the page of the module that it comes from
            homes = PUBLIC_MODULES if module == "coggno" else (module,)
            if not any(f"{home}.{name}" in entries for home in homes):
                _LOGGER.warning("the reference has no entry for %s.%s", module, name)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the conversion before napoleon, which has the default priority of 500."""
    links = _links()
    sentences: dict[str, list[str]] = {}

    def process(
        _app: Sphinx,
        what: str,
        name: str,
        _member: Any,
        _options: Any,
        lines: list[str],
    ) -> None:
        lines[:] = convert(lines, links)
        # napoleon would take "What it is: a sentence" below an attribute for a type with its description
        if what in {"attribute", "data", "property"}:
            sentences[name] = [*lines]
            lines.clear()

    def restore(
        _app: Sphinx,
        _what: str,
        name: str,
        _member: Any,
        _options: Any,
        lines: list[str],
    ) -> None:
        lines[:] = sentences.pop(name, lines)

    app.connect("autodoc-process-docstring", process, priority=100)
    app.connect("autodoc-process-docstring", restore, priority=900)
    app.connect("autodoc-process-signature", _readable_signature)
    app.connect("env-check-consistency", _check_complete)
    return {"parallel_read_safe": True}
