"""Finding companies by what a person types: a symbol, a name, the beginning of one, or one with a slip."""

from __future__ import annotations

from collections.abc import Iterator

from alertd.tagging.gazetteer import Gazetteer, Issuer
from alertd.tagging.suggest import meant
from alertd.tagging.words import core, normalise

_LONGEST = 200


def find(gazetteer: Gazetteer, text: str, limit: int) -> list[Issuer]:
    """Find companies.

    Whom the text names exactly comes first, then those of whose names one begins with it, then those whose name holds
    all its words, each the largest first; companies of which only a slip parts it stand at the end.

    Args:
        text: what was typed.
        limit: most companies to find.
    """
    text = text.strip()[:_LONGEST]
    found: dict[str, Issuer] = {}
    for issuers in (_exactly(gazetteer, text), _beginning(gazetteer, text), _holding(gazetteer, text)):
        for issuer in sorted(issuers, key=lambda issuer: -gazetteer.size(issuer)):
            found.setdefault(issuer.key, issuer)
        if len(found) >= limit:
            break
    if not found:
        found = {issuer.key: issuer for issuer in meant(gazetteer, text)}
    return list(found.values())[:limit]


def _exactly(gazetteer: Gazetteer, text: str) -> Iterator[Issuer]:
    for spelled in dict.fromkeys((text, text.upper())):
        if issuer := gazetteer.resolve(spelled):
            yield issuer


def _beginning(gazetteer: Gazetteer, text: str) -> Iterator[Issuer]:
    name = core(text)
    if name:
        yield from gazetteer.beginning(name)


def _holding(gazetteer: Gazetteer, text: str) -> Iterator[Issuer]:
    wanted = set(normalise(text).split())
    if not wanted:
        return
    for number in range(len(gazetteer)):
        issuer = gazetteer.issuer(number)
        if wanted <= set(normalise(issuer.name).split()):
            yield issuer
