"""YAML becomes nodes that know where they stand and remember what of them was read.

`Document.leftovers` is what makes the generator safe: every key that no reader asked for is refused.
"""

from __future__ import annotations

import enum
import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import unquote

import yaml
from attrs import define, field, frozen

from codegen.diagnostics import printable, show, suggest, why_not

_TAG: Final = "tag:yaml.org,2002:"
_DEEPEST: Final = 200  # levels of a document; the validator is slow far below


class NotReadableError(Exception):
    """The file is no YAML, or no OpenAPI document. Each finding says where and what."""

    def __init__(self, findings: list[str]) -> None:
        super().__init__("\n".join(findings))
        self.findings = findings


@frozen(order=True)
class Refusal:
    """Something in the document that is not supported, and what to do about it."""

    line: int
    pointer: str
    sentence: str


class Reading(enum.Enum):
    """How the part of the document below a node is taken."""

    KEYS = "each key must be asked for"
    PROSE = "for people: nothing in it can change the output"
    DATA = "a value, taken as it is"


@define(eq=False)
class Node:
    """A value of the document with its place."""

    value: Any = field(repr=False)
    """`dict[str, Node]`, `list[Node]` or a scalar."""
    line: int
    pointer: str
    document: Document = field(repr=False)
    kind: str = "here"
    """What the readers take it for; completes "'key' is not supported ...". """
    reading: Reading = Reading.KEYS
    _read: set[str] = field(factory=set, init=False, repr=False)

    def __contains__(self, key: str) -> bool:
        return isinstance(self.value, dict) and key in self.value

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.value, dict)

    def refuse(self, sentence: str) -> None:
        """Refuse the document because of this node."""
        self.document.refuse(self.line, self.pointer, sentence)

    def get(self, key: str) -> Node | None:
        """Return a child and mark its key as read."""
        if key not in self:
            return None
        self._read.add(key)
        child: Node = self.value[key]
        return child

    def items(self) -> list[tuple[str, Node]]:
        """Return all children of a mapping whose keys are names, not keywords; marks them as read."""
        if not isinstance(self.value, dict):
            self.refuse("must be a mapping")
            return []
        self._read.update(self.value)
        return list(self.value.items())

    def children(self, key: str) -> list[tuple[str, Node]]:
        """Return the named children of the mapping under `key`."""
        child = self.get(key)
        return child.items() if child is not None else []

    def elements(self, key: str) -> list[Node]:
        """Return the elements of the list under `key`."""
        child = self.get(key)
        if child is None:
            return []
        if not isinstance(child.value, list):
            child.refuse("must be a list")
            return []
        return child.value

    def text(self, key: str) -> str | None:
        """Return the text under `key`."""
        child = self.get(key)
        if child is None or isinstance(child.value, str):
            return None if child is None else child.value
        child.refuse(f"must be text, not {child.shown()}; quote it")
        return None

    def texts(self, key: str) -> list[tuple[str, Node]]:
        """Return the texts of the list under `key`, each with its node."""
        found = []
        for element in self.elements(key):
            if isinstance(element.value, str):
                found.append((element.value, element))
            else:
                element.refuse(f"must be text, not {element.shown()}; quote it")
        return found

    def flag(self, key: str) -> bool:
        """Return the boolean under `key`; absent is false."""
        child = self.get(key)
        if child is None or isinstance(child.value, bool):
            return child is not None and bool(child.value)
        child.refuse(f"must be true or false, not {child.shown()}")
        return False

    def choice(self, key: str, allowed: tuple[str, ...]) -> str | None:
        """Return the text under `key` if it is one of `allowed`."""
        text = self.text(key)
        if text is None or text in allowed:
            return text
        known = f"use {' or '.join(allowed)}{suggest(text, allowed)}"
        self.value[key].refuse(f"the {key} {show(text)} is not supported; {known}")
        return None

    def data(self, key: str) -> Node | None:
        """Return a child that is a value, such as a default: nothing in it is a keyword."""
        return self._take(key, Reading.DATA)

    def prose(self, *keys: str) -> None:
        """Pass over children that are for people and cannot change the output."""
        for key in keys:
            self._take(key, Reading.PROSE)

    def examples(self, *keys: str) -> None:
        """Pass over children that are sample values."""
        for key in keys:
            self._take(key, Reading.DATA)

    def _take(self, key: str, reading: Reading) -> Node | None:
        child = self.get(key)
        if child is not None:
            child.reading = reading
        return child

    def plain(self) -> Any:
        """Return the value with everything below it as plain Python data."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value

    def shown(self) -> str:
        """Return the value for a sentence: on one line, not too long."""
        return show(self.plain())

    def leftovers(self, reading: Reading = Reading.KEYS) -> Iterator[Refusal]:
        """Yield a refusal for every key below that nobody asked for."""
        reading = self.reading if reading is Reading.KEYS else reading
        if reading is Reading.DATA:
            return
        if isinstance(self.value, list):
            for child in self.value:
                yield from child.leftovers(reading)
        elif isinstance(self.value, dict):
            for key, child in self.value.items():
                if key in self._read or (reading is Reading.PROSE and not key.startswith("x-")):
                    yield from child.leftovers(reading)
                else:
                    yield Refusal(child.line, self.pointer, why_not(key, self.kind))


@define(eq=False)
class Document:
    """A whole file as nodes, with everything in it that was refused so far."""

    file: str
    """As it was named; part of messages."""
    root: Node = field(init=False)
    _refusals: set[Refusal] = field(factory=set, init=False)

    def refuse(self, line: int, pointer: str, sentence: str) -> None:
        """Note a refusal; the same one twice counts once."""
        self._refusals.add(Refusal(line, pointer, sentence))

    def refuse_at(self, pointer: str, sentence: str) -> None:
        """Refuse the document because of the node at a pointer."""
        node = self.find(pointer)
        self.refuse(node.line if node is not None else 1, pointer, sentence)

    def noted(self) -> list[str]:
        """Return what was refused so far in the order of the file, one line each."""
        return self._lines(self._refusals)

    def refusals(self) -> list[str]:
        """Return all refusals, those of keys that nobody read among them. Call when all readers are done."""
        return self._lines({*self._refusals, *self.root.leftovers()})

    def _lines(self, refusals: set[Refusal]) -> list[str]:
        return [self.at(refusal.line, refusal.pointer, refusal.sentence) for refusal in sorted(refusals)]

    def at(self, line: int, pointer: str, sentence: str) -> str:
        """Return a message with its place."""
        return f"{self.file}:{line} {printable(pointer)}: {sentence}"

    def find(self, pointer: str) -> Node | None:
        """Return the node at a JSON pointer such as `#/components/schemas/Seed`."""
        node = self.root
        for part in pointer.split("/")[1:]:
            name = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(node.value, dict) and name in node.value:
                node = node.value[name]
            elif isinstance(node.value, list) and name.isdecimal() and int(name) < len(node.value):
                node = node.value[int(name)]
            else:
                return None
        return node

    def follow(self, node: Node) -> Node | None:
        """Return what the `$ref` of a node points to, or refuse it."""
        target = node.text("$ref")
        place = node.value["$ref"]
        if target is None:
            return None
        if not target.startswith("#/"):
            place.refuse(f"{show(target)} points outside the file; put it under components and refer to that")
            return None
        found = self.find(target)
        if found is None:
            place.refuse(f"{show(target)} points to nothing; correct it or add what it names")
        return found


def read_document(content: bytes, file: str) -> Document:
    """Parse a YAML (or JSON) file.

    Args:
        content: the bytes of the file.
        file: its name, for messages.

    Raises:
        NotReadableError: the file is no YAML.
    """
    document = Document(file=file)
    try:
        tree = yaml.compose(_without_tabs(content), Loader=_CoreLoader)
        if tree is None:
            raise NotReadableError([f"{file}:1 #: the file is empty"])
        document.root = _Builder(document).build(tree, "#", tree.start_mark.line)
    except yaml.YAMLError as error:
        raise NotReadableError([_describe(error, file)]) from error
    except RecursionError as error:
        raise NotReadableError([f"{file}:1 #: nested too deeply"]) from error
    return document


def _without_tabs(content: bytes) -> bytes:
    """JSON may be indented with tabs, which YAML forbids; inside the strings of JSON no tab is allowed."""
    if b"\t" not in content or content.lstrip()[:1] != b"{":
        return content
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return content
    return content.replace(b"\t", b" ")


class _CoreLoader(yaml.SafeLoader):
    """YAML 1.2: `no` and `2025-01-15` are texts. PyYAML's own rules are those of YAML 1.1."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - as PyYAML has it


_RULES: Final = (
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", list("-+0123456789")),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", list("-+.0123456789")),
)
for _name, _rule, _first in _RULES:
    _CoreLoader.add_implicit_resolver(_TAG + _name, re.compile(_rule), _first)


@define
class _Builder:
    document: Document
    _seen: set[int] = field(factory=set)

    def build(self, tree: yaml.Node, pointer: str, line: int) -> Node:
        """Turn a YAML node into ours; `line` counts from 0."""
        if pointer.count("/") > _DEEPEST:
            raise RecursionError
        node = Node(value=None, line=line + 1, pointer=pointer, document=self.document)
        if id(tree) in self._seen:
            node.refuse("YAML aliases are not supported; use $ref")
            return node
        self._seen.add(id(tree))
        if isinstance(tree, yaml.MappingNode) and tree.tag == f"{_TAG}map":
            node.value = self._mapping(tree, node)
        elif isinstance(tree, yaml.SequenceNode) and tree.tag == f"{_TAG}seq":
            node.value = [
                self.build(item, f"{pointer}/{number}", item.start_mark.line) for number, item in enumerate(tree.value)
            ]
        else:
            node.value = _scalar(tree, node)
        return node

    def _mapping(self, tree: yaml.MappingNode, node: Node) -> dict[str, Node]:
        children: dict[str, Node] = {}
        for name, value in tree.value:
            key, line = _key(name, node), name.start_mark.line
            if key is None:
                continue
            child = self.build(value, f"{node.pointer}/{escape(key)}", line)
            if key in children:
                child.refuse(f"the key {show(key)} occurs twice here; remove one")
            else:
                children[key] = child
        return children


def _key(tree: yaml.Node, node: Node) -> str | None:
    line = tree.start_mark.line + 1
    if not isinstance(tree, yaml.ScalarNode):
        node.document.refuse(line, node.pointer, "a key must be text")
        return None
    if tree.tag not in {f"{_TAG}str", f"{_TAG}int", f"{_TAG}float"}:
        sentence = f"the key {show(tree.value)} is read as {tree.tag.removeprefix(_TAG)}; quote it"
        node.document.refuse(line, node.pointer, sentence)
        return None
    if tree.value == "<<" and tree.style is None:
        node.document.refuse(line, node.pointer, "YAML merge keys are not supported; use allOf or $ref")
        return None
    try:
        return _text(str(tree.value))
    except ValueError:
        node.document.refuse(line, node.pointer, f"the key {show(tree.value)} cannot be read as str")
        return None


def _scalar(tree: yaml.Node, node: Node) -> Any:
    text = str(tree.value)
    kind = tree.tag.removeprefix(_TAG)
    if not isinstance(tree, yaml.ScalarNode) or kind not in _SCALARS:
        node.refuse(f"the YAML tag {show(tree.tag)} is not supported; write plain YAML")
        return None
    try:
        return _SCALARS[kind](text)
    except (ValueError, KeyError):
        node.refuse(f"{show(text)} cannot be read as {kind}")
        return "?" if kind == "str" else None


def _text(text: str) -> str:
    """Join what JSON escapes as a pair of surrogates, which PyYAML leaves apart; half a pair is an error."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16")


def _integer(text: str) -> int:
    return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


_SCALARS: Final[dict[str, Callable[[str], Any]]] = {
    "str": _text,
    "null": lambda _: None,
    "bool": lambda text: {"true": True, "false": False}[text.lower()],
    "int": _integer,
    "float": _number,
}


def escape(key: str) -> str:
    """Return a key as part of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def _describe(error: yaml.YAMLError, file: str) -> str:
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark is not None else 1
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read"
    return f"{file}:{line} #: not YAML: {printable(str(problem))}"
