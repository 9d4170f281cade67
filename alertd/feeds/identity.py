"""Whether an entry is known, changed or new. Pure: the caller keeps the memory and passes the clock.

Some feeds change guids, some give all items the same one, some re-date old stories, and items come back.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

from alertd.articles import Entry

MAX_EDITS = 5
"""Edits of one entry that count as updates; later ones are ignored."""
WITHOUT_DATE = "first sight of the feed, no date of its own"
"""Why an entry is held that was there before us and does not say since when."""
DOUBT = 38 * 3600.0
"""Seconds by which an unsure date may be wrong: a day without its hours and the zones of the world."""

# Only names that never choose the page: two articles must not become one.
_TRACKING = re.compile(
    r"(?:utm_|mc_|mkt_|hsa_)\w*|fbclid|gclid|dclid|msclkid|yclid|igshid|cmpid|ncid|ftag|ftcamp|guccounter|xtor|"
    r"s_cid|icid|smid|traffic_source|__twitter_impression",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[^\W_]+(?:[.,][0-9]+)*%?")
# Figures that matter in a summary carry a currency, a per cent sign, a scale or decimals; bare counters do not.
_FIGURES = re.compile(
    r"[$€£¥₹]\s?\d[\d.,]{0,24}(?:\s?(?:trillion|billion|million|thousand|trn|tn|bln|bn|mln|mn|m|b|k)\b)?"
    r"|\b\d[\d.,]{0,24}\s?(?:%|(?:per\s?cent|percent|bps|basis points|trillion|billion|million|trn|tn|bln|bn|mln|mn)\b)"
    r"|\b\d{1,24}\.\d{1,24}\b",
    re.IGNORECASE,
)

Kind = Literal["new", "seen", "update", "baseline"]


@dataclass(frozen=True, slots=True)
class KnownEntry:
    """What is remembered of an entry.

    Attributes:
        content: `content_key` of the form seen last.
        article_id: id of its article, or "" when it never became one.
        edits: updates counted so far.
    """

    content: str
    article_id: str
    edits: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with an entry.

    Attributes:
        kind: `new` and `update` become articles, `baseline` is remembered (and may be kept for stories), `seen`
            needs nothing.
        may_alert: False when no rule may fire for it.
        held: why it may not alert, in words; "" when it may or when there is nothing to say.
    """

    kind: Kind
    may_alert: bool
    held: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """What an entry may be known by, as hashes.

    Attributes:
        guid, link: "" where it has none.
        title: of its source and title.
        said: of its title alone (its summary where it has none), which tells entries apart that share a guid.
    """

    guid: str
    link: str
    title: str
    said: str


def identity(entry: Entry) -> Identity:
    """Return what an entry may be known by."""
    link, said = _link(entry.url), _title(entry.title) or entry.summary
    return Identity(
        guid=_hash("guid", entry.guid) if entry.guid else "",
        link=_hash("link", link) if link else "",
        title=_hash("title", entry.source, said),
        said=_hash(said),
    )


def identity_keys(identities: Sequence[Identity]) -> tuple[str, ...]:
    """Return one key for each entry of a document, in their order.

    An entry is its guid; where one document gives a guid to entries of different titles, its link; where they share
    that too or have none, the hash of source and title. Entries that get the same key are the same entry.
    """
    by_guid = _shared(identities, [one.guid for one in identities])
    by_link = _shared(identities, [one.link for one in identities])
    keys = []
    for one in identities:
        if one.guid and one.guid not in by_guid:
            keys.append(one.guid)
        elif one.link and one.link not in by_link:
            keys.append(one.link)
        else:
            keys.append(one.title)
    return tuple(keys)


def entry_keys(entries: Sequence[Entry]) -> tuple[str, ...]:
    """Return one key for each entry of a document, see `identity_keys`."""
    return identity_keys([identity(entry) for entry in entries])


def content_key(entry: Entry) -> str:
    """Return a hash of what makes an edit matter: the words of the title and the figures of title and summary."""
    figures = sorted({_figure(f) for f in _FIGURES.findall(entry.summary)})
    return _hash("content", _title(entry.title), *figures)


def judge(
    entry: Entry, *, known: KnownEntry | None, first_fetch: bool, now: float, max_age: float, content: str = ""
) -> Verdict:
    """Decide what an entry is.

    Args:
        entry: as parsed now.
        content: its `content_key`, when it is at hand.
        known: what is remembered under its key, or None.
        first_fetch: no document of this feed was ever read before.
        now: Unix seconds of the fetch.
        max_age: seconds after which an entry with a date of its own may not alert any more.
    """
    age = now - entry.published
    dated = entry.date_source in ("published", "updated")
    old = age > max_age if dated else entry.date_source == "unsure" and age > max_age + DOUBT
    held = f"too old ({_span(age)}, the limit is {_span(max_age)})" if old else ""
    if known is None:
        if first_fetch and (old or not dated):
            return Verdict("baseline", may_alert=False, held=held or WITHOUT_DATE)
        return Verdict("new", may_alert=not held, held=held)
    if known.content == (content or content_key(entry)):
        return Verdict("seen", may_alert=False)
    if known.edits >= MAX_EDITS:
        return Verdict("seen", may_alert=False, held=f"edited more than {MAX_EDITS} times")
    return Verdict("update", may_alert=not held, held=held)


def _shared(identities: Sequence[Identity], values: Sequence[str]) -> set[str]:
    """Return the values that entries of different titles share."""
    if len(set(values)) == len(values):
        return set()
    titles: dict[str, set[str]] = defaultdict(set)
    for one, value in zip(identities, values, strict=True):
        titles[value].add(one.said)
    return {value for value, said in titles.items() if len(said) > 1}


def _link(url: str) -> str:
    """Return a link without what differs from poll to poll: scheme, www, tracking parameters, trailing slash."""
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return url
    query = urlencode(
        sorted(p for p in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.fullmatch(p[0])),
        errors="replace",
    )
    fragment = "" if parts.fragment.startswith((":~:", "xtor=", "utm_")) else parts.fragment
    place = host.removeprefix("www.") + (f":{port}" if port not in (None, 80, 443) else "")
    return f"{place}{parts.path.rstrip('/')}?{query}#{fragment}"


def _title(title: str) -> str:
    return " ".join(_WORDS.findall(unicodedata.normalize("NFKC", title).casefold()))


def _figure(text: str) -> str:
    return "".join(text.casefold().split()).rstrip(".,").replace(",", "")


def _hash(*parts: str) -> str:
    data = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=12).hexdigest()


def _span(seconds: float) -> str:
    if seconds < 2 * 3600:
        return f"{seconds / 60:.0f} min"
    if seconds < 2 * 86400:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86400:.1f} d"
