"""Text of the document becomes docstrings: reflowed, and unable to end its string literal."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from typing import Any, Final

from codegen import ir
from codegen.diagnostics import printable

_WIDTH: Final = 120
_ITEM: Final = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])\s+")
_VERBATIM: Final = re.compile(r" {4}|\t|\||>|#{1,6} ")
_FENCE: Final = "```"
_INDENT: Final = "    "


def literal(text: str, indent: int) -> str:
    """Return a docstring literal.

    Args:
        text: lines without indentation.
        indent: columns that the docstring is moved to the right.
    """
    lines = [printable_line(line.rstrip()) for line in text.strip().split("\n")]
    margin = " " * indent
    inner = ("\n").join([lines[0], *(margin + line if line else "" for line in lines[1:])])
    code = f'"""{inner}\n{margin}"""' if len(lines) > 1 else f'"""{inner}"""'
    if inspect.cleandoc(ast.literal_eval(code)) != inspect.cleandoc("\n".join(_seen(text))):
        raise AssertionError(f"the docstring {code!r} would not say what the document says")
    return code


def _seen(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().split("\n")]


def printable_line(line: str) -> str:
    """Escape what is invisible or could end the literal; reading the literal gives the line back."""
    escaped = line.replace("\\", "\\\\")
    escaped = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in escaped)
    return re.sub(r'"(?="|$)', r"\"", escaped)


def reflow(text: str, indent: int) -> str:
    """Return Markdown with its paragraphs wrapped; lists, tables and code keep their lines."""
    return "\n".join(_reflow(text, _WIDTH - indent)).strip("\n")


def _reflow(text: str, width: int) -> Iterator[str]:
    waiting: list[str] = []
    fenced = False
    for line in text.splitlines():
        is_fence = line.lstrip().startswith(_FENCE)
        keeps = fenced or is_fence or (not waiting and _VERBATIM.match(line)) or line.lstrip()[:1] in {"|", ">"}
        if keeps or not line.strip() or _ITEM.match(line):
            yield from _wrap(waiting, width)
            waiting = []
        fenced ^= is_fence
        if keeps or not line.strip():
            yield line.rstrip() if keeps else ""
        else:
            waiting.append(line)
    yield from _wrap(waiting, width)


def _wrap(lines: list[str], width: int) -> list[str]:
    if not lines:
        return []
    marker = _ITEM.match(lines[0])
    hang = " " * len(marker[0]) if marker else ""
    first = marker[0] if marker else ""
    text = " ".join(" ".join([lines[0][len(first) :], *lines[1:]]).split())
    return fill(text, width, first, hang)


def fill(text: str, width: int, first: str = "", hang: str = "") -> list[str]:
    """Wrap one paragraph; words are never cut."""
    return textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=hang,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [first.rstrip()]


def sentence(text: str) -> str:
    """Return a text on one line that ends as a sentence does."""
    line = " ".join(text.split())
    return line if not line or line.endswith((".", "!", "?")) else f"{line.rstrip(':;,')}."


def first_sentence_ends(text: str) -> str:
    """Return a text whose first paragraph ends as a sentence does."""
    head, gap, rest = text.strip().partition("\n\n")
    return f"{head if head.endswith(('.', '!', '?')) else head.rstrip(':;, ') + '.'}{gap}{rest}"


def entry(name: str, text: str, indent: int) -> list[str]:
    """Return one entry of a section such as `Args`."""
    return fill(" ".join(text.split()), _WIDTH - indent, f"{_INDENT}{name}: ", _INDENT * 2)


def describe(item: ir.Field, *, sent: bool) -> str:
    """Return everything there is to say of a field or an argument, on one line."""
    parts = [sentence(item.description)]
    parts += [f"{phrase[0].upper()}{phrase[1:]}." for phrase in _phrases(item) if not _says(parts[0], phrase)]
    if item.default is not None and sent:
        parts.append(f"The server takes {item.default.value!r} if it is not given.")
    if item.deprecated:
        parts.append("Deprecated.")
    return printable(" ".join(filter(None, parts)))


_FORMATS: Final = {
    "email": "an e-mail address",
    "idn-email": "an e-mail address",
    "hostname": "a host name",
    "idn-hostname": "a host name",
    "ipv4": "an IPv4 address",
    "ipv6": "an IPv6 address",
    "uri": "a URI",
    "uri-reference": "a URI or a part of one",
    "iri": "an IRI",
    "iri-reference": "an IRI or a part of one",
    "uri-template": "a URI template",
    "time": "a time as in RFC 3339",
    "duration": "a duration as in ISO 8601",
    "regex": "a regular expression",
    "json-pointer": "a JSON pointer",
    "relative-json-pointer": "a relative JSON pointer",
}


def _says(text: str, phrase: str) -> bool:
    return phrase.lower().removeprefix("an ").removeprefix("a ") in text.lower()


def _phrases(item: ir.Field) -> Iterator[str]:
    limits = dict(item.limits)
    if limits.get("format") in _FORMATS:
        yield _FORMATS[limits["format"]]
    yield from _size(limits.get("minLength"), limits.get("maxLength"), "characters")
    yield from _size(limits.get("minItems"), limits.get("maxItems"), "items")
    for key, words in _BOUNDS.items():
        if key in limits:
            yield f"{words} {limits[key]!r}"
    if "pattern" in limits:
        yield f"matches {limits['pattern']!r}"
    if limits.get("uniqueItems"):
        yield "no item twice"


_BOUNDS: Final = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "more than",
    "exclusiveMaximum": "less than",
    "multipleOf": "a multiple of",
}


def _size(least: Any, most: Any, units: str) -> Iterator[str]:
    if least == 1 and most is None:
        yield "not empty"
    elif least and most is not None:
        yield f"{least} to {most} {units}" if least != most else f"exactly {least} {units}"
    elif least:
        yield f"at least {least} {units}"
    elif most is not None:
        yield f"at most {most} {units}"
