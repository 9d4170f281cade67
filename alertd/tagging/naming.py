"""What the public lists write for a company's name: what of it is the name, how to show it, and what is no company."""

from __future__ import annotations

import re
from collections.abc import Sequence

from alertd.tagging.words import LEGAL, core, normalise

_NO_COMPANY = re.compile(
    r"\b(?:ETF|ETFs|ETN|ETNs|ETC|UCITS|iShares|SPDR|ProShares|Direxion|WisdomTree\s.*Fund|Warrants?|Wts?|Units?|Rights|"
    r"Fund|Funds|Fundo|FII|FDO|Fondo|Fonds|Fondos|Sicav|Municipal|Tracker|Leveraged|Index|INAV|Certificates?|"
    r"Notes? due|Debentures?|Senior Notes|Subordinated|Preferred|Zertifikat\w*|Turbo|Bond|Bonds|Treasury Bills?)\b|"
    r"\d+[.,]?\d*\s?%|\b\d+ ?1/[248]\b",
    re.IGNORECASE,
)
_KEEP = re.compile(
    r"\b(?:AllianceBernstein Holding|Common Units|Limited Partner\w*|Partnership Units|L\.?P\.? Units|Depositary Units|"
    r"Unit Corp\w*|Preferred (?:Bank|Apartment)|United Airlines|Index Living|Bond Street|Rights and Issues)\b",
    re.IGNORECASE,
)
# What the lists put behind a company's name.
_SECURITY = re.compile(
    r"\s+-\s+(?:Class|Common|Ordinary|American|Depositary|Sponsored|Registered).*$|"
    r"\s*/[A-Z]{2,4}/?$|"
    r"\s+\(The\)|"
    r"[\s,]+(?:Class [A-Z]\b.*|Cl\.? [A-Z]|Common (?:Stock|Shares?).*|Ordinary Shares?.*|Capital Stock.*|"
    r"(?:Sponsored |Unsponsored )?(?:ADRs?|ADS|GDRs?|American Depositary.*)\b.*|Depositary receipts.*|Shares?|"
    r"Pref|Vz|Reg|REG\.? ?S?|-A|-B|ORD(?: SHS)?|INH(?:ABER)?|O\.?N\.?|(?:DL|EO|LS|SF|HD)-?,?\d.*|YC \d.*)$"
)


def tidy(name: str) -> str:
    """Take the kind of security and the state from the end of a name ("MATTEL INC /DE/", "Aon plc Class A …")."""
    previous = ""
    while previous != name:
        previous = name
        name = _SECURITY.sub("", name).strip(" ,-")
    return name or previous


def is_no_company(name: str) -> bool:
    """Whether a name is that of a fund, warrant, unit, right or bond."""
    return bool(_NO_COMPANY.search(name)) and not _KEEP.search(name)


def readable(names: Sequence[str]) -> str:
    """The short name to show: without its legal form, capitals tamed.

    Args:
        names: spellings of one name, the most trusted first; one that is not all in capitals is preferred.
    """
    name = next((n for n in names if not n.isupper()), names[0])
    words = name.removeprefix("The ").replace(",", " ").split()
    while len(words) > 1 and (normalise(words[-1]) in LEGAL or normalise(words[-1]) in ("", "&")):
        words.pop()
    if " ".join(words).isupper():
        words = [w if len(w) <= 3 or not w.isalpha() else w.capitalize() for w in words]
    return " ".join(words)


def akin(name: str, other: str) -> bool:
    """Whether two spellings may be of one company: their first words begin alike."""
    ours, theirs = core(tidy(name)).split(), core(tidy(other)).split()
    return bool(ours and theirs) and ours[0][:6] == theirs[0][:6]
