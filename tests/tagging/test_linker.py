from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alertd.tagging.gazetteer import Gazetteer
from alertd.tagging.linker import Spelling, Spellings, link, unlisted

GAZETTEER = Gazetteer.open()


def linked(text: str, *spellings: Spelling) -> list[tuple[str, str | None]]:
    return [(text[c.start : c.end], c.issuer.symbol) for c in link(text, GAZETTEER, [Spellings(spellings)])]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Xiaomi shares surge", [("Xiaomi", "1810.HK")]),
        ("Bank of America warns", [("Bank of America", "BAC")]),
        ("BofA's analyst", [("BofA", "BAC")]),
        ("Tata Motors gains", [("Tata Motors", "TATAMOTORS.NS")]),
        ("Delta Air Lines\u2019 profit", [("Delta Air Lines", "DAL")]),
        ("Apple, Inc.: up", [("Apple, Inc", "AAPL")]),
        ("McDonald's sales, Lowe\u2019s", [("McDonald's", "MCD"), ("Lowe\u2019s", "LOW")]),
        ("AT&T and P&G", [("AT&T", "T"), ("P&G", "PG")]),
        ("Layoffs at T-Mobile", [("T-Mobile", "TMUS")]),
        ("S&P 500 falls; Dow Jones Industrial Average up", []),
        ("GM recalls", [("GM", "GM")]),
        ("gm recalls", []),
        ("$AAPL $brk.b", [("$AAPL", "AAPL"), ("$brk.b", "BRK-B")]),
        ("$5 and $1.2B", []),
        ("(NASDAQ: MSFT)", [("MSFT", "MSFT")]),
        ("(NYSE:GE)", [("GE", "GE")]),
        ("(OTC:XIACF)", [("XIACF", "1810.HK")]),
        ("(TSX: RY)", [("RY", "RY.TO")]),
        ("(HKEX: 700)", [("700", "0700.HK")]),
        ("maker <0700.HK> rose", [("<0700.HK>", "0700.HK")]),
        ("<M.N> <BRKb.N>", [("<M.N>", "M"), ("<BRKb.N>", "BRK-B")]),
        ("<LCOc1> <.SPX> <EUR=>", []),
        ("1810.HK rose", [("1810.HK", "1810.HK")]),
        ("at 12.30 on 1810.5", []),
        ("Delta (DAL) up", [("Delta", "DAL"), ("DAL", "DAL")]),
        ("Foo Corp. (NYSE American: FOOQX)", [("FOOQX", "FOOQX")]),
        ("SPY (NYSEARCA: SPY)", []),
    ],
)
def test_names_and_codes_are_found(text: str, expected: list[tuple[str, str]]) -> None:
    assert linked(text) == expected


def test_a_code_that_no_list_knows_is_a_listing_of_the_name_before_it() -> None:
    candidates = link("Telkom SA SOC Ltd (TKMJQ: Grey Market) | Venue Change", GAZETTEER)
    assert {c.issuer.key for c in candidates} == {candidates[0].issuer.key}
    assert "TKMJQ" in candidates[0].issuer.symbols


def test_ordinary_words_are_marked_for_the_encoder() -> None:
    kinds = {"Target": "ambiguous", "Gap": "ambiguous", "Nvidia": "name", "Morgan Stanley": "name", "$TGT": "code"}
    for text, kind in kinds.items():
        assert [c.kind for c in link(f"It is {text} again", GAZETTEER)] == [kind], text


def test_a_legal_form_settles_an_ordinary_word() -> None:
    assert [c.kind for c in link("Target Corp said", GAZETTEER)] == ["name"]
    assert [c.kind for c in link("the target corp said", GAZETTEER)] == ["ambiguous"]


def test_watched_names_win_and_need_no_spaces_in_chinese() -> None:
    xiaomi = GAZETTEER.resolve("1810.HK")
    assert xiaomi is not None
    watched = [
        Spelling("小米", xiaomi),
        Spelling("OpenAI", unlisted("OpenAI")),
        Spelling("Apple", unlisted("Apple Farm")),
    ]
    assert linked("昨日小米集团股价", *watched) == [("小米", "1810.HK")]
    assert linked("openai, OpenAIs and OpenAI's Apple", *watched) == [
        ("openai", None),
        ("OpenAI", None),
        ("Apple", None),
    ]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["Apple", "Bank of America", "$AAPL", "<M.N>", "(NYSE: GE)", "小米", "🚀", "'s", "\x00", "İ", "ß", "T"]
        )
        | st.text(max_size=8),
        max_size=20,
    ).map(" ".join)
)
def test_candidates_lie_in_the_text_in_order_and_apart(text: str) -> None:
    found = link(text, GAZETTEER)
    at = 0
    for c in found:
        assert at <= c.start < c.end <= len(text)
        assert not text[c.start].isspace()
        assert not text[c.end - 1].isspace()
        at = c.end
