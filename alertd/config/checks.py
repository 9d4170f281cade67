"""What the two files must hold together: names that are unique and known, addresses that may be polled, symbols."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from alertd.config.document import Document, Keys
from alertd.config.models import FeedSettings
from alertd.config.units import duration_words
from alertd.config.values import reach, split
from alertd.config.watchlist import RuleSettings, looks_like_ticker

FASTEST_PUBLIC: Final = 5.0
"""Least seconds between two polls of a feed that is not on this machine."""

CONDITIONS: Final = (
    "companies", "lists", "sectors", "countries", "events", "keywords", "sources", "feeds", "facts",
)  # fmt: skip
"""Conditions of which a rule needs one; without any it would fire on everything."""


@dataclass(frozen=True)
class Symbols:
    """Tells whether a symbol is known, and which are like it; from the gazetteer, or from nothing at all."""

    known: Callable[[str], bool] | None = None
    like: Callable[[str], Sequence[str]] | None = None


@dataclass
class Parts:
    """What could be read of both files, each with its place; parts with mistakes are left out.

    Attributes:
        expansions: names of the feeds that a preset's entry stands for, by the name of that entry.
        empty: indexes of entries whose preset stands for no feed at all.
    """

    private: bool = False
    feeds: list[tuple[int, FeedSettings]] = field(default_factory=list)
    rules: list[tuple[Keys, RuleSettings]] = field(default_factory=list)
    lists: Mapping[str, object] = field(default_factory=dict)
    expansions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    empty: list[int] = field(default_factory=list)


def check_settings(document: Document, parts: Parts) -> None:
    """Note the mistakes of `alertd.yaml` that no single value shows."""
    if not isinstance(document.value, dict):
        if document.value is None and not document.problems:
            document.add(1, 1, "no feeds; list at least one under `feeds:`, or write anew with `alertd init`")
        return
    if document.value.get("feeds") is None:
        document.at(("feeds",), "no feeds; list at least one under `feeds:`", key=True)
    for path, first in _repeats(document, [("feeds",)], "name"):
        document.at(path, f"a second feed with this name (first in line {first}); names are unique")
    for path, first in _repeats(document, [("feeds",)], "url"):
        document.at(path, f"the address of the feed in line {first} again; keep one of them")
    for index, feed in parts.feeds:
        _check_feed(document, index, feed, parts)
    for index in parts.empty:
        text = "no company of the watchlist has what it is asked by; name some under `symbols:`, or remove the preset"
        document.at(("feeds", index, "preset"), text)
    _check_names_of_presets(document, parts)
    _check_reach(document, "slack", "base_url", parts)
    _check_reach(document, "websub", "callback", parts)
    _check_twice(document, ("slack",), "token")
    _check_twice(document, ("redis",), "url")


def _check_feed(document: Document, index: int, feed: FeedSettings, parts: Parts) -> None:
    at = ("feeds", index)
    _check_twice(document, at, "url")
    if {(*at, "preset"), (*at, "url")} <= document.places.keys():
        document.at((*at, "url"), "preset and url are both given; keep one of them", key=True)
    if feed.interval < FASTEST_PUBLIC and not feed.on_loopback:
        default = ("feed_defaults", "interval")
        own = (*at, "interval") if (*at, "interval") in document.places or default not in document.places else default
        document.at(own, f"interval is too short; at least {duration_words(FASTEST_PUBLIC)} for a public feed")
    if reach(feed.url) != "public" and not parts.private:
        document.at((*at, "url"), "url is on this machine or in a private network; set allow_private_addresses: true")
    host = _host(feed.url)
    if (host == "sec.gov" or host.endswith(".sec.gov")) and not _contact_given(document):
        text = "the SEC refuses readers that name no contact; set `contact:` to an e-mail address of yours"
        document.at((*at, "url"), text)


def _check_names_of_presets(document: Document, parts: Parts) -> None:
    """Note feeds that a preset gives the name of another one; names as written were compared before."""
    first: dict[str, int] = {}
    for index, feed in parts.feeds:
        if feed.name in first and first[feed.name] != index and feed.preset:
            document.at(("feeds", index), f"a second feed {feed.name}; give this entry a `name:` of its own")
        first.setdefault(feed.name, index)


def check_symbols_of_feeds(document: Document, symbols: Symbols) -> None:
    """Note what is wrong with the `symbols` of feeds: unknown ones, and some where no preset asks for them."""
    feeds = document.value.get("feeds") if isinstance(document.value, dict) else None
    for index, item in enumerate(feeds if isinstance(feeds, list) else ()):
        if not isinstance(item, dict) or not item.get("symbols"):
            continue
        at = ("feeds", index, "symbols")
        if not item.get("preset"):
            document.at(at, "symbols without a preset; add `preset:`, or remove them", key=True)
        check_symbols(document, at, item["symbols"], symbols)


def _host(url: str) -> str:
    found = split(url)
    return (found.hostname or "").rstrip(".").lower() if found else ""


def _contact_given(document: Document) -> bool:
    # a contact that is itself wrong has its own message
    return bool(document.value.get("contact"))


def _check_reach(document: Document, section: str, key: str, parts: Parts) -> None:
    given = document.value.get(section)
    url = given.get(key) if isinstance(given, dict) else None
    if isinstance(url, str) and split(url) and reach(url) != "public" and not parts.private:
        text = f"{key} is on this machine or in a private network; set allow_private_addresses: true"
        document.at((section, key), text)


def _check_twice(document: Document, path: tuple[str | int, ...], key: str) -> None:
    both = (*path, key) in document.places and (*path, f"{key}_file") in document.places
    if both:
        document.at((*path, f"{key}_file"), f"both {key} and {key}_file; keep one", key=True)


def check_watchlist(document: Document, parts: Parts, feeds: Mapping[str, Any], symbols: Symbols) -> None:
    """Note the mistakes of `watchlist.yaml` that no single value shows.

    Args:
        feeds: names of the feeds of `alertd.yaml`, also of those with other mistakes.
    """
    if not isinstance(document.value, dict):
        if document.value is None and not document.problems:
            document.add(1, 1, "no rules; write at least one under `rules:`, or write anew with `alertd init`")
        return
    if document.value.get("rules") is None and not document.value.get("groups"):
        document.at(("rules",), "no rules; write at least one under `rules:`", key=True)
    sections: list[Keys] = [("rules",)]
    groups = document.value.get("groups")
    for number, group in enumerate(groups if isinstance(groups, list) else ()):
        sections.append(("groups", number, "rules"))
        if isinstance(group, dict) and not group.get("rules"):
            document.at(("groups", number, "rules"), "a group without rules; write at least one, or remove it")
    for path, line in _repeats(document, sections, "name"):
        document.at(path, f"a second rule with this name (first in line {line}); names are unique")
    for path, line in _repeats(document, [("groups",)], "name"):
        document.at(path, f"a second group with this name (first in line {line}); names are unique")
    for at, rule in parts.rules:
        _check_rule(document, at, rule, feeds, parts.lists, symbols)
    given = document.value.get("lists")
    for name, companies in given.items() if isinstance(given, dict) else ():
        if ("lists", name, 0) not in document.places:
            continue  # it came from a file, which is checked as such
        check_symbols(document, ("lists", name), companies, symbols)


def _at(value: Any, path: Keys) -> Any:
    for part in path:
        value = value[part]
    return value


def _check_rule(
    document: Document, at: Keys, rule: RuleSettings, feeds: Mapping[str, Any], lists: Mapping[str, Any],
    symbols: Symbols,
) -> None:  # fmt: skip
    given = _at(document.value, at)
    for key, value in given.items():
        if value == []:
            document.at((*at, key), f"{key} is empty; name at least one, or remove it")
    if not any(key in given for key in CONDITIONS):
        document.at(at, f"a rule that fires on everything; add one of {', '.join(CONDITIONS)}")
    for key in ("feeds", "not_feeds"):
        _check_names(document, (*at, key), getattr(rule, key) if key in given else (), feeds, "feed", "alertd.yaml")
    _check_names(document, (*at, "lists"), rule.lists, lists, "list of companies", "`lists:`")
    for key in ("companies", "not_companies"):
        check_symbols(document, (*at, key), given.get(key), symbols)
    for key, why in never(rule).items():
        document.at((*at, key), f"{why}; the rule can never fire", key=True)


def _check_names(
    document: Document, at: Keys, names: Sequence[str], known: Mapping[str, Any], what: str, where: str
) -> None:
    for position, name in enumerate(names):
        if name not in known:
            like = difflib.get_close_matches(name, known, n=1)
            step = f"did you mean {like[0]}?" if like else f"name one of {where}"
            path: Keys = (*at, position)
            path = path if path in document.places else at
            document.at(path, f"no {what} has the name {document.shown(path)}; {step}")


_BOUNDS: Final = {"positive": (0.0, 1.0), "neutral": (-1.0, 1.0), "negative": (-1.0, 0.0)}


def never(rule: RuleSettings) -> dict[str, str]:
    """Conditions of a rule that exclude each other: the key that should change, and why."""
    found = {}
    outlets = {name.casefold() for name in rule.not_sources}
    if rule.sources and all(name.casefold() in outlets for name in rule.sources):
        found["sources"] = "all its sources are left out by not_sources"
    if rule.feeds and set(rule.feeds) <= set(rule.not_feeds):
        found["feeds"] = "all its feeds are left out by not_feeds"
    if rule.keywords and set(rule.keywords) <= set(rule.not_keywords):
        found["keywords"] = "all its keywords are left out by not_keywords"
    if rule.companies and set(rule.companies) <= set(rule.not_companies):
        found["companies" if "companies" in rule.model_fields_set else "lists"] = (
            "all its companies are left out by not_companies"
        )
    low = -1.0 if rule.min_sentiment is None else rule.min_sentiment
    high = 1.0 if rule.max_sentiment is None else rule.max_sentiment
    if low > high:
        found["min_sentiment"] = f"min_sentiment is above max_sentiment ({low:g} and {high:g})"
    elif rule.sentiment and not any(low <= _BOUNDS[s][1] and high >= _BOUNDS[s][0] for s in rule.sentiment):
        found["sentiment"] = f"no {' or '.join(rule.sentiment)} sentiment scores between {low:g} and {high:g}"
    return found


def check_symbols(document: Document, at: Keys, given: Any, symbols: Symbols) -> None:
    """Note the symbols of a list of companies, as it is written, that nobody knows."""
    for where, symbol in _symbols(at, given):
        if symbols.known and not symbols.known(symbol):
            like_it = " or ".join(list(symbols.like(symbol))[:3]) if symbols.like else ""
            step = f"did you mean {like_it}?" if like_it else "write a company without a listing as {name: …}"
            document.at(where, f"no company has the symbol {document.shown(where)}; {step}")


def _symbols(path: Keys, given: Any) -> Iterator[tuple[Keys, str]]:
    """Name the symbols of a list of companies as it is written, whatever else is wrong with it."""
    if isinstance(given, list):
        for position, item in enumerate(given):
            yield from _symbols((*path, position), item)
    elif isinstance(given, dict):
        if isinstance(given.get("symbol"), str):
            yield (*path, "symbol"), given["symbol"].strip()
    elif isinstance(given, str) and looks_like_ticker(given.strip()):
        yield path, given.strip()


def _repeats(document: Document, sections: Sequence[Keys], key: str) -> Iterator[tuple[Keys, int]]:
    """Name the items of sections that repeat a text of an earlier one, each with the line of that one."""
    first: dict[str, int] = {}
    for section in sections:
        try:
            items = _at(document.value, section)
        except (KeyError, TypeError):
            continue  # what is no section has its own message
        for index, item in enumerate(items if isinstance(items, list) else ()):
            text = item.get(key) if isinstance(item, dict) else None
            if not isinstance(text, str) or not text:
                continue
            if text.strip() in first:
                yield (*section, index, key), first[text.strip()]
            else:
                first[text.strip()] = document.places[*section, index].line
