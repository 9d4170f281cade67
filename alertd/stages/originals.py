"""Whom entries copy that are about to be accepted: those that share bands with them are compared. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Final

import msgspec

from alertd.stories.fingerprints import Fingerprint, find_copy, may_copy
from alertd.stories.records import beginning, read

_MOST_CANDIDATES: Final = 50


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


def originals(
    entries: Sequence[Candidate], met: Sequence[Iterable[int]], known: Mapping[int, Accepted], accepted: int
) -> list[str]:
    """Say of each entry which article it copies. Pure.

    Args:
        entries: in the order in which they will be accepted.
        met: for each the places of accepted articles that share bands with it, see `meetings`.
        known: those articles by their places; those that are missing are forgotten.
        accepted: number of articles accepted before these.

    Returns:
        For each the id of its original, "#3" for the third of these entries, "" for none.
    """
    found: list[str] = []
    places: dict[str, list[int]] = defaultdict(list)
    often = {band for band, times in Counter(chain.from_iterable([e.bands for e in entries])).items() if times > 1}
    for number, entry in enumerate(entries):
        original = ""
        mine = [band for band in entry.bands if band in often]
        # an edited entry stands in for its earlier form, which is what it is most alike
        if not entry.update:
            shared = [place for band in mine for place in places[band]]
            mates = Counter(shared).most_common(_MOST_CANDIDATES) if shared else ()
            near = {accepted + n: entries[n - 1].fp for n, _ in mates}
            near |= {place: known[place].fp for place in met[number] if place in known}
            # most meet nobody
            match = near and find_copy(
                entry.fp, [(_name(place), fp) for place, fp in near.items()], _copied(near, found, known, accepted)
            )
            if match:
                place = int(match.id)
                mate = place - accepted
                copied = known[place] if mate <= 0 else None
                original = (copied.original or copied.id) if copied else found[mate - 1] or f"#{mate}"
        found.append(original)
        for band in mine:
            places[band].append(number + 1)
    return found


def _name(place: int) -> str:
    """A place as an id: of the same order."""
    return f"{place:020d}"


def _copied(near: Iterable[int], found: Sequence[str], known: Mapping[int, Accepted], accepted: int) -> dict[str, str]:
    """Those of some articles that are copies themselves, each with its original, as `find_copy` calls them."""
    places = {known[place].id: place for place in near if place in known}
    places |= {f"#{place - accepted}": place for place in near if place > accepted}
    of = {place: known[place].original if place in known else found[place - accepted - 1] for place in near}
    return {_name(place): _name(places[original]) for place, original in of.items() if original in places}


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
