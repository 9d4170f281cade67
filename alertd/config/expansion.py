"""Makes feeds of presets: one, or one for each company of the watchlist. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from alertd.config.models import FeedSettings
from alertd.config.presets import PRESETS, Asked, Preset
from alertd.config.watchlist import RuleSettings, WatchedCompany, looks_like_ticker

PER_REQUEST: Final = 0.125
"""Seconds between two requests to the SEC on the average: it allows ten a second."""
STAND_IN: Final = "https://preset.invalid/"
"""Start of the address of an entry that is not expanded yet."""
# US listings of companies from elsewhere, traded over the counter, are five letters that end so; the SEC and Nasdaq
# know few of them.
_OVER_THE_COUNTER: Final = re.compile(r"[A-Z]{4}[FY]")
_US: Final = re.compile(r"[A-Z]{1,5}(-[A-Z]{1,2})?")


@dataclass(frozen=True, slots=True)
class Listed:
    """A company as the gazetteer has it: all its symbols, primary first, and a short name."""

    symbols: tuple[str, ...]
    name: str


def expanded(
    feed: FeedSettings, companies: Iterable[WatchedCompany], listed: Callable[[str], Listed | None]
) -> list[FeedSettings]:
    """The feeds that one entry of `feeds:` with a preset stands for; none when no company fits.

    Args:
        feed: the entry, with the defaults in it.
        companies: of the watchlist; taken unless the entry names symbols of its own.
        listed: looks a symbol or a name up.
    """
    preset = PRESETS[feed.preset]
    own = {name: value for name, value in preset.settings if name not in feed.model_fields_set}
    own |= {"source": preset.source} if not feed.source else {}
    if not preset.asked_by:
        return [
            feed.model_copy(update={**own, "name": f"{feed.name}-{suffix}" if suffix else feed.name, "url": address})
            for suffix, address in preset.addresses
        ]
    keys = dict.fromkeys(feed.symbols or (company.key for company in companies))
    asked = dict.fromkeys(word for key in keys if (word := _word(preset.asked_by, key, listed(key))))
    if preset.name == "sec-edgar":
        own["interval"] = max(own.get("interval", feed.interval), len(asked) * PER_REQUEST)
    template = preset.addresses[0][1]
    named = {f"{feed.name} {word}"[:100]: template.replace("{}", _quoted(preset, word)) for word in asked}
    return [feed.model_copy(update={**own, "name": name, "url": url}) for name, url in named.items()]


def _word(asked_by: Asked, key: str, found: Listed | None) -> str:
    """What an address asks for a company by; "" when it has no such thing."""
    if asked_by == "name":
        return found.name if found else key
    symbols = found.symbols if found else (key,)
    if asked_by == "symbol":
        return symbols[0] if found or looks_like_ticker(key) else ""
    return next((s for s in symbols if _US.fullmatch(s) and not _OVER_THE_COUNTER.fullmatch(s)), "")


def _quoted(preset: Preset, word: str) -> str:
    if preset.name == "nasdaq":
        word = word.replace("-", ".")
    return quote(word, safe="").replace("%20", "+")


def prepare(items: Iterable[Any]) -> None:
    """Give the entries of `feeds:` that name a preset and no address what every feed needs until they are expanded."""
    for index, item in enumerate(items):
        if isinstance(item, dict) and item.get("preset") and not item.get("url") and not item.get("url_file"):
            item["url"] = f"{STAND_IN}{index}"
            item.setdefault("name", item["preset"])


def for_feeds_of(rule: RuleSettings, expansions: Mapping[str, Sequence[str]]) -> RuleSettings:
    """The rule with the name of each preset's entry replaced by those of its feeds."""
    update = {
        key: tuple(name for one in given for name in expansions.get(one, (one,)))
        for key, given in (("feeds", rule.feeds), ("not_feeds", rule.not_feeds))
        if not expansions.keys().isdisjoint(given)
    }
    return rule.model_copy(update=update) if update else rule
