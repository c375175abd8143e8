"""Reports as HTML: one file that needs no network, with tables and bar charts as inline SVG.

Everything is written piece by piece, so that a report of a million rows needs no memory for them. Text from the API is
escaped here and nowhere else: what takes a `str` takes plain text, and what returns a `str` returns finished HTML.
"""

from .charts import Bar, Segment, bar_chart
from .page import page
from .parts import cards, heading, paragraph, section, table, text

__all__ = ["Bar", "Segment", "bar_chart", "cards", "heading", "page", "paragraph", "section", "table", "text"]
