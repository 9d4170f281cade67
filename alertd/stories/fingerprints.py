"""Fingerprints of articles, keys under which copies meet, and the decision that one article copies another.

Likeness of texts is estimated by MinHash (A. Broder, On the resemblance and containment of documents, 1997), its
values kept to 16 bits (P. Li and A. C. König, b-Bit minwise hashing, 2010), its functions multiply-shift
(M. Dietzfelbinger et al., 1997). All hashing is stable across processes.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from alertd.articles import Entry
from alertd.stories import cleaning
from alertd.stories.addresses import canonical
from alertd.stories.agreement import clash, opposite_words
from alertd.stories.figures import Facts, facts, join, small_words
from alertd.stories.words import STOP

_HASHES = 64
_TITLE_BANDS, _TEXT_BANDS, _ROWS = 16, 5, 3
_LEAD_WORDS = 120
_NAMED_WORDS = 30
_MAX_TITLE, _MAX_TEXT = 1_000, 4_000
_NEAR_CONTEXT = 0.25
_DAY = 20 * 3600.0

_random = np.random.Generator(np.random.PCG64(1997))
_MULTIPLY = _random.integers(1, 2**63, _HASHES, dtype=np.uint64) | np.uint64(1)
_ADD = _random.integers(0, 2**63, _HASHES, dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What is kept of an article to recognise its copies.

    Attributes:
        address: canonical address, "" when it has none of its own.
        title: the headline's words for comparison, without prefixes and the outlet's name.
        outlet: folded name of the outlet (or feed).
        generic: the headline is one that its outlet uses again and again.
        published: Unix seconds, as the entry says.
        signature: MinHash of the lead's word pairs, base64; "" without a lead.
        size: number of word pairs behind the signature.
        head: what the headline states.
        lead: what the beginning of the text states.
    """

    address: str = ""
    title: str = ""
    outlet: str = ""
    generic: bool = False
    published: float = 0.0
    signature: str = ""
    size: int = 0
    head: Facts = field(default_factory=Facts)
    lead: Facts = field(default_factory=Facts)


@dataclass(frozen=True, slots=True)
class CopyMatch:
    """The article that another one copies, and why in words."""

    id: str
    reason: str


def fingerprint(entry: Entry) -> Fingerprint:
    """Compute the fingerprint of an entry."""
    head = cleaning.headline(entry.title[:_MAX_TITLE], entry.source)
    text = cleaning.body((entry.summary or entry.text)[:_MAX_TEXT])
    if text and cleaning.tokens(text) == cleaning.tokens(head):
        text = ""
    words = cleaning.tokens(text)[:_LEAD_WORDS]
    pairs = set(pairwise(words))
    return Fingerprint(
        address=canonical(entry.url),
        title=" ".join(cleaning.tokens(head)),
        outlet="".join(cleaning.tokens(entry.source or entry.feed)),
        generic=cleaning.is_generic(head),
        published=entry.published,
        signature=_pack(_minhash(f"{a} {b}" for a, b in pairs)) if pairs else "",
        size=len(pairs),
        head=facts(head, plain_words=small_words(text)),
        lead=_lead(text),
    )


def bands(fp: Fingerprint) -> tuple[str, ...]:
    """Return the short keys (at most 23) under which an article is found by its copies.

    Headlines whose words overlap by half meet under one of the keys in seven of eight cases, by two thirds in
    99 of 100; equal addresses, headlines and texts always meet.
    """
    keys = []
    if fp.address:
        keys.append(f"a{_digest(fp.address)}")
    content = _content(fp.title)
    if fp.title:
        keys.append(f"t{_digest(fp.title)}")
    if len(content) >= 3:
        keys += _bands("h", _minhash(content), _TITLE_BANDS)
    if fp.size >= 8:
        keys += _bands("x", _unpack(fp.signature), _TEXT_BANDS)
    return tuple(keys)


def contradiction(a: Fingerprint, b: Fingerprint) -> str:
    """Say what two articles contradict each other in ("number: 6 % against 5 %"), or "".

    Headlines are held against headlines; what one lacks may stand in its text. Texts are held against texts when they
    overlap, for two editors' own summaries of one headline rightly name different figures.
    """
    if a.title != b.title:
        if found := opposite_words(_content(a.title), _content(b.title)):
            return found
        if (found := clash(a.head, b.head)) and not _resolved(a, b, found):
            return found
    if a.lead != Facts() and b.lead != Facts() and (a.title != b.title or likeness(a, b) >= _NEAR_CONTEXT):
        return clash(join(a.head, a.lead), join(b.head, b.lead))
    return ""


def likeness(a: Fingerprint, b: Fingerprint) -> float:
    """Estimate how much of the shorter lead is in the longer one, 0..1; 0 when one has no lead.

    The share is the containment that follows from the estimated Jaccard index and both sizes (Broder 1997).
    """
    if not a.signature or not b.signature:
        return 0.0
    jaccard = float(np.mean(_unpack(a.signature) == _unpack(b.signature)))
    shared = jaccard * (a.size + b.size) / (1 + jaccard)
    return min(1.0, shared / min(a.size, b.size))


def title_likeness(a: str, b: str) -> float:
    """Jaccard index of the meaningful words of two folded headlines."""
    x, y = _content(a), _content(b)
    return len(x & y) / len(x | y) if x | y else 0.0


def find_copy(new: Fingerprint, candidates: Sequence[tuple[str, Fingerprint]]) -> CopyMatch | None:
    """Find the article that a new one copies.

    Args:
        new: the new article.
        candidates: (article id, fingerprint) of earlier articles that share a key of `bands`, in any order.

    Returns:
        The closest match, the earliest among equals; None when none is a copy. Texts that contradict each other never
        are.
    """
    best: tuple[float, str, str] | None = None
    for ident, old in candidates:
        strength, reason = _copies(new, old)
        if reason and (best is None or (-strength, ident) < (-best[0], best[1])) and not contradiction(new, old):
            best = (strength, ident, reason)
    return CopyMatch(best[1], f"{best[2]} as {best[1]}") if best else None


def _copies(new: Fingerprint, old: Fingerprint) -> tuple[float, str]:
    """How strongly and why two articles look like one text, contradictions aside."""
    titles = title_likeness(new.title, old.title)
    leads = likeness(new, old)
    both = bool(new.signature and old.signature)
    if new.address and new.address == old.address and (titles >= 0.34 or leads >= 0.5 or not (new.title and old.title)):
        return 3.0, "same address"
    content_new, content_old = _content(new.title), _content(old.title)
    shared = len(content_new & content_old)
    if new.title and new.title == old.title:
        same = _same_title(new, old, both=both, leads=leads, words=shared)
        return 2.0, "same headline" if same else ""
    if new.generic or old.generic:
        near = "near-same text" if leads >= 0.8 and titles >= 0.5 else ""
    else:
        short = min(len(content_new), len(content_old))
        inside = shared / short if short else 0.0
        texts = leads >= 0.6 and min(new.size, old.size) >= 8
        headlines = shared >= 4 and (titles >= 0.75 or (inside >= 0.95 and short >= 5))
        if texts and (titles >= 0.4 or inside >= 0.6 or (leads >= 0.75 and titles >= 0.2)):
            near = "near-same text"
        else:
            near = "near-same headline" if headlines and (not both or leads >= 0.3) else ""
    return 1.0 + (leads + titles) / 2, near


def _same_title(new: Fingerprint, old: Fingerprint, *, both: bool, leads: float, words: int) -> bool:
    if both and leads >= 0.6:
        return True
    if new.generic or old.generic or words < 4:
        return False
    if new.outlet == old.outlet and new.address != old.address:
        # An outlet's column keeps its headline and changes its text, or its day.
        return (not both or leads >= 0.3) and abs(new.published - old.published) < _DAY and words >= 6
    return words >= 6 or not both or leads >= 0.2


def _resolved(a: Fingerprint, b: Fingerprint, found: str) -> bool:
    """Whether a clash of headlines over numbers goes away when each text may supply what its headline lacks."""
    if not found.startswith("number") or a.lead == Facts() or b.lead == Facts():
        return False
    return not clash(join(a.head, a.lead), join(b.head, b.lead))


def _lead(text: str) -> Facts:
    words = text.split()
    # Copies exchange the people they quote further down; who the news is about stands at the beginning.
    return replace(facts(" ".join(words[:_LEAD_WORDS])), names=facts(" ".join(words[:_NAMED_WORDS])).names)


@lru_cache(maxsize=4_096)
def _content(title: str) -> frozenset[str]:
    return frozenset(w for w in title.split() if w not in STOP)


def _minhash(shingles: Iterable[str]) -> NDArray[np.uint16]:
    hashed = [int.from_bytes(hashlib.blake2b(s.encode("utf-8", "replace"), digest_size=8).digest()) for s in shingles]
    values = np.array(hashed, dtype=np.uint64)[:, None] * _MULTIPLY + _ADD
    least: NDArray[np.uint64] = (values >> np.uint64(32)).min(axis=0)
    return (least & np.uint64(0xFFFF)).astype(np.uint16)


def _pack(signature: NDArray[np.uint16]) -> str:
    return base64.b64encode(signature.astype("<u2").tobytes()).decode()


def _unpack(signature: str) -> NDArray[np.uint16]:
    values: NDArray[np.uint16] = np.frombuffer(base64.b64decode(signature), dtype="<u2").astype(np.uint16)
    return values


def _bands(letter: str, signature: NDArray[np.uint16], count: int) -> list[str]:
    rows = signature[: count * _ROWS].astype("<u2").tobytes()
    width = 2 * _ROWS
    return [f"{letter}{i:x}{base64.b64encode(rows[i * width : (i + 1) * width]).decode()}" for i in range(count)]


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=9).hexdigest()
