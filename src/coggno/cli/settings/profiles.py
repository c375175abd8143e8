"""The config file with the profiles: read as TOML, and changed so that what people wrote into it stays."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

from attrs import asdict, fields, frozen

from coggno._config import key_mode
from coggno.cli.exit_codes import CommandError

DEFAULT: Final = "default"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_LINE: Final = re.compile(r"at line (\d+)")
_SECTION: Final = re.compile(r"\s*\[")


@frozen(kw_only=True)
class Profile:
    """What a profile says; the key itself is elsewhere.

    Attributes:
        name: of the profile.
        base_url: address of the API; from the key if not given.
        company: id of the connected company to act for.
        key_variable: environment variable with the key; the key is in the keyring if not given.
    """

    name: str
    base_url: str | None = None
    company: str | None = None
    key_variable: str | None = None


_SETTINGS: Final = tuple(each.name for each in fields(Profile) if each.name != "name")


def config_path() -> Path:
    """Return the path of the config file: COGGNO_CONFIG, or `config.toml` where the platform keeps such files."""
    named = os.environ.get("COGGNO_CONFIG")
    if named:
        return Path(named)
    # Imported late: only commands that need a profile come here.
    import platformdirs

    return platformdirs.user_config_path("coggno", appauthor=False, roaming=True) / "config.toml"


def check_name(name: str) -> str:
    """Return the name of a profile if it can be one.

    Raises:
        CommandError: it has other characters than letters, digits, `-` and `_`.
    """
    if not _NAME.fullmatch(name):
        raise CommandError(f"The name of a profile has letters, digits, - and _ only, such as acme, not '{name}'.")
    return name


def read_profiles() -> dict[str, Profile]:
    """Return the profiles by name; none if there is no config file.

    Raises:
        CommandError: the file cannot be read, or is not as this program writes it.
    """
    path = config_path()
    try:
        sections = tomllib.loads(path.read_text(encoding="utf-8")).get("profiles", {})
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror or error}.") from None
    except ValueError as error:  # not TOML, or not UTF-8
        line = _LINE.search(str(error))
        where = f", line {line[1]}," if line else ""
        raise CommandError(f"{path}{where} cannot be read. Correct it, or remove it and run: coggno login") from None
    if not isinstance(sections, dict):
        raise CommandError(f"{path}: profiles must be sections such as [profiles.default].")
    return {name: _profile(path, name, values) for name, values in cast("dict[str, Any]", sections).items()}


def write_profile(profile: Profile) -> Path:
    """Put a profile into the config file in place of the one of that name, and return the path of the file.

    Raises:
        CommandError: the file cannot be read.
        RosterError: the file cannot be written.
    """
    settings = asdict(profile)
    lines = [f"[profiles.{profile.name}]"]
    lines += [f"{name} = {_quoted(settings[name])}" for name in _SETTINGS if settings[name] is not None]
    return _rewrite(profile.name, "\n".join(lines) + "\n")


def _quoted(text: str) -> str:
    # A text in JSON is one in TOML, but for one control character that JSON leaves as it is.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def remove_profile(name: str) -> Path:
    """Remove a profile from the config file; raises as `write_profile` does."""
    return _rewrite(name, "")


def _rewrite(name: str, section: str) -> Path:
    from coggno.provisioning.safe_file import replacing

    read_profiles()  # a file with a mistake is not changed
    path = config_path()
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    rest = _without(text, name).rstrip("\n")
    changed = "\n\n".join(part for part in (rest, section.rstrip("\n")) if part) + "\n"
    if not _has_profile(changed, name, is_wanted=bool(section)):
        message = f"{path}: the profile {name} is not a section that begins with [profiles.{name}]"
        raise CommandError(f"{message}. Write it like that, or change it by hand.")
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path, encoding="utf-8", errors="strict") as file:
        file.write(changed)
    return path


def _has_profile(text: str, name: str, *, is_wanted: bool) -> bool:
    """Return whether a changed file can be read, and has the profile exactly if it is wanted."""
    # TOML has other ways to write a table, such as `acme = {...}`, which are not found line by line.
    try:
        return (name in tomllib.loads(text).get("profiles", {})) is is_wanted
    except tomllib.TOMLDecodeError:
        return False


def _without(text: str, name: str) -> str:
    """Return the text of a config file without a profile; comments and other profiles stay as they are."""
    heads = {f"[profiles.{name}]", f'[profiles."{name}"]'}
    kept: list[str] = []
    after: list[str] = []  # comments after the last setting of the profile, which belong to what follows
    is_inside = False
    for line in text.splitlines(keepends=True):
        if _SECTION.match(line):
            is_inside = line.partition("#")[0].replace(" ", "").strip() in heads
            after.clear()
        if not is_inside:
            kept.append(line)
        elif line.lstrip().startswith("#") or (after and not line.strip()):
            after.append(line)
            kept.append(line)
        elif after:
            # A setting comes after them, so they are about the profile.
            del kept[-len(after) :]
            after.clear()
    return "".join(kept)


def _profile(path: Path, name: str, values: object) -> Profile:
    section = f"{path}, section [profiles.{name}]"
    if not isinstance(values, Mapping):
        raise CommandError(f"{path}: profiles must be sections such as [profiles.default].")
    settings = cast("Mapping[str, object]", values)
    variable = settings.get("key_variable")
    # Nothing else begins like that: somebody has written the key itself, which must not be shown as a name.
    if "api_key" in settings or "key" in settings or (isinstance(variable, str) and key_mode(variable) is not None):
        message = f"{section}: a key does not belong in a file. Remove it, and run: coggno login --profile {name}"
        raise CommandError(message)
    for key, value in settings.items():
        if key not in _SETTINGS:
            raise CommandError(f"{section}: there is no setting '{key}'. Settings: {', '.join(_SETTINGS)}.")
        # A company is a number to people, and a header to the API.
        if not isinstance(value, str) and not (key == "company" and isinstance(value, int)):
            raise CommandError(f'{section}: {key} must be a text in quotation marks, such as {key} = "..."')
    return Profile(name=name, **{key: str(value) for key, value in settings.items()})
