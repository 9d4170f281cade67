"""Reads each feed and each rule alone, so that one mistake does not hide those between the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from alertd.config.document import Document, Keys
from alertd.config.expansion import STAND_IN, Listed, expanded
from alertd.config.models import FeedDefaults, FeedSettings, Settings
from alertd.config.watchlist import GroupSettings, RuleDefaults, RuleSettings, WatchedCompany, Watchlist

STAND_INS: Final = {"name": "?", "url": "https://unreadable.invalid/"}
"""What stands for a text that cannot be read, by its key."""

M = TypeVar("M", bound=BaseModel)


class Placed(NamedTuple):
    """A rule, and where it stands."""

    document: Document
    at: Keys
    rule: RuleSettings


@dataclass
class Parts:
    """What could be read of all files, each with its place; parts with mistakes are left out."""

    private: bool = False
    feeds: list[tuple[int, FeedSettings]] = field(default_factory=list)
    rules: list[Placed] = field(default_factory=list)
    lists: dict[str, tuple[WatchedCompany, ...]] = field(default_factory=dict)
    """All lists by name; one that cannot be read is empty."""
    expansions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Names of the feeds that a preset's entry stands for, by the name of that entry."""
    empty: list[int] = field(default_factory=list)
    """Indexes of entries whose preset stands for no feed at all."""


def lenient(model: type[M], value: Any) -> M | None:
    """Read a part without what is wrong in it; its mistakes were noted when the whole file was validated."""
    if not isinstance(value, dict):
        return None
    rest = dict(value)
    for _ in range(2):
        try:
            return model.model_validate(rest)
        except ValidationError as error:
            wrong = {str(details["loc"][0]) for details in error.errors() if details["loc"]}
            rest = {key: given for key, given in rest.items() if key not in wrong}
            rest |= {key: stand_in for key, stand_in in STAND_INS.items() if key in wrong}
    return None


def items(document: Document, key: str) -> list[Any]:
    """The items of a section, none when it is no list."""
    value = document.value.get(key) if isinstance(document.value, dict) else None
    return value if isinstance(value, list) else []


def top_of(document: Document) -> Mapping[str, Any]:
    """The keys of a file, none when it has no keys."""
    return document.value if isinstance(document.value, dict) else {}


def read_parts(settings: Document, watchlists: Sequence[Document], builtin: Mapping[str, Sequence[str]]) -> Parts:
    """Read the parts of all files.

    Args:
        settings: `alertd.yaml`.
        watchlists: `watchlist.yaml`, and the files that it includes, which inherit its defaults and may use its lists.
        builtin: lists of symbols that are known without being written.
    """
    top = top_of(settings)
    parts = Parts(private=_private(top))
    feed_defaults = lenient(FeedDefaults, top.get("feed_defaults")) or FeedDefaults()
    for index, value in enumerate(items(settings, "feeds")):
        if feed := lenient(FeedSettings, value):
            parts.feeds.append((index, feed.with_defaults(feed_defaults).with_credentials()))
    heads = [_head(document) for document in watchlists]
    for name, symbols in builtin.items():
        parts.lists[name] = tuple(WatchedCompany(symbol=symbol) for symbol in symbols)
    for document, head in zip(watchlists, heads, strict=True):
        given = top_of(document).get("lists")
        parts.lists |= dict.fromkeys(given if isinstance(given, dict) else (), ())
        parts.lists |= head.lists
    inherited = RuleDefaults()
    whole: tuple[str, ...] = ()
    for number, (document, head) in enumerate(zip(watchlists, heads, strict=True)):
        own = lenient(RuleDefaults, top_of(document).get("defaults")) or RuleDefaults()
        defaults = own.with_defaults(inherited)
        scopes = whole + ((document.name if number else "",) if head.match == "first" else ())
        if number == 0:
            inherited, whole = defaults, scopes
        _read_rules(document, defaults, scopes, parts)
    return parts


def _head(document: Document) -> Watchlist:
    """What a file says besides its rules."""
    found = lenient(
        Watchlist, {key: value for key, value in top_of(document).items() if key not in ("rules", "groups")}
    )
    return found or Watchlist()


def _read_rules(document: Document, defaults: RuleDefaults, scopes: tuple[str, ...], parts: Parts) -> None:
    for index, value in enumerate(items(document, "rules")):
        if rule := lenient(RuleSettings, value):
            found = rule.with_defaults(defaults).at_home(scopes, parts.lists)
            parts.rules.append(Placed(document, ("rules", index), found))
    for number, value in enumerate(items(document, "groups")):
        own = {key: part for key, part in value.items() if key != "rules"} if isinstance(value, dict) else None
        if (group := lenient(GroupSettings, own)) is None:
            continue
        inner = scopes + (group.name,) * (group.match == "first")
        inherited = group.with_defaults(defaults)
        rules = value.get("rules")
        for index, given in enumerate(rules if isinstance(rules, list) else ()):
            if rule := lenient(RuleSettings, given):
                found = rule.with_defaults(inherited).at_home(inner, parts.lists)
                parts.rules.append(Placed(document, ("groups", number, "rules", index), found))


def expand(parts: Parts, listed: Callable[[str], Listed | None]) -> None:
    """Replace each feed that names a preset by the feeds that it stands for."""
    companies = [company for placed in parts.rules for company in placed.rule.companies]
    found: list[tuple[int, FeedSettings]] = []
    for index, feed in parts.feeds:
        if not feed.preset or not feed.url.startswith(STAND_IN):
            found.append((index, feed))
            continue
        made = expanded(feed, companies, listed)
        parts.expansions[feed.name] = tuple(one.name for one in made)
        parts.empty += [index] * (not made)
        found += [(index, one) for one in made]
    parts.feeds = found


def _private(top: Mapping[str, Any]) -> bool:
    try:
        return Settings.model_validate(
            {"allow_private_addresses": top.get("allow_private_addresses", False)}
        ).allow_private_addresses
    except ValidationError:
        return True  # it has its own message; none of its consequences should follow


def feed_names(document: Document) -> dict[str, None]:
    """Names of the feeds, also of those with other mistakes."""
    return {str(item.get("name")).strip(): None for item in items(document, "feeds") if isinstance(item, dict)}
