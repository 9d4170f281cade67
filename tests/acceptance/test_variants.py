"""The reference case and five variants of it, by the shipped model and a real watchlist."""

from __future__ import annotations

import pytest

from alertd.articles import Article, Entry, Tags
from alertd.config import Watchlist
from alertd.demo.day import load_day
from alertd.stories.fingerprints import fingerprint
from alertd.stories.placing import place
from alertd.tagging.tagger import Tagger, TagInput
from alertd.watchlist.rules import Matches, ResolvedCompany, compile_rules, match

from .variants import VARIANTS, Variant

NOW = 1_772_449_200.0


def reference() -> Variant:
    """The Xiaomi case as the demo tells it."""
    (item,) = [item for item in load_day().items if item.case == "xiaomi"]
    told = item.versions[0]
    return Variant(
        id="xiaomi",
        title=told.title,
        summary=told.summary,
        issuer=("1810.HK", "XIACF"),
        broker="JEF",
        events=("analyst_rating", "price_move"),
        not_events=("equity_offering",),
        sentiment="positive",
    )


CASES = (reference(), *VARIANTS)


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    return Tagger.load()


@pytest.fixture(params=CASES, ids=lambda case: case.id)
def case(request: pytest.FixtureRequest) -> Variant:
    found: Variant = request.param
    return found


@pytest.fixture
def tags(tagger: Tagger, case: Variant) -> Tags:
    return tagger.tag([TagInput(case.title, case.summary)])[0]


def test_the_issuer_is_the_subject_under_all_its_symbols(tags: Tags, case: Variant) -> None:
    subjects = [c for c in tags.companies if c.role == "subject"]
    assert [c.symbol for c in subjects] == [case.issuer[0]]
    assert set(case.issuer) <= set(subjects[0].symbols)
    assert subjects[0].relevance >= 0.5


def test_the_broker_is_the_source(tags: Tags, case: Variant) -> None:
    (broker,) = [c for c in tags.companies if case.broker in c.symbols]
    assert broker.role == "source"


def test_today_s_events_are_there_and_those_of_the_background_are_not(tags: Tags, case: Variant) -> None:
    types = {event.type for event in tags.events}
    assert set(case.events) <= types
    assert not types & set(case.not_events)


def test_the_sentiment_is_the_one_towards_the_issuer(tags: Tags, case: Variant) -> None:
    (issuer,) = [c for c in tags.companies if c.symbol == case.issuer[0]]
    assert issuer.sentiment is not None
    assert issuer.sentiment.label == case.sentiment


def test_a_watch_on_the_issuer_fires_and_one_on_the_broker_keeps_quiet(
    tagger: Tagger, tags: Tags, case: Variant
) -> None:
    other = {"positive": "negative", "negative": "positive"}[case.sentiment]
    rating: dict[str, object] = {"events": ["analyst_rating"]}
    rules: list[dict[str, object]] = [
        *({**rating, "name": symbol, "companies": [symbol], "sentiment": case.sentiment} for symbol in case.issuer),
        {**rating, "name": "other direction", "companies": [case.issuer[0]], "sentiment": other},
        {"name": "background", "companies": [case.issuer[0]], "events": list(case.not_events)},
        {"name": "broker", "companies": [case.broker]},
        {**rating, "name": "broker's rating", "companies": [case.broker]},
    ]
    fired = matches(tagger, tags, case, rules).fired
    assert [found.rule for found in fired] == list(case.issuer)


def matches(tagger: Tagger, tags: Tags, case: Variant, rules: list[dict[str, object]]) -> Matches:
    def resolve(name: str) -> ResolvedCompany | None:
        found = tagger.resolve(name)
        return ResolvedCompany(found.key, found.symbol, found.symbols, found.name) if found else None

    book = compile_rules(Watchlist.model_validate({"rules": rules}), resolve)
    assert book.unknown == ()
    entry = Entry("wire", case.id, "", case.title, case.summary, "", "Wire", NOW, "published", "en")
    article = Article("1-0", entry, NOW)
    placement = place(article, tags, fingerprint(entry), original=None, earlier=None, candidates=(), now=NOW)
    return match(book, article, tags, placement)


def test_the_variants_differ_from_the_reference_and_from_each_other() -> None:
    assert len({case.issuer for case in CASES}) == len({case.broker for case in CASES}) == 6
    assert {case.sentiment for case in VARIANTS} == {"positive", "negative"}
