"""What stands in an article but says nothing about it: disclaimers, bylines, "read more", share lists."""

from __future__ import annotations

import re

# Where sentences and lines start; an expression that looks behind itself would be tried at every character.
_STARTS = re.compile(r"[.!?)\u2026\u201d\"] |\n")
# From there to the end of the text.
_TAIL = re.compile(
    r"[ \t]{0,4}(?:"
    r"Disclaimers?\b|Disclosures?:|Forward[- ]Looking Statements?\b|Safe Harbou?r\b|"
    r"This (?:press release|news release|announcement|release) (?:contains|may contain|includes)|"
    r"About (?:the )?[A-Z][\w&.' -]{1,60}\n|"
    r"(?:The )?(?:views|opinions)(?: and (?:opinions|views|recommendations))?,? (?:expressed|given|stated|made)\b|"
    r"The (?:author|writer)s? (?:has|have|holds?|owns?|did) |"
    r"(?:This|The) (?:article|information|content|material|story)[\w ]{0,30} (?:is|was|has been|does) "
    r"(?:not|for|provided|intended|published|originally|generated|syndicated)|"
    r"(?:It|This) (?:is|does) not (?:constitute|intended|investment)|"
    r"(?:Nothing|None of (?:this|the)) [\w ]{0,40}(?:investment|financial) advice|"
    r"Not (?:investment|financial) advice|Past performance is\b|All rights reserved\b|"
    r"(?:\u00a9|Copyright(?: \(c\))?) ?\d{4}|"
    r"(?:Media|Investor|Press)(?: Relations)? Contacts?\b|"
    r"For (?:more|further) information,? (?:please )?(?:visit|contact|see)|"
    r"SOURCE:? [A-Z]|View (?:original content|source version)|Follow us on\b|Sign up (?:for|to)\b|"
    r"Subscribe (?:to|now|for)\b|Download (?:the|our) [\w ]{0,20}app\b|Click here\b|"
    r"Share (?:this|on)\b|(?:Facebook|Twitter|LinkedIn|WhatsApp|Email|Telegram)"
    r"(?:[ ,|/\u00b7]+(?:Facebook|Twitter|X|LinkedIn|WhatsApp|Email|E-mail|Reddit|Telegram|Print|Copy link)){2,})",
)
# Pieces anywhere.
_PIECE = re.compile(
    r"(?:\b(?:Read|See|Learn|Find out) more(?: at| on| here| about [^.\n]{0,80})?"
    r"(?:\s?(?:\u00bb|>+|\.{3}|\u2026|:)[^.\n]{0,80}|$|(?=\n))|"
    r"\b(?:Also read|Read also|ALSO READ|Related|READ MORE|"
    r"Continue reading|Read next)\s?[:|\u2192-][^.\n]{0,160}[.\n]?|"
    r"\bContinue reading[^.\n]{0,120}$|\bThe post .{1,160} (?:first )?appeared (?:first )?on [^.\n]{1,60}\.?|"
    r"\((?:Reporting|Additional reporting|Writing|Editing|Compiled) by [^)]{1,200}\)|"
    r"\b(?:Reporting|Writing|Editing) by [A-Z][^.\n]{1,120}(?:\.|$)|"
    r"\bOur Standards: The Thomson Reuters Trust Principles\.?|\[\u2026\]|\[\.\.\.\]|"
    r"\((?:This story|This article|The story)[^)]{0,160}\))",
)
# Each piece has one of these; to look for them costs a fraction of the search.
_MARKS = (" more", "lso read", "ead also", "ALSO READ", "elated", "READ MORE", "ontinue reading", "ead next",
          "The post ", "ing by ", "ompiled by ", "Our Standards", "[\u2026]", "[...]", "(This ", "(The ")  # fmt: skip
_BYLINE = re.compile(
    r"^\s{0,9}(?:By [A-Z][\w.'\u2019-]+(?: (?:and )?[A-Z][\w.'\u2019-]+){1,5}"
    r"(?:,[^.\n]{0,40})?\s{0,3}(?:\n|\s[-\u2013\u2014|]\s)|"
    r"(?:[A-Z][A-Za-z .,]{1,40})?\((?:Reuters|AP|AFP|Bloomberg|PTI|ANI|IANS|Dow Jones|MarketWatch|CNBC|"
    r"BUSINESS WIRE|GLOBE NEWSWIRE|"
    r"PRNewswire|Newsfile Corp\.?)\)\s?[-\u2013\u2014:]*\s*|"
    # a dateline: "PARIS - ", "NEW YORK, March 3 -- "
    r"[A-Z][A-Z .'-]{2,30}(?:, [A-Z][\w. ]{1,20})?\s(?:--|[-\u2013\u2014])\s+(?=[A-Z\"\u201c]))"
)


def keep(text: str, *, begins: bool = False) -> list[tuple[int, int]]:
    """The parts of a text that are worth reading, as spans (start, end) in order.

    A text that would be nothing but boilerplate gives no span; the input is never changed.

    Args:
        begins: nothing of it can be boilerplate but its beginning.
    """
    start, end = 0, len(text)
    if byline := _BYLINE.match(text):
        start = byline.end()
    if begins:
        return [span] if (span := _trim(text, start, end))[0] < span[1] else []
    starts = (found.end() for found in _STARTS.finditer(text, max(0, start - 2)))
    end = next((at for at in (0, *starts) if at >= start and _TAIL.match(text, at)), end)
    spans, at = [], start
    for piece in _PIECE.finditer(text, start, end) if any(map(text.__contains__, _MARKS)) else ():
        spans.append((at, piece.start()))
        at = piece.end()
    spans.append((at, end))
    return [s for s in (_trim(text, a, b) for a, b in spans) if s[0] < s[1]]


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end
