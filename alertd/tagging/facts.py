"""Facts that a headline states in figures: rating, price target, move in per cent, amounts."""

from __future__ import annotations

import re
from typing import Any

from alertd.tagging.money import NUMBER, SCALE, SIGN, WORD, find, number, of_sign, of_word

_LOOK = 4_000
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
        rf"\b(?:keeps?|kept|maintain\w*|reiterat\w+|retains?|reaffirms?) {_OPEN}({_RATINGS}){_CLOSE} on\b",
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
# The sum that a target was before: passed over, with or without a currency.
_OLD = rf"(?:{SIGN}\s?)?{NUMBER}(?:p\b|\s?{WORD})?"
_SUM = rf"(?:({SIGN})\s?)?({NUMBER})(?:(p)\b|\s?({WORD}))?(?!\w|[.,]\d|\s?%|[\s-]?(?:per ?cent|pct|{SCALE})\b)"
_TARGET = re.compile(
    rf"\b(price (?:target|objective)|target price|PT|(?:\d+-month )?target)\b(?:[^.;\d]{{0,40}}?[ :])??"
    rf"(?:(?<=\bfrom ){_OLD} to )?{_SUM}(?:,? from {_OLD})?",
    re.IGNORECASE,
)
_BARE = re.compile(r"(?:\b(?:to|of|at|is|now|from)|:|\b(?:target|price|objective|PT)) ?\Z", re.IGNORECASE)
"""What stands right before a target that is written without a currency."""
_FROM = re.compile(rf"\bfrom (?:{SIGN}\s?|(?!(?:19|20)\d\d\b(?! ?p)))({NUMBER})(p\b| ?pence\b)?", re.IGNORECASE)
"""What a target was; a bare year is none."""
_TARGET_BEFORE = re.compile(
    rf"(?<![\w$.,])(?:({SIGN})\s?)?({NUMBER})(?:(p)\b|[ -]?({WORD}))? (?:price )?target\b", re.IGNORECASE
)

_UP = (
    r"up|rises?|rose|risen|jump\w*|surg\w+|soar\w*|gain\w*|climb\w*|ralli\w+|rally|spik\w+|advanc\w+|higher|pops?|adds?|"
    r"added"
)
_DOWN = (
    r"down|falls?|fell|fallen|drop\w*|slump\w*|slid\w*|plung\w+|tumbl\w+|sink\w*|sank|los(?:es|t|ing)|declin\w+|lower|"
    r"sheds?|crash\w*|dips?|dipped|slip\w*|eas(?:es?|ed|ing)|retreat\w*|div(?:es?|ed)|tank(?:s|ed)?"
)
_ABOUT = r"(?:about|nearly|almost|over|more than|as much as|around|another|an|by|some|as)"
_MOVE = re.compile(
    rf"\b(?:({_UP})|({_DOWN}))(?: {_ABOUT}){{0,3}} ~?({NUMBER})\s?(?:%|per ?cent\b|pct\b|(basis points?\b|bps?\b))",
    re.IGNORECASE,
)
_SIGNED = re.compile(rf"(?<![\w.])([+\u2212-])\s?({NUMBER})\s?%")
_MULTIPLES = {"doubl": 100.0, "tripl": 200.0, "quadr": 300.0, "halve": -50.0, "halvi": -50.0}
_MULTIPLE_STEMS = tuple(_MULTIPLES)
_MULTIPLE = re.compile(
    r"\b(doubl|tripl|quadr(?=upl)|halve|halvi)\w{0,7}\b"
    r"(?=\s*(?:$|[,;.:!?]|(?:in|on|after|since|as|to|following|this|over|from|within|amid|at|by|when|again)\b))",
    re.IGNORECASE,
)
"""A price that doubles; what doubles something else has that behind it."""
_TRADING = re.compile(r"(?: \w+){0,3} (?:trading|trade|pre-?market|after[- ]hours)\b", re.IGNORECASE)
_CLAUSE = re.compile(r"[,;.:](?=\s)|\b(?:and|but|as|after|while)\b", re.IGNORECASE)
_NEAR = 120
_LONGEST_UNIT = 20
_PER_CENT = re.compile(r"\d\s?(?:%|p|b[ap])", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_STREET_STEMS = (
    "rating", "rated", "grad", "initiat", "reiterat", "coverage", "analy", "brokerage", "target", "maintain", "keep",
    "weight", "perform", "pt",
)  # fmt: skip
"""Without these the longer patterns find nothing, and most texts are without them; so it is with the others."""
_RATING_STEMS = ("buy", "sell", "hold", "neutral", "weight", "perform", "line", "accumulate", "reduce")
_TARGET_STEMS = ("target", "objective", "pt")
_ACTION_STEMS = {
    "upgrade": ("upgrad", "rating"),
    "downgrade": ("downgrad", "rating"),
    "initiate": ("initiat", "start", "resume", "assume"),
    "reiterate": ("reiterat", "maintain", "reaffirm", "keep"),
}
_SECURITY_STEMS = ("share", "stock", "trad", "$", "market", "hours", "adr", "scrip")
_SECURITY = re.compile(r"\b(?:shares?|stocks?|scrip|adrs?|pre-?market|after[- ]hours)\b|\$[A-Z]{1,5}\b", re.IGNORECASE)


def read(title: str, summary: str = "") -> dict[str, Any]:
    """Facts stated in a title and its summary; what is not stated is not there.

    Returns:
        Any of: `rating` (lower case), `rating_action` (upgrade, downgrade, initiate, reiterate), `price_target` and
        its `currency` (ISO 4217, pence as parts of a pound; left out where none is stated), `target_change_pct`
        (signed, where the old target is stated), `move_pct` (signed, of a security's price), `amounts` ([{"value",
        "currency"}], in units of the currency, price targets left out).
    """
    facts: dict[str, Any] = {}
    targets: list[tuple[int, int]] = []
    head = title[:_LOOK]
    both = f"{head}\n{summary}"[:_LOOK] if summary else head
    for part in dict.fromkeys((head, both)):
        lower = part.lower()
        street, targets = _street(part, lower)
        facts = {**street, **facts}
        if "move_pct" not in facts and (move := _move(part, lower)) is not None:
            facts["move_pct"] = move
    if _DIGIT.search(both) and (amounts := _amounts(both, targets)):
        facts["amounts"] = amounts
    return facts


def _has(lower: str, stems: tuple[str, ...]) -> bool:
    return any(map(lower.__contains__, stems))


def _street(text: str, lower: str) -> tuple[dict[str, Any], list[tuple[int, int]]]:
    """Rating, action and target, and the spans of all targets."""
    found: dict[str, Any] = {}
    if not _has(lower, _STREET_STEMS) or not _STREET.search(text):
        return found, []
    rated = _has(lower, _RATING_STEMS)
    if rating := next((m for p in _RATING if (m := p.search(text))), None) if rated else None:
        found["rating"] = rating.group(1).lower().replace("-", " ")
    targets = _targets(text) if _has(lower, _TARGET_STEMS) else []
    if targets:
        found |= _price(targets[0])
        if (change := _change(targets[0].group(), found["price_target"])) is not None:
            found["target_change_pct"] = change
    for name, pattern in _ACTION.items():
        if (found or name.endswith("grade")) and _has(lower, _ACTION_STEMS[name]) and pattern.search(text):
            found["rating_action"] = name
            break
    return found, [m.span() for m in targets]


def _targets(text: str) -> list[re.Match[str]]:
    """The price targets; one without a currency only where the words say that it is a price."""
    found = []
    for m in _TARGET.finditer(text):
        sign, _, pence, word = m.groups()[1:]
        named = m.group(1).lower().rpartition("-month ")[2] != "target"
        if sign or pence or word or (named and _BARE.search(text, m.start(), m.start(3))):
            found.append(m)
    if "target" in text.lower():
        found += [m for m in _TARGET_BEFORE.finditer(text) if m.group(1) or m.group(3) or m.group(4)]
    return found


def _price(target: re.Match[str]) -> dict[str, Any]:
    """Value and currency, if it is stated, of a price target."""
    sign, digits, pence, word = target.groups()[-4:]
    currency, unit = (of_sign(sign), 1.0) if sign else of_word(pence or word or "")
    return {"price_target": round(number(digits) * unit, 4)} | ({"currency": currency} if currency else {})


def _change(said: str, target: float) -> float | None:
    """Per cent by which a target was moved, where its words say what it was: "to $210 from $180" is 16.7."""
    before = _FROM.search(said)
    old = number(before.group(1)) * (0.01 if before.group(2) else 1.0) if before else 0.0
    return round((target / old - 1) * 100, 1) if old > 0 else None


def _move(text: str, lower: str) -> float | None:
    """The first percentage in a clause that speaks of a security: "revenue rose 5%, shares fell 3%" is -3."""
    if not _has(lower, _SECURITY_STEMS):
        return None
    moves = []
    if ends := [m.end() for m in _PER_CENT.finditer(text)]:
        for m in _MOVE.finditer(text, 0, ends[-1] + _LONGEST_UNIT):
            value = number(m.group(3)) * (1 if m.group(1) else -1)
            moves.append((m.start(), m.end(), round(value / 100, 4) if m.group(4) else value))
        for m in _SIGNED.finditer(text):
            moves.append((m.start(), m.end(), number(m.group(2)) * (1 if m.group(1) == "+" else -1)))
    if _has(lower, _MULTIPLE_STEMS):
        moves += [(m.start(), m.end(), _MULTIPLES[m.group(1).lower()]) for m in _MULTIPLE.finditer(text)]
    for start, end, move in sorted(moves):
        clause = _CLAUSE.split(text[max(0, start - _NEAR) : start])[-1]
        if _SECURITY.search(clause) or _TRADING.match(text, end):
            return move
    return None


def _amounts(text: str, targets: list[tuple[int, int]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for money in find(text):
        if any(start <= money.start < end for start, end in targets):
            continue
        amount = {"value": money.value, "currency": money.currency}
        if amount not in found:
            found.append(amount)
    return found[:10]
