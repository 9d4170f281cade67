"""What two texts must agree on to tell the same: figures, periods, directions, names. Read by rule."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from itertools import chain, pairwise
from operator import itemgetter

import msgspec

from alertd.stories import lexicon
from alertd.stories.lexicon import Piece, Said, read
from alertd.stories.marks import AFTER, CLOCK, COUNTED, DIGIT, MONTH, PART, SCALE, SIGN, VERB, YEAR
from alertd.stories.words import CURRENCIES, MONTH_NAMES, ORDINALS, PERIOD_WORDS, SCALES

_LOOK = 2_000
_LONGEST_KNOWN = 64

# A number is found by its first digit and what stands before it is looked at then: an expression that begins with an
# optional sign is tried at every character.
_START = re.compile(r"\d(?<![\w.,]\d)")
_FIGURE = re.compile(
    rf"(?P<number>\d{{1,3}}(?:,\d{{2,3}}){{1,6}}(?:\.\d{{1,9}})?|\d{{1,18}}(?:\.\d{{1,9}})?)(?![.,]?\d)"
    rf"(?:(?P<percent>\s?%|[\s-]?(?:per\s?cent|pct|percentage points?)\b)|(?P<bps>[\s-]?(?:bps|basis points?)\b)|"
    rf"(?:[\s-]?(?P<scale>{SCALE})\b)?(?:[\s-](?P<after>{AFTER})\b)?)(?P<tail>\w*)",
    re.IGNORECASE,
)
_BEFORE = re.compile(rf"(?P<sign>{SIGN})\s?\Z", re.IGNORECASE)
_LONGEST_SIGN = 5
_SIGN_ENDS = frozenset("$\u20ac\u00a3\u00a5\u20b9\u20a9.sdrpybf")
_DATE = re.compile(
    rf"\b(?P<month>{MONTH_NAMES})\.?\s(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?!\s?%)|"
    rf"\b(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?\s(?:of\s)?(?P<month2>{MONTH_NAMES})\b",
    re.IGNORECASE,
)
# With a point between hours and minutes only what says that it is a clock is one: "$1.60 a share" is none.
_CLOCK = re.compile(
    r"\d(?<!\w\d)\d?(?::\d{2}\s?(?:[ap]\.?m\.?|gmt|et|utc|hrs)?\b|\.\d{2}\s?(?:[ap]\.?m|gmt|et|utc|hrs)\b|\s?[ap]\.?m\b)",
    re.IGNORECASE,
)
_YEAR = re.compile(
    rf"(?:\bfy|\bfiscal\s|\b|')((?:19|20)\d\d)\b(?!\s?(?:%|\w*\s?(?:{COUNTED})))|"
    r"\bfy(\d\d)\b",
    re.IGNORECASE,
)
_PERIOD = re.compile(
    r"\b(first|second|third|fourth|[1-4](?:st|nd|rd|th))[\s-](?:fiscal[\s-])?(quarter|half)", re.IGNORECASE
)
_MONTH_VERB = re.compile(r"\b(?:[Ii]n|[Ss]ince|[Ll]ast|[Bb]y|[Oo]f|[Ff]or|[Uu]ntil|[Ee]nd)[ -](May|March)\b")
_CUT = re.compile(r"\s*(?:\.{2,}|\u2026|\[\s*(?:\.{3}|\u2026)\s*\]|\[\+?\d+ chars\])\s*$")
_CUT_ENDS = ("..", "\u2026", "]")


class Facts(msgspec.Struct, frozen=True, gc=False):
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


def facts(text: str, said: Said | None = None, *, plain_words: frozenset[str] = frozenset()) -> Facts:
    """Read the facts of a text.

    Args:
        text: a headline or the beginning of an article; an unfinished number at a cut end is left out.
        said: the text as it was read, where that is at hand.
        plain_words: words known from elsewhere to be written small, which a headline's capitals cannot make names.
    """
    whole, text = text, _uncut(text[:_LOOK])
    said = said if said is not None and text is whole else read(text)
    return Facts(*_figures_and_periods(said), _directions(said), _names(said.pieces, plain_words))


def figures_and_periods(text: str, said: Said | None = None) -> Facts:
    """Read only these of a text, and its directions: its names are read where they matter, in headlines.

    Args:
        said: the text as it was read, where that is at hand.
    """
    whole, text = text, _uncut(text[:_LOOK])
    said = said if said is not None else read(whole)
    return Facts(*_figures_and_periods(said if text is whole else read(text)), _directions(said))


def _figures_and_periods(said: Said) -> tuple[tuple[str, ...], tuple[str, ...]]:
    figures: set[str] = set()
    dated: list[tuple[int, str]] = []
    for run in lexicon.runs(said):
        told, periods = _known(run) if len(run) <= _LONGEST_KNOWN else _told(run)
        figures.update(told)
        dated += periods
    found = dict.fromkeys(map(itemgetter(1), sorted(dated, key=itemgetter(0)))) if dated else {}
    for piece in said.telling:
        figures.update(piece.numbers)
        for period in piece.periods:
            found[period] = None
    return tuple(sorted(figures)), tuple(found)


def _told(run: str) -> tuple[tuple[str, ...], tuple[tuple[int, str], ...]]:
    """The figures in a run of pieces, and its periods, each with the place of its kind in the order of kinds."""
    marks = read(run).marks
    body, periods = _periods(run, marks)
    return tuple(_figures(body)) if marks & DIGIT else (), tuple(periods)


_known = lru_cache(maxsize=8_192)(_told)


def _directions(said: Said) -> tuple[str, ...]:
    """The words of direction in a text, in order, as axis and sign; an immediate repetition is said once."""
    found: list[str] = []
    for piece in said.telling:
        for sign in piece.signs:
            if not found or found[-1] != sign:
                found.append(sign)
    return tuple(found)


def direction(found: Sequence[str]) -> int:
    """Where a text points: the sign of its first word of movement, or 0."""
    for said in found:
        if said.startswith("move"):
            return 1 if said == "move+" else -1
    return 0


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
    if not text.endswith(_CUT_ENDS) and not text.rstrip().endswith(_CUT_ENDS):
        return text
    cut = _CUT.search(text)
    text = text[: cut.start()] if cut else text
    kept, _, last = text.rpartition(" ")
    return kept if cut and any(c.isdigit() for c in last) else text


def _periods(text: str, marks: int) -> tuple[str, list[tuple[int, str]]]:
    """The text without the numbers that belong to periods, and these, each with the place of its kind."""
    found: list[tuple[int, str]] = []
    if marks & DIGIT:
        if marks & CLOCK:
            text = _CLOCK.sub(" ", text)
        if marks & MONTH:
            text = _DATE.sub(partial(_dated, found), text)
        if marks & YEAR:
            text = _YEAR.sub(partial(_of_year, found), text)
    for m in _PERIOD.finditer(text) if marks & PART else ():
        kind = m[2].lower()
        found += (2, f"{kind} {ORDINALS[m[1].lower()]}"), (2, f"span {kind}")
        text = text.replace(m[0], " ")
    for m in _MONTH_VERB.finditer(text) if marks & VERB else ():
        found.append((3, PERIOD_WORDS[m[1].lower()]))
    return text, found


def _dated(found: list[tuple[int, str]], m: re.Match[str]) -> str:
    month = (m["month"] or m["month2"]).lower().rstrip(".")
    found.append((0, PERIOD_WORDS.get(month, PERIOD_WORDS[month[:3]])))
    found.append((0, f"date {int(m['day'] or m['day2'])}"))
    return " "


def _of_year(found: list[tuple[int, str]], m: re.Match[str]) -> str:
    found.append((1, f"year {m[1] or '20' + m[2]}"))
    return " "


def _figures(text: str) -> Iterator[str]:
    end = 0
    for start in _START.finditer(text):
        at = start.start()
        m = _FIGURE.match(text, at) if at >= end else None
        if m is None:
            continue
        # a sign stands right before or a blank before
        near = text[max(end, at - 2) : at].rstrip()[-1:].lower()
        before = _BEFORE.search(text, max(end, at - _LONGEST_SIGN), at) if near and near in _SIGN_ENDS else None
        end = m.end()
        if m["tail"] or (at and text[at - 1] in "-/" and not m["percent"] and not m["scale"]):
            continue
        mantissa = m["number"].replace(",", "")
        if m["percent"]:
            yield f"{_plain(float(mantissa))} %"
        elif m["bps"]:
            yield f"{_plain(float(mantissa) / 100)} %"
        else:
            sign = before["sign"] if before else m["after"] or ""
            unit = CURRENCIES.get(sign.lower().rstrip("."), "")
            scale = SCALES.get((m["scale"] or "").lower(), 1.0)
            yield f"{_plain(float(mantissa) * scale)} {unit}".rstrip()


@lru_cache(maxsize=8_192)
def _plain(value: float) -> str:
    value = float(f"{value:.6g}")
    if value >= 1e6:
        mantissa, exponent = f"{value:.5e}".split("e")
        shift = int(exponent) % 3
        return f"{float(mantissa) * 10**shift:.6g}e{int(exponent) - shift}"
    return f"{value:.6g}"


def _names(said: Sequence[Piece], plain_words: frozenset[str]) -> tuple[str, ...]:
    named = [piece for piece in said if piece.names]
    if not named:
        return ()
    # A headline that capitalises nearly every word says nothing by its capitals.
    letters = sum([piece.letters for piece in said])
    titled = letters > 3 and sum([piece.capitals for piece in said]) >= 0.8 * letters
    small = set(chain.from_iterable([piece.small for piece in said]))
    found: dict[str, None] = {}
    for piece in named:
        for name in piece.names:
            low = name.folded
            if (low in small or low in plain_words) and (titled or not name.shouted):
                continue
            for part in name.parts:
                found[part] = None
    return tuple(found)
