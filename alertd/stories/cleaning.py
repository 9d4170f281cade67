"""What outlets add to a text that is not theirs: prefixes, datelines, bylines, credits, their own name."""

from __future__ import annotations

import re

from alertd import boilerplate
from alertd.stories import lexicon
from alertd.stories.lexicon import Said
from alertd.stories.marks import ADDED, AGENCY, APART, CREDITED, ENDED, EVERY, GENERIC, MORE, PLACE, WRAPS

_MIXED = ENDED | CREDITED | MORE

_PREFIX = re.compile(
    r"^\s*(?:[\[(]?\s*(?:update|wrapup|refile|recast|add[sd]?|corrected|correction|"
    r"breaking(?: news)?|exclusive|just in|"
    r"alert|brief|flash|watch|video|live|press release|rpt|repeat|news|ptb|lead|urgent)\s*\d{0,2}\s*[\])]?\s*"
    r"(?:\((?:official|corrected|correct)\))?\s*(?:[-:|\u2013\u2014]\s*|(?<=[\])])\s*)|(?:\*+|\u25b6|\u26a1)\s*)+",
    re.IGNORECASE,
)
_CORRECTION = re.compile(
    r"^\s*[\[(*]*\s*(?:(?:update|refile|rpt)\s*\d*\s*[-:]\s*)*(?:correct(?:ed|ion|s)?|retract(?:ed|ion|s)?|erratum|"
    r"clarification)\b(?=\s*\d*\s*[-:\])|\u2013\u2014]|\s*\()",
    re.IGNORECASE,
)
_AGENCIES = (
    r"reuters|ap|afp|bloomberg|dow jones|dpa|pti|ians|ani|xinhua|kyodo|yonhap|upi|efe|marketwatch|"
    r"prnewswire|pr newswire|"
    r"business wire|businesswire|globe ?newswire|accesswire|newsfile(?: corp)?|thomson reuters|the associated press|"
    r"associated press|bloomberg news|dow jones newswires|alliance news|rtt ?news|benzinga|mt newswires|newsrx"
)
_DATELINE = re.compile(
    rf"^\s*(?:[^()\n]{{0,80}}?[,/ ])?(?:[\[(]\s*(?:{_AGENCIES})[^)\]]{{0,20}}[\])]|/\s?(?:{_AGENCIES})\s?/|"
    rf"\b(?:{_AGENCIES})(?=\s*(?:--|[\u2013\u2014])))\s*(?:--?|[\u2013\u2014:])?\s*",
    re.IGNORECASE,
)
# Neither is without one of these, and most texts begin without.
_DATELINE_SIGN = re.compile(r"[(\[/\u2013\u2014]|-[ -]")
_DATELINE_ENDS = 160
_CITY = re.compile(
    r"^\s*[A-Z][A-Z .'-]{2,40}(?:,\s[A-Z][\w. ]{1,30}){0,3}\s*(?:--|[\u2013\u2014-])\s+(?=[A-Z\"\u201c])"
)
_BYLINE = re.compile(
    r"^\s*(?i:by)[ \t](?:(?:and[ \t])?[A-Z][\w.'\u2019-]{1,30},?[ \t]?){1,6}(?:\s*[|/\u2013\u2014-]\s|[ \t]*\n)\s*"
)
_CREDIT = re.compile(
    r"\s*(?:[\[(]\s*(?:(?:additional |with )?(?:reporting|writing|editing|compiled|translated) by|with inputs from|"
    r"source:|this story)[^)\]]{0,300}(?:[)\]]|$)|"
    r"(?<=[.!?\"\u201d])\s(?:(?:reporting|writing|editing) by [A-Z].{0,200}$|"
    r"(?:read more|continue reading|click here|the post .{3,150} appeared first on|"
    r"this article (?:was )?(?:first|originally)"
    r"|for more|originally published|our standards).{0,200}$))",
    re.IGNORECASE | re.DOTALL,
)
# A credit has one of these; to look for them costs less.
_CREDITS = ("ing by ", "compiled by ", "translated by ", "with inputs from", "source:", "this story", "read more",
            "continue reading", "click here", "the post ", "this article ", "for more", "originally published",
            "our standards")  # fmt: skip
_TAIL = re.compile(r"\s+(?:[-|\u2013\u2014\u00b7]|::|//|/)\s+(?P<name>[^|]{2,45})$")
_OUTLET = re.compile(
    rf"(?:(?:the )?[\w&.' ]{{0,30}}\b(?:news|times|journal|post|herald|tribune|telegraph|guardian|gazette|chronicle|"
    rf"mirror|standard|wire|newswire|newswires|today|daily|weekly|magazine|review|online|media|press|express|finance|"
    rf"business insider|insider|markets insider|tv|radio|world)|[\w-]+(?:\.[\w-]+)*\.(?:com?|net|org|"
    rf"in|uk|de|fr|hk|cn|au|ca|jp|sg|tv|io)"
    rf"(?:\.\w\w)?|{_AGENCIES}|cnbc|cnn(?: business)?|bbc|ft|wsj|nyt|fox business|msn|"
    rf"yahoo(?: finance)?|forbes|fortune|"
    rf"barron'?s|investing|seeking alpha|the motley fool|nasdaq|techcrunch|the verge|engadget|axios|"
    rf"politico|npr|cbs|abc|"
    rf"nbc|sky news|mint|livemint|moneycontrol|ndtv(?: profit)?|scmp|nikkei(?: asia)?|zacks|thestreet|tipranks|quartz|"
    rf"wired|ars technica|variety|the hindu|the economist|economist|al jazeera|investopedia|marketbeat|simply wall st|"
    rf"electrek|caixin(?: global)?|handelsblatt|le monde|les echos|proactive(?: investors)?)",
    re.IGNORECASE,
)
# For titles in lower case: without a choice of cases the alternatives are told apart by their first letters.
_GENERIC = re.compile(
    r"\b(?:(?:morning|evening|daily|weekly|midday|mid-day|closing|opening|weekend|market|markets|"
    r"news|press|asia|europe|us|"
    r"wall street|corporate|business)\s(?:brief(?:ing|s)?|wrap(?:-?up)?|round-?up|digest|update|"
    r"updates|report|bulletin|"
    r"summary|recap|note|notes|bell|call|headlines|snapshot|open|close|comment|commentary|talk|movers)|"
    r"things to (?:know|watch)|what to (?:watch|know|expect)|what you need to know|stocks? to watch|"
    r"in brief|at a glance|"
    r"live updates|as it happened|top (?:stories|news|picks|gainers|losers)|biggest (?:moves|movers|gainers|losers)|"
    r"premarket|pre-market|after[- ]hours|market today|(?:earnings|economic) calendar|week ahead|day ahead|podcast|"
    r"newsletter|press digest|news summary|form (?:8|10|6|20|13|4|3|5|s|sc)\b|sec filing|net asset values?|"
    r"transactions? in own (?:shares|securities)|pdmr|director dealings?|holdings? in company|total voting rights|"
    r"result of agm|notice of (?:agm|results|annual)|trading (?:update|statement)|change of (?:address|adviser)|"
    r"block listing|dividend declaration|(?:quarterly|annual|interim|"
    r"half-year(?:ly)?) (?:activities )?(?:report|results)|"
    r"appendix \d|publication of|rule \d|conference call|earnings call transcript)",
)
_PLURAL = re.compile(r"\((s|ies)\)")
_AGENCY = re.compile(rf"[\[(](?:{_AGENCIES})[\])]", re.IGNORECASE)
_AGENCY_AT_END = re.compile(rf"\s*\((?:{_AGENCIES})\)\s*$", re.IGNORECASE)


def headline(title: str, outlet: str = "") -> str:
    """Return a title without what outlets put around it: "UPDATE 2-", "BREAKING:", " - CNBC", "| Reuters".

    Args:
        title: as the feed gives it.
        outlet: name of the outlet; removed from the end when it stands there.
    """
    text = " ".join(title.split())
    text = _PREFIX.sub("", text) or text
    for _ in range(2):
        tail = _TAIL.search(text)
        if not tail or not (_same(tail["name"], outlet) or _OUTLET.fullmatch(tail["name"].strip())):
            break
        text = text[: tail.start()] or text
    text = _AGENCY_AT_END.sub("", text) if text.endswith(")") else text
    return text.strip()


def body(text: str, marks: int = EVERY) -> str:
    """Return the beginning of an article without dateline, byline, agency's mark, credits and disclaimers.

    Args:
        marks: of its pieces, where they are at hand: by them most that it has not is told without a search.
    """
    kept = boilerplate.keep(text, begins=not marks & ENDED)
    text = " ".join([text[start:end] for start, end in kept])
    text = " ".join(_BYLINE.sub("", text).split())
    if marks & ADDED and _DATELINE_SIGN.search(text, 0, _DATELINE_ENDS):
        text = _DATELINE.sub("", text) if marks & AGENCY else text
        text = _CITY.sub("", text)
    if marks & ADDED and marks & AGENCY and ("(" in text or "[" in text):
        text = " ".join(_AGENCY.sub(" ", text).split())
    if marks & CREDITED or marks & MORE:
        text = _CREDIT.sub(" ", text) if any(map(text.lower().__contains__, _CREDITS)) else text
    return text.strip()


def is_mixed(said: Said) -> bool:
    """Whether `body` may take something away from a text; else it only settles its blanks."""
    marks = said.marks
    if marks & _MIXED or (marks & ADDED and marks & AGENCY):
        return True
    first = said.pieces[0] if said.pieces else None
    return first is not None and bool((marks & ADDED and first.marks & PLACE) or first.tokens[:1] == ("by",))


def is_adorned(said: Said) -> bool:
    """Whether `headline` may take something away from a title; else it only settles its blanks."""
    if not said.pieces:
        return False
    return bool(said.pieces[0].marks & WRAPS or said.marks & APART) or said.pieces[-1].text.endswith(")")


def is_correction(title: str) -> bool:
    """Whether a title marks itself as a correction ("CORRECTED-", "Correction:")."""
    return _CORRECTION.match(title) is not None


def is_generic(title: str, marks: int = EVERY) -> bool:
    """Whether a title is one that an outlet uses again and again ("Morning briefing", "Holding(s) in Company").

    Args:
        marks: of its pieces, where they are at hand.
    """
    if not marks & GENERIC:
        return False
    low = title.lower()
    return _GENERIC.search(_PLURAL.sub(r"\1", low) if "(" in low else low) is not None


def tokens(text: str) -> list[str]:
    """The words of a text for comparison: NFKC, lower case, no punctuation, possessives or quotes."""
    return lexicon.tokens(lexicon.pieces(text))


def _same(a: str, b: str) -> bool:
    x, y = ("".join(tokens(s)).removeprefix("the").removesuffix("com").rstrip(".") for s in (a, b))
    return bool(x) and bool(y) and (x == y or (min(len(x), len(y)) > 2 and (x in y or y in x)))
