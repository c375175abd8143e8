"""The rules that keep the code base easy to enter: names, imports, sizes. Each failure says what to do."""

import ast
import re
import statistics
import tomllib
from collections import Counter, defaultdict
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src"
MODULES = {path: ast.parse(path.read_bytes()) for path in sorted(SRC.rglob("*.py"))}
HAND_WRITTEN = {path: tree for path, tree in MODULES.items() if "_generated" not in path.parts}
TOOLS = [path for folder in ("benchmarks", "codegen") for path in sorted((ROOT / folder).rglob("*.py"))]
TESTS = sorted(path for path in (ROOT / "tests").rglob("*.py") if "node_modules" not in path.parts)

MODULE_LINES = 450
FOLDER_MODULES = 14
FUNCTION_MEDIAN = 7  # lines
FUNCTION_NINE_IN_TEN = 20  # lines
COMMENTS = 20  # in 1,000 lines
README_WORDS = 700
TEST_NAME = 50  # characters
KNOWN_LONG_TEST_NAMES = 54  # as many are left; lower it with them

OTHER_WORDS = {
    "crew": "worker pool",
    "desk": "run context",
    "errand": "row task",
    "those_there": "existing users",
    "witness": "interop test",
}  # words of our own, and what the field calls the thing


def relative(path):
    return path.relative_to(ROOT).as_posix()


def nodes(trees, *kinds):
    return (node for tree in trees for node in ast.walk(tree) if isinstance(node, kinds))


# Names


def test_class_names_are_unique():
    """A public class name stands for one thing, generated classes included."""
    found = defaultdict(list)
    for path, tree in MODULES.items():
        for node in nodes([tree], ast.ClassDef):
            if not node.name.startswith("_"):
                found[node.name].append(f"{relative(path)}:{node.lineno}")
    twins = {name: places for name, places in found.items() if len(places) > 1}
    assert not twins, f"two classes of one name, rename one of them: {twins}"


@pytest.mark.parametrize(("word", "instead"), OTHER_WORDS.items())
def test_words_are_those_of_the_field(word, instead):
    """One word for one thing, the word that the field uses."""
    pattern = re.compile(rf"(?<![a-z]){word}(s|es)?(?![a-z])", re.IGNORECASE)
    paths = [*MODULES, *TOOLS, *(path for path in TESTS if path != Path(__file__))]
    found = [relative(path) for path in paths if pattern.search(path.read_text())]
    assert not found, f"write {instead!r} instead of {word!r}: {found}"


def test_test_names_are_short():
    """The name says unit and expectation; the sentence belongs into the docstring."""
    functions = nodes((ast.parse(path.read_bytes()) for path in TESTS), ast.FunctionDef, ast.AsyncFunctionDef)
    names = [node.name for node in functions if node.name.startswith("test_")]
    long = [name for name in names if len(name) > TEST_NAME]
    is_kept = len(long) <= KNOWN_LONG_TEST_NAMES
    assert is_kept, f"shorten to {TEST_NAME} characters and put the sentence into the docstring: {long}"


# Imports


def test_no_import_circle():
    """Late imports and imports for type checking count as well."""
    names = {module_name(path): path for path in MODULES}
    graph = {name: set(imported(name, path, names)) for name, path in names.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"import circle, move what both need into a module below: {' <- '.join(error.args[1])}")


def module_name(path):
    parts = path.relative_to(SRC).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(name, path, names):
    """Yield the modules of the package that a module imports, wherever in its text."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in nodes([MODULES[path]], ast.Import, ast.ImportFrom):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        else:
            above = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            submodules = [f"{base}.{alias.name}" for alias in node.names]
            found = [submodule if submodule in names else base for submodule in submodules]
        yield from (each for each in found if each in names and each != name)


def test_layers_are_complete():
    """import-linter's layers name every module, and nothing is exempt."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = [contract for contract in settings["contracts"] if contract["type"] == "layers"]
    assert all(contract.get("exhaustive") for contract in layers), "set `exhaustive = true`: a new module needs a layer"
    assert not settings.get("exclude_type_checking_imports"), "imports for type checking count: remove the exclusion"
    ignored = chain.from_iterable(contract.get("ignore_imports", ()) for contract in settings["contracts"])
    assert not set(ignored), "mend the import instead of listing it in ignore_imports"


def test_no_code_is_built_at_run_time():
    """What can be generated is written by codegen, where people can read it."""
    calls = ((path, node) for path, tree in HAND_WRITTEN.items() for node in nodes([tree], ast.Call))
    found = {
        f"{relative(path)}:{node.lineno}"
        for path, node in calls
        if isinstance(node.func, ast.Name) and node.func.id in {"exec", "eval"}
    }
    assert not found, f"let codegen write this source instead of exec or eval: {found}"


# Sizes


def test_modules_are_short():
    lengths = {relative(path): len(path.read_text().splitlines()) for path in [*HAND_WRITTEN, *TOOLS]}
    long = {name: length for name, length in lengths.items() if length > MODULE_LINES}
    assert not long, f"split these modules by subject, {MODULE_LINES} lines are the limit: {long}"


def test_folders_hold_few_modules():
    counts = Counter(relative(path.parent) for path in [*HAND_WRITTEN, *TOOLS])
    full = {name: count for name, count in counts.items() if count > FOLDER_MODULES}
    assert not full, f"make subfolders by subject, {FOLDER_MODULES} modules are the limit: {full}"


def test_functions_are_short():
    functions = nodes(HAND_WRITTEN.values(), ast.FunctionDef, ast.AsyncFunctionDef)
    lengths = sorted(node.end_lineno - node.lineno + 1 for node in functions)
    assert statistics.median(lengths) <= FUNCTION_MEDIAN, "functions have grown: split the longest"
    assert lengths[len(lengths) * 9 // 10] <= FUNCTION_NINE_IN_TEN, "too many long functions: split the longest"


def test_reasons_are_commented():
    """Comments that say why; directives for tools are not counted."""
    comment = re.compile(r"(?:^\s*|\s{2})# ?(?!noqa|pyright|type:|fmt:|mypy)")
    lines = [line for path in HAND_WRITTEN for line in path.read_text().splitlines()]
    density = 1000 * sum(bool(comment.search(line)) for line in lines) / len(lines)
    assert density >= COMMENTS, (
        f"{density:.0f} comments in 1,000 lines, {COMMENTS} are wanted: say why where one would ask"
    )


def test_readme_is_short():
    """Prose only: code blocks do not count."""
    prose = re.sub(r"```.*?```", "", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    count = len(prose.split())
    assert count <= README_WORDS, f"README has {count} words, {README_WORDS} are the limit: move the rest to docs/"


# The tests themselves


@pytest.mark.parametrize("path", TESTS, ids=relative)
def test_tests_stay_inside_the_checkout(path):
    """A test that needs a file from elsewhere is skipped in every other clone."""
    tree, depth = ast.parse(path.read_bytes()), len(path.relative_to(ROOT).parts)
    outside = [node.lineno for node in nodes([tree], ast.expr) if climbs(node) > depth or is_foreign(node)]
    assert not outside, f"{relative(path)}, lines {outside}: generate what the test needs (see tests/helpers)"


def climbs(node):
    """Return how many folders an expression such as `Path(__file__).parents[2]` goes up."""
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr == "parents":
        above = node.slice.value + 1 if isinstance(node.slice, ast.Constant) else 0
        return above + climbs(node.value.value)
    if isinstance(node, ast.Attribute):
        return (node.attr == "parent") + climbs(node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return climbs(node.func.value)
    return 0


def is_foreign(node):
    """Return whether an expression is a path in somebody's home, or joins `..` to a path."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and isinstance(node.right, ast.Constant):
        return str(node.right.value).startswith("..")
    return isinstance(node, ast.Constant) and bool(re.match("/(home|root|Users)/.", str(node.value)))


@pytest.mark.parametrize(
    "code",
    ["Path(__file__).parents[2]", "Path(__file__).parent.resolve().parents[1] / 'x'", "HERE / '../x'", "'/root/x'"],
)
def test_a_path_outside_is_noticed(code):
    found = [node for node in nodes([ast.parse(code)], ast.expr) if climbs(node) > 2 or is_foreign(node)]
    assert found
