"""Reads a YAML file into plain data and remembers where everything stands, so that an error can say it.

Every scalar stays the text that was written: the models decide what it means. So ON, NO and 0700 are tickers, not
truth values or octal numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

Keys = tuple[str | int, ...]
"""Where in the data: keys and indexes."""

DEEPEST: Final = 20
MOST_VALUES: Final = 200_000
"""Values in a file, aliases counted as often as they are used: an entity bomb ends here."""
LARGEST: Final = 10_000_000
"""Bytes of a file."""

_VARIABLE: Final = re.compile(r"\$(?:\$(?=\{)|\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\{)")
_SCALARS: Final = frozenset(["str", "int", "float", "bool", "null", "timestamp", "merge", "value"])
_WRITTEN: Final = ("alertd.yaml", "watchlist.yaml")
_NULLS: Final = frozenset(["", "~", "null", "Null", "NULL"])
_SHOWABLE_KEY: Final = re.compile(r"(?!xox|xapp)[A-Za-z_<][A-Za-z0-9_<. -]{0,39}")
_SECRET: Final = re.compile(r"xox[a-z]-|xapp-|://", re.IGNORECASE)


@dataclass(frozen=True, order=True, slots=True)
class Problem:
    """A mistake: file as the user named it, line and column from 1, what is wrong and what would be right."""

    order: int
    line: int
    column: int
    file: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.text}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value and its key stand (line and column from 1); `raw` is a scalar as written, else None."""

    line: int
    column: int
    key_line: int
    key_column: int
    raw: str | None = None


@dataclass
class Document:
    """A file as read: its data, the place of each value, the mistakes found so far and where they are.

    `warnings` are what is no mistake and yet should be changed.
    """

    name: str
    order: int = 0
    value: Any = None
    places: dict[Keys, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    noted: set[Keys] = field(default_factory=set)

    def shown(self, path: Keys) -> str:
        """Give the value at a place as it stands in the file, if it may be shown; else "given here"."""
        place = self.places.get(path)
        return (shown(place.raw) if place else "") or "given here"

    def at(self, path: Keys, text: str, *, key: bool = False) -> None:
        """Note a mistake at a value (or at its key); at the nearest place around it when it has none."""
        self.noted.add(path)
        whole = path
        while path not in self.places and path:
            path = path[:-1]
        place = self.places.get(path, Place(1, 1, 1, 1))
        on_key = key and path == whole
        line, column = (place.key_line, place.key_column) if on_key else (place.line, place.column)
        self.add(line, column, text)

    def warn(self, path: Keys, text: str) -> None:
        """Note what is no mistake at a value, and yet should be changed."""
        place = self.places[path]
        self.warnings.append(Problem(self.order, place.line, place.column, self.name, text))

    def add(self, line: int, column: int, text: str) -> None:
        """Note a mistake at a line and column, from 1."""
        problem = Problem(self.order, line, column, self.name, text)
        if problem not in self.problems:
            self.problems.append(problem)


def shown(raw: str | None) -> str:
    """Give a scalar as it may be shown in a message: short, and "" when it may be a secret."""
    if raw is None or not raw or _SECRET.search(raw) or not raw.isprintable():
        return ""
    return f"'{raw if len(raw) <= 60 else raw[:57] + '…'}'"


def shown_key(key: str) -> str:
    """Give a key as it may be shown in a message; "" when it may be a secret that lost its key."""
    return f"'{key}'" if _SHOWABLE_KEY.fullmatch(key) else ""


def read(path: Path, name: str, order: int, environ: Mapping[str, str], data: bytes | None) -> Document:
    """Read a file, with `${NAME}` replaced from the environment.

    Args:
        path: the file; only its name is used here.
        name: the file as messages call it.
        order: place of this file among the others, for sorting mistakes.
        data: its bytes; None when there is no such file.
    """
    document = Document(name, order)
    if data is None:
        step = "write one with `alertd init`" if path.name in _WRITTEN else "check its name"
        document.add(1, 1, f"there is no {path.name} here; {step}")
        return document
    text = _text(document, data)
    if text is None:
        return document
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.reader.ReaderError as error:
        line, column = _position(text, error.position)
        document.add(line, column, "a control character; remove it")
        return document
    except yaml.MarkedYAMLError as error:
        unclosed = "end of stream" in (error.problem or "") and error.context_mark
        mark = error.context_mark if unclosed else error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        document.add(line, column, _syntax(error))
        return document
    except RecursionError:
        document.add(1, 1, "nested too deeply; write it flat")
        return document
    if node is not None:
        _Reader(document, environ).read(node)
    return document


class _Reader:
    """Turns the nodes of a document into plain data."""

    def __init__(self, document: Document, environ: Mapping[str, str]) -> None:
        self.document = document
        self.environ = environ
        self.count = 0

    def read(self, root: yaml.Node) -> None:
        try:
            self.document.value = self._value(root, (), root)
        except _TooMuchError:
            self.document.add(1, 1, "too much in one file, or aliases within aliases; write it out")

    def _value(self, node: yaml.Node, path: Keys, key: yaml.Node) -> Any:
        self.count += 1
        if self.count > MOST_VALUES or len(path) > DEEPEST:
            raise _TooMuchError
        mark, at = node.start_mark, key.start_mark
        raw = node.value if isinstance(node, yaml.ScalarNode) else None
        self.document.places[path] = Place(mark.line + 1, mark.column + 1, at.line + 1, at.column + 1, raw)
        if _tagged(node):
            self.document.at(path, "a YAML tag (!…); remove it")
            return None
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*path, index), item) for index, item in enumerate(node.value)]
        return self._mapping(node, path)

    def _mapping(self, node: yaml.Node, path: Keys) -> dict[str, Any]:
        found: dict[str, Any] = {}
        first: dict[str, int] = {}
        for key_node, value_node in node.value:
            mark = key_node.start_mark
            if not isinstance(key_node, yaml.ScalarNode):
                self.document.add(mark.line + 1, mark.column + 1, "a key that is no text; write `name: value`")
                continue
            key = str(key_node.value)
            if key_node.tag == "tag:yaml.org,2002:merge":
                text = "merge keys (<<) are not read; use feed_defaults or defaults, or write the keys out"
                self.document.add(mark.line + 1, mark.column + 1, text)
                continue
            if key in found:
                text = f"key {shown_key(key) or 'here'} stands here twice (first in line {first[key]}); keep one"
                self.document.add(mark.line + 1, mark.column + 1, text)
                continue
            first[key] = mark.line + 1
            found[key] = self._value(value_node, (*path, key), key_node)
        return found

    def _scalar(self, node: yaml.ScalarNode, path: Keys) -> str | None:
        text = str(node.value)
        if node.style is None and text in _NULLS:
            return None
        return _VARIABLE.sub(lambda found: self._variable(found, path), text)

    def _variable(self, found: re.Match[str], path: Keys) -> str:
        if found[0] == "$$":
            return "$"
        name = found[1]
        if name is None:
            self.document.at(path, "a ${ without a name; write ${NAME}, or $${ for a plain ${")
            return found[0]
        value = self.environ.get(name)
        if value or (value is not None and found[2] is None):
            return value
        if found[2] is not None:
            return str(found[2])
        self.document.at(path, f"${{{name}}} is not set; set the environment variable {name}, or write ${{{name}:-}}")
        return ""


class _TooMuchError(Exception):
    """The document is too large or too deep."""


def _tagged(node: yaml.Node) -> bool:
    """Whether a node carries a tag beyond plain texts, lists and mappings."""
    kind = node.tag.removeprefix("tag:yaml.org,2002:")
    if isinstance(node, yaml.ScalarNode):
        return kind not in _SCALARS
    return bool(kind != ("seq" if isinstance(node, yaml.SequenceNode) else "map"))


def _text(document: Document, data: bytes) -> str | None:
    if len(data) > LARGEST:
        document.add(1, 1, f"larger than {LARGEST // 10**6} MB; make it smaller")
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        line, column = _position(before, len(before))
        document.add(line, column, "a character that is not UTF-8; save the file as UTF-8")
        return None


def _position(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def _syntax(error: yaml.MarkedYAMLError) -> str:
    """Put PyYAML's words for a syntax error into words for a person; none of them holds a value of the file."""
    problem = error.problem or ""
    for part, words in _WORDS.items():
        if part in problem:
            return words
    # what stands behind these words is text of the file
    bare = re.sub(r"(alias|anchor|tag|found) .*", r"\1 …", problem)
    return f"not YAML ({bare}); check quotes, colons and indentation"


_WORDS: Final = {
    "mapping values are not allowed here": ("a colon where none may stand; indent alike, and quote texts with a colon"),
    "cannot start any token": "a character that cannot stand here; indent by spaces, and quote texts with % @ or `",
    "expected <block end>": "not indented as the lines before it; give all keys of one entry the same indentation",
    "could not find expected ':'": "a line without a colon; write `key: value`",
    "found undefined alias": "an alias (*…) without its anchor; quote texts that start with *",
    "found unexpected end of stream": "a quote or bracket that is never closed; close it",
    "expected ',' or": "a list or bracket that goes on wrongly; put commas between its items and close it",
    "expected a single document": "a second document (---); keep one",
    "but found another document": "a second document (---); keep one",
}
