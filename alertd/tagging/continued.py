"""Whether a name that a text goes on is still the company's: Apple Bank is not Apple, Acadia Pharma is Acadia. Pure."""

from __future__ import annotations

import re
from typing import Final

from alertd.sectors import COUNTRIES
from alertd.tagging.gazetteer import LARGE
from alertd.tagging.linker import CLOSED_LEGAL, Candidate
from alertd.tagging.words import LEGAL, core, normalise, vocabulary, words

_HUGE: Final = 210
"""The size of the about 250 largest: they lend their names to many units, mostly with one word behind it."""
_ACRONYM: Final = 5
_AGREE: Final = 3
_PARTS: Final = re.compile(r"[^\w &.'\u2019]")
"""What ends a name, hyphens included: those join two."""
_PLACES: Final = vocabulary(
    "uk us usa uae america americas europe european asia asian africa african pacific apac emea international global "
    " worldwide north south east west northern southern eastern western central latin middle"
) | {part for country in COUNTRIES for part in normalise(country).split()}
_FILLING: Final = frozenset(["&", "'s", "\u2019s", "group", "cos", "companies"])
_FORMS: Final = CLOSED_LEGAL | {"co", "company", "lp"}


def is_another(text: str, candidate: Candidate, end: int) -> bool:
    """Whether a longer name that begins with a candidate is another company's.

    It is the candidate's own where the words behind it are those of the issuer's name or places ("Walmart Canada").
    Else a legal form behind them says that the longer name stands for itself ("Adobe Wells LLC"), and so does a
    candidate that is an ordinary word or only a part of the issuer's name. A distinctive whole name stays with its
    issuer ("Samsung Display"), and so do one word behind the names of the very largest ("Apple Music") and what goes
    on an acronym ("GE Aviation").

    Args:
        text: the text of both.
        candidate: the name as the gazetteer has it.
        end: where the longer name ends, as the encoder sees it.
    """
    behind = _PARTS.split(text[candidate.end : end], maxsplit=1)[0]
    rest = []
    for word in words(behind):
        written = behind[word.start : word.end]
        if written == written.lower() and word.folded != "&":
            break  # "Titan shares"
        rest.append(word.folded)
    named = [w for w in rest if w not in LEGAL and w not in _FILLING]
    stands = words(text[candidate.start : candidate.end])
    if stands[-1].folded in LEGAL or not named or _own(candidate, named) or _PLACES.issuperset(named):
        return False
    after = words(text[end : end + 15])
    whole = candidate.kind == "name" and not candidate.short
    if whole and len(stands) > 1:
        return False
    if rest[-1] in _FORMS or (after and after[0].start <= 2 and after[0].folded in CLOSED_LEGAL):
        return True
    written = text[candidate.start : candidate.end]
    if written.isupper() and len(written) <= _ACRONYM and candidate.prior >= LARGE:
        return False
    if candidate.prior >= _HUGE and (whole or len(rest) == 1):
        return False
    return not whole


def _own(candidate: Candidate, rest: list[str]) -> bool:
    """Whether the words go on as the issuer's name does, shortened or not: "Abbott Labs" for Abbott Laboratories."""
    name = core(candidate.issuer.name).split()
    return any(
        all(a[:_AGREE] == b[:_AGREE] for a, b in zip(rest, name[at:], strict=False)) for at in range(1, len(name))
    )
