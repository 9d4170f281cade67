from __future__ import annotations

import pytest

from alertd.articles import FieldName
from alertd.tagging.companies import ROUND_UP_CAP, Found, Given, Scores, gather, sentiment
from alertd.tagging.gazetteer import Issuer

SUBJECT, SOURCE, PASSING = (0.9, 0.05, 0.05), (0.05, 0.9, 0.05), (0.05, 0.05, 0.9)
UP, DOWN, FLAT = (0.05, 0.15, 0.8), (0.8, 0.15, 0.05), (0.1, 0.8, 0.1)


def issuer(symbol: str) -> Issuer:
    return Issuer("i:" + symbol, symbol, (symbol,), symbol.title())


def span(
    symbol: str,
    *,
    field: FieldName = "title",
    start: int = 0,
    role: tuple[float, float, float] = SUBJECT,
    feeling: tuple[float, float, float] = UP,
    given: str = "",
) -> Found:
    scores = Scores(0.9, role, feeling)
    return Found(field, start, start + len(symbol), symbol, issuer(symbol), scores, given)


def test_mentions_of_one_issuer_join_and_their_logits_are_averaged() -> None:
    found = [
        span("AAA", field="summary", start=9, feeling=(0.1, 0.1, 0.8)),
        span("AAA", feeling=(0.1, 0.8, 0.1)),
        span("BBB", start=20, feeling=DOWN),
    ]
    first, second = gather(found)
    assert [m.field for m in first.mentions] == ["title", "summary"]
    assert first.sentiment is not None
    assert first.sentiment.positive == pytest.approx(first.sentiment.neutral, abs=1e-3)
    assert (second.symbol, second.sentiment and second.sentiment.label) == ("BBB", "negative")


def test_a_subject_of_the_title_is_relevant_and_its_source_is_not() -> None:
    found = [span("AAA"), span("BRK", start=10, role=SOURCE), span("CCC", field="text", start=2_000, role=PASSING)]
    by_symbol = {c.symbol: c for c in gather(found)}
    assert (by_symbol["AAA"].role, by_symbol["BRK"].role, by_symbol["CCC"].role) == ("subject", "source", "passing")
    assert by_symbol["AAA"].relevance >= 0.8
    assert by_symbol["BRK"].relevance <= 0.4
    assert by_symbol["CCC"].relevance <= 0.2


def test_place_counts() -> None:
    places: list[tuple[FieldName, int]] = [("title", 0), ("summary", 0), ("text", 5_000)]
    relevances = [gather([span("AAA", field=field, start=start)])[0].relevance for field, start in places]
    assert relevances == sorted(relevances, reverse=True)
    assert len(set(relevances)) == 3


@pytest.mark.parametrize(("names", "capped"), [(5, False), (6, True), (8, True)])
def test_a_round_up_makes_no_name_relevant(names: int, capped: bool) -> None:
    companies = gather([span(f"A{i}", start=10 * i) for i in range(names)])
    assert all((c.relevance <= ROUND_UP_CAP) is capped for c in companies)


def test_sources_do_not_make_a_round_up() -> None:
    found = [span("AAA"), *(span(f"B{i}", start=10 + 10 * i, role=SOURCE) for i in range(6))]
    assert gather(found)[0].relevance > ROUND_UP_CAP


def test_names_in_the_text_do_not_make_a_round_up_of_the_titles_subject() -> None:
    found = [span("AAA"), *(span(f"B{i}", field="text", start=300 + 10 * i) for i in range(7))]
    by_symbol = {c.symbol: c.relevance for c in gather(found)}
    assert by_symbol["AAA"] > ROUND_UP_CAP
    assert all(r <= ROUND_UP_CAP for s, r in by_symbol.items() if s != "AAA")


def test_given_names_get_their_row_found_or_not() -> None:
    given = [Given("Foo", issuer("FOO")), Given("Bar", Issuer("n:bar", None, (), "Bar"))]
    foo, bar, other = gather([span("FOO", given="Foo"), span("AAA", start=9)], given)
    assert (foo.name, foo.symbol, len(foo.mentions)) == ("Foo", "FOO", 1)
    assert (bar.name, bar.symbol, bar.mentions, bar.relevance, bar.sentiment) == ("Bar", None, (), 0.0, None)
    assert other.symbol == "AAA"


def test_what_the_model_did_not_read_has_no_sentiment() -> None:
    unread = Found("title", 0, 3, "AAA", issuer("AAA"), None)
    company = gather([unread], read=False)[0]
    assert (company.role, company.sentiment) == ("subject", None)
    two = gather([unread, Found("title", 9, 12, "BBB", issuer("BBB"), None)], read=False)
    assert {c.role for c in two} == {"passing"}


def test_a_stated_listing_is_shown_by_the_name_beside_it() -> None:
    unknown = Issuer("i:FOOQX", "FOOQX", ("FOOQX",), "FOOQX")
    found = [
        Found("title", 0, 8, "Foo Corp", unknown, Scores(0.9, SUBJECT, FLAT)),
        Found("title", 10, 15, "FOOQX", unknown, Scores(0.9, SUBJECT, FLAT)),
    ]
    assert gather(found)[0].name == "Foo Corp"


def test_nothing_gives_nothing() -> None:
    assert gather([]) == ()


@pytest.mark.parametrize(("p", "label"), [(UP, "positive"), (DOWN, "negative"), (FLAT, "neutral")])
def test_a_sentiment_is_labelled_by_its_largest_probability(p: tuple[float, float, float], label: str) -> None:
    record = sentiment(p)
    assert record.label == label
    assert record.score == pytest.approx(record.positive - record.negative)
