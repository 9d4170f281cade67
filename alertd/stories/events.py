"""Whether two articles in different words report one event: companies, figures, periods and direction decide.

The encoder's likeness finds what may be one; thresholds are chosen by `python -m training.stories` with a margin, so
that another set of weights does not move them.
"""

from __future__ import annotations

import math
from binascii import a2b_base64
from collections.abc import Sequence
from functools import lru_cache

import msgspec
import numpy as np
from numpy.typing import NDArray

from alertd.articles import Tags
from alertd.stories import sketches
from alertd.stories.agreement import clash, opposite_words
from alertd.stories.figures import Facts, direction
from alertd.stories.fingerprints import Fingerprint, content, contradiction, likeness, shared_words, title_likeness
from alertd.vectors import pack

NEAR_COMPANY = 0.64
"""Cosine of two vectors from which articles about one company may report one event."""
NEAR_HEADLINES = 0.7
"""The same where one is only a headline: two of one company easily sound alike."""
NEAR_UNNAMED = 0.77
"""The same where no company is known."""
NEAR_TEXTS = 0.59
"""The same where both have a text, which says more than a headline."""
NEAR_OTHERS = 0.8
"""The same where the companies found are different ones, for one of them may have been missed."""
HOPELESS = 0.35
"""Cosine of two vectors below which articles report two events, whatever else they have in common."""
CANDIDATES = 30
"""Stories, the latest, that are looked at under one key."""
MOST_PLACES = 12
"""Keys under which one story is listed at most."""
_RENEWED = 3600
"""Seconds of the spans in which a story is renewed once."""
ONCE_BEFORE = 0.5
"""Cosine above which a company's earlier story makes a new one of its kind less new."""
_SAME_TYPE, _SAME_FIGURE, _SAME_NAME = 0.03, 0.03, 0.05
_OTHER_TYPE, _OTHER_NAME = 0.05, 0.03
_ALIKE_TITLES, _ALIKE_TEXTS = 0.45, 0.6
_WORDS_ONLY = 0.5
_SURE_NAMES, _MOST_NAMES, _SENTENCE = 2, 3, 10
_ANYWAY, _MOST_SAID = 0.15, 0.2
"""Share of their words that two texts have in common whatever they tell, and the most that more of them speak for."""
_PLACES = 4
_NEVER = 2.0
_LOOSE = ("weekday", "date", "span")


def least() -> tuple[float, tuple[float, ...]]:
    """Cosines below which a report is of another event than a story whatever else they have in common.

    Returns:
        Of one company (there also, a story of another event that makes it less new), and of different companies, by the
        number of names that their headlines share; the last one is of that many or more.
    """
    most = _SAME_TYPE + 2 * _SAME_FIGURE
    several = min(NEAR_TEXTS, NEAR_UNNAMED) - _SAME_TYPE - _SAME_FIGURE
    others = [several - _SAME_NAME * more for more in range(1, _MOST_NAMES + 1)]
    company = min(NEAR_COMPANY - most, NEAR_HEADLINES - most, ONCE_BEFORE)
    return company, (_NEVER, NEAR_OTHERS - _SAME_TYPE - _SAME_FIGURE, *others)


LEAST_COMPANY, LEAST_OTHERS = least()

Likeness = tuple[float | None, float | None]
"""Cosines of a report's vector with that of a story's first article, and with the mean of all; None for none."""


class Report(msgspec.Struct, frozen=True, gc=False):
    """One side of a comparison: an article, or a story by its first article and all that was said since.

    Attributes:
        issuers, events: of its subjects, and what happened.
        figures: normalised, of headline and text.
        embedding: packed as in `Tags.embedding`, made by `encoder`; a story's is that of its first article.
        mean: the mean vector of a story's articles, "" when there is only one.
    """

    fp: Fingerprint
    issuers: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    embedding: str = ""
    encoder: str = ""
    mean: str = ""


def subjects(tags: Tags) -> tuple[str, ...]:
    """The issuer keys of the companies that an article is about."""
    return tuple(dict.fromkeys([c.issuer or f"n:{c.name.lower()}" for c in tags.companies if c.role == "subject"]))


def report_of(fp: Fingerprint, tags: Tags, events: tuple[str, ...] = (), figures: tuple[str, ...] = ()) -> Report:
    """An article as one side of a comparison, with its events and figures where these are asked for."""
    return Report(fp, subjects(tags), events, figures, tags.embedding, tags.versions.get("encoder", ""))


def same_event(new: Report, old: Report, likeness_of: Likeness, *, corrects: bool = False) -> tuple[float, str]:
    """Compare two reports.

    Args:
        new, old: an article, and a story.
        likeness_of: as `likenesses` gives it.
        corrects: the new one says that it corrects: other figures are what it is for.

    Returns:
        How strongly they report one event, above 0, and the evidence in words; (0, "") when they do not.
    """
    if new.fp.generic or old.fp.generic:
        return 0.0, ""
    common = shared(new.issuers, old.issuers)
    known = bool(new.issuers and old.issuers)
    first, mean = likeness_of
    near = first if common or mean is None else mean
    if near is not None and near < HOPELESS:
        return 0.0, ""
    if near is None:
        strength, needed, kind = title_likeness(new.fp.title, old.fp.title), _WORDS_ONLY, "words"
        if bool(new.issuers) != bool(old.issuers) or (known and not common):
            return 0.0, ""
    else:
        kind = "meaning"
        needed = _needed(new, old, common=common, known=known)
        strength = near + _evidence(new, old, common=common)
        if not known and strength + _MOST_SAID >= needed:
            strength += _said_alike(new, old)
    if strength < needed:
        return 0.0, ""
    alike = title_likeness(new.fp.title, old.fp.title) >= _ALIKE_TITLES or likeness(new.fp, old.fp) >= _ALIKE_TEXTS
    against = _against(new, old, alike=alike, common=common)
    if corrects and alike and against.startswith(("number", "direction")):
        against = ""
    if against.startswith("name") and near is not None and not _firm(new, old, alike=alike, known=known, needed=needed):
        strength, against = strength - (0.0 if _telling(new) and _telling(old) else _OTHER_NAME), ""
    if against or strength < needed:
        return 0.0, ""
    return strength - needed + 0.01, f"likeness in {kind} {strength if near is None else near:.2f}"


def likenesses(new: Report, old: Sequence[tuple[str, str, str]]) -> list[Likeness]:
    """The cosines of a report's vector and those of stories, all at once.

    Args:
        old: of each story the vector of its first article, the mean of all ("" when there is only one), its encoder.

    Returns:
        For each that of its first article and that of the mean, None where two vectors cannot be compared.
    """
    found: tuple[list[float | None], list[float | None]] = ([None] * len(old), [None] * len(old))
    if new.embedding and old:
        vector = unit(new.embedding)
        size, encoder = len(vector), new.encoder
        for at, near in enumerate(found):
            rows: list[int] = []
            kept: list[bytes] = []
            scales: list[float] = []
            for number, row in enumerate(old):
                if row[at] and (not encoder or row[2] in ("", encoder)):
                    values, scale = raw(row[at])
                    if len(values) == size:
                        rows.append(number)
                        kept.append(values)
                        scales.append(scale)
            if rows:
                vectors = np.frombuffer(b"".join(kept), np.int8).reshape(len(rows), size).astype(np.float32)
                for number, cosine in zip(
                    rows, ((vectors @ vector) * np.array(scales, np.float32)).tolist(), strict=True
                ):
                    near[number] = cosine
    return list(zip(*found, strict=True))


def worth_comparing(new: Report, issuers: Sequence[str], names: Sequence[str], likeness_of: Likeness) -> bool:
    """Whether a story may be a report's, or one like it that its company had before, as far as can be told at once.

    Most that share a key with a report are told apart by this, at a fraction of the price of `same_event`.

    Args:
        new: the report.
        issuers, names: of the story, and of the headline of its first article.
        likeness_of: as `likenesses` gives it.
    """
    first, mean = likeness_of
    if first is None:
        return True
    likest = first if mean is None else max(first, mean)
    if not (new.issuers and issuers):
        return likest >= HOPELESS
    if shared(new.issuers, issuers):
        return first >= LEAST_COMPANY
    return likest >= LEAST_OTHERS[min(len(set(new.fp.head.names).intersection(names)), len(LEAST_OTHERS) - 1)]


def _needed(new: Report, old: Report, *, common: bool, known: bool) -> float:
    """The likeness from which two reports may be of one event."""
    if common:
        return NEAR_COMPANY if _telling(new) and _telling(old) else NEAR_HEADLINES
    names = _common_names(new, old)
    if known and len(names) < _SURE_NAMES:
        return NEAR_OTHERS if names else _NEVER
    return NEAR_TEXTS if names and _telling(new) and _telling(old) else NEAR_UNNAMED


def _telling(report: Report) -> bool:
    """Whether a report is more than a headline: it has a text, or its title is a sentence."""
    return bool(report.fp.words) or report.fp.title.count(" ") >= _SENTENCE


def _firm(new: Report, old: Report, *, alike: bool, known: bool, needed: float) -> bool:
    """Whether another name keeps two reports apart: where a company is known; elsewhere names are details."""
    if alike:
        return bool(new.issuers or old.issuers)
    return known and needed in (NEAR_COMPANY, NEAR_HEADLINES, NEAR_OTHERS)


def shared(a: Sequence[str], b: Sequence[str]) -> bool:
    """Whether two lists of issuers have one in common; unlisted names count by their beginning."""
    return bool(a and b) and not meetings(tuple(a)).isdisjoint(meetings(tuple(b)))


@lru_cache(maxsize=4_096)
def meetings(issuers: tuple[str, ...]) -> frozenset[str]:
    """What stands for issuers when reports of them are sought."""
    return frozenset(map(meeting, issuers))


def meeting(issuer: str) -> str:
    """What stands for an issuer when reports of it are sought: unlisted ones by the first long word of their name."""
    if not issuer.startswith("n:"):
        return issuer
    words = issuer[2:].split()
    return "n:" + next((w for w in words if len(w) > 2), "".join(words))


def places(fp: Fingerprint, issuers: Sequence[str]) -> tuple[str, ...]:
    """Return the keys under which a story is listed and under which an article looks for its story.

    Those of its companies and of the names in its headline; of its longest words when there are few. So what an
    article costs does not grow with all the news of the window.
    """
    companies = dict.fromkeys(map(meeting, issuers[:_PLACES]))
    names = fp.head.names[:_PLACES]
    longest: Sequence[str] = ()
    if (wanted := _PLACES + 2 - len(companies) - len(names)) > 0:
        words = [(-len(w), w) for w in content(fp.title).difference(names) if w.isalpha()]
        longest = [w for _, w in sorted(words)[:wanted]]
    return (*companies, *dict.fromkeys([f"w:{sketches.stem(w)}" for w in (*names, *longest)]))


def renews(before: float | None, now: float) -> bool:
    """Whether an article is the first one of its story in an hour, by the clock.

    Then a copy, too, makes its story the latest under the keys by which it is sought; others leave it where it is.

    Args:
        before: when the story's article before it came, Unix seconds; None when it opens the story.
        now: when it came.
    """
    return before is None or before // _RENEWED != now // _RENEWED


def merged(a: str, b: str, weight: int) -> str:
    """The packed mean of a story's vector, which stands for `weight` articles, and of one more."""
    x, y = unit(a), unit(b)
    if x.shape != y.shape:
        return a
    return pack(x * weight + y)


@lru_cache(maxsize=4_096)
def raw(packed: str) -> tuple[bytes, float]:
    """The bytes of a packed vector, each a value of it, and what makes its length 1."""
    stored = a2b_base64(packed)
    values = np.frombuffer(stored, np.int8).astype(np.float32)
    return stored, 1 / max(math.sqrt(values @ values), 1e-9)


def unit(packed: str) -> NDArray[np.float32]:
    """A vector of length 1, or of zeros."""
    values, scale = raw(packed)
    return np.frombuffer(values, np.int8).astype(np.float32) * np.float32(scale)


def _evidence(new: Report, old: Report, *, common: bool) -> float:
    """What speaks for one event besides likeness, and what against it."""
    weight = 0.0
    if new.events and old.events:
        weight += -_OTHER_TYPE if set(new.events).isdisjoint(old.events) else _SAME_TYPE
    if old.figures and not _firm_figures(new.figures).isdisjoint(old.figures):
        weight += _SAME_FIGURE
    names = _common_names(new, old)
    # a company's own name says nothing more where the company is known to be one
    weight += (
        (_SAME_FIGURE if len(names) > _SURE_NAMES else 0.0)
        if common
        else _SAME_NAME * min(_MOST_NAMES, max(0, len(names) - 1))
    )
    return weight


def _said_alike(new: Report, old: Report) -> float:
    """What speaks for one event where no company does: two texts that share more words than any two."""
    if not new.fp.words or not old.fp.words:
        return 0.0
    share = (shared_words(new.fp, old.fp) + shared_words(old.fp, new.fp)) / 2
    return min(_MOST_SAID, max(0.0, share - _ANYWAY))


@lru_cache(maxsize=1_024)
def _firm_figures(figures: tuple[str, ...]) -> frozenset[str]:
    """Those that say something: a short bare number is as often the name of a model ("737") as a figure."""
    return frozenset(f for f in figures if " " in f or len(f) > 3)


def _common_names(new: Report, old: Report) -> set[str]:
    a, b = new.fp.head.names, old.fp.head.names
    return set(a).intersection(b) if a and b else set()


def _against(new: Report, old: Report, *, alike: bool, common: bool) -> str:
    """What keeps two reports apart: other figures, another period, the opposite direction, another company."""
    if alike:
        # nearly the same words around another figure are the mark of the next quarter, month or deal
        return contradiction(new.fp, old.fp)
    if not common:
        if found := opposite_words(set(new.fp.title.split()), set(old.fp.title.split())):
            return found
        telling = _telling(new) and _telling(old)
        return clash(*(_stated(r.fp.head) if telling else r.fp.head for r in (new, old)))
    if found := clash(_periods(new), _periods(old)):
        return found
    return _other_call(new, old) or _other_amount(new, old) or _opposite_news(new, old)


def _stated(head: Facts) -> Facts:
    """What counts of a headline over a text: without counts and directions, which are details of one view of it."""
    periods = tuple(p for p in head.periods if not p.startswith(_LOOSE))
    return Facts(figures=tuple(f for f in head.figures if " " in f), periods=periods, names=head.names)


def _periods(report: Report) -> Facts:
    return Facts(periods=tuple(p for p in report.fp.head.periods if not p.startswith(_LOOSE)))


def _other_call(new: Report, old: Report) -> str:
    """Two brokers' calls on one company are two events, whatever their words."""
    if "analyst_rating" not in new.events or "analyst_rating" not in old.events:
        return ""
    own = {word for issuer in (*new.issuers, *old.issuers) for word in issuer.split(":", 1)[-1].lower().split()}
    a, b = ({n for n in r.fp.head.names if n not in own} for r in (new, old))
    said = {sketches.code(w) for w in (*new.fp.title.split(), *old.fp.title.split())}
    texts = set(sketches.unpack(new.fp.words)) & set(sketches.unpack(old.fp.words))
    if a and b and not a & b and not any(sketches.code(n) in texts and sketches.code(n) in said for n in a | b):
        return "name: another broker"
    return ""


def _other_amount(new: Report, old: Report) -> str:
    """One type of news, another sum in the headline, and no figure in common: another deal, target or forecast."""
    if not set(new.events) & set(old.events) or set(new.figures) & set(old.figures):
        return ""
    a, b = ({f for f in r.fp.head.figures if " " in f and "%" not in f} for r in (new, old))
    return clash(Facts(figures=tuple(a)), Facts(figures=tuple(b))) if a and b else ""


def _opposite_news(new: Report, old: Report) -> str:
    """One type of news in the opposite direction, and no figure in common."""
    if set(new.events) != set(old.events) or not new.events or set(new.figures) & set(old.figures):
        return ""
    ways = [direction(r.fp.head.directions) for r in (new, old)]
    return "direction" if ways[0] * ways[1] < 0 else ""
