"""Whom entries copy that are about to be accepted: those that share bands with them are compared. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Final

import msgspec

from alertd.stories.fingerprints import Fingerprint, compared, may_copy
from alertd.stories.outlines import UNKNOWN
from alertd.stories.records import beginning, read

_MOST_CANDIDATES: Final = 50
_MOST_UNLIKE: Final = 16


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """An accepted article as it is found by what may copy it: its id, that of its original or "", its fingerprint."""

    id: str
    original: str
    fp: Fingerprint


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """An entry that is about to be accepted: what it is compared by, and whether it is an edit of its earlier form."""

    fp: Fingerprint
    bands: tuple[str, ...]
    update: bool


class Relation(msgspec.Struct, frozen=True, gc=False):
    """What an entry is to others: the id of its original, "#3" for the third of these entries, "" for none; and the ids
    of those, called likewise, that it contradicts in nearly the same words."""

    original: str = ""
    unlike: tuple[str, ...] = ()


_NO_RELATION: Final = Relation()


def related(
    entries: Sequence[Candidate], met: Sequence[Iterable[int]], known: Mapping[int, Accepted], accepted: int
) -> list[Relation]:
    """Say of each entry which article it copies or contradicts. Pure.

    Args:
        entries: in the order in which they will be accepted.
        met: for each the places of accepted articles that share bands with it, see `meetings`.
        known: those articles by their places; those that are missing are forgotten.
        accepted: number of articles accepted before these.

    Returns:
        What each is to others, in the same order.
    """
    found: list[Relation] = []
    places: dict[str, list[int]] = defaultdict(list)
    often = {band for band, times in Counter(chain.from_iterable([e.bands for e in entries])).items() if times > 1}
    for number, entry in enumerate(entries):
        relation = _NO_RELATION
        mine = [band for band in entry.bands if band in often]
        # an edited entry stands in for its earlier form, which is what it is most alike
        if not entry.update:
            shared = [place for band in mine for place in places[band]]
            mates = Counter(shared).most_common(_MOST_CANDIDATES) if shared else ()
            near = {accepted + n: entries[n - 1].fp for n, _ in mates}
            near |= {place: known[place].fp for place in met[number] if place in known}
            # most meet nobody
            if near:
                candidates = [(_name(place), fp) for place, fp in near.items()]
                match, against = compared(entry.fp, candidates, _copied(near, found, known, accepted))
                if match:
                    relation = Relation(_original(int(match.id), found, known, accepted))
                elif against:
                    relation = Relation(unlike=tuple(_named(against, found, known, accepted)))
        found.append(relation)
        for band in mine:
            places[band].append(number + 1)
    return found


def _called(place: int, known: Mapping[int, Accepted], accepted: int) -> str:
    """The id of an article, "#3" for the third of the entries."""
    return known[place].id if place <= accepted else f"#{place - accepted}"


def _original(place: int, found: Sequence[Relation], known: Mapping[int, Accepted], accepted: int) -> str:
    """What a copy of an article has for its original: of a copy its own one."""
    own = known[place].original if place <= accepted else found[place - accepted - 1].original
    return own or _called(place, known, accepted)


def _named(
    against: Sequence[str], found: Sequence[Relation], known: Mapping[int, Accepted], accepted: int
) -> list[str]:
    """The ids of some articles, the latest first: stories that are still open are told apart by these.

    With a copy goes its original, which is decided before it.
    """
    places = sorted(map(int, against), reverse=True)
    both = [i for place in places for i in (_original(place, found, known, accepted), _called(place, known, accepted))]
    return list(dict.fromkeys(both))[:_MOST_UNLIKE]


def _name(place: int) -> str:
    """A place as an id: of the same order."""
    return f"{place:020d}"


def _copied(
    near: Iterable[int], found: Sequence[Relation], known: Mapping[int, Accepted], accepted: int
) -> dict[str, str]:
    """Those of some articles that are copies themselves, each with its original, as `compared` calls them."""
    places = {known[place].id: place for place in near if place in known}
    places |= {f"#{place - accepted}": place for place in near if place > accepted}
    of = {place: known[place].original if place in known else found[place - accepted - 1].original for place in near}
    return {_name(place): _name(places[original]) for place, original in of.items() if original in places}


def places_of(found: Sequence[Relation], known: Mapping[int, Accepted], accepted: int) -> list[int]:
    """The places of the originals of entries: 0 for none, `outlines.UNKNOWN` where the original is not at hand."""
    at_hand = {one.id: place for place, one in known.items()}
    return [_place_of(relation.original, at_hand, accepted) for relation in found]


def _place_of(original: str, at_hand: Mapping[str, int], accepted: int) -> int:
    if not original:
        return 0
    return accepted + int(original[1:]) if original.startswith("#") else at_hand.get(original, UNKNOWN)


def meetings(said: str, accepted: int) -> list[int]:
    """The places of the accepted articles that an entry meets, out of the answer of `look.lua`.

    Who shares most bands comes first: a busy band must not crowd out the one article that shares the address.
    """
    known = Counter(place for place in map(int, said.split()) if place <= accepted)
    return sorted(known, key=lambda place: (-known[place], place))[:_MOST_CANDIDATES]


def comparable(
    entries: Sequence[Fingerprint], met: Sequence[Iterable[int]], stored: Mapping[int, str]
) -> dict[int, Accepted]:
    """Read those articles, by their places, that one of the entries which meet them may copy. Pure.

    Of those that are copies themselves the originals are read as well, where they are met.

    Args:
        entries: that are about to be accepted.
        met: for each the places of the articles that it meets.
        stored: what is stored of these, as `accept.lua` writes it.
    """
    parts = {place: text.split("|", 2) for place, text in stored.items()}
    heads = {place: beginning(part[2]) for place, part in parts.items()}
    wanted = {
        place for entry, places in zip(entries, met, strict=True) for place in places
        if place in heads and may_copy(entry, *heads[place])
    }  # fmt: skip
    originals_of = {parts[place][1] for place in wanted}
    wanted |= {place for place, part in parts.items() if part[0] in originals_of}
    return {place: Accepted(parts[place][0], parts[place][1], read(parts[place][2])) for place in wanted}
