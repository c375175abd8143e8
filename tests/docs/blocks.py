"""The code blocks of a page: found with Sybil, and carried out in order.

| block | is |
|---|---|
| `python` | run; `await` may stand at the top, as in `python -m asyncio` |
| `sh` | run where it is a command of ours, else checked: packages, options and sessions must exist |
| `output` | compared with what the block before it has printed; `...` stands for anything |
| any, below `<!-- file: NAME -->` | a file of that name, written where the page's commands run |
| `yaml` | a manifest of Kubernetes: the options of its command must exist |
| `powershell`, `text`, `toml` | shown only |

A command ends with exit code 0, unless a comment behind it names another: `# exit code 1`. What only the tests need
stands in HTML comments, which no reader of the page sees: `<!-- invisible-code-block: python`.
"""

from __future__ import annotations

import ast
import asyncio
import doctest
import inspect
import re
import shlex
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from sybil import Document, Example, Region, Sybil
from sybil.parsers.markdown.lexers import DirectiveInHTMLCommentLexer, FencedCodeBlockLexer
from typer.main import get_command

from coggno.cli import main
from coggno.cli.app import app

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = set(PYPROJECT["project"]["optional-dependencies"])
SESSIONS = set(re.findall(r"^@nox\.session.*\n(?:@.*\n)*def (\w+)", (ROOT / "noxfile.py").read_text(), re.MULTILINE))
VARIABLES = {"COGGNO_API_KEY", "COGGNO_BASE_URL", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE"}
SHOWN_ONLY = {"powershell", "text", "toml"}
MATCH = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

_FENCES = FencedCodeBlockLexer(r"\w+")
_INVISIBLE = DirectiveInHTMLCommentLexer("invisible-code-block", "python")
_FILE = re.compile(r"<!-- file: (\S+) -->\n\Z")


class PageRunner:
    """Carries out the blocks of one page.

    Args:
        capsys: collects what the blocks print.
        names: names that the blocks find without defining them; invisible blocks use them.
    """

    def __init__(self, capsys, names):
        self._capsys = capsys
        self._names = {"__name__": "page", **names}
        self._runner = asyncio.Runner()
        self._printed = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._runner.close()

    def run(self, page: Path) -> int:
        """Carry out all blocks of a page and return how many there are."""
        examples = list(Sybil(parsers=[self._blocks], path=str(page.parent), pattern=page.name).parse(page).examples())
        for example in examples:
            example.evaluate()
        return len(examples)

    def _blocks(self, document: Document) -> Iterator[Region]:
        for region in _FENCES(document):
            name = _FILE.search(document.text, 0, region.start)
            yield self._region(region, region.lexemes["language"], name[1] if name else None)
        for region in _INVISIBLE(document):
            yield self._region(region, "python")

    def _region(self, region: Region, language: str, file: str | None = None) -> Region:
        source = region.lexemes["source"]

        def evaluate(example: Example) -> None:
            if file is not None:
                Path(file).write_text(source, encoding="utf-8")
            if language == "python":
                self._run_python(example, source)
            elif language == "sh":
                self._run_shell(source)
            elif language == "yaml":
                check_manifest(source)
            elif language == "output":
                self._compare(source)
            else:
                assert file is not None or language in SHOWN_ONLY, f"nothing is known of blocks in {language}"

        return Region(region.start, region.end, source, evaluate)

    def _run_python(self, example: Example, source) -> None:
        # As many lines before it as on the page, so that a traceback names the page's line.
        text = "\n" * (example.line + source.line_offset) + source
        code = compile(text, example.path, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        self._capsys.readouterr()
        if code.co_flags & inspect.CO_COROUTINE:
            self._runner.run(eval(code, self._names))
        else:
            exec(code, self._names)
        self._printed = self._capsys.readouterr().out

    def _run_shell(self, source: str) -> None:
        self._printed = ""
        for line in source.replace("\\\n", " ").splitlines():
            expected = re.search(r"# .*exit code (\d+)", line)
            for command in line.split(" && "):
                words = shlex.split(command, comments=True)
                if words:
                    self._run_command(words, int(expected[1]) if expected else 0)

    def _run_command(self, words: list[str], expected: int) -> None:
        match words:
            case ["coggno", "sandbox", *arguments]:
                get_command(app).commands["sandbox"].make_context("sandbox", arguments)  # a server: its options only
            case ["coggno", *arguments]:
                self._capsys.readouterr()
                code = main(arguments)
                self._printed, errors = self._capsys.readouterr()
                assert code == expected, f"{' '.join(words)} ended with {code}: {self._printed}{errors}"
            case _:
                check_foreign(words)

    def _compare(self, expected: str) -> None:
        is_same = doctest.OutputChecker().check_output(expected.strip(), self._printed.strip(), MATCH)
        assert is_same, f"printed was:\n{self._printed}"


def check_manifest(source: str) -> None:
    """Check the commands of a manifest: their options must exist, and its probes must reach the port they listen on."""
    for container in yaml.safe_load(source)["spec"]["template"]["spec"]["containers"]:
        program, name, *options = [*container["command"], *container["args"]]
        assert program == "coggno"
        context = get_command(app).commands[name].make_context(name, options)
        assert str(container["livenessProbe"]["httpGet"]["port"]) == context.params["health"].rpartition(":")[2]


def check_foreign(words: list[str]) -> None:
    """Check a command that is not run: what it names must exist."""
    match words:
        case ["export", *assignments]:
            assert {name.partition("=")[0] for name in assignments} <= VARIABLES
        case ["pip", "install", *arguments]:
            check_install(arguments)
        case ["nox", "-s", *rest]:
            sessions = rest[: rest.index("--")] if "--" in rest else rest
            known = {name.replace("_", "-") for name in SESSIONS}
            assert {name.partition("-3.")[0] for name in sessions} <= known, f"no such session: {words}"
        case ["python", "-m", module, *_]:
            assert find_spec(module) is not None, f"no such module: {module}"
        case ["python", file]:
            assert Path(file).exists(), f"no block of the page has the caption {file}"
        case _:
            raise AssertionError(f"nothing is known of this command: {shlex.join(words)}")


def check_install(arguments: list[str]) -> None:
    """Check what pip is to install: files of requirements, extras of ours, names of packages."""
    while arguments:
        match arguments:
            case ["-r" | "-c", file, *arguments]:
                assert (ROOT / file).is_file(), f"no such file: {file}"
            case ["-e", *arguments]:
                pass
            case [package, *arguments]:
                requirement = Requirement(f"coggno{package[1:]}" if package.startswith(".") else package)
                assert requirement.name != "coggno" or requirement.extras <= EXTRAS, f"no such extra: {package}"
