"""Fingerprints of articles, and the decision that one article copies another.

All hashing is stable across processes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec

from alertd.articles import Entry
from alertd.stories import cleaning, lexicon, sketches
from alertd.stories.addresses import canonical
from alertd.stories.agreement import alike_names, clash, opposite_words
from alertd.stories.figures import Facts, facts, figures_and_periods, join
from alertd.stories.lexicon import Said
from alertd.stories.words import STOP

_LEAD_WORDS = 80
_MAX_TITLE, _MAX_TEXT = 1_000, 4_000
SHORTEST = 8
"""Words from which on a text says more than its headline: shorter ones are not held against each other."""
_NEAR_CONTEXT, _SAME_CONTEXT = 0.25, 0.4
_FIRST_SENTENCE = 25
_NEARLY_EQUAL = 0.8
_BY_NAME = ("name", "word")
ALIKE, RELATED, INSIDE = 0.4, 0.2, 0.6
"""Likeness of two headlines from which texts decide, and from which only `SAME_TEXT` does; the share of the shorter one
in the other from which texts decide, too."""
SAME_TEXT = 0.75
"""Likeness of two texts that makes them one whatever their headlines say, if these are related at all."""
_DAY = 20 * 3600.0
_NO_WORDS: frozenset[str] = frozenset()


class Fingerprint(msgspec.Struct, frozen=True, gc=False):
    """What is kept of an article to recognise its copies.

    Attributes:
        address: canonical address, "" when it has none of its own.
        title: the headline's words for comparison, without prefixes and the outlet's name.
        outlet: folded name of the outlet (or feed).
        generic: the headline is one that its outlet uses again and again.
        published: Unix seconds, as the entry says.
        words: codes of the words with which the text begins, see `sketches`; "" without a text.
        head: what the headline states.
        lead: figures and periods of the beginning of the text.
    """

    address: str = ""
    title: str = ""
    outlet: str = ""
    generic: bool = False
    published: float = 0.0
    words: str = ""
    head: Facts = msgspec.field(default_factory=Facts)
    lead: Facts = msgspec.field(default_factory=Facts)


class CopyMatch(msgspec.Struct, frozen=True, gc=False):
    """The article that another one copies, and why in words."""

    id: str
    reason: str


def fingerprint(entry: Entry) -> Fingerprint:
    """Compute the fingerprint of an entry."""
    head, headed = _headline(entry)
    title = lexicon.tokens(headed.pieces)
    text, said = _body(entry)
    if lexicon.are(said.pieces, title):
        text, said = "", lexicon.read("")
    # most texts have no word that a headline's capitals make a name
    named = any(name.folded in text for piece in headed.pieces for name in piece.names)
    lead = said
    if len(said.pieces) > _LEAD_WORDS:
        lead = Said.of(said.pieces[:_LEAD_WORDS])
        text = " ".join([piece.text for piece in lead.pieces])
    return Fingerprint(
        address=canonical(entry.url),
        title=" ".join(title),
        outlet=_outlet(entry.source or entry.feed),
        generic=cleaning.is_generic(head, headed.marks),
        published=entry.published,
        words=sketches.pack([piece.codes for piece in said.pieces]),
        head=facts(head, headed, plain_words=lexicon.written(said.pieces) if named else _NO_WORDS),
        lead=figures_and_periods(text, lead),
    )


def _headline(entry: Entry) -> tuple[str, Said]:
    title = entry.title[:_MAX_TITLE]
    said = lexicon.read(title)
    if not cleaning.is_adorned(said):
        return " ".join(title.split()), said
    head = cleaning.headline(title, entry.source)
    return head, lexicon.read(head)


def _body(entry: Entry) -> tuple[str, Said]:
    text = (entry.summary or entry.text)[:_MAX_TEXT]
    said = lexicon.read(text)
    if not cleaning.is_mixed(said):
        return " ".join(text.split()), said
    text = cleaning.body(text, said.marks)
    return text, lexicon.read(text)


@lru_cache(maxsize=4_096)
def _outlet(name: str) -> str:
    return "".join(cleaning.tokens(name))


def contradiction(a: Fingerprint, b: Fingerprint) -> str:
    """Say what two articles contradict each other in ("number: 6 % against 5 %"), or "".

    Headlines are held against headlines; what one lacks may stand in its text. Texts are held against texts when they
    overlap, for two editors' own summaries of one headline rightly name different figures.
    """
    near = likeness(a, b)
    if a.title != b.title:
        if found := opposite_words(content(a.title), content(b.title)):
            return found
        found = clash(a.head, b.head)
        if found and not (_resolved(a, b, found) and not alike_names(a.head, b.head)):
            return found
    if a.words and b.words:
        if (a.title != b.title or near >= _NEAR_CONTEXT) and (found := clash(_said(a), _said(b))):
            return found
        if near >= _SAME_CONTEXT:
            return _exchanged(a, b)
    return ""


def likeness(a: Fingerprint, b: Fingerprint) -> float:
    """How much of the shorter text's beginning is in the longer one, 0..1; 0 when one has no text."""
    return sketches.containment(a.words, b.words)


def title_likeness(a: str, b: str) -> float:
    """Jaccard index of the meaningful words of two folded headlines."""
    x, y = content(a), content(b)
    common = len(x & y)
    return common / (len(x) + len(y) - common) if x or y else 0.0


def shared_words(a: Fingerprint, b: Fingerprint) -> float:
    """How many of the meaningful words and numbers of an article are in another one, 0..1."""
    mine = sketches.meaningful(_all_words(a))
    return len(mine & set(_all_words(b))) / len(mine) if mine else 0.0


def compared(
    new: Fingerprint, candidates: Sequence[tuple[str, Fingerprint]], of: Mapping[str, str] | None = None
) -> tuple[CopyMatch | None, list[str]]:
    """Find the article that a new one copies, and those that it is as like but contradicts.

    Args:
        new: the new article.
        candidates: (article id, fingerprint) of earlier articles that share a key of `bands`, in any order.
        of: the originals, where they are among them, of those that are copies themselves: a copy that was cut must not
            lend its silence to what contradicts the whole text.

    Returns:
        The closest match, the earliest among equals; None when none is a copy. Texts that contradict each other never
        are. And, where it is no copy, the ids of those that it contradicts in nearly the same words, which are reports
        of other events; where it is one, not all of them.
    """
    best: tuple[float, str, str] | None = None
    against: list[str] = []
    whole = dict(candidates) if of else {}
    for ident, old in candidates:
        strength, reason = _copies(new, old)
        if not reason or not (best is None or (-strength, ident) < (-best[0], best[1])):
            continue
        original = whole.get(of[ident]) if of and ident in of else None
        why = contradiction(new, old) or (contradiction(new, original) if original is not None else "")
        if why:
            if _other_event(new, old, why):
                against.append(ident)
            continue
        best = (strength, ident, reason)
    return (CopyMatch(best[1], f"{best[2]} as {best[1]}") if best else None), against


def may_copy(new: Fingerprint, address: str, title: str) -> bool:
    """Whether an article can copy one of this canonical address and folded headline, whatever their texts say.

    Most that share a key cannot, and that is told before what is stored of them is read.
    """
    if (address and address == new.address) or title == new.title:
        return True
    a, b = content(new.title), content(title)
    common = len(a & b)
    return bool(common) and (common >= RELATED * (len(a) + len(b) - common) or common >= INSIDE * min(len(a), len(b)))


def _copies(new: Fingerprint, old: Fingerprint) -> tuple[float, str]:
    """How strongly and why two articles look like one text, contradictions aside."""
    if not may_copy(new, old.address, old.title):
        return 0.0, ""
    titles = title_likeness(new.title, old.title)
    leads = likeness(new, old)
    both = bool(new.words and old.words)
    if _one_address(new, old) and (titles >= 0.34 or leads >= 0.5 or not (new.title and old.title)):
        return 3.0, "same address"
    content_new, content_old = content(new.title), content(old.title)
    shared = len(content_new & content_old)
    if new.title and new.title == old.title:
        same = _same_title(new, old, both=both, leads=leads, words=shared)
        return 2.0, "same headline" if same else ""
    if new.generic or old.generic:
        near = "near-same text" if leads >= 0.8 and titles >= 0.5 else ""
    else:
        short = min(len(content_new), len(content_old))
        inside = shared / short if short else 0.0
        texts = leads >= 0.6 and _long(new) and _long(old)
        headlines = shared >= 4 and (titles >= 0.75 or (inside >= 0.95 and short >= 5))
        if texts and (titles >= ALIKE or inside >= INSIDE or (leads >= SAME_TEXT and titles >= RELATED)):
            near = "near-same text"
        else:
            near = "near-same headline" if headlines and (not both or leads >= 0.3) else ""
    return 1.0 + (leads + titles) / 2, near


def _one_address(a: Fingerprint, b: Fingerprint) -> bool:
    """Whether one is its outlet's next word on what the other is about."""
    return bool(a.address) and a.address == b.address


def _other_event(a: Fingerprint, b: Fingerprint, why: str) -> bool:
    """Whether two articles that contradict each other are so alike else that they tell two events by one pattern."""
    if _one_address(a, b):
        return False
    titles = title_likeness(a.title, b.title)
    if a.words and b.words:
        return (titles + likeness(a, b)) / 2 >= _NEARLY_EQUAL
    # headlines alone may call one thing by two names
    return titles >= _NEARLY_EQUAL and not why.startswith(_BY_NAME)


def _long(fp: Fingerprint) -> bool:
    return len(sketches.unpack(fp.words)) > SHORTEST


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
    """Whether a clash of headlines goes away when each text may supply what its headline lacks."""
    if not a.words or not b.words:
        return False
    if found.startswith("number"):
        return not clash(_said(a), _said(b))
    if found.startswith("name"):
        known_a, known_b = (set(_all_words(f)) for f in (a, b))
        only_a = [n for n in a.head.names if n not in b.head.names and sketches.code(n) not in known_b]
        only_b = [n for n in b.head.names if n not in a.head.names and sketches.code(n) not in known_a]
        return not (only_a and only_b)
    return False


def _exchanged(a: Fingerprint, b: Fingerprint) -> str:
    """What two nearly equal texts have exchanged: a word that headline and text share and the other never says."""
    words_a, words_b = sketches.unpack(a.words), sketches.unpack(b.words)
    size = min(len(words_a), len(words_b))
    known_a, known_b = set(_all_words(a)), set(_all_words(b))
    gone_a = sketches.meaningful(words_a[:size]) - known_b
    gone_b = sketches.meaningful(words_b[:size]) - known_a
    if sketches.opposites(gone_a, gone_b):
        return "direction: the texts have exchanged a word for its opposite"
    start = min(size, _FIRST_SENTENCE)
    if (sketches.turns(words_a[:start]) + sketches.turns(words_b[:start])) % 2:
        return "direction: one is negated"
    for words, gone, other in ((a.title, gone_a, gone_b), (b.title, gone_b, gone_a)):
        for word in words.split():
            found = sketches.code(word)
            if found in gone and word.isalpha() and not sketches.synonyms(found, other):
                return f"word: only one speaks of {word}"
    return ""


def _all_words(fp: Fingerprint) -> tuple[int, ...]:
    return (*(sketches.code(w) for w in fp.title.split()), *sketches.unpack(fp.words))


def _said(fp: Fingerprint) -> Facts:
    both = join(fp.head, fp.lead)
    return Facts(figures=both.figures, periods=both.periods)


@lru_cache(maxsize=8_192)
def content(title: str) -> frozenset[str]:
    """The words of a folded headline that carry a meaning."""
    return frozenset(title.split()) - STOP
