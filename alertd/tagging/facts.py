"""Facts that a headline states in figures: rating, price target, move in per cent, amounts."""

from __future__ import annotations

import re
from typing import Any

_LOOK = 4_000
_NUMBER = r"\d{1,3}(?:,\d{2,3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_CURRENCIES = {
    "$": "USD", "US$": "USD", "USD": "USD", "HK$": "HKD", "HKD": "HKD", "C$": "CAD", "CA$": "CAD", "CAD": "CAD",
    "A$": "AUD", "AU$": "AUD", "AUD": "AUD", "S$": "SGD", "NZ$": "NZD", "R$": "BRL", "NT$": "TWD", "\u20ac": "EUR",
    "EUR": "EUR", "\u00a3": "GBP", "GBP": "GBP", "\u00a5": "JPY", "JPY": "JPY", "CNY": "CNY", "RMB": "CNY",
    "\u20b9": "INR", "RS": "INR", "INR": "INR", "\u20a9": "KRW", "KRW": "KRW", "CHF": "CHF", "SEK": "SEK",
    "NOK": "NOK", "DKK": "DKK",
}  # fmt: skip
_CURRENCY = (
    r"(?:US\$|HK\$|CA?\$|AU?\$|S\$|NZ\$|R\$|NT\$|\$|\u20ac|\u00a3|\u00a5|\u20b9|\u20a9|Rs\.?|"
    r"USD|HKD|CAD|AUD|EUR|GBP|JPY|CNY|RMB|INR|KRW|CHF|SEK|NOK|DKK)"
)
_SUM = rf"{_CURRENCY}\s?(?:{_NUMBER})"
_SCALES = {
    "k": 1e3, "thousand": 1e3, "lakh": 1e5, "lakhs": 1e5, "m": 1e6, "mn": 1e6, "mln": 1e6, "million": 1e6,
    "crore": 1e7, "crores": 1e7, "cr": 1e7, "b": 1e9, "bn": 1e9, "bln": 1e9, "billion": 1e9, "t": 1e12, "tn": 1e12,
    "trn": 1e12, "trillion": 1e12,
}  # fmt: skip
_SCALE = "|".join(sorted(_SCALES, key=len, reverse=True))
_MONEY = re.compile(rf"(?<![\w$])({_CURRENCY})\s?({_NUMBER})(?:\s?-?({_SCALE})\b)?(?!\d)", re.IGNORECASE)

_RATINGS = (
    r"strong buy|strong sell|conviction buy|buy|sell|hold|neutral|overweight|underweight|equal[- ]weight|outperform|"
    r"underperform|market perform|sector perform|market outperform|sector outperform|in[- ]line|accumulate|reduce"
)
_OPEN = r"[\"'\u201c\u2018]?"
_CLOSE = r"[\"'\u201d\u2019]?"
_RATING = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\bto (?:an? )?{_OPEN}({_RATINGS})\b(?! (?:stake|shares?|stocks?|back|out|its?|the|more|talks|off)\b)",
        rf"[\"'\u201c\u2018]({_RATINGS})[\"'\u201d\u2019]",
        rf"\b({_RATINGS}){_CLOSE} (?:rating|call)\b",
        rf"\b(?:rating (?:of|at)|rated|with an?|(?:at|as)|rates? (?:it|the stock)) {_OPEN}({_RATINGS})\b",
        rf"(?:^|: ?)({_RATINGS}) [A-Z][\w&.' -]{{1,40}}[,;:] (?:price )?target",
    )
)
_STREET = re.compile(
    r"\b(?:ratings?|rated|upgrad\w+|downgrad\w+|initiat\w+|reiterat\w+|coverage|analysts?|brokerages?|target|maintain\w*|keeps?|"
    r"overweight|underweight|outperform|underperform|PT)\b",
    re.IGNORECASE,
)
_ACTION = {
    "upgrade": re.compile(r"\bupgrad(?:e|es|ed|ing)\b|\brais(?:es|ed) (?:\w+ ){0,4}rating\b", re.IGNORECASE),
    "downgrade": re.compile(
        r"\bdowngrad(?:e|es|ed|ing)\b|\b(?:cuts?|lower(?:s|ed)) (?:\w+ ){0,4}rating\b", re.IGNORECASE
    ),
    "initiate": re.compile(
        r"\binitiat(?:e|es|ed|ing|ion)\b|\b(?:starts?|resumes?|assumes?) (?:\w+ ){0,4}(?:coverage\b|(?:with|at) )",
        re.IGNORECASE,
    ),
    "reiterate": re.compile(r"\b(?:reiterat\w+|maintain(?:s|ed)?|reaffirm(?:s|ed)?|keeps?)\b", re.IGNORECASE),
}
_TARGET = re.compile(
    rf"(?:\bprice (?:target|objective)|\btarget price|\bPT\b|\btarget)[^.;\d]{{0,40}}?[ :](?:from {_SUM} to )?"
    rf"({_CURRENCY})\s?({_NUMBER})(?!\d|[.,]\d|\s?(?:{_SCALE})\b)(?:,? from {_SUM})?",
    re.IGNORECASE,
)
_TARGET_BEFORE = re.compile(rf"({_CURRENCY})\s?({_NUMBER})\s(?:price )?target\b", re.IGNORECASE)

_UP = (
    r"up|rises?|rose|risen|jump\w*|surg\w+|soar\w*|gain\w*|climb\w*|ralli\w+|rally|spik\w+|advanc\w+|higher|pops?|adds?|"
    r"added"
)
_DOWN = (
    r"down|falls?|fell|fallen|drop\w*|slump\w*|slid\w*|plung\w+|tumbl\w+|sink\w*|sank|los(?:es|t|ing)|declin\w+|lower|"
    r"sheds?|crash\w*|dips?|dipped"
)
_ABOUT = r"(?:about|nearly|almost|over|more than|as much as|around|another|an|by|some|as)"
_MOVE = re.compile(
    rf"\b(?:({_UP})|({_DOWN}))(?: {_ABOUT}){{0,3}} ~?({_NUMBER})\s?(?:%|per ?cent\b|pct\b)", re.IGNORECASE
)
_SIGNED = re.compile(rf"(?<![\w.])([+\u2212-])\s?({_NUMBER})\s?%")
_TRADING = re.compile(r"(?: \w+){0,3} (?:trading|trade|pre-?market|after[- ]hours)\b", re.IGNORECASE)
_CLAUSE = re.compile(r"[,;.:](?=\s)|\b(?:and|but|as|after|while)\b", re.IGNORECASE)
_NEAR = 120
_PER_CENT = re.compile(r"\d\s?(?:%|p)", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
"""Without these the longer patterns find nothing, and most texts are without them."""
_SECURITY = re.compile(r"\b(?:shares?|stocks?|scrip|adrs?|pre-?market|after[- ]hours)\b|\$[A-Z]{1,5}\b", re.IGNORECASE)


def read(title: str, summary: str = "") -> dict[str, Any]:
    """Facts stated in a title and its summary; what is not stated is not there.

    Returns:
        Any of: `rating` (lower case), `rating_action` (upgrade, downgrade, initiate, reiterate), `price_target` and
        its `currency` (ISO 4217), `move_pct` (signed, of a security's price), `amounts`
        ([{"value", "currency"}], in units of the currency, price targets left out).
    """
    facts: dict[str, Any] = {}
    targets: list[tuple[int, int]] = []
    head = title[:_LOOK]
    both = f"{head}\n{summary}"[:_LOOK] if summary else head
    for part in dict.fromkeys((head, both)):
        street, targets = _street(part)
        facts = {**street, **facts}
        if "move_pct" not in facts and _PER_CENT.search(part) and (move := _move(part)) is not None:
            facts["move_pct"] = move
    if _DIGIT.search(both) and (amounts := _amounts(both, targets)):
        facts["amounts"] = amounts
    return facts


def _street(text: str) -> tuple[dict[str, Any], list[tuple[int, int]]]:
    """Rating, action and target, and the spans of all targets."""
    found: dict[str, Any] = {}
    if not _STREET.search(text):
        return found, []
    if rating := next((m for p in _RATING if (m := p.search(text))), None):
        found["rating"] = rating.group(1).lower().replace("-", " ")
    targets = [*_TARGET.finditer(text), *_TARGET_BEFORE.finditer(text)]
    if targets:
        found["price_target"] = _value(targets[0].group(2))
        found["currency"] = _currency(targets[0].group(1))
    for name, pattern in _ACTION.items():
        if (found or name.endswith("grade")) and pattern.search(text):
            found["rating_action"] = name
            break
    return found, [m.span() for m in targets]


def _move(text: str) -> float | None:
    """The first percentage in a clause that speaks of a security: "revenue rose 5%, shares fell 3%" is -3."""
    moves = [(m.start(), m.end(), _value(m.group(3)) * (1 if m.group(1) else -1)) for m in _MOVE.finditer(text)]
    for m in _SIGNED.finditer(text):
        moves.append((m.start(), m.end(), _value(m.group(2)) * (1 if m.group(1) == "+" else -1)))
    for start, end, move in sorted(moves):
        clause = _CLAUSE.split(text[max(0, start - _NEAR) : start])[-1]
        if _SECURITY.search(clause) or _TRADING.match(text, end):
            return move
    return None


def _amounts(text: str, targets: list[tuple[int, int]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for m in _MONEY.finditer(text):
        if any(start <= m.start() < end for start, end in targets):
            continue
        value = round(_value(m.group(2)) * _SCALES.get((m.group(3) or "").lower(), 1.0), 2)
        amount = {"value": value, "currency": _currency(m.group(1))}
        if amount not in found:
            found.append(amount)
    return found[:10]


def _value(number: str) -> float:
    return float(number.replace(",", ""))


def _currency(sign: str) -> str:
    return _CURRENCIES[sign.upper().rstrip(".")]
