"""Alerts from matches: what opens a message, what goes to its thread, and the keys that let nothing be said twice."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from alertd.articles import Alert, Article, Placement, Tags
from alertd.watchlist.pacing import Pacing
from alertd.watchlist.rules import Match, Matches, issuer_of

_NO_NAMES: Final[Mapping[str, Sequence[str]]] = MappingProxyType({})
_NEWS = 0.5  # the placing promises it exactly when the story's revision rose


def post_key(rule: str, story: str, issuer: str, revision: int, destination: str) -> str:
    """Return the identity of a message: rule, story, company, story's revision, destination."""
    return _hash("post", rule, story, issuer, str(revision), destination)


def reply_key(story: str, article: str, destination: str) -> str:
    """Return the identity of a reply in a story's thread: story, article, destination."""
    return _hash("reply", story, article, destination)


def alerts_for(
    matches: Matches,
    article: Article,
    tags: Tags,
    placement: Placement,
    *,
    default_channel: str,
    posted: Container[str],
    now: float,
    generation: str = "",
    pacing: Pacing | None = None,
    untold: bool = False,
    worded: bool = True,
    former: Mapping[str, Sequence[str]] = _NO_NAMES,
) -> tuple[Alert, ...]:
    """Turn matches into alerts.

    A match posts when its key was never used and the article brings a revision (a story's first report, new figures,
    another event type, a correction), or when the rule never posted this story. Everything else is a reply, one for
    each destination. A copy of an article on which the rule kept quiet is a reply too, unless the rule asks for certain
    outlets. What its pace holds back goes to the thread of the story, if the rule ever posted that; else it is not
    told.

    A rule of another kind posts once for each occasion on which it fires.

    Args:
        matches: what the rules say.
        default_channel: destination of rules that name none.
        posted: post keys already used.
        now: Unix seconds; becomes `created`.
        generation: of the configuration; recorded, not part of a key.
        pacing: whether a rule may post now; without one, all may.
        untold: the article is a copy of one that was held only because it came without a date; it may post in its
            place.
        worded: whether alerts say why; wording takes longer than all else.
        former: rule's name → names that it had before: what it said under them counts as said.

    Returns:
        The posts, then the replies; none when the article may not alert.
    """
    if not article.may_alert:
        return ()
    story = placement.story
    news = placement.relation in ("first", "correction") or placement.novelty >= _NEWS
    posts: dict[str, Alert] = {}
    replies: dict[str, Alert] = {}
    pairs = ((f, channel) for f in matches.fired for channel in dict.fromkeys(f.channels or (default_channel,)))
    for found, destination in pairs:
        issuer = issuer_of(found.company)
        own = bool(found.occasion)
        key = post_key(
            found.rule, found.occasion or story.id, issuer, 0 if own else story.revision, destination
        )  # fmt: skip
        said = key in posted
        earlier = said or any(
            post_key(found.rule, story.id, issuer, r, destination) in posted for r in range(1, story.revision)
        )
        if not earlier and found.rule in former and not own:
            names, revisions = former[found.rule], range(1, story.revision + 1)
            under = [r for n in names for r in revisions if post_key(n, story.id, issuer, r, destination) in posted]
            said, earlier = story.revision in under, bool(under)
        copies = placement.relation == "copy" and not found.by_outlet and not untold
        if not copies and not said and (own or (news and not found.once) or not earlier):
            if pacing is None or pacing.admit(found.rule, issuer, story.id):
                kind, chosen = "post", posts
            elif earlier:
                key, kind, chosen = reply_key(story.id, article.id, destination), "reply", replies
            else:
                continue
        else:
            key = reply_key(story.id, article.id, destination)
            kind, chosen = "reply", replies
        if key not in chosen:
            chosen[key] = _alert(key, kind, found, destination, article, tags, placement, now, generation, worded)
    told = {alert.destination for alert in posts.values()}
    # Who reads the message needs no reply about the same article beside it.
    return (*posts.values(), *(alert for alert in replies.values() if alert.destination not in told))


def _alert(
    key: str, kind: str, found: Match, destination: str, article: Article, tags: Tags, placement: Placement,
    now: float, generation: str, worded: bool,
) -> Alert:  # fmt: skip
    return Alert(
        key=key, kind="post" if kind == "post" else "reply", rule=found.rule, destination=destination,
        reason=found.reason if worded else "", created=now, article=article, tags=tags, company=found.company,
        placement=placement, generation=generation, severity=found.severity, mentions=found.mentions,
    )  # fmt: skip


def _hash(*parts: str) -> str:
    return hashlib.blake2b("\x1f".join(parts).encode("utf-8", "replace"), digest_size=12).hexdigest()
