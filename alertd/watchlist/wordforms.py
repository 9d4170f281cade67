"""Forms of an English word as the news uses them: of `recall` also recalls, recalled, recalling."""

from __future__ import annotations

from functools import lru_cache

_IRREGULAR = {
    "bear": "bore borne", "beat": "beaten", "become": "became", "begin": "began begun", "break": "broke broken",
    "bring": "brought", "build": "built", "buy": "bought", "catch": "caught", "choose": "chose chosen", "cut": "",
    "deal": "dealt", "draw": "drew drawn", "drive": "drove driven", "fall": "fell fallen", "fight": "fought",
    "find": "found", "fly": "flew flown", "freeze": "froze frozen", "get": "got gotten", "give": "gave given",
    "go": "went gone goes", "grow": "grew grown", "hit": "", "hold": "held", "keep": "kept", "lay": "laid",
    "lead": "led", "leave": "left", "lend": "lent", "lose": "lost", "make": "made", "meet": "met", "miss": "",
    "pay": "paid", "quit": "", "rise": "rose risen", "run": "ran", "say": "said", "seek": "sought", "sell": "sold",
    "send": "sent", "set": "", "shrink": "shrank shrunk", "shut": "", "sink": "sank sunk", "slide": "slid",
    "speak": "spoke spoken", "spend": "spent", "spin": "spun", "split": "", "stand": "stood", "steal": "stole stolen",
    "stick": "stuck", "strike": "struck", "sue": "suing", "swing": "swung", "take": "took taken", "tell": "told",
    "think": "thought", "win": "won", "wind": "wound", "withdraw": "withdrew withdrawn", "write": "wrote written",
}  # fmt: skip
_VOWELS = "aeiou"


@lru_cache(maxsize=4096)
def forms(word: str) -> tuple[str, ...]:
    """The word itself, then its plural or third person, past and participles; some that do not exist do no harm."""
    found = [word]
    if word.endswith("y") and word[-2:-1] not in ("", *_VOWELS):
        found += [f"{word[:-1]}ies", f"{word[:-1]}ied", f"{word}ing"]
    elif word.endswith("e"):
        found += [f"{word}s", f"{word}d", f"{word[:-1]}ing"]
    else:
        hissing = word.endswith(("s", "x", "z", "ch", "sh"))
        found += [f"{word}es" if hissing else f"{word}s", f"{word}ed", f"{word}ing"]
        if len(word) > 2 and word[-1] not in f"{_VOWELS}wxy" and word[-2] in _VOWELS and word[-3] not in _VOWELS:
            found += [f"{word}{word[-1]}ed", f"{word}{word[-1]}ing"]
    return tuple(dict.fromkeys([*found, *_IRREGULAR.get(word, "").split()]))
