"""The generator knows nothing of our API: none of its words stands in it."""

import re
from pathlib import Path

import codegen

HOME = Path(codegen.__file__).parent
SOURCES = sorted(
    path for path in HOME.rglob("*") if path.suffix in {".py", ".j2", ".md"} and "__pycache__" not in path.parts
)
WORDS = (
    r"compan(y|ies)|groups?|users?|licen[sc]es?|lms|logins?|passwords? of|tenants?|trainings?|learners?|courses?|scorm"
)


def test_no_word_of_our_domain_stands_in_the_generator():
    found = [
        f"{path.name}:{number}: {line}"
        for path in SOURCES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(rf"(?i)(?<![A-Za-z])({WORDS})(?![A-Za-z])", line)
    ]
    assert found == []


def test_only_prefix_and_default_paths_name_us():
    named = {
        (path.name, line.strip())
        for path in SOURCES
        if path.suffix != ".md"
        for line in path.read_text(encoding="utf-8").splitlines()
        if "coggno" in line.lower()
    }
    assert {name for name, _ in named} <= {"diagnostics.py", "cli.py"}
    assert all("x-coggno-" in line or "openapi" in line or "_generated" in line for _, line in named), named


def test_the_intermediate_form_imports_nothing_of_ours():
    assert "codegen" not in (HOME / "ir.py").read_text(encoding="utf-8")


def test_templates_hold_no_decisions():
    for path in HOME.rglob("*.j2"):
        conditions = re.findall(r"{%-? *(?:el)?if (.*?)-?%}", path.read_text(encoding="utf-8"))
        assert set(conditions) <= {"function.deprecation ", "model.deprecation "}, path


def test_the_readme_lists_every_refused_construct():
    from codegen.diagnostics import EXTENSIONS, SUGGESTIONS
    from codegen.read.schema_types import FORMATS

    readme = (HOME / "README.md").read_text(encoding="utf-8")
    missing = [key for key in (*SUGGESTIONS, *EXTENSIONS) if f"`{key}" not in readme]
    missing += [name for known in FORMATS.values() for name in known if f"`{name}`" not in readme]
    assert missing == []
