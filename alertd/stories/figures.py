"""What two texts must agree on to tell the same: figures, periods, directions, names. Read by rule."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from alertd.stories.words import COMMON, COUNTRIES, NUMBERS, ORDINALS, PERIOD_WORDS, POLES, STOP, TURNS

_LOOK = 2_000

_CURRENCIES = {
    "us$": "usd", "$": "$", "usd": "usd", "dollar": "$", "dollars": "$", "hk$": "hkd", "hkd": "hkd", "c$": "cad",
    "ca$": "cad", "cad": "cad", "a$": "aud", "au$": "aud", "aud": "aud", "s$": "sgd", "nz$": "nzd", "r$": "brl",
    "nt$": "twd", "\u20ac": "eur", "eur": "eur", "euro": "eur", "euros": "eur", "\u00a3": "gbp", "gbp": "gbp",
    "pounds": "gbp", "sterling": "gbp", "\u00a5": "jpy", "jpy": "jpy", "yen": "jpy", "cny": "cny", "rmb": "cny",
    "yuan": "cny", "\u20b9": "inr", "rs": "inr", "inr": "inr", "rupees": "inr", "\u20a9": "krw", "krw": "krw",
    "won": "krw", "chf": "chf", "francs": "chf", "sek": "sek", "nok": "nok", "dkk": "dkk", "crowns": "crowns",
}  # fmt: skip
_SCALES = {
    "k": 1e3, "thousand": 1e3, "lakh": 1e5, "lakhs": 1e5, "m": 1e6, "mn": 1e6, "mln": 1e6, "mio": 1e6, "million": 1e6,
    "millions": 1e6, "cr": 1e7, "crore": 1e7, "crores": 1e7, "b": 1e9, "bn": 1e9, "bln": 1e9, "billion": 1e9,
    "billions": 1e9, "t": 1e12, "tn": 1e12, "trn": 1e12, "trillion": 1e12,
}  # fmt: skip
_SCALE = "|".join(sorted(_SCALES, key=len, reverse=True))
_SIGN = (
    r"us\$|hk\$|ca?\$|au?\$|s\$|nz\$|r\$|nt\$|[$\u20ac\u00a3\u00a5\u20b9\u20a9]|"
    r"\b(?:rs\.?|usd|hkd|eur|gbp|cny|rmb|inr|chf|jpy)"
)
_AFTER = (
    r"dollars?|euros?|pounds|sterling|yen|yuan|rupees|won|francs|crowns|usd|eur|gbp|jpy|cny|rmb|inr|chf|sek|nok|dkk|hkd"
)
# A number is found by its first digit and what stands before it is looked at then: an expression that begins with an
# optional sign is tried at every character.
_START = re.compile(r"\d(?<![\w.,]\d)")
_FIGURE = re.compile(
    rf"(?P<number>\d{{1,3}}(?:,\d{{2,3}}){{1,6}}(?:\.\d{{1,9}})?|\d{{1,18}}(?:\.\d{{1,9}})?)(?![.,]?\d)"
    rf"(?:(?P<percent>\s?%|[\s-]?(?:per\s?cent|pct|percentage points?)\b)|(?P<bps>[\s-]?(?:bps|basis points?)\b)|"
    rf"(?:[\s-]?(?P<scale>{_SCALE})\b)?(?:[\s-](?P<after>{_AFTER})\b)?)(?P<tail>\w*)",
    re.IGNORECASE,
)
_BEFORE = re.compile(rf"(?P<sign>{_SIGN})\s?\Z", re.IGNORECASE)
_LONGEST_SIGN = 5
_DATE = re.compile(
    r"\b(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?\s(?P<day>\d{1,2})(?:st|nd|rd|th)?\b(?!\s?%)|"
    r"\b(?P<day2>\d{1,2})(?:st|nd|rd|th)?\s(?:of\s)?(?P<month2>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|"
    r"june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b",
    re.IGNORECASE,
)
# With a point between hours and minutes only what says that it is a clock is one: "$1.60 a share" is none.
_CLOCK = re.compile(
    r"\b\d{1,2}:\d{2}\s?(?:[ap]\.?m\.?|gmt|et|utc|hrs)?\b|\b\d{1,2}\.\d{2}\s?(?:[ap]\.?m|gmt|et|utc|hrs)\b|"
    r"\b\d{1,2}\s?[ap]\.?m\b",
    re.IGNORECASE,
)
_YEAR = re.compile(
    r"(?:\bfy|\bfiscal\s|\b|')((?:19|20)\d\d)\b(?!\s?(?:%|\w*\s?(?:million|billion|bln|jobs|workers)))|"
    r"\bfy(\d\d)\b",
    re.IGNORECASE,
)
_PERIOD = re.compile(
    r"\b(first|second|third|fourth|[1-4](?:st|nd|rd|th))[\s-](?:fiscal[\s-])?(quarter|half)", re.IGNORECASE
)
_MONTH_VERB = re.compile(r"\b(?:[Ii]n|[Ss]ince|[Ll]ast|[Bb]y|[Oo]f|[Ff]or|[Uu]ntil|[Ee]nd)[ -](May|March)\b")
_CUT = re.compile(r"\s*(?:\.{2,}|\u2026|\[\s*(?:\.{3}|\u2026)\s*\]|\[\+?\d+ chars\])\s*$")
_CUT_ENDS = ("..", "\u2026", "]")
_DIGIT = re.compile(r"\d")
_CLOCKLIKE = re.compile(r"\d(?:[:.]\d\d|\s?[ap]\.?m)", re.IGNORECASE)
_YEARLIKE = re.compile(r"[12][09]\d\d")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LETTERS = re.compile(r"[a-z]+")
_WORD = re.compile(r"[^\W_]+(?:['\u2019.&-][^\W_]+)*")


_NAMELESS = frozenset(
    (*STOP, *COMMON, *POLES, *TURNS, *PERIOD_WORDS, *NUMBERS, *ORDINALS, *_SCALES, *_CURRENCIES, "hk", "gmt", "et")
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a text says that another must not contradict.

    Attributes:
        figures: normalised, sorted: "5.5e9 $" (money), "6 %", "350000" (counts).
        periods: "quarter 2", "year 2025", "month 5", "weekday 0", "span year".
        directions: words that point somewhere, in the text's order: "move+", "trade-", "turn".
        names: lower-case words that name someone or something.
    """

    figures: tuple[str, ...] = ()
    periods: tuple[str, ...] = ()
    directions: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


def facts(text: str, *, plain_words: frozenset[str] = frozenset()) -> Facts:
    """Read the facts of a text.

    Args:
        text: a headline or the beginning of an article; an unfinished number at a cut end is left out.
        plain_words: words known from elsewhere to be written small, which a headline's capitals cannot make names.
    """
    text = _uncut(text[:_LOOK])
    words = _words(text)
    body, periods = _periods(text, words)
    return Facts(_figures(body), periods, _turned(text, words), _names(text, plain_words))


def figures_and_periods(text: str) -> Facts:
    """Read only these of a text, and its directions: its names are read where they matter, in headlines."""
    whole, text = text, _uncut(text[:_LOOK])
    words = _words(text)
    body, periods = _periods(text, words)
    return Facts(figures=_figures(body), periods=periods, directions=_turned(whole, words if text is whole else None))


def _turned(text: str, words: Sequence[str] | None) -> tuple[str, ...]:
    """The directions of a text whose words may be at hand."""
    return directions(text) if words is None or "\u2019" in text else _directions(words)


def small_words(text: str) -> frozenset[str]:
    """The words of a text as they are written, among them those that are written small in it."""
    return frozenset(_WORD.findall(text))


def directions(text: str) -> tuple[str, ...]:
    """The words of direction in a text, in order, as axis and sign; an immediate repetition is said once."""
    return _directions(_words(text.replace("\u2019", "'")))


def _directions(words: Sequence[str]) -> tuple[str, ...]:
    found: list[str] = []
    for word in words:
        if word not in _POINTING and "-" not in word:
            continue
        for part in (word,) if word in TURNS else word.split("-"):
            sign = _POINTING.get(part, "")
            if sign and (not found or found[-1] != sign):
                found.append(sign)
    return tuple(found)


_POINTING = {
    **{word: f"{axis}{'+' if end > 0 else '-'}" for word, (axis, end) in POLES.items()}, **dict.fromkeys(TURNS, "turn")
}  # fmt: skip


def direction(found: Sequence[str]) -> int:
    """Where a text points: the sign of its first word of movement, or 0."""
    return next((1 if d == "move+" else -1 for d in found if d.startswith("move")), 0)


def join(*parts: Facts) -> Facts:
    """All that several parts of an article say, in order."""

    def every(name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(value for part in parts for value in getattr(part, name)))

    order = [d for part in parts for d in part.directions]
    return Facts(
        every("figures"), every("periods"),
        tuple(order[:1] + [b for a, b in pairwise(order) if a != b]), every("names"),
    )  # fmt: skip


def _uncut(text: str) -> str:
    cut = _CUT.search(text) if text.rstrip().endswith(_CUT_ENDS) else None
    text = text[: cut.start()] if cut else text
    kept, _, last = text.rpartition(" ")
    return kept if cut and any(c.isdigit() for c in last) else text


def _periods(text: str, words: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The periods, and the text without the numbers that belong to them.

    Args:
        words: of the text, in lower case.
    """
    found: dict[str, None] = {}
    whole, low = text, text.lower()
    if _DIGIT.search(text):
        # what most texts do not have is asked for at the price of a glance before it is searched
        if _CLOCKLIKE.search(text):
            text = _CLOCK.sub(" ", text)
        if any(month in low for month in _MONTHS):
            text = _DATE.sub(partial(_dated, found), text)
        if _YEARLIKE.search(text) or "fy" in low:
            text = _YEAR.sub(partial(_of_year, found), text)
    for m in _PERIOD.finditer(text) if "uarter" in text or "half" in low else ():
        found[f"{m[2].lower()} {ORDINALS[m[1].lower()]}"] = None
        found[f"span {m[2].lower()}"] = None
        text = text.replace(m[0], " ")
    for m in _MONTH_VERB.finditer(text) if "May" in text or "March" in text else ():
        found[PERIOD_WORDS[m[1].lower()]] = None
    for word in words if text is whole else _words(text):
        period = PERIOD_WORDS.get(word)
        if not period and ("-" in word or "'" in word):
            period = PERIOD_WORDS.get(word.split("-")[0].split("'")[0])
        # "may" and "march" are verbs as well; "Mar", "Sun" and their like are names.
        if period and not (word in ("may", "march") or (len(word) == 3 and period.startswith("month"))):
            found[period] = None
            if period.startswith(("quarter", "half")):
                found[f"span {period.split()[0]}"] = None
    return text, tuple(found)


def _dated(found: dict[str, None], m: re.Match[str]) -> str:
    month = (m["month"] or m["month2"]).lower().rstrip(".")
    found[PERIOD_WORDS.get(month, PERIOD_WORDS[month[:3]])] = None
    found[f"date {int(m['day'] or m['day2'])}"] = None
    return " "


def _of_year(found: dict[str, None], m: re.Match[str]) -> str:
    found[f"year {m[1] or '20' + m[2]}"] = None
    return " "


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _figures(text: str) -> tuple[str, ...]:
    found: set[str] = set()
    end = 0
    for start in _START.finditer(text):
        at = start.start()
        m = _FIGURE.match(text, at) if at >= end else None
        if m is None:
            continue
        before = _BEFORE.search(text, max(end, at - _LONGEST_SIGN), at)
        end = m.end()
        if m["tail"] or (at and text[at - 1] in "-/" and not m["percent"] and not m["scale"]):
            continue
        mantissa = m["number"].replace(",", "")
        if m["percent"]:
            found.add(f"{_plain(float(mantissa))} %")
        elif m["bps"]:
            found.add(f"{_plain(float(mantissa) / 100)} %")
        else:
            sign = before["sign"] if before else m["after"] or ""
            unit = _CURRENCIES.get(sign.lower().rstrip("."), "")
            scale = _SCALES.get((m["scale"] or "").lower(), 1.0)
            found.add(f"{_plain(float(mantissa) * scale)} {unit}".rstrip())
    found.update(str(NUMBERS[word]) for word in NUMBERS.keys() & set(_LETTERS.findall(text.lower())))
    return tuple(sorted(found))


def _plain(value: float) -> str:
    value = float(f"{value:.6g}")
    if value >= 1e6:
        mantissa, exponent = f"{value:.5e}".split("e")
        shift = int(exponent) % 3
        return f"{float(mantissa) * 10**shift:.6g}e{int(exponent) - shift}"
    return f"{value:.6g}"


def _names(text: str, plain_words: frozenset[str]) -> tuple[str, ...]:
    words = [w.replace("\u2019", "'") for w in _WORD.findall(text)]
    long = [w for w in words if len(w) > 3 and w[0].isalpha()]
    # A headline that capitalises nearly every word says nothing by its capitals.
    titled = len(long) > 3 and sum(w[0].isupper() for w in long) >= 0.8 * len(long)
    small = plain_words | {w for w in words if w.islower()}
    found: dict[str, None] = {}
    for word in words:
        if not word[0].isupper():
            continue
        low = word.lower().removesuffix("'s").removesuffix("'")
        low = COUNTRIES.get(low, low)
        if low in small and not (word.isupper() and not titled):
            continue
        parts = [low] if "-" not in low else low.split("-")
        for part in parts:
            if len(part) > 1 and not _nameless(part):
                found[part.replace(".", "")] = None
    return tuple(found)


def _nameless(word: str) -> bool:
    return word in _NAMELESS or word[0].isdigit()
