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
    head, lead, join = fp.head, fp.lead, _PART.join
    return _FIELD.join((
        fp.address, fp.title, fp.outlet, "1" if fp.generic else "", repr(fp.published), fp.words,
        join(head.figures), join(head.periods), join(head.directions), join(head.names),
        join(lead.figures), join(lead.periods), join(lead.directions), join(lead.names),
    ))  # fmt: skip


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
