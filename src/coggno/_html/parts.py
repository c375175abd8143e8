"""Headings, paragraphs, numbers and tables. Arguments are plain text; results are HTML."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

# A name may hold characters that reverse or hide the text around it; ZWNJ and ZWJ join letters in several scripts.
_JOINERS: Final = "\u200c\u200d"
_HIDING: Final = frozenset({"Cc", "Cf", "Cs"})
# Longer than nearly all names and logins, which stay whole: a browser would break any word to make room for a sentence.
_PIECE: Final = 40
_LONG_WORD: Final = re.compile(rf"(\S{{{_PIECE}}})(?=\S)")


def text(value: object) -> str:
    """Return a value as HTML text, harmless in an element and in a quoted attribute."""
    plain = str(value)
    return html.escape(plain if plain.isprintable() else "".join(map(_visible, plain)))


def _visible(char: str) -> str:
    if char in _JOINERS or unicodedata.category(char) not in _HIDING:
        return char
    # A surrogate could not be written as UTF-8 either.
    return "\N{REPLACEMENT CHARACTER}"


def heading(title: str) -> str:
    """Return the heading of a part of the page."""
    return f"<h2>{text(title)}</h2>\n"


def paragraph(content: str) -> str:
    """Return a paragraph."""
    return f"<p>{text(content)}</p>\n"


def cards(numbers: Mapping[str, str]) -> str:
    """Return the most important numbers of a report, side by side.

    Args:
        numbers: label -> number, e.g. `{"passed": "1,204"}`.
    """
    shown = (f"<div><strong>{text(number)}</strong> {text(label)}</div>" for label, number in numbers.items())
    return f'<div class="cards">{"".join(shown)}</div>\n'


def section(title: str, content: Iterable[str], *, is_open: bool = False) -> Iterator[str]:
    """Yield a part of the page that readers can fold.

    Args:
        title: its heading.
        content: finished HTML.
        is_open: whether it is unfolded at first.
    """
    yield f"<details{' open' if is_open else ''}><summary>{text(title)}</summary>\n"
    yield from content
    yield "</details>\n"


def table(
    titles: Sequence[str], rows: Iterable[Sequence[object]], *, kinds: Iterable[str | None] = (), numbers: int = 0
) -> Iterator[str]:
    """Yield a table, a row at a time; `None` is an empty cell.

    Args:
        titles: headings of the columns.
        rows: values, as many as titles.
        kinds: for each row the kind of a segment, which colors its first cell; all without a color if not given.
        numbers: how many of the last columns are aligned to the right.
    """
    first_number = len(titles) - numbers
    heads = "".join(
        f"<th{' class=n' if index >= first_number else ''}>{text(title)}</th>" for index, title in enumerate(titles)
    )
    yield f'<div class="wide"><table><thead><tr>{heads}</tr></thead>'
    yield "<tbody>\n"
    colors = iter(kinds)
    for row in rows:
        kind = next(colors, None)
        cells = (_cell(value, is_number=index >= first_number) for index, value in enumerate(row))
        yield f"<tr{f' class={chr(34)}{text(kind)}{chr(34)}' if kind else ''}>{''.join(cells)}</tr>\n"
    yield "</tbody></table></div>\n"


def _cell(value: object, *, is_number: bool) -> str:
    content = "" if value is None else _breakable(str(value))
    return f"<td class=n>{content}</td>" if is_number else f"<td>{content}</td>"


def _breakable(plain: str) -> str:
    """Return a text as HTML that may be broken between words, and inside of very long ones."""
    if len(plain) <= _PIECE:
        return text(plain)
    # The mark cannot be in the text any more, and `text` would replace it as well.
    marked = _LONG_WORD.sub("\\1\0", plain.replace("\0", "\N{REPLACEMENT CHARACTER}"))
    return "<wbr>".join(map(text, marked.split("\0")))
