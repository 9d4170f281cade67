"""The wording of an alert: headline, facts, sentiment, novelty, age. Pure text from records, no layout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alertd.articles import Alert, Company, Sentiment, Tags
from alertd.slack.escape import clean

_SYMBOLS = {
    "USD": "$", "HKD": "HK$", "CAD": "C$", "AUD": "A$", "SGD": "S$", "NZD": "NZ$", "BRL": "R$", "TWD": "NT$",
    "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "KRW": "₩",
}  # fmt: skip
_ACTIONS = {
    "upgrade": "upgraded to {}", "downgrade": "downgraded to {}", "initiate": "initiated at {}",
    "reiterate": "{} reiterated",
}  # fmt: skip
_ACTIONS_ALONE = {
    "upgrade": "upgraded", "downgrade": "downgraded", "initiate": "coverage initiated", "reiterate": "rating reiterated"
}  # fmt: skip
_SCALES = ((1e12, "tn"), (1e9, "bn"), (1e6, "m"))
_MARKS = {"positive": "▲", "negative": "▼", "neutral": "◆"}
_RELATIONS = {
    "first": "new story", "copy": "same text", "update": "edited headline", "correction": "correction",
    "follow": "new development", "same_event": "same event",
}  # fmt: skip
_MAX_EVENTS = 2
_MAX_AMOUNTS = 3
_LARGE = 100_000.0


def mark(company: Company | None, tags: Tags | None) -> str:
    """▲, ▼ or ◆ for the sentiment towards the company, or of the article when there is no company."""
    sentiment = _sentiment(company, tags)
    return _MARKS[sentiment.label] if sentiment else "◆"


def company_name(company: Company) -> str:
    """ "Xiaomi 1810.HK"; the symbol is not said twice."""
    name, symbol = clean(company.name), clean(company.symbol or "")
    return " ".join(part for part in (name, "" if symbol == name else symbol) if part)


def events(company: Company | None, tags: Tags | None) -> str:
    """The surest events that concern the company, in words: "analyst rating, price move"; a price move comes last."""
    if tags is None:
        return ""
    names = {*company.symbols, company.symbol, company.name} if company else set()
    mine = [e for e in tags.events if not company or not e.companies or names & set(e.companies)]
    # a move of the price is mostly what came of the rest: what happened is read first
    mine.sort(key=lambda e: (e.type == "price_move", -e.confidence))
    return ", ".join(e.type.replace("_", " ") for e in mine[:_MAX_EVENTS])


def headline(alert: Alert) -> str:
    """The line read first: "▲ Xiaomi 1810.HK · analyst rating"; the rule's name stands in for a company."""
    correction = alert.placement is not None and alert.placement.relation == "correction"
    subject = company_name(alert.company) if alert.company else clean(alert.rule)
    parts = ("Correction" if correction else "", subject, events(alert.company, alert.tags))
    return f"{mark(alert.company, alert.tags)} " + " · ".join(p for p in parts if p)


def facts(company: Company | None, tags: Tags | None) -> str:
    """The stated facts: "Buy, target HK$63.25, shares +6 %"; "" when there are none.

    Facts are the article's, so they are said only where it has one subject: of two companies in a headline nobody
    could tell whose move it is.
    """
    if tags is None or not tags.facts:
        return ""
    subjects = {c.issuer or c.symbol or c.name for c in tags.companies if c.role == "subject"}
    mine = (company.issuer or company.symbol or company.name) if company else None
    if len(subjects) > 1 or (mine is not None and subjects and mine not in subjects):
        return ""
    stated = [_rating(tags.facts), _target(tags.facts), _move(tags.facts)]
    if not any(stated[:2]):
        stated.append(_amounts(tags.facts))
    line = ", ".join(s for s in stated if s)
    return line[:1].upper() + line[1:]


def _rating(stated: Mapping[str, Any]) -> str:
    rating, action = clean(str(stated.get("rating") or "")).title(), str(stated.get("rating_action") or "")
    if not rating:
        return _ACTIONS_ALONE.get(action, "")
    return _ACTIONS.get(action, "{}").replace("{}", rating)


def _target(stated: Mapping[str, Any]) -> str:
    target = stated.get("price_target")
    return f"target {money(target, str(stated.get('currency') or ''))}" if isinstance(target, int | float) else ""


def _move(stated: Mapping[str, Any]) -> str:
    move = stated.get("move_pct")
    return f"shares {move:+.4g} %".replace("-", "−") if isinstance(move, int | float) else ""


def _amounts(stated: Mapping[str, Any]) -> str:
    found = [a for a in stated.get("amounts") or () if isinstance(a, Mapping)]
    sums = [(a.get("value"), str(a.get("currency") or "")) for a in found]
    # a price or an amount per share says nothing without its words; the title has them
    large = [(v, c) for v, c in sums if isinstance(v, int | float) and abs(v) >= _LARGE]
    return ", ".join(money(value, currency) for value, currency in large[:_MAX_AMOUNTS])


def money(value: float, currency: str) -> str:
    """ "HK$63.25", "$5.5bn", "CHF 1.2m"; no currency, no sign of one.

    Args:
        value: in units of the currency.
        currency: ISO 4217 code, or "".
    """
    scale, suffix = next(((s, n) for s, n in _SCALES if abs(value) >= s), (1.0, ""))
    number = f"{value / scale:,.2f}"
    number = number.rstrip("0").rstrip(".") if suffix or number.endswith(".00") else number
    code = clean(currency)
    return _SYMBOLS.get(code, f"{code} " if code else "") + number + suffix


def sentiment(company: Company | None, tags: Tags | None) -> str:
    """ "strongly positive (+0.86)"; "" where the text could not be read."""
    found = _sentiment(company, tags)
    if found is None:
        return ""
    strength = abs(found.score)
    word = "strongly " if strength >= 0.75 else "slightly " if strength < 0.4 else ""
    return f"{'' if found.label == 'neutral' else word}{found.label} ({found.score:+.2f})".replace("-", "−")


def _sentiment(company: Company | None, tags: Tags | None) -> Sentiment | None:
    return company.sentiment if company else tags.sentiment if tags else None


def novelty(alert: Alert) -> str:
    """How the article relates to its story and how new it is: "new story, novelty 100 %"."""
    if alert.placement is None:
        return ""
    return f"{_RELATIONS[alert.placement.relation]}, novelty {alert.placement.novelty:.0%}".replace("%", " %")


def sources(alert: Alert) -> str:
    """ "6 sources", counted over the story."""
    count = len(alert.placement.story.sources) if alert.placement else 0
    return f"{count} source{'' if count == 1 else 's'}" if count else ""


def age(seconds: float) -> str:
    """ "40 s", "12 min", "3 h", "2 d"; a time in the future counts as now."""
    for unit, name in ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min")):
        if seconds >= unit:
            return f"{int(seconds // unit)} {name}"
    return f"{max(0, int(seconds))} s"
