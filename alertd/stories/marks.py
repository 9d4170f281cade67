"""What a piece of text between blanks may be a part of, so that texts are searched only where there is something.

A mark is a necessary condition, told once for a piece however often it comes: an expression that spans several pieces
is sought only in a text, or in a run of its pieces, that has the mark.
"""

from __future__ import annotations

import re
from typing import Final

from alertd.stories.words import MONTH_NAMES, SCALES

(
    DIGIT, CLOCK, MONTH, YEAR, PART, VERB, SAYS, JOINS, LEADS, COUNTS, WRAPS, APART, ADDED, AGENCY, ENDED, CREDITED,
    MORE, GENERIC, PLACE,
) = (1 << bit for bit in range(19))  # fmt: skip
"""Marks of a piece, plain numbers, for they are asked for in every text:

- it has a digit; may be a part of a time of day, a date, a year, a quarter or half; is May or March (verbs as well);
- `SAYS`: it has signs, periods or numbers of its own (set by `lexicon`);
- `JOINS`: it may be one with its neighbours in what is read of figures and periods; `LEADS`: it may be so with a month
  after it; `COUNTS`: it says what a number before it, that looks like a year, counts;
- `WRAPS`: as the first of a headline it may be the outlet's; `APART`: it may set the outlet's name apart; `GENERIC`: it
  may belong to a headline that outlets use again and again;
- `ADDED`: it has a bracket or dash, as what outlets put before a text has; `AGENCY`: it may name an agency there;
  `PLACE`: as the first of a text it may name the place of a dateline;
  `ENDED`: it may belong to what they put at the end or between; `CREDITED`: to a credit; `MORE`: to one after "for"."""

EVERY: Final = ~0
"""All of them: what is not known of a text."""
SCALE: Final = "|".join(sorted(SCALES, key=len, reverse=True))
"""Words that scale a number, as an expression that ignores case."""
SIGN: Final = (
    r"us\$|hk\$|ca?\$|au?\$|s\$|nz\$|r\$|nt\$|[$\u20ac\u00a3\u00a5\u20b9\u20a9]|"
    r"\b(?:rs\.?|usd|hkd|eur|gbp|cny|rmb|inr|chf|jpy)"
)
"""Signs and names of currencies before a number."""
AFTER: Final = (
    r"dollars?|euros?|pounds|sterling|yen|yuan|rupees|won|francs|crowns|usd|eur|gbp|jpy|cny|rmb|inr|chf|sek|nok|dkk|hkd"
)
"""The same after a number."""
COUNTED: Final = r"million|billion|bln|jobs|workers"
"""What comes in so great a number that it looks like a year."""

_MARKS: Final = (
    (DIGIT, re.compile(r"\d")),
    (CLOCK, re.compile(r"\d(?:[:.]\d\d|[ap]\.?m)|^[ap]\.?m\b", re.IGNORECASE)),
    (MONTH, re.compile(rf"\b(?:{MONTH_NAMES})\b", re.IGNORECASE)),
    (YEAR, re.compile(r"[12][09]\d\d|fy", re.IGNORECASE)),
    (PART, re.compile(r"uarter|half", re.IGNORECASE)),
    (VERB, re.compile(r"May|March")),
    (
        JOINS,
        re.compile(
            rf"\d|^%|^(?:per|percent|cent|pct|percentage|points?|bps|basis|{SCALE}|{AFTER}|[ap]\.?m|gmt|et|utc|hrs)\b|"
            rf"uarter|half|(?:first|second|third|fourth|fiscal|{SIGN})$|\b(?:{MONTH_NAMES})\b|^\w*(?:{COUNTED})",
            re.IGNORECASE,
        ),
    ),
    (LEADS, re.compile(r"\b(?:in|since|last|by|of|for|until|end)$", re.IGNORECASE)),
    (COUNTS, re.compile(rf"^\w*(?:{COUNTED})", re.IGNORECASE)),
    (
        WRAPS,
        re.compile(
            r"^(?:[\[(*\u25b6\u26a1]|update|wrapup|refile|recast|add|correct|breaking|exclusive|just|alert|brief|flash|"
            r"watch|video|live|press|rpt|repeat|news|ptb|lead|urgent)",
            re.IGNORECASE,
        ),
    ),
    (APART, re.compile(r"^(?:[-|\u2013\u2014\u00b7]|::|//?)$")),
    (PLACE, re.compile(r"^[A-Z](?:[A-Z.'-]|$)")),
    (ADDED, re.compile(r"[()\[\]/\u2013\u2014]|--|-$")),
    (
        AGENCY,
        re.compile(
            r"(?:^|[\[(/])(?:reuters|ap|afp|bloomberg|dow|dpa|pti|ians|ani|xinhua|kyodo|yonhap|upi|efe|marketwatch|pr|"
            r"business|globe|cnbc|accesswire|newsfile|thomson|associated|alliance|rtt|benzinga|mt|newsrx)",
            re.IGNORECASE,
        ),
    ),
    (
        ENDED,
        re.compile(
            # disclaimers, contacts, where it may be shared
            r"\u00a9|\b(?:(?:Disclaimers?|Disclosures?|Looking|Safe|About|Past|Copyright|Contacts?|SOURCE|View|Follow|"
            r"Sign|Subscribe|Download|Click|Share|Facebook|Twitter|LinkedIn|WhatsApp|Email|Telegram|"
            r"release|announcement|views|opinions|authors?|writers?|information|content|material|story|article|"
            r"constitute|intended|investment|advice|reserved)\b|"
            # pieces anywhere
            r"Related|(?i:(?:read(?:ing)?|see|learn|find)\b)|appeared\b|Reporting\b|Writing\b|Editing\b|Compiled\b|"
            r"reporting\b|Standards\b)|\[(?:\u2026|\.\.\.)\]|\((?:This|The)",
        ),
    ),
    (
        CREDITED,
        re.compile(
            r"\b(?:(?:reporting|writing|editing|compiled|translated|inputs|story|read|reading|click|post|article|"
            r"originally|standards)\b|source:)",
            re.IGNORECASE,
        ),
    ),
    (MORE, re.compile(r"\bmore", re.IGNORECASE)),
    (
        GENERIC,
        re.compile(
            r"brief|wrap|round|digest|update|report|bulletin|summary|recap|\bnote|\bbell|\bcall|headline|snapshot|"
            r"\bopen|\bclose|\bcomment|\btalk|\bmove|\bthings|\bwhat\b|watch|glance|happened|stories|\bnews|picks|"
            r"gainers|losers|pre-?market|hours|today|calendar|ahead|podcast|\bform\b|filing|asset|\bown\b|pdmr|dealing|"
            r"holding|voting|\bagm|notice|statement|address|adviser|listing|declaration|results|appendix|publication|"
            r"\brule\b|transcript",
            re.IGNORECASE,
        ),
    ),
)


def marks_of(text: str) -> int:
    """The marks of a piece of text between blanks."""
    return sum(mark for mark, expression in _MARKS if expression.search(text))
