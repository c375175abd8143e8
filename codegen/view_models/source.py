"""Source of types and of import lines: what all view models share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from attrs import define, field

from codegen import ir, names

_SCALARS: Final[Mapping[ir.ScalarName, str]] = {
    "str": "str",
    "int": "int",
    "float": "float",
    "bool": "bool",
    "date": "dt.date",
    "datetime": "dt.datetime",
    "uuid": "UUID",
    "any": "Any",
    "object": "dict[str, Any]",
}
_MODULES: Final = {"dt": "import datetime as dt", "warnings": "import warnings"}


@define
class TypeWriter:
    """Writes types as source, and collects the names that must be imported for them."""

    api: ir.Api
    prefix: str
    """Goes before the name of a model: `models.`, or nothing inside `models.py`."""
    used: set[str] = field(factory=set)
    _names: dict[str, str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        kinds: list[ir.Model | ir.Choice] = [*self.api.models, *self.api.choices]
        self._names = {kind.pointer: names.class_name(kind.name) for kind in kinds}

    def use(self, name: str) -> str:
        """Add a name to the imports and return it."""
        self.used.add(name)
        return name

    def type(self, found: ir.Type) -> str:
        """Return a type as source."""
        match found:
            case ir.Scalar(name):
                self.used |= {part for part in ("dt", "UUID", "Any") if part in _SCALARS[name]}
                return _SCALARS[name]
            case ir.Constant(value):
                return f"{self.use('Literal')}[{value!r}]"
            case ir.Array(item):
                return f"list[{self.type(item)}]"
            case ir.Nullable(inner):
                return f"{self.type(inner)} | None"
            case ir.Union(members):
                return " | ".join(self.type(member) for member in members)
            case ir.Reference(pointer) | ir.Choice(pointer):
                return self.named(pointer)
            case ir.OneOrMany():
                raise TypeError(found)

    def named(self, pointer: str) -> str:
        """Return the class of a model, or the alias of an enum."""
        self.used |= {"models"} if self.prefix else set()
        return self.prefix + self._names[pointer]

    def optional(self, found: ir.Type) -> str:
        """Return a type or None as source; Any is both already."""
        text = self.type(found)
        return text if isinstance(found, ir.Nullable) or text == "Any" else f"{text} | None"

    def or_unset(self, found: ir.Type) -> str:
        """Return a type or `UNSET` as source: where null is a value, `None` cannot mean "not given"."""
        if isinstance(found, ir.Nullable):
            return f"{self.type(found.type)} | {self.use('Unset')} | None"
        return f"{self.type(found)} | {self.use('Unset')}"


def standard_imports(used: set[str], known: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Return the import lines of the standard library, and of attrs, as isort orders them."""
    modules = [line for name, line in _MODULES.items() if name in used]
    standard = {module: wanted for module, wanted in known.items() if module != "attrs"}
    lines = [*modules, *from_imports(used, {**standard, "uuid": ("UUID",)})]
    others = from_imports(used, {"attrs": known["attrs"]}) if "attrs" in known else ()
    return (*lines, *(["", *others] if others else []))


def from_imports(used: set[str], known: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Return a `from ... import` line for each module of which a name is used."""
    lines = []
    for module, wanted in known.items():
        found = [name for name in wanted if name in used]
        if found:
            lines.append(f"from {module} import {', '.join(found)}")
    return tuple(lines)
