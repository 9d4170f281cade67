"""Which language a text is in: scripts by their ranges, languages of the Latin script by their commonest words."""

from __future__ import annotations

import re

_LOOK = 2_000
_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af\u1100-\u11ff]")),
    ("zh", re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
)
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")
_WORD = re.compile(r"[A-Za-z\u00c0-\u024f]+")
_COMMON = {
    "en": "the of and to in for on with as at by from is are was after its it that be has have will says said over new "
    "up down more than how why what this not but his their an out amid off against about into could may us",
    "de": "der die das und den dem des ein eine einen ist im mit von auf für nicht sich auch als nach bei aus wird "
    "werden über zum zur um vor wie mehr hat haben gegen",
    "fr": "le la les des et un une est dans pour sur par avec du au aux ce cette qui que plus son ses sa ne pas ont "
    "après en vers sont été",
    "es": "el la los las de y en un una es por con para que se del al su sus más como tras este esta sobre pero ha no "
    "según entre",
    "it": "il lo la gli le di e un una che per con del della dei delle nel nella al alla è non più sono come dopo ha "
    "anche sul sulla dal dalla",
    "pt": "o a os as de e um uma que em no na nos nas do da dos das por com para não se mais como é ao pela pelo após "
    "sobre são",
    "nl": "de het een en van in op te dat die is voor met zijn niet aan er om ook als bij naar uit door over wordt "
    "meer heeft",
    "sv": "och att det en ett som är för på av med den till inte har om från men vid sig efter kan",
    "da": "og at det en et som er for på af med den til ikke har om fra men ved sig efter kan blev",
    "fi": "ja on ei että se oli ovat mutta kun myös mukaan sekä vuoden yhtiön yhtiö joka",
    "pl": "i w na z do nie się że jest o po przez za od dla jak to oraz są przed",
    "tr": "ve bir bu için ile da de olarak daha çok olan sonra kadar gibi ise",
    "id": "yang dan di ke dari untuk dengan pada ini itu tidak akan juga dalam oleh adalah",
}
_LANGUAGES = {word: tuple(c for c, text in _COMMON.items() if word in text.split())
              for text in _COMMON.values() for word in text.split()}  # fmt: skip
"""Common word to the languages that have it."""


def recognise(text: str) -> str:
    """The two-letter code of a text's language, "" when it has no letters of a script that we know.

    A short Latin text without common words counts as English ("Apple beats estimates"): a headline needs none.
    Only the first 2,000 characters are read.
    """
    head = text[:_LOOK]
    if head.isascii():
        return _latin(head) if _LATIN.search(head) else ""
    latin = len(_LATIN.findall(head))
    counts = {code: len(pattern.findall(head)) for code, pattern in _SCRIPTS}
    if counts["ja"] and counts["zh"]:
        counts["ja"] += counts.pop("zh")  # kanji stand beside kana
    best = max(counts, key=lambda code: counts[code])
    # A sign of these scripts says about as much as two letters.
    if counts[best] * 2 > latin:
        return best
    return _latin(head) if latin else ""


def _latin(head: str) -> str:
    scores = dict.fromkeys(_COMMON, 0)
    for codes in filter(None, map(_LANGUAGES.get, _WORD.findall(head.lower()))):
        for code in codes:
            scores[code] += 1
    english = scores.pop("en")
    other = max(scores, key=scores.__getitem__)
    return other if scores[other] >= 2 and scores[other] > english else "en"
