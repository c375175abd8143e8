"""The command: arguments, exit codes, messages.

0 done, or nothing to do; 1 something in the document is not supported, or `--check` found a difference; 2 arguments
that cannot be used; 3 a file that is no OpenAPI document.
"""

from __future__ import annotations

import argparse
import re
import shlex
import sys
from pathlib import Path
from typing import Final

from attrs import frozen

from codegen import deep, names, output, validation
from codegen.diagnostics import printable
from codegen.document import NotReadableError, read_document
from codegen.read import is_supported_version, read_api
from codegen.render import render

ROOT: Final = Path(__file__).resolve().parent.parent
SPEC: Final = ROOT / "openapi" / "coggno.yaml"
OUT: Final = ROOT / "src" / "coggno" / "_generated"
PROTOCOL: Final = ".._protocol"
_MODULE: Final = re.compile(r"\.*[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)


_UNUSUAL: Final = re.compile(r"[^\w./ -]", re.ASCII)  # in a comment, "coding:" would be an instruction


class RefusedError(Exception):
    """The document holds something that is not supported. Carries one line for each."""

    def __init__(self, refusals: list[str]) -> None:
        super().__init__("\n".join(refusals))
        self.refusals = refusals


class ArgumentError(Exception):
    """An argument cannot be used."""


@frozen
class Generated:
    """The files, and what is in them."""

    files: dict[str, str]
    operations: int
    models: int


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    arguments = _parser().parse_args(argv)
    try:
        generated = generate(arguments.spec, protocol=arguments.protocol, command=_command(arguments))
        if arguments.check:
            return _check(arguments.out, generated, _command(arguments))
        output.write(arguments.out, generated.files)
    except RefusedError as error:
        count = len(error.refusals)
        return _fail(1, [*error.refusals, f"{count} {'error' if count == 1 else 'errors'}; nothing was written"])
    except (ArgumentError, output.OutputError) as error:
        return _fail(2, [f"codegen: {error}"])
    except RecursionError:
        return _fail(3, [f"{printable(_shown(arguments.spec))}: references are chained too deeply; shorten the chains"])
    except NotReadableError as error:
        return _fail(3, [*error.findings, "nothing was written"])
    sys.stdout.write(f"{arguments.out}: {generated.operations} operations, {generated.models} models\n")
    return 0


def generate(spec: Path, *, protocol: str = PROTOCOL, command: str = "python -m codegen") -> Generated:
    """Generate source from a document; writes nothing.

    Args:
        spec: the document.
        protocol: the package with `operation` and `model` that the output imports from.
        command: what the header says to run.

    Raises:
        ArgumentError: `spec` cannot be read, or `protocol` is no name of a package.
        NotReadableError: it is no OpenAPI document.
        RefusedError: something in it is not supported.
    """
    if not _MODULE.fullmatch(protocol):
        raise ArgumentError(f"--protocol {protocol!r} is not the name of a package")
    try:
        content = spec.read_bytes()
    except (OSError, ValueError) as error:
        raise ArgumentError(f"{printable(str(spec))} cannot be read: {error}") from error
    return deep.call(lambda: _generate(content, spec, protocol=protocol, command=command))


def _generate(content: bytes, spec: Path, *, protocol: str, command: str) -> Generated:
    document = read_document(content, printable(_shown(spec)))
    if not is_supported_version(document):
        # Another version has other rules: what the validator would report of it is noise.
        raise RefusedError(document.noted())
    validation.check_form(document)
    api = read_api(document)
    for pointer, sentence in names.collisions(api):
        document.refuse_at(pointer, sentence)
    refusals = document.refusals()
    if refusals:
        raise RefusedError(refusals)
    validation.check_meaning(document)
    files = render(api, file=_shown(spec), command=command, protocol=protocol)
    return Generated(files, len(api.operations), len(api.models))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m codegen",
        description="Generate typed source from an OpenAPI 3.1 document; what is not supported is refused.",
    )
    parser.add_argument(
        "--spec", type=Path, default=SPEC, metavar="FILE", help="the document (default: openapi/coggno.yaml)"
    )
    parser.add_argument(
        "--out", type=Path, default=OUT, metavar="DIR", help="the package to write (default: src/coggno/_generated)"
    )
    parser.add_argument(
        "--protocol",
        default=PROTOCOL,
        metavar="PACKAGE",
        help=f"what the output imports `operation` and `model` from (default: {PROTOCOL})",
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail when the package is not what would be written"
    )
    return parser


def _check(folder: Path, generated: Generated, command: str) -> int:
    found = output.differences(folder, generated.files)
    if not found:
        return 0
    place = folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder
    suggestion = f"run: {command}" + (f" --out {shlex.quote(str(folder))}" if folder != OUT else "")
    extra = any(line.endswith("extra") for line in found)
    return _fail(
        1,
        [
            *(f"{place}/{line}" for line in found),
            f"{suggestion}{' (and remove the files that are extra)' if extra else ''}",
        ],
    )


def _command(arguments: argparse.Namespace) -> str:
    parts = ["python -m codegen"]
    if arguments.spec.resolve() != SPEC:
        parts.append(f"--spec {shlex.quote(_shown(arguments.spec))}")
    if arguments.protocol != PROTOCOL:
        parts.append(f"--protocol {shlex.quote(arguments.protocol)}")
    return " ".join(parts)


def _shown(spec: Path) -> str:
    """Return a file as messages and headers name it: never with an absolute path."""
    path = spec.resolve()
    shown = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
    return _UNUSUAL.sub("_", shown)


def _fail(code: int, lines: list[str]) -> int:
    sys.stderr.write("".join(f"{line}\n" for line in lines))
    return code
