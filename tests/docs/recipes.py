"""The recipes of docs/recipes.md, read from it, and run through the shipped tagger and the rules as a daemon would.

`python -m tests.docs.recipes` draws the messages in that document anew.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from alertd.articles import Alert, Article, Company, Entry, Placement, Story
from alertd.config import Configuration
from alertd.configured import compiled, read, retagged
from alertd.exchanges import Sessions
from alertd.slack.compose import compose, compose_digest
from alertd.slack.message import Message
from alertd.slack.terminal import render
from alertd.tagging.gazetteer import Gazetteer
from alertd.tagging.tagger import Tagger, TagInput
from alertd.watchlist.alerts import alerts_for
from alertd.watchlist.hours import telling
from alertd.watchlist.pacing import Pacing
from alertd.watchlist.quiet import sentence
from alertd.watchlist.recall import Recall
from alertd.watchlist.rules import RuleBook, match

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "recipes.md"
SETTINGS: Final = "feeds:\n  - {name: wire, url: https://www.example.com/rss.xml}\n"
DAY: Final = 86_400.0
MINUTE: Final = 60.0
NOW: Final = datetime(2026, 11, 25, 14, 0, tzinfo=UTC).timestamp()
"""A Wednesday, in office hours of London and before those of New York are over."""
IN_HONG_KONG: Final = datetime(2026, 11, 25, 2, 15, tzinfo=UTC).timestamp()
_PARTS: Final = re.compile(r"^## (?P<name>[^\n]+)\n(?P<body>.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_YAML: Final = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SHOWN: Final = re.compile(r"^```text\n(.*?)^```\n\n", re.MULTILINE | re.DOTALL)
_TELLS: Final = re.compile(r"^Tells[^*\n]*: \*(?P<title>[^*\n]+)\*\n\n", re.MULTILINE)
_QUIET: Final = re.compile(r"^Keeps quiet on: \*(?P<title>[^*\n]+)\*[^\n]*$", re.MULTILINE)


@dataclass(frozen=True)
class Recipe:
    """A need, the watchlist for it, and what is claimed of it.

    Attributes:
        tells, keeps_quiet_on: titles of articles.
        shown: the message as the document shows it.
    """

    name: str
    watchlist: str
    tells: str
    keeps_quiet_on: str
    shown: str


@dataclass(frozen=True)
class Told:
    """An article of a scenario: so many seconds from now, in a story that so many outlets carry."""

    title: str
    at: float = 0.0
    outlets: int = 1


BEFORE: Final[Mapping[str, tuple[Told, ...]]] = {
    "A small company is suddenly in the news": (
        *(Told("GoPro shows a camera for divers", -n * DAY + 3600) for n in range(14, 0, -1)),
        *(Told(f"GoPro shares rise, {n} reports say so", n * MINUTE - 5 * MINUTE) for n in range(3)),
    ),
    "The mood turns": (
        *(Told("Intel raises its outlook for the year", n * 3600.0 - DAY) for n in range(8)),
        *(Told("Intel warns that sales will miss its forecast", n * 60.0 - 3600) for n in range(4)),
    ),
}
"""What came before the article that a recipe tells, where it remembers."""
BEFORE_QUIET: Final[Mapping[str, tuple[Told, ...]]] = {
    "A small company is suddenly in the news": BEFORE["A small company is suddenly in the news"][:14],
    "The mood turns": BEFORE["The mood turns"][:8],
    "The first trouble in a year": (Told("Shareholders sue Pfizer over a payment to doctors", -30 * DAY),),
}
"""The same for the article on which it keeps quiet."""
AT: Final = {"Chinese companies in Hong Kong's hours": IN_HONG_KONG}
OUTLETS: Final = {"Cyber attack": 2}
SILENCE: Final = {"Silence before results": 4 * DAY}
"""Recipes that tell of nothing: seconds after which they do."""


def recipes(text: str | None = None) -> list[Recipe]:
    """Read the recipes; every part of the document has all that a recipe has."""
    found = []
    for part in _PARTS.finditer(text if text is not None else DOCUMENT.read_text(encoding="utf-8")):
        body = part["body"]
        [watchlist] = _YAML.findall(body)
        [shown] = _SHOWN.findall(body) or [""]
        tells, quiet = _TELLS.search(body), _QUIET.search(body)
        assert tells, f"{part['name']} tells nothing"
        assert quiet, f"{part['name']} is never quiet"
        assert "\nDoes not catch: " in body, part["name"]
        found.append(Recipe(part["name"], watchlist, tells["title"], quiet["title"], shown))
    return found


class Kitchen:
    """Reads watchlists as `alertd check` does, and runs articles through them.

    Args:
        folder: an empty folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._gazetteer = Gazetteer.open()
        self._tagger = Tagger.load()
        self._sessions = Sessions()

    def read(self, recipe: Recipe) -> Configuration:
        """The configuration of a recipe.

        Raises:
            ConfigError: with every mistake.
        """
        (self._folder / "alertd.yaml").write_text(SETTINGS, encoding="utf-8")
        (self._folder / "watchlist.yaml").write_text(recipe.watchlist, encoding="utf-8")
        return read(self._folder, self._gazetteer)

    def alerts(self, recipe: Recipe, *, tells: bool, at: float = 0.0) -> list[Alert]:
        """What the watchlist posts on the article that the recipe tells, or on the one on which it keeps quiet.

        Args:
            at: Unix seconds at which the article comes, 0 for the recipe's own time.
        """
        found = self.read(recipe)
        book = compiled(found, self._gazetteer)
        tagger = retagged(self._tagger, found, self._gazetteer)
        title = recipe.tells if tells else recipe.keeps_quiet_on
        earlier = (BEFORE if tells else BEFORE_QUIET).get(recipe.name, ())
        last = Told(title, 0.0, OUTLETS.get(recipe.name, 1) if tells else 1)
        if recipe.name in SILENCE:
            more = () if tells else (Told(title, 2 * DAY),)
            return self._silence(book, tagger, (last, *more), NOW + SILENCE[recipe.name] + 1)
        return self._posted(book, tagger, (*earlier, last), at or AT.get(recipe.name, NOW))

    def _posted(self, book: RuleBook, tagger: Tagger, told: Sequence[Told], now: float) -> list[Alert]:
        """What the last of some articles posts, and when: `digest` is set for what is told together later."""
        filed = [_article(number, one, now) for number, one in enumerate(told)]
        tags = tagger.tag([TagInput(one.title) for one in told])
        recall = Recall(book, filed[0][0].arrived)
        posts: list[Alert] = []
        for (article, placement), tagged in zip(filed, tags, strict=True):
            matches = match(book, article, tagged, placement)
            if recall:
                matches, _ = recall.judge(matches, article, tagged, placement)
            pacing = Pacing(book.by_name, {}, article.arrived)
            posts = [
                alert
                for alert in alerts_for(
                    matches, article, tagged, placement, default_channel="#alerts", posted=(), pacing=pacing,
                    now=article.arrived,
                )
                if alert.kind == "post"
            ]  # fmt: skip
        return [self._timed(book, alert) for alert in posts]

    def _timed(self, book: RuleBook, alert: Alert) -> Alert:
        when = telling(book.by_name[alert.rule], alert.created, self._sessions)
        assert not when.dropped, alert.rule
        return replace(alert, digest=f"{when.at:.0f}" if when.together else "")

    def _silence(self, book: RuleBook, tagger: Tagger, told: Sequence[Told], until: float) -> list[Alert]:
        filed = [_article(number, one, NOW) for number, one in enumerate(told)]
        tags = tagger.tag([TagInput(one.title) for one in told])
        recall = Recall(book, NOW)
        for (article, placement), tagged in zip(filed, tags, strict=True):
            recall.judge(match(book, article, tagged, placement), article, tagged, placement)
        return [
            _said(book, silent.issuer, sentence(book.companies[silent.issuer].name, silent.rule, silent.last, until, 1))
            for silent in recall.silent(until)
        ]


def _said(book: RuleBook, issuer: str, text: str) -> Alert:
    known = book.companies[issuer]
    company = Company(known.symbol, known.symbols, known.name, "subject", 1.0, None, (), issuer)
    return Alert("key", "post", book.rules[0].name, "#alerts", "", NOW, company=company, text=text)


def _article(number: int, told: Told, now: float) -> tuple[Article, Placement]:
    """An article that stands alone, as a first report."""
    arrived = now + told.at
    entry = Entry(
        "wire",
        "",
        "https://quaysidewire.example/news",
        told.title,
        "",
        "",
        "Quayside Wire",
        arrived - 38,
        "published",
        "en",
    )
    outlets = ("Quayside Wire", "The Morning Tape", "Harbour News")[: told.outlets]
    story = Story(f"{number}-0", told.title, outlets, told.outlets, 1, (), (), (), 0, arrived, arrived)
    return Article(f"{arrived * 1000:.0f}-{number}", entry, arrived), Placement(story, "first", 1.0, "")


def drawn(alert: Alert) -> str:
    """A message as the terminal shows what Slack gets; what waits for a digest, in its digest of one."""
    message: Message
    if alert.digest:
        at = float(alert.digest)
        [message] = compose_digest([alert], at)
    else:
        message = compose(alert, alert.created)
    return render(message, 96, channel=alert.destination, zone=UTC)


def redrawn(text: str, kitchen: Kitchen) -> str:
    """The document with its messages as they are now."""
    for recipe in recipes(text):
        alerts = kitchen.alerts(recipe, tells=True)
        assert alerts, f"{recipe.name} tells nothing"
        start = text.index(f"## {recipe.name}\n")
        head, body = text[:start], _SHOWN.sub("", text[start:], count=1) if recipe.shown else text[start:]
        tells = _TELLS.search(body)
        assert tells
        text = f"{head}{body[: tells.end()]}```text\n{drawn(alerts[0])}```\n\n{body[tells.end() :]}"
    return text


def main() -> None:
    """Draw the messages of the document anew."""
    with tempfile.TemporaryDirectory() as folder:
        text = redrawn(DOCUMENT.read_text(encoding="utf-8"), Kitchen(Path(folder)))
    DOCUMENT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
