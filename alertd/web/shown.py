"""Records of alertd as the page shows them: what is in the answers, made from what flows and what is stored. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from alertd.articles import Sentiment, Story, Tags
from alertd.config.values import split
from alertd.watchlist.archive import Filed
from alertd.watchlist.rules import issuer_of


def safe_url(url: str) -> str:
    """An address that a browser may open: http or https, without a user in it; "" for all else."""
    if split(url) is None:
        return ""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def mood(found: Sentiment | None) -> dict[str, Any] | None:
    """A sentiment, or None."""
    if found is None:
        return None
    shares = {name: round(getattr(found, name), 3) for name in ("score", "positive", "neutral", "negative")}
    return {"label": found.label, **shares}


def article(filed: Filed, decision: Mapping[str, Any]) -> dict[str, Any]:
    """An article, see `answers.Article`.

    Args:
        decision: what was decided, with `outcome` and `why`; empty when it is forgotten.
    """
    one, placement = filed.article, filed.placement
    entry = one.entry
    return {
        "id": one.id, "title": entry.title, "summary": entry.summary, "url": safe_url(entry.url),
        "source": entry.source or entry.feed, "feed": entry.feed, "published": entry.published, "arrived": one.arrived,
        "language": filed.tags.language, "copy_of": one.copy_of, "held": one.held, **tagged(filed.tags),
        "story": {
            "id": placement.story.id, "revision": placement.story.revision, "relation": placement.relation,
            "novelty": round(placement.novelty, 3), "outlets": len(placement.story.sources),
        },
        "outcome": decision.get("outcome", ""), "why": decision.get("why", ""),
    }  # fmt: skip


def tagged(tags: Tags) -> dict[str, Any]:
    """The part of an article that the tagger found."""
    companies = [
        {
            "issuer": issuer_of(company), "symbol": company.symbol or "", "name": company.name, "role": company.role,
            "relevance": round(company.relevance, 3), "sentiment": mood(company.sentiment),
        }
        for company in tags.companies
    ]  # fmt: skip
    events = [
        {"type": event.type, "confidence": round(event.confidence, 3), "companies": list(event.companies)}
        for event in tags.events
    ]
    return {"companies": companies, "events": events, "sentiment": mood(tags.sentiment), "facts": tags.facts}


def alert(entry: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """A delivery as `stages.outbox.row_of` wrote it, see `answers.Alert`.

    Args:
        entry: its id in the stream.
    """
    names = (
        "key", "at", "channel", "kind", "how", "ts", "rule", "severity", "reason", "story", "article", "company",
        "symbol", "title", "source", "sentiment", "novelty",
    )  # fmt: skip
    return {name: row[name] for name in names} | {
        "entry": entry, "url": safe_url(row["url"]), "events": list(row["events"])
    }  # fmt: skip


def story(found: Story, *, is_open: bool, names: Sequence[str]) -> dict[str, Any]:
    """A story, see `answers.StoryRow`.

    Args:
        names: of its companies.
    """
    return {
        "id": found.id, "title": found.title, "url": safe_url(found.first_url), "first_seen": found.first_seen,
        "last_seen": found.last_seen, "articles": found.articles, "outlets": list(found.sources),
        "revision": found.revision, "companies": list(names), "events": list(found.events),
        "direction": found.direction, "open": is_open,
    }  # fmt: skip


def explained(
    filed: Filed, decision: Mapping[str, Any], verdicts: Sequence[Any]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:  # fmt: skip
    """An article, and what the rules say of it."""
    said = [{"rule": one.rule, "fires": one.fires, "near": one.near, "why": one.why} for one in verdicts]
    return article(filed, decision), said
