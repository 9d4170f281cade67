"""What is read in a text, and which texts contradict each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.stories import lexicon
from alertd.stories.agreement import clash, new_figures, opposite_words
from alertd.stories.figures import direction, facts, join


@pytest.mark.parametrize(
    ("text", "figures"),
    [
        ("raised $5.5 billion", ("5.5e9 $",)),
        ("raised US$5.5bn", ("5.5e9 usd",)),
        ("target HK$63.25", ("63.25 hkd",)),
        ("up 6 pct and 25 basis points", ("0.25 %", "6 %")),
        ("350,000 EVs in 2025", ("350000",)),
        ("4.7-billion-euro loan", ("4.7e9 eur",)),
        ("Rs 3,50,000 crore", ("3.5e12 inr",)),
        ("three plants", ("3",)),
        ("A320neo and 5G", ()),
        ("at 10:30 GMT on May 4", ()),
        ("at 9.30 am and 10.45 GMT", ()),
        ("earnings of $1.60 to $1.85 a share", ("1.6 $", "1.85 $")),
        ("paid 12.50 euros each", ("12.5 eur",)),
        ("\u00a548 billion, \u20b9612 crore, 5 usd 6", ("48e9 jpy", "5 usd", "6", "6.12e9 inr")),
        ("raises $1…", ()),
    ],
)
def test_figures_in_one_spelling(text: str, figures: tuple[str, ...]) -> None:
    assert facts(text).figures == figures


@pytest.mark.parametrize(
    ("text", "periods"),
    [
        ("Q2 profit", {"quarter 2", "span quarter"}),
        ("second-quarter profit in fiscal 2026", {"quarter 2", "span quarter", "year 2026"}),
        ("on May 4", {"month 5", "date 4"}),
        ("may rise on Tuesday", {"weekday 1"}),
        ("annual results", {"span year"}),
        ("in December", {"month 12"}),
    ],
)
def test_periods(text: str, periods: set[str]) -> None:
    assert set(facts(text).periods) == periods


@pytest.mark.parametrize(
    ("text", "sign"), [("Shares surge", 1), ("Profit falls, outlook raised", -1), ("Names a chairman", 0)]
)
def test_direction(text: str, sign: int) -> None:
    assert direction(facts(text).directions) == sign


def test_names_of_a_capitalised_headline_leave_out_what_its_text_writes_small() -> None:
    head, text = "Tanaka Chemical Wins Coating Contract From Navy", "Tanaka won a coating contract from the Navy."
    assert "coating" in facts(head).names
    plain = lexicon.written(lexicon.pieces(text))
    assert facts(head, plain_words=plain).names == ("tanaka", "chemical", "navy")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("profit of $4.7 bln", "profit of $4.7 billion"),
        ("profit of $4.7 billion", "profit of $4.68 billion"),
        ("up 6% to $63", "up 6%"),
        ("U.S. tariffs hit Acme", "US tariffs hit Acme"),
        ("Chinese carmaker Geely", "China carmaker Geely"),
        ("Q2 revenue up", "second-quarter revenue up"),
        ("shares jump", "shares surge"),
        ("falls after it cuts outlook", "falls"),
        ("Acme Corp. buys Zed", "Acme buys Zed"),
        ("raises target to $210", "raises target to US$210"),
    ],
)
def test_missing_or_other_spelling_is_no_contradiction(one: str, other: str) -> None:
    assert clash(facts(one), facts(other)) == ""


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ("profit up 6%", "profit up 5%", "number"),
        ("buys it for $1.9 billion", "buys it for $2.1 billion", "number"),
        ("buys it for $1.9 billion", "buys it for $1.9 million", "number"),
        ("buys it for 5 euros", "buys it for 5 pounds", "number"),
        ("second-quarter sales", "third-quarter sales", "period"),
        ("sales in May", "sales in June", "period"),
        ("annual sales", "quarterly sales", "period"),
        ("sales in 2025", "sales in 2026", "period"),
        ("shares rise", "shares fall", "direction"),
        ("rises as it cuts target", "falls as it raises target", "direction"),
        ("to buy the unit", "not to buy the unit", "direction"),
        ("upgrades Acme", "downgrades Acme", "direction"),
        ("Tata Motors profit", "Tata Steel profit", "name"),
    ],
)
def test_contradictions_are_named_both_ways(one: str, other: str, why: str) -> None:
    assert clash(facts(one), facts(other)).startswith(why)
    assert clash(facts(other), facts(one)).startswith(why)


def test_an_exchanged_word_is_seen_beside_others_of_its_axis() -> None:
    one, other = {"opens", "probe", "cancelled"}, {"closes", "probe", "cancelled"}
    assert opposite_words(one, other) == "direction: opens against closes"
    assert opposite_words(one, one | {"closes"}) == ""


def test_news_are_figures_in_no_known_spelling() -> None:
    assert new_figures(("4.68e9 usd", "6 %"), ("4.7e9 $", "7 %", "12")) == ("7 %",)


@given(st.text(max_size=200))
def test_no_text_contradicts_itself_or_its_parts(text: str) -> None:
    found = facts(text)
    assert clash(found, found) == ""
    assert clash(join(found, found), join(found, found)) == ""


@pytest.mark.parametrize("text", ["1" * 5000, "1," * 3000, "$" * 5000, "A" * 5000 + "…", "9 " * 3000, "' " * 3000])
def test_hostile_texts_are_read(text: str) -> None:
    assert len(facts(text).figures) < 2000
