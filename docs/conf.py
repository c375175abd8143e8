"""How Sphinx builds the documentation; `nox -s docs` runs it with warnings as errors."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

from coggno import __version__

project = "coggno"
author = "The coggno maintainers"
copyright = "The coggno maintainers"  # noqa: A001 - Sphinx reads this name
release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "markdown_docstrings",
    "command_reference",
    "plain_markdown",
]
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = "coggno"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
# Nothing is loaded from other hosts, and the sources are in the repository.
html_copy_source = False
html_show_sphinx = False

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

add_module_names = False
autoclass_content = "class"
autodoc_class_signature = "mixed"
autodoc_default_options = {"members": True}
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints = "signature"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88

nitpicky = True
nitpick_ignore_regex = [
    # Other projects and the standard library: their inventories are on other hosts, and the build uses no network.
    ("py:.*", r"(?!coggno\b).*"),
    # Private names that occur in signatures and need no page of their own.
    ("py:.*", r"coggno\.(testing\.)?_.*"),
    ("py:.*", r"coggno\.(otel|provisioning|sandbox)\.[a-z_]+\..*"),
]
