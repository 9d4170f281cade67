"""The recorded news day: what each feed holds at which second, as plain data from `day/*.yaml`.

All texts and events are made up. Times are relative: an item appears `at` seconds after the day's start and says that
it was published `ago` before it appeared, so that the day can be told at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Literal, get_args

import yaml

from alertd.config.units import seconds

Format = Literal["rss", "atom"]
Answer = Literal["unavailable", "page"]
Case = Literal[
    "xiaomi", "copy", "new_guid", "edited", "correction", "redated", "old", "undated", "undated_old", "round_up",
    "apple_fruit", "target_verb", "channel_ping", "broker_as_source",
]  # fmt: skip
"""What an item is in the day for; most are in it for nothing but the noise of a real day."""

WATCHLIST = "watchlist.yaml"
_FOLDER = files("alertd.demo") / "day"
_CHANGING = ("at", "ago", "guid", "title", "summary", "text")


@dataclass(frozen=True, slots=True)
class Version:
    """An item as it stands from a moment on.

    Attributes:
        at: second of the day from which it stands so.
        published: second of the day that it gives as its own date (before 0 as a rule); None for an item without one.
        guid: its id within the feed.
    """

    at: float
    published: float | None
    guid: str
    title: str
    summary: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a feed.

    Attributes:
        id: unique in the day.
        case: what it is in the day for, or "".
        of: id of the item that it repeats, or "".
        url: its link, by which a message leads back to it.
        author, source: byline, and outlet where it is not the feed itself; "" for none.
        versions: at least one, in time order.
    """

    id: str
    feed: str
    case: Case | Literal[""]
    of: str
    url: str
    author: str
    source: str
    versions: tuple[Version, ...]

    def version(self, elapsed: float) -> Version | None:
        """How it stands at a second of the day; None before it appears."""
        return next((v for v in reversed(self.versions) if v.at <= elapsed), None)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A stretch of the day (seconds, end excluded) in which a feed answers with something else than its document."""

    start: float
    end: float
    answer: Answer


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed of the day."""

    name: str
    title: str
    format: Format
    link: str
    items: tuple[Item, ...]
    trouble: tuple[Trouble, ...] = ()

    @property
    def end(self) -> float:
        """Second after which nothing changes any more."""
        return max([v.at for i in self.items for v in i.versions] + [t.end for t in self.trouble])

    def shown(self, elapsed: float) -> tuple[tuple[Item, Version], ...]:
        """What its document holds at a second of the day, what came last first."""
        found = [(item, version) for item in self.items if (version := item.version(elapsed)) is not None]
        return tuple(sorted(found, key=lambda pair: -pair[0].versions[0].at))

    def failing(self, elapsed: float) -> Answer | None:
        """What it answers instead of its document at a second of the day, or None."""
        return next((t.answer for t in self.trouble if t.start <= elapsed < t.end), None)


@dataclass(frozen=True, slots=True)
class Day:
    """The whole day: its feeds, and the watchlist that goes with it as the YAML that a user would write."""

    feeds: tuple[Feed, ...]
    watchlist: str

    @property
    def items(self) -> tuple[Item, ...]:
        """All items of all feeds."""
        return tuple(item for feed in self.feeds for item in feed.items)

    @property
    def end(self) -> float:
        """Second after which nothing changes any more."""
        return max(feed.end for feed in self.feeds)


def load_day(folder: Traversable = _FOLDER) -> Day:
    """Read the day.

    Args:
        folder: holds one YAML file for each feed, and the watchlist.

    Raises:
        ValueError: the data is not a day; it comes with alertd, so this is a mistake of the package.
    """
    names = sorted(found.name for found in folder.iterdir() if found.name.endswith(".yaml") and found.name != WATCHLIST)
    feeds = tuple(_feed(yaml.safe_load((folder / name).read_text(encoding="utf-8"))) for name in names)
    return Day(feeds, (folder / WATCHLIST).read_text(encoding="utf-8"))


def _feed(plain: Mapping[str, Any]) -> Feed:
    _known(plain, ("name", "title", "format", "link", "items", "trouble"))
    name = str(plain["name"])
    trouble = tuple(
        Trouble(seconds(t["from"]), seconds(t["until"]), _one_of(t["answer"], get_args(Answer)))
        for t in plain.get("trouble", ())
    )
    items = tuple(_item(item, name, str(plain["link"])) for item in plain["items"])
    return Feed(name, plain["title"], _one_of(plain["format"], get_args(Format)), plain["link"], items, trouble)


def _item(plain: Mapping[str, Any], feed: str, link: str) -> Item:
    _known(plain, (*_CHANGING, "id", "case", "of", "url", "author", "source", "changes"))
    ident = str(plain["id"])
    start = {"guid": f"{feed}:{ident}", "text": "", "ago": None}
    versions = [_version(start | dict(plain))]
    for change in plain.get("changes", ()):
        _known(change, _CHANGING)
        versions.append(_version(change, versions[-1]))
    return Item(
        id=ident,
        feed=feed,
        case=_one_of(plain["case"], get_args(Case)) if "case" in plain else "",
        of=plain.get("of", ""),
        url=plain.get("url", f"{link}/{ident}"),
        author=plain.get("author", ""),
        source=plain.get("source", ""),
        versions=tuple(versions),
    )


def _version(plain: Mapping[str, Any], last: Version | None = None) -> Version:
    """An item's first version, or a later one, which takes over what it does not name."""
    at = seconds(plain["at"])
    named = {key: plain[key] for key in ("guid", "title", "summary", "text") if key in plain}
    if plain.get("ago") is not None:
        named["published"] = at - seconds(plain["ago"])
    elif last is None:
        named["published"] = None
    return replace(last, at=at, **named) if last else Version(at=at, **named)


def _known(plain: Mapping[str, Any], names: Iterable[str]) -> None:
    if unknown := sorted(set(plain) - set(names)):
        raise ValueError(f"{plain.get('id', plain.get('name', '?'))}: unknown key {unknown[0]}")


def _one_of(value: Any, choice: tuple[Any, ...]) -> Any:
    if value not in choice:
        raise ValueError(f"{value!r} is none of {', '.join(choice)}")
    return value
