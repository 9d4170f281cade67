"""Group listings into issuers: by CIK, by ISIN, by normalised name, and by the overrides file."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from alertd.tagging.registrants import prior_of
from alertd.tagging.words import core
from training.listings import COUNTRY_OF_EXCHANGE, REGISTRAR, US_MAIN, US_OTC, Listing

_HOME = {
    "United States": [""], "China": ["HK", "SS", "SZ"], "Hong Kong": ["HK"], "India": ["NS", "BO"], "Japan": ["T"],
    "Germany": ["DE", "F", "SG", "MU", "DU", "HM", "BE"], "United Kingdom": ["L", "AQ"], "France": ["PA"],
    "Canada": ["TO", "V", "CN", "NE"], "Australia": ["AX"], "Sweden": ["ST"], "South Korea": ["KS", "KQ"],
    "Thailand": ["BK"], "Taiwan": ["TW", "TWO"], "Italy": ["MI"], "Brazil": ["SA"], "Indonesia": ["JK"],
    "Singapore": ["SI"], "Norway": ["OL"], "Israel": ["TA"], "Austria": ["VI"], "Netherlands": ["AS"], "Spain": ["MC"],
    "Switzerland": ["SW"], "Denmark": ["CO"], "Finland": ["HE"], "South Africa": ["JO"], "Belgium": ["BR"],
    "Ireland": ["IR", "L"], "Turkey": ["IS"], "Chile": ["SN"], "Russia": ["ME"], "Greece": ["AT"], "Mexico": ["MX"],
    "Poland": ["WA"], "New Zealand": ["NZ"], "Egypt": ["CA"], "Malaysia": ["KL"], "Saudi Arabia": ["SR"],
    "Portugal": ["LS"], "Argentina": ["BA"], "Hungary": ["BD"], "Czech Republic": ["PR"], "Qatar": ["QA"],
    "Estonia": ["TL"], "Latvia": ["RG"], "Lithuania": ["VS"], "Iceland": ["IC"],
}  # fmt: skip
_SAME_LEGAL = {"company": "co", "corporation": "corp", "incorporated": "inc", "limited": "ltd", "bhd": "berhad"}
_ONE_PLACE = frozenset(["China", "Hong Kong", "Cayman Islands", "Bermuda", "British Virgin Islands", "Macau"])
_SPECIAL = re.compile(r"-(?:P[A-Z]?|W[A-Z]?|R|U)$|^[A-Z]{4}[PW]$")
_CAPS = {"Mega Cap": 220, "Large Cap": 170, "Mid Cap": 120, "Small Cap": 80, "Micro Cap": 45, "Nano Cap": 20}


@dataclass(slots=True)
class Group:
    """An issuer in the making: its listings, primary first."""

    listings: list[Listing]
    country: str
    sector: str
    prior: int

    @property
    def primary(self) -> str:
        """The primary listing's symbol."""
        return self.listings[0].symbol


class Joiner:
    """Union-find over listings that refuses to join two SEC registrants by name alone."""

    def __init__(self, listings: Sequence[Listing]) -> None:
        self.listings = listings
        self._parent = list(range(len(listings)))
        self._ciks = [{x.cik} - {""} for x in listings]
        self.doubtful: list[tuple[str, str, str]] = []

    def root(self, i: int) -> int:
        """The representative of a listing's group."""
        while self._parent[i] != i:
            self._parent[i] = self._parent[self._parent[i]]
            i = self._parent[i]
        return i

    def join(self, a: int, b: int, why: str, *, sure: bool = False) -> bool:
        """Join two groups; when that is doubtful, list it for review and leave them apart."""
        a, b = self.root(a), self.root(b)
        if a == b:
            return True
        if not sure and self._ciks[a] and self._ciks[b] and not self._ciks[a] & self._ciks[b]:
            self.doubt(a, b, f"{why}, but another CIK")
            return False
        self._parent[b] = a
        self._ciks[a] |= self._ciks[b]
        return True

    def doubt(self, a: int, b: int, why: str) -> None:
        """Note a join that was not made."""
        self.doubtful.append((self.listings[a].symbol, self.listings[b].symbol, why))

    def groups(self) -> list[list[Listing]]:
        """The groups as they are now, in order of their first listing."""
        found: dict[int, list[Listing]] = defaultdict(list)
        for i, listing in enumerate(self.listings):
            found[self.root(i)].append(listing)
        return list(found.values())


def group(
    listings: Sequence[Listing], joins: Iterable[Sequence[str]]
) -> tuple[list[Group], list[tuple[str, str, str]]]:
    """Group listings into issuers.

    Args:
        listings: all listings.
        joins: symbols that are one issuer, by hand.

    Returns:
        The issuers, and the joins that seemed doubtful and were not made (symbol, symbol, why).
    """
    joiner = Joiner(listings)
    place = {x.symbol: i for i, x in enumerate(listings)}
    for symbols in joins:
        known = [place[s] for s in symbols if s in place]
        for other in known[1:]:
            joiner.join(known[0], other, "override", sure=True)
    for cik_or_isin in ("cik", "isin"):
        by: dict[str, list[int]] = defaultdict(list)
        for i, listing in enumerate(listings):
            if value := getattr(listing, cik_or_isin):
                by[value].append(i)
        for same in by.values():
            for n, other in enumerate(same[1:], 1):
                akin = (i for i in same[:n] if cik_or_isin == "cik" or _akin(listings[i], listings[other]))
                if (twin := next(akin, None)) is not None:
                    joiner.join(twin, other, cik_or_isin)
                else:
                    joiner.doubt(same[0], other, "one ISIN, but other names or countries")
    _by_name(joiner)
    _abroad(joiner)
    return [_finish(found) for found in joiner.groups()], joiner.doubtful


def strict(normal: str) -> str:
    """A name in normal form with its legal form in one spelling."""
    return " ".join(_SAME_LEGAL.get(w, w) for w in normal.removeprefix("the ").split())


def _akin(a: Listing, b: Listing) -> bool:
    def begins(x: Listing) -> set[str]:
        return {core(n).replace(" ", "")[:4] for n in x.normals}

    return not _apart(a, b) and bool(begins(a) & begins(b))


def _apart(a: Listing, b: Listing) -> bool:
    """Whether one is listed where only domestic companies are, and the other is of another country."""
    domestic = a.exchange in COUNTRY_OF_EXCHANGE or b.exchange in COUNTRY_OF_EXCHANGE
    return domestic and bool(a.country and b.country) and _place(a.country) != _place(b.country)


def _place(country: str) -> str:
    return "China" if country in _ONE_PLACE else country


def _market(x: Listing) -> str:
    if x.exchange in US_MAIN or x.exchange in US_OTC or (not x.exchange and "." not in x.symbol):
        return "US"
    return x.exchange


def _by_name(joiner: Joiner) -> None:
    by: dict[tuple[str, str], list[int]] = defaultdict(list)
    for i, x in enumerate(joiner.listings):
        for normal in {core(n) for n in x.normals}:
            if x.country:
                by[normal, _place(x.country)].append(i)
    for (name, _), same in by.items():
        forms: dict[str, list[int]] = defaultdict(list)
        for i in same:
            forms[strict(joiner.listings[i].normals[0])].append(i)
        heads = []
        for members in forms.values():
            for other in members[1:]:
                joiner.join(members[0], other, "same name and country")
            heads.append(members)
        for members in heads[1:]:
            if joiner.root(members[0]) == joiner.root(heads[0][0]):
                continue
            ours = {_market(joiner.listings[i]) for i in heads[0]} - REGISTRAR
            theirs = {_market(joiner.listings[i]) for i in members} - REGISTRAR
            if ours & theirs:
                joiner.doubt(heads[0][0], members[0], f"both are called {name}, legal forms and market differ")
            else:
                joiner.join(heads[0][0], members[0], "same name but for the legal form")


def _abroad(joiner: Joiner) -> None:
    """Join depositary receipts, cross listings and rows without a country to the one issuer of their name."""
    homes: dict[str, set[int]] = defaultdict(set)
    for i, x in enumerate(joiner.listings):
        if x.exchange not in REGISTRAR and x.exchange not in US_OTC and x.country:
            for name in {core(n) for n in x.normals}:
                homes[name].add(joiner.root(i))
    for i, x in enumerate(joiner.listings):
        foreign = x.exchange in REGISTRAR or x.exchange in US_OTC or x.exchange in US_MAIN
        if x.country and not foreign:
            continue
        name = core(x.normals[0])
        roots = {joiner.root(r) for r in homes.get(name, ())} - {joiner.root(i)}
        if len(roots) == 1 and (not x.country or len(name) > 5):
            target = roots.pop()
            same_form = not x.country or strict(joiner.listings[target].normals[0]) == strict(x.normals[0])
            if _apart(joiner.listings[target], x):
                joiner.doubt(target, i, f"both are called {name}, other country")
            elif same_form or x.exchange in REGISTRAR:
                joiner.join(target, i, "same name abroad")
            else:
                joiner.doubt(target, i, f"both are called {name}, other country")


def _finish(found: list[Listing]) -> Group:
    trusted = [x for x in found if x.exchange not in REGISTRAR] or found
    countries = Counter(x.country for x in trusted if x.country) or Counter(x.country for x in found if x.country)
    country = countries.most_common(1)[0][0] if countries else ""
    sectors = Counter(x.sector for x in trusted if x.sector)
    prior = max(_prior(x) for x in found)
    ordered = sorted(found, key=lambda x: _order(x, country))
    return Group(ordered, country, sectors.most_common(1)[0][0] if sectors else "", prior)


def _prior(x: Listing) -> int:
    return max(prior_of(x.rank), _CAPS.get(x.cap, 10) if x.exchange not in REGISTRAR else 10)


def _order(x: Listing, country: str) -> tuple[int, int, bool, int, int, str]:
    suffix = x.symbol.rpartition(".")[2] if "." in x.symbol else ""
    home = _HOME.get(country, [])
    if suffix in home and (suffix or x.exchange in US_MAIN):
        tier, place = 0, home.index(suffix)
    elif x.exchange in US_MAIN:
        tier, place = 1, 0
    elif x.exchange in US_OTC or not x.exchange:
        tier, place = 3, 0
    else:
        tier, place = (4, 0) if x.exchange in REGISTRAR else (2, 0)
    return tier, place, bool(_SPECIAL.search(x.symbol)), x.rank, len(x.symbol), x.symbol
