"""Pages are plain Markdown, so that they read well in the repository; what Sphinx needs besides is added here.

- A name in code such as `coggno.Timeout` becomes a link to its entry in the reference.
- HTML comments, which hold what only the tests need, are left out.
"""

from __future__ import annotations

import importlib
import re
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

_NAME = re.compile(r"coggno(\.\w+)+")
_MODULES = {"errors", "models", "operations", "provisioning", "sandbox"}


class PlainMarkdown(SphinxTransform):
    """Turns names into references and removes comments, in one page."""

    default_priority = 10  # before Sphinx collects what is to be resolved

    def apply(self, **_: Any) -> None:
        """Change the page."""
        for raw in list(self.document.findall(nodes.raw)):
            if raw.astext().startswith("<!--"):
                raw.parent.remove(raw)
        for literal in list(self.document.findall(nodes.literal)):
            # A heading is no place for a link, and what docstrings link is one already.
            if isinstance(literal.parent, nodes.TextElement) and not isinstance(
                literal.parent, nodes.title | nodes.reference | addnodes.pending_xref
            ):
                self._link(literal)

    def _link(self, literal: nodes.literal) -> None:
        name = literal.astext()
        if not _NAME.fullmatch(name) or not _is_public(name):
            return
        # With a warning where there is no such entry: the build takes warnings for errors.
        reference = addnodes.pending_xref(
            "",
            refdomain="py",
            reftype="obj",
            reftarget=name,
            refwarn=True,
            refdoc=self.env.docname,
        )
        literal.replace_self(reference)
        reference += literal


def _is_public(name: str) -> bool:
    """Return whether a name is one of the package, and not one of a client: `coggno.users` is an attribute of it."""
    first, *_ = name.split(".")[1:]
    is_class = first[:1].isupper()  # a misspelled one as well, which then is a warning
    return (
        is_class
        or first in _MODULES
        or hasattr(importlib.import_module("coggno"), first)
    )


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transform."""
    app.add_transform(PlainMarkdown)
    return {"parallel_read_safe": True}
