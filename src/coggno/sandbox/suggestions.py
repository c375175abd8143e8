"""Suggestions for a word that is misspelled. Leaf."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def suggest(word: str, known: Iterable[str]) -> str:
    """Return `, did you mean 'x'?` for the nearest known word, or `; known: a, b` when none is near."""
    words = list(known)
    near = get_close_matches(word, words, n=1)
    return f", did you mean {near[0]!r}?" if near else "; known: " + ", ".join(words)
