"""Would Slack take this message? The published limits of Block Kit, for what alertd sends.

Limits: docs.slack.dev/reference/block-kit, each beside its field. The sum over all blocks is not published; it was
measured by others (github.com/slackapi/bolt-js/issues/2509): about 13,200 characters, and 125 for each further block.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

HEADER_LIMIT = 150
"""Characters in a header."""
TEXT_LIMIT = 3_000
"""Characters in the text of a section or a context element."""
BLOCK_LIMIT = 50
"""Blocks in a message."""
WEIGHT_LIMIT = 13_000
"""Characters in all blocks together, as `weight` counts them."""
FALLBACK_LIMIT = 40_000
"""Characters in a message's `text`; beyond them Slack answers `msg_too_long` or cuts."""
METADATA_LIMIT = 8_000
"""Bytes of JSON that we allow in a message's metadata; Slack publishes no figure."""
_TABLE_TEXT = 10_000
_PER_BLOCK = 125
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Problem:
    """Why Slack would refuse a message.

    Attributes:
        code: the error code that Slack would answer.
        where: path into the message ("blocks/2/elements/0/text").
        what: what is wrong with it.
    """

    code: str
    where: str
    what: str


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


def _at_most(limit: int) -> AfterValidator:
    def check(text: PlainText | Mrkdwn) -> PlainText | Mrkdwn:
        if len(text.text) > limit:
            raise ValueError(f"{len(text.text)} characters, at most {limit}")
        return text

    return AfterValidator(check)


class PlainText(_Part):
    """Text shown literally."""

    type: Literal["plain_text"]
    text: str = Field(min_length=1, max_length=TEXT_LIMIT)
    emoji: bool = True


class Mrkdwn(_Part):
    """Text in Slack's markup."""

    type: Literal["mrkdwn"]
    text: str = Field(min_length=1, max_length=TEXT_LIMIT)
    verbatim: bool = False


Text = Annotated[PlainText | Mrkdwn, Field(discriminator="type")]
Address = Annotated[str, Field(min_length=1, max_length=3_000)]
Identifier = Annotated[str, Field(min_length=1, max_length=255)]


class Image(_Part):
    """A picture, as a block or inside one."""

    type: Literal["image"]
    image_url: Address
    alt_text: str = Field(min_length=1, max_length=2_000)
    title: Annotated[PlainText, _at_most(2_000)] | None = None
    block_id: Identifier | None = None


class Button(_Part):
    """A button."""

    type: Literal["button"]
    text: Annotated[PlainText, _at_most(75)]
    action_id: Identifier | None = None
    url: Address | None = None
    value: str | None = Field(default=None, max_length=2_000)
    style: Literal["primary", "danger"] | None = None
    accessibility_label: str | None = Field(default=None, max_length=75)


class Option(_Part):
    """An entry of a menu."""

    text: Annotated[PlainText, _at_most(75)]
    value: str = Field(min_length=1, max_length=150)


class Overflow(_Part):
    """A menu behind three dots."""

    type: Literal["overflow"]
    action_id: Identifier | None = None
    options: list[Option] = Field(min_length=1, max_length=5)


class _Block(_Part):
    block_id: Identifier | None = None


class Header(_Block):
    """A large line."""

    type: Literal["header"]
    text: Annotated[PlainText, _at_most(HEADER_LIMIT)]


class Section(_Block):
    """Text, fields, or both."""

    type: Literal["section"]
    text: Text | None = None
    fields: list[Annotated[Text, _at_most(2_000)]] | None = Field(default=None, min_length=1, max_length=10)
    accessory: Annotated[Button | Image, Field(discriminator="type")] | None = None
    expand: bool = False

    @model_validator(mode="after")
    def _says_something(self) -> Section:
        if self.text is None and self.fields is None:
            raise ValueError("a section needs text or fields")
        return self


class Context(_Block):
    """Small print."""

    type: Literal["context"]
    elements: list[Annotated[PlainText | Mrkdwn | Image, Field(discriminator="type")]] = Field(
        min_length=1, max_length=10
    )


class Actions(_Block):
    """Buttons and menus."""

    type: Literal["actions"]
    elements: list[Annotated[Button | Overflow, Field(discriminator="type")]] = Field(min_length=1, max_length=25)

    @model_validator(mode="after")
    def _distinct(self) -> Actions:
        for name, count in Counter(e.action_id for e in self.elements if e.action_id).items():
            if count > 1:
                raise ValueError(f"action_id {name!r} is used {count} times")
        return self


class Divider(_Block):
    """A line."""

    type: Literal["divider"]


class Markdown(_Block):
    """Standard Markdown."""

    type: Literal["markdown"]
    text: str = Field(min_length=1, max_length=12_000)


class Style(_Part):
    """How a piece of rich text looks."""

    bold: bool = False
    italic: bool = False
    strike: bool = False
    code: bool = False


class RichTextPiece(_Part):
    """Literal text."""

    type: Literal["text"]
    text: str = Field(min_length=1)
    style: Style | None = None


class RichLink(_Part):
    """A link with literal text."""

    type: Literal["link"]
    url: Address
    text: str | None = Field(default=None, min_length=1)
    style: Style | None = None


class RichDate(_Part):
    """A date in the reader's zone."""

    type: Literal["date"]
    timestamp: int
    format: str = Field(min_length=1)
    fallback: str | None = None
    url: Address | None = None


class RichUser(_Part):
    """Pings a member."""

    type: Literal["user"]
    user_id: Identifier


class RichUserGroup(_Part):
    """Pings a group of members."""

    type: Literal["usergroup"]
    usergroup_id: Identifier


class RichBroadcast(_Part):
    """Pings a channel."""

    type: Literal["broadcast"]
    range: Literal["here", "channel", "everyone"]


RichPiece = Annotated[
    RichTextPiece | RichLink | RichDate | RichUser | RichUserGroup | RichBroadcast, Field(discriminator="type")
]


class RichSection(_Part):
    """A run of rich text."""

    type: Literal["rich_text_section"]
    elements: list[RichPiece] = Field(min_length=1)


class RichText(_Block):
    """Formatted text without markup."""

    type: Literal["rich_text"]
    elements: list[RichSection] = Field(min_length=1)


class RawText(_Part):
    """A table's cell of literal text."""

    type: Literal["raw_text"]
    text: str = Field(min_length=1)


Row = Annotated[list[Annotated[RawText | RichText, Field(discriminator="type")]], Field(min_length=1, max_length=20)]


class Column(_Part):
    """How a table's column looks."""

    align: Literal["left", "center", "right"] | None = None
    is_wrapped: bool = False


class Table(_Block):
    """Rows of cells, the first one their head."""

    type: Literal["table"]
    rows: list[Row] = Field(min_length=1, max_length=100)
    column_settings: list[Column] | None = Field(default=None, max_length=20)

    @model_validator(mode="after")
    def _even(self) -> Table:
        if len({len(row) for row in self.rows}) > 1:
            raise ValueError("rows of different lengths")
        if (total := sum(_cell_size(cell) for row in self.rows for cell in row)) > _TABLE_TEXT:
            raise ValueError(f"{total} characters in its cells, at most {_TABLE_TEXT}")
        return self


def _cell_size(cell: RawText | RichText) -> int:
    if isinstance(cell, RawText):
        return len(cell.text)
    pieces = [piece for section in cell.elements for piece in section.elements]
    return sum(len(p.format if isinstance(p, RichDate) else getattr(p, "text", "") or "") for p in pieces)


_BLOCKS: TypeAdapter[list[Any]] = TypeAdapter(
    list[
        Annotated[
            Header | Section | Context | Actions | Divider | Markdown | Image | RichText | Table,
            Field(discriminator="type"),
        ]
    ]
)


def weight(blocks: Sequence[Mapping[str, Any]]) -> int:
    """Characters that these blocks count for together: their JSON, and what Slack adds to each."""
    return len(json.dumps(list(blocks), ensure_ascii=False, separators=(",", ":"))) + _PER_BLOCK * len(blocks)


def problems(
    text: str, blocks: Sequence[Mapping[str, Any]] = (), metadata: Mapping[str, Any] | None = None
) -> tuple[Problem, ...]:
    """Everything for which Slack would refuse this message; empty when it would take it.

    Args:
        text: the fallback text.
        blocks: JSON-ready blocks.
        metadata: the message's metadata, if any.
    """
    found = []
    if not text.strip() and not blocks:
        found.append(Problem("no_text", "text", "a message needs text or blocks"))
    if len(text) > FALLBACK_LIMIT:
        found.append(Problem("msg_too_long", "text", f"{len(text)} characters, at most {FALLBACK_LIMIT}"))
    found += _block_problems(blocks)
    if metadata and len(json.dumps(metadata).encode()) > METADATA_LIMIT:
        found.append(Problem("metadata_too_large", "metadata", f"more than {METADATA_LIMIT} bytes of JSON"))
    return tuple(found)


def _block_problems(blocks: Sequence[Mapping[str, Any]]) -> list[Problem]:
    if not blocks:
        return []
    found = []
    if len(blocks) > BLOCK_LIMIT:
        found.append(Problem("invalid_blocks", "blocks", f"{len(blocks)} blocks, at most {BLOCK_LIMIT}"))
    try:
        _BLOCKS.validate_python(list(blocks))
    except ValidationError as wrong:
        for error in wrong.errors(include_url=False, include_input=False)[:_SHOWN]:
            where = "/".join(str(step) for step in ("blocks", *error["loc"]))
            found.append(Problem("invalid_blocks", where, error["msg"]))
        return found
    for name, count in Counter(b["block_id"] for b in blocks if b.get("block_id")).items():
        if count > 1:
            found.append(Problem("invalid_blocks", "blocks", f"block_id {name!r} is used {count} times"))
    if sum(b["type"] == "table" for b in blocks) > 1:
        found.append(Problem("invalid_blocks", "blocks", "more than one table"))
    if (total := weight(blocks)) > WEIGHT_LIMIT:
        found.append(Problem("msg_blocks_too_long", "blocks", f"{total} characters together, at most {WEIGHT_LIMIT}"))
    return found
