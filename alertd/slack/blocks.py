"""Block Kit as alertd uses it: which blocks there are, with the published limits of each.

Limits: docs.slack.dev/reference/block-kit, each beside its field.
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, model_validator

HEADER_LIMIT: Final = 150
"""Characters in a header."""
TEXT_LIMIT: Final = 3_000
"""Characters in the text of a section or a context element."""
_TABLE_TEXT: Final = 10_000


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


BLOCKS: TypeAdapter[list[Any]] = TypeAdapter(
    list[
        Annotated[
            Header | Section | Context | Actions | Divider | Markdown | Image | RichText | Table,
            Field(discriminator="type"),
        ]
    ]
)
"""Reads the blocks of a message."""
