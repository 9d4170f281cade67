"""A fingerprint as it is stored: its parts in one line of text, for it is written and read for every article.

Fields stand between unit separators and the parts of a field between record separators; neither occurs in them, for
both count as blanks, of which words, figures and addresses have none of these kinds.
"""

from __future__ import annotations

from alertd.stories.figures import Facts
from alertd.stories.fingerprints import Fingerprint

_FIELD, _PART = "\x1f", "\x1e"
_FIELDS = 14


def written(fp: Fingerprint) -> str:
    """Write a fingerprint."""
    fields = (
        fp.address, fp.title, fp.outlet, "1" if fp.generic else "", repr(fp.published), fp.words,
        *(_PART.join(said) for facts in (fp.head, fp.lead) for said in _said(facts)),
    )  # fmt: skip
    return _FIELD.join(fields)


def _said(facts: Facts) -> tuple[tuple[str, ...], ...]:
    return facts.figures, facts.periods, facts.directions, facts.names


def beginning(text: str) -> tuple[str, str]:
    """Address and headline of what `written` wrote, at a fraction of the price of all of it."""
    address, title, _ = text.split(_FIELD, 2)
    return address, title


def read(text: str) -> Fingerprint:
    """Read what `written` wrote.

    Raises:
        ValueError: it was not written by it.
    """
    fields = text.split(_FIELD)
    if len(fields) != _FIELDS:
        raise ValueError(f"no fingerprint: {len(fields)} fields instead of {_FIELDS}")
    address, title, outlet, generic, published, words, *said = fields
    parts = [tuple(part.split(_PART)) if part else () for part in said]
    return Fingerprint(
        address, title, outlet, generic == "1", float(published), words, Facts(*parts[:4]), Facts(*parts[4:])
    )
