"""What the watchlist must hold together: names that are known, symbols, rules that can fire and say something new."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from alertd.config.checks import at as at_place
from alertd.config.checks import repeats
from alertd.config.covering import covered
from alertd.config.document import Document, Keys
from alertd.config.listfiles import builtin_lists
from alertd.config.parts import Parts, top_of
from alertd.config.watchlist import RuleSettings, looks_like_ticker
from alertd.expressions import cases, read_keyword

CONDITIONS: Final = (
    "companies", "lists", "sectors", "countries", "events", "keywords", "sources", "feeds", "facts",
)  # fmt: skip
"""Conditions of which a rule needs one; without any it would fire on everything."""


BUILT_IN: Final = " or ".join(builtin_lists())
"""Names of the lists that come with alertd."""


@dataclass(frozen=True)
class Symbols:
    """Tells whether a symbol is known, and which are like it; from the gazetteer, or from nothing at all."""

    known: Callable[[str], bool] | None = None
    like: Callable[[str], Sequence[str]] | None = None
    profile: Callable[[str], tuple[str, str]] | None = None
    """Sector and country of a symbol, "" for what is not known."""
    outdated: Callable[[str], str] | None = None
    """What became of a known symbol that is of the past, and what to write instead; "" for others."""


def check_watchlists(documents: Sequence[Document], parts: Parts, feeds: Mapping[str, Any], symbols: Symbols) -> None:
    """Note the mistakes of `watchlist.yaml`, and of the files that it includes, that no single value shows.

    Args:
        feeds: names of the feeds of `alertd.yaml`, also of those with other mistakes.
    """
    for document in documents:
        _check_sections(document, alone=len(documents) == 1, symbols=symbols)
    groups = [
        (document, ("groups", number, "rules"))
        for document in documents
        for number in range(len(_list(document, "groups")))
    ]
    rules: list[tuple[Document, Keys]] = []
    for document in documents:
        rules += [(document, ("rules",)), *(section for section in groups if section[0] is document)]
    for document, path, first in repeats(rules, "name"):
        document.at(path, f"a second rule with this name (first in {first}); names are unique")
    for document, path, first in repeats([(document, ("groups",)) for document in documents], "name"):
        document.at(path, f"a second group with this name (first in {first}); names are unique")
    for document, at, rule in parts.rules:
        _check_rule(document, at, rule, feeds, parts.lists, symbols)
    if not any(document.problems for document in documents):
        _check_covered(parts)


def _list(document: Document, key: str) -> list[Any]:
    found = top_of(document).get(key)
    return found if isinstance(found, list) else []


def _check_sections(document: Document, *, alone: bool, symbols: Symbols) -> None:
    if not isinstance(document.value, dict):
        if document.value is None and not document.problems:
            document.add(1, 1, "no rules; write at least one under `rules:`, or write anew with `alertd init`")
        return
    told = document.value.get("rules") is not None or document.value.get("groups")
    if not told and (alone or "include" not in document.value):
        document.at(("rules",), "no rules; write at least one under `rules:`", key=True)
    for number, group in enumerate(_list(document, "groups")):
        if isinstance(group, dict) and not group.get("rules"):
            document.at(("groups", number, "rules"), "a group without rules; write at least one, or remove it")
    given = document.value.get("lists")
    for name, companies in given.items() if isinstance(given, dict) else ():
        if ("lists", name, 0) not in document.places:
            continue  # it came from a file, which is checked as such
        check_symbols(document, ("lists", name), companies, symbols)


def _check_covered(parts: Parts) -> None:
    """Point out rules that say nothing new; only where all else is well, for what is missing may tell them apart."""
    for found in covered([placed.rule for placed in parts.rules]):
        document, at, _ = parts.rules[found.rule]
        other = parts.rules[found.by]
        line = other.document.places[*other.at, "name"].line
        where = f"line {line}" if other.document is document else f"{Path(other.document.name).name}:{line}"
        if found.first:
            text = f"never reached: the rule {other.rule.name!r} ({where}) fires on all of it; put this one before"
        else:
            text = (
                f"nothing new: the rule {other.rule.name!r} ({where}) tells all of it in the same place; "
                "remove one, or give this one another channel or severity"
            )
        document.at((*at, "name"), text)


def _check_rule(
    document: Document, at: Keys, rule: RuleSettings, feeds: Mapping[str, Any], lists: Mapping[str, Any],
    symbols: Symbols,
) -> None:  # fmt: skip
    given = at_place(document.value, at)
    for key, value in given.items():
        if value == []:
            document.at((*at, key), f"{key} is empty; name at least one, or remove it")
    if not any(key in given for key in CONDITIONS):
        document.at(at, f"a rule that fires on everything; add one of {', '.join(CONDITIONS)}")
    for key in ("feeds", "not_feeds"):
        _check_names(document, (*at, key), getattr(rule, key) if key in given else (), feeds, "feed", "alertd.yaml")
    _check_names(document, (*at, "lists"), rule.lists, lists, "list of companies", f"`lists:`, or {BUILT_IN}")
    for key in ("companies", "not_companies"):
        check_symbols(document, (*at, key), given.get(key), symbols)
    for key, why in (never(rule) | out_of_place(rule, symbols)).items():
        document.at((*at, key), f"{why}; the rule can never fire", key=True)
    _check_kind(document, at, rule)


def _check_kind(document: Document, at: Keys, rule: RuleSettings) -> None:
    if len(rule.kinds) > 1:
        other = (*at, rule.kinds[1])
        document.at(other, f"both {rule.kinds[0]} and {rule.kinds[1]}; write two rules", key=True)
    if rule.new_event and not rule.events:
        document.at((*at, "new_event"), "new_event without events; name the types that would be new", key=True)
    if rule.kinds and rule.stories > 1 and "stories" in rule.model_fields_set:
        document.at((*at, "stories"), f"both stories and {rule.kinds[0]}; write two rules", key=True)
    if rule.digest == "opening" and rule.hours is None:
        document.at((*at, "digest"), "a digest at the opening without hours; add `hours:`, or write a time", key=True)


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


def out_of_place(rule: RuleSettings, symbols: Symbols) -> dict[str, str]:
    """Conditions on sector and country that none of a rule's companies meets: the key that should change, and why."""
    if symbols.profile is None or not rule.companies:
        return {}
    found = [symbols.profile(company.symbol) if company.symbol else ("", "") for company in rule.companies]
    out = {}
    for place, (key, what) in enumerate((("sectors", "sector"), ("countries", "country"))):
        asked = getattr(rule, key)
        # what is not known now may be known to the next gazetteer
        if asked and all(profile[place] and profile[place] not in asked for profile in found):
            known = ", ".join(dict.fromkeys(profile[place] for profile in found[:3]))
            out[key] = f"none of its companies has such a {what} (theirs: {known})"
    return out


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
    elif rule.keywords and all(_contradicts(keyword) for keyword in rule.keywords):
        found["keywords"] = "its keywords ask that a word is there and is not"
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


def _contradicts(keyword: str) -> bool:
    return all(must & must_not for must, must_not in cases(read_keyword(keyword)))


def check_symbols(document: Document, at: Keys, given: Any, symbols: Symbols) -> None:
    """Note the symbols of a list of companies, as it is written, that nobody knows or that are of the past."""
    for where, symbol in _symbols(at, given):
        if symbols.known and not symbols.known(symbol):
            like_it = " or ".join(list(symbols.like(symbol))[:3]) if symbols.like else ""
            step = f"did you mean {like_it}?" if like_it else "write a company without a listing as {name: …}"
            document.at(where, f"no company has the symbol {document.shown(where)}; {step}")
        elif symbols.outdated and (advice := symbols.outdated(symbol)):
            document.warn(where, advice)


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
