"""docs/images/alert.svg: the reference case as Slack shows it, drawn from the blocks that alertd would post.

`python -m tests.docs.picture` draws it anew.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

from alertd.articles import Alert, Article, Entry, Placement, Story
from alertd.config import Watchlist
from alertd.demo.day import load_day
from alertd.slack.compose import compose
from alertd.slack.message import Message
from alertd.slack.terminal import render
from alertd.tagging.tagger import Tagger, TagInput
from alertd.watchlist.alerts import alerts_for
from alertd.watchlist.rules import ResolvedCompany, compile_rules, match

FILE: Final = Path(__file__).parents[2] / "docs" / "images" / "alert.svg"
NOW: Final = datetime(2026, 11, 25, 9, 30, 41, tzinfo=UTC).timestamp()
_WIDTH, _LEFT, _RIGHT = 760, 76, 24
_INK, _GREY, _BLUE, _LINE, _PAPER = "#1d1c1d", "#616061", "#1264a3", "#dddddd", "#ffffff"
_FONT = "Lato, 'Helvetica Neue', Helvetica, Arial, sans-serif"
_CHARS = {18: 66, 15: 84, 12.5: 108}
"""Signs in a line by the size of the letters."""


def alert() -> Alert:
    """The reference case, tagged by the shipped model and fired by a rule on the company."""
    [item] = [item for item in load_day().items if item.case == "xiaomi"]
    told = item.versions[0]
    rules = [{"name": "good news from brokers", "companies": ["1810.HK"], "events": ["analyst_rating"]}]
    known = ResolvedCompany("i:1810.HK", "1810.HK", ("1810.HK", "XIACF"), "Xiaomi")
    book = compile_rules(Watchlist.model_validate({"rules": rules}), lambda _: known)
    [tags] = Tagger.load().tag([TagInput(told.title, told.summary)])
    entry = Entry("wire", "", item.url, told.title, told.summary, "", "Quayside Wire", NOW - 41, "published", "en")
    article = Article("1-0", entry, NOW)
    story = Story("1-0", told.title, ("Quayside Wire",), 1, 1, (known.issuer,), (), (), 1, NOW, NOW)
    placement = Placement(story, "first", 1.0, "")
    matches = match(book, article, tags, placement)
    [found] = alerts_for(matches, article, tags, placement, default_channel="#alerts", posted=(), now=NOW)
    return found


def text_of(element: Mapping[str, Any]) -> str:
    """The words of an element as a reader in London sees them."""
    kind = element["type"]
    if kind in ("plain_text", "text", "link"):
        return str(element["text"])
    # a date of ours is the one mrkdwn text; the terminal knows how it reads
    drawn = render(Message("", ({"type": "context", "elements": [element]},), {}, ()), 200, zone=UTC)
    return drawn.split("\n")[1].strip("│ ")


def lines(block: Mapping[str, Any]) -> Iterable[tuple[str, float, str, bool]]:
    """What a block says: words, size of the letters, colour, whether bold."""
    match block["type"]:
        case "header":
            yield block["text"]["text"], 18, _INK, True
        case "rich_text":
            for section in block["elements"]:
                for piece in section["elements"]:
                    link = piece["type"] == "link"
                    for part in text_of(piece).strip("\n").split("\n"):
                        yield part, 15, _BLUE if link else _INK, bool(piece.get("style", {}).get("bold"))
        case "context":
            yield " ".join(text_of(element) for element in block["elements"]), 12.5, _GREY, False
        case other:
            raise ValueError(f"a block that is not drawn: {other}")


def picture(message: Message) -> str:
    """The message as SVG: name and time of the app, then its blocks, then its buttons."""
    parts: list[str] = []
    y = 34.0
    when = datetime.fromtimestamp(NOW, UTC).strftime("%H:%M")
    parts.append(_words("alertd", _LEFT, y, 15, _INK, bold=True))
    parts.append(f'<rect x="{_LEFT + 50}" y="{y - 11}" width="30" height="14" rx="2" fill="#e8e8e8"/>')
    parts.append(_words("APP", _LEFT + 55, y, 10, _GREY, bold=True))
    parts.append(_words(when, _LEFT + 88, y, 12.5, _GREY))
    for block in message.blocks:
        if block["type"] == "actions":
            y += 20
            parts += _buttons(block, y)
            y += 34
            continue
        for said, size, colour, bold in lines(block):
            for line in textwrap.wrap(said, _CHARS[size]):
                y += size * 1.5
                parts.append(_words(line, _LEFT, y, size, colour, bold=bold))
        y += 5
    height = round(y + 16)
    mark = (
        '<rect x="24" y="20" width="38" height="38" rx="8" fill="#173f5f"/>'
        '<path d="M31 47l8-15 6 9 4-6 6 12z" fill="#ffffff"/>'
    )
    frame = f'<rect x=".5" y=".5" width="{_WIDTH - 1}" height="{height - 1}" rx="10" fill="{_PAPER}" stroke="{_LINE}"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}" '
        f'role="img" font-family="{_FONT}">\n<title>{escape(message.text)}</title>\n'
        + "\n".join([frame, mark, *parts])
        + "\n</svg>\n"
    )


def _words(text: str, x: float, y: float, size: float, colour: str, *, bold: bool = False) -> str:
    weight = ' font-weight="700"' if bold else ""
    return f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" fill="{colour}"{weight}>{escape(text)}</text>'


def _buttons(block: Mapping[str, Any], y: float) -> Iterable[str]:
    x = float(_LEFT)
    for element in block["elements"]:
        label = element["text"]["text"] if element["type"] == "button" else "•••"
        width = 24 + 7.4 * len(label) if element["type"] == "button" else 40
        yield f'<rect x="{x:g}" y="{y - 8:g}" width="{width:g}" height="30" rx="5" fill="none" stroke="#bbbbbb"/>'
        yield _words(label, x + 12, y + 12, 13, _INK, bold=True)
        x += width + 8


def main() -> None:
    """Draw the picture."""
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(picture(compose(alert(), NOW, answers=True)), encoding="utf-8")


if __name__ == "__main__":
    main()
