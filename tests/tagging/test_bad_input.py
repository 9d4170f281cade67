"""What nobody should send, and other languages than the model's, through the tagger as it ships."""

from __future__ import annotations

import json
import time

import pytest

from alertd.tagging.jsonl import tag_lines
from alertd.tagging.tagger import Tagger, TagInput

MEGABYTE = 1_000_000
SECONDS = 5.0
"""Of this process's processor, for an article whose three fields are one megabyte each."""

EMPTY = {
    "nothing": "",
    "blanks": " \t\n\u00a0\u3000" * 1_000,
    "line ends": "\r\n" * (MEGABYTE // 2),
    "emoji": "\U0001f680\U0001f4c8\U0001f468\u200d\U0001f469\u200d\U0001f467" * 20_000,
    "control characters": "".join(map(chr, [*range(32), *range(127, 160)])) * 10_000,
    "half characters": "\ud800\udfff" * 10_000,
    "direction marks": "\u202e\u200f\u2066" * 10_000,
    "combining marks": "\u0301" * 100_000,
    "punctuation": "?!.,;:-\u2013\u2026()[]" * 50_000,
    "digits": "0123456789" * 100_000,
    "ideographic digits": "\uff11\uff12" * 50_000,
}
"""Texts without a word in them."""
FULL = {
    "one letter": "a" * MEGABYTE,
    "one word repeated": "word " * (MEGABYTE // 5),
    "one name repeated": "Apple " * (MEGABYTE // 6),
    "one name without spaces": "Apple" * (MEGABYTE // 5),
    "one code repeated": "(NYSE: GE) " * (MEGABYTE // 11),
    "one symbol repeated": "$AAPL " * (MEGABYTE // 6),
    "many sentences": "Xiaomi shares rose 6% to HK$63.25. " * (MEGABYTE // 35),
    "mixed scripts": "Apple \u5c0f\u7c73 \u0413\u0430\u0437\u043f\u0440\u043e\u043c "
    "\u0623\u0631\u0627\u0645\u0643\u0648 "
    "\u30c8\u30e8\u30bf \uc0bc\uc131 " * 30_000,
    "look-alike letters": "\u0410\u0440\u0440l\u0435 beats estimates " * 10_000,
    "zalgo": "A\u0301\u0302\u0303\u0304p\u0301ple " * 10_000,
    "markup": "<b>&amp;</b>" * 80_000,
    "brackets": "(" * 100_000,
    "nested quotes": "\"'\u201c" * 100_000,
    "one endless address": "https://x.example/" + "a/" * 100_000,
}
"""Texts with words, or what looks like them."""


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    return Tagger.load()


@pytest.mark.parametrize("text", EMPTY.values(), ids=EMPTY)
def test_a_text_without_words_has_an_honest_empty_result(tagger: Tagger, text: str) -> None:
    began = time.process_time()
    [tags] = tagger.tag([TagInput(text, text, text)])
    assert time.process_time() - began < SECONDS
    assert (tags.companies, tags.events, tags.sentiment, tags.language) == ((), (), None, "")


@pytest.mark.parametrize("text", FULL.values(), ids=FULL)
def test_a_monstrous_text_is_tagged_in_bounded_time(tagger: Tagger, text: str) -> None:
    began = time.process_time()
    [tags] = tagger.tag([TagInput(text, text, text)])
    assert time.process_time() - began < SECONDS
    fields = {"title": text, "summary": text, "text": text}
    for company in tags.companies:
        assert all(fields[m.field][m.start : m.end] == m.text for m in company.mentions)
        assert 0 <= company.relevance <= 1


def test_one_bad_article_among_others_changes_none_of_them(tagger: Tagger) -> None:
    good = "Nvidia beats quarterly estimates"
    rows = [{"id": name, "title": text[:2_000]} for name, text in {**EMPTY, **FULL}.items()]
    lines = [json.dumps(row) for row in [{"id": "first", "title": good}, *rows, {"id": "last", "title": good}]]
    answers = [json.loads(line) for line, fine in tag_lines(lines, tagger, scores=False) if fine]
    assert [a["id"] for a in answers] == ["first", *EMPTY, *FULL, "last"]
    first, last = ({key: value for key, value in a.items() if key != "id"} for a in (answers[0], answers[-1]))
    assert first["companies"][0]["symbol"] == last["companies"][0]["symbol"] == "NVDA"
    # a batch pads its texts and rounds what it computes for all of them together: the last digit may differ
    confidences = [[event.pop("confidence") for event in answer["events"]] for answer in (first, last)]
    assert first["events"] == last["events"]
    assert confidences[0] == pytest.approx(confidences[1], abs=0.002)


@pytest.mark.parametrize(
    ("language", "title", "symbols"),
    [
        ("de", "Die Aktie von Volkswagen ist nach der Prognose gefallen", ["VOW3.DE"]),
        ("fr", "Le titre de Renault est en baisse apr\u00e8s les r\u00e9sultats du groupe", ["RNO.PA"]),
        ("es", "La acci\u00f3n de Telef\u00f3nica sube por el dividendo", ["TEF.MC"]),
        ("it", "Il titolo di UniCredit sale con il petrolio e la Borsa", ["UCG.MI"]),
        ("pt", "A a\u00e7\u00e3o da Petrobras cai com o petr\u00f3leo e n\u00e3o sobe mais", ["PETR4.SA"]),
        ("nl", "Philips verkoopt een deel van het bedrijf aan de beurs", ["PHIA.AS"]),
        ("sv", "Aktien i Ericsson steg efter att bolaget har sagt det", ["ERIC-B.ST"]),
        ("ru", "\u0410\u043a\u0446\u0438\u0438 Gazprom \u0432\u044b\u0440\u043e\u0441\u043b\u0438 "
         "\u043f\u043e\u0441\u043b\u0435 \u043e\u0442\u0447\u0451\u0442\u0430", ["GAZP.ME"]),
        ("ja", "\u30c8\u30e8\u30bf\u81ea\u52d5\u8eca\u3068 Nvidia \u304c\u63d0\u643a\u3092\u767a\u8868", ["NVDA"]),
        ("ko", "\uc0bc\uc131\uc804\uc790\uc640 Nvidia \uac00 \ud611\ub825\uc744 \ubc1c\ud45c", ["NVDA"]),
        ("ar", "\u0623\u0633\u0647\u0645 Apple \u062a\u0631\u062a\u0641\u0639 \u0628\u0639\u062f "
         "\u0627\u0644\u0646\u062a\u0627\u0626\u062c (NASDAQ: AAPL)", ["AAPL"]),
    ],
)  # fmt: skip
def test_other_languages_are_linked_by_names_and_never_guessed(
    tagger: Tagger, language: str, title: str, symbols: list[str]
) -> None:
    [tags] = tagger.tag([TagInput(title)])
    assert tags.language == language
    assert [c.symbol for c in tags.companies] == symbols
    assert [c.sentiment for c in tags.companies] == [None] * len(symbols)
    assert (tags.sentiment, tags.events, tags.scores) == (None, (), {})


def test_names_that_the_watchlist_gives_are_found_in_chinese(tagger: Tagger) -> None:
    watching = tagger.rewatched(None, [("1810.HK", ("\u5c0f\u7c73",)), ("7203.T", ("\u30c8\u30e8\u30bf",))])
    titles = [
        "\u5c0f\u7c73\u96c6\u56e2\u80a1\u4ef7\u4e0a\u6da8",
        "\u30c8\u30e8\u30bf\u306e\u682a\u4fa1\u304c\u4e0a\u6607",
    ]
    chinese, japanese = watching.tag([TagInput(title) for title in titles])
    assert [(c.symbol, c.sentiment) for c in chinese.companies] == [("1810.HK", None)]
    assert [(c.symbol, c.sentiment) for c in japanese.companies] == [("7203.T", None)]
