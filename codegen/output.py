"""The generated files on the disk: compared, or written as a whole."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from codegen.render import MARK


class OutputError(Exception):
    """The place for the output cannot be used."""


def differences(folder: Path, files: dict[str, str]) -> list[str]:
    """Return what is missing, stale or extra in a folder, each as `NAME is ...`."""
    found = []
    for name, text in sorted(files.items()):
        path = folder / name
        if not path.is_file():
            found.append(f"{name} is missing")
        elif path.read_bytes() != text.encode():
            found.append(f"{name} is stale")
    return found + [f"{path.relative_to(folder)} is extra" for path in _others(folder, files)]


def write(folder: Path, files: dict[str, str]) -> None:
    """Write all files; none is touched before all are ready. What an earlier run left over is removed.

    Raises:
        OutputError: the folder holds something that was not generated, or cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is not a folder")
    others = _others(folder, files)
    foreign = [path for path in others if not _is_generated(path)]
    if foreign:
        raise OutputError(f"{foreign[0]} was not generated; remove it, or name another folder with --out")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder, files)
        for path in others:
            path.unlink()
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror}") from error


def _replace(folder: Path, files: dict[str, str]) -> None:
    stage = Path(tempfile.mkdtemp(prefix=".codegen-", dir=folder))
    try:
        for name, text in files.items():
            (stage / name).write_text(text, encoding="utf-8", newline="\n")
        for name in files:
            (stage / name).replace(folder / name)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _others(folder: Path, files: dict[str, str]) -> list[Path]:
    """Return all files in a folder that are not to be there; what Python compiled does not count."""
    if not folder.is_dir():
        return []
    found = (path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink())
    rest = ((path, path.relative_to(folder)) for path in found)
    return sorted(path for path, name in rest if "__pycache__" not in name.parts and name.as_posix() not in files)


def _is_generated(path: Path) -> bool:
    try:
        return path.read_bytes().startswith(MARK.encode())
    except OSError:
        return False
