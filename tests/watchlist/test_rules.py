"""Rules fire, or say what stopped them; the index finds what a loop over all rules finds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.articles import Company, Event, Role, SentimentLabel, Tags
from alertd.watchlist.rules import Matches, Stopped, compile_rules, match

from .world import JEFFERIES, XIAOMI, Rule, Rules, Watched, article, company, placed, resolve, tags

RATING = Event("analyst_rating", 0.95, ("1810.HK",))
CASE = tags(
    company(), company("JEF", "source", 0.4, "neutral"), events=(RATING, Event("price_move", 0.6, ("1810.HK",)))
)


def run(*rules: Rule, found: Tags = CASE, **more: object) -> Matches:
    book = compile_rules(Rules(rules), resolve)
    return match(book, more.get("article", article()), found, more.get("placement", placed()))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (Rule(companies=(XIAOMI,)), "about Xiaomi, positive 0.97, relevance 0.9"),
        (
            Rule(companies=(Watched("XIACF"),), event_types=("analyst_rating",), sentiment=("positive",)),
            "analyst_rating for Xiaomi, positive 0.97, relevance 0.9",
        ),
        (
            Rule(companies=(XIAOMI,), event_types=("price_move", "analyst_rating"), min_novelty=0.6),
            "analyst_rating and price_move for Xiaomi, positive 0.97, relevance 0.9, novelty 1.0",
        ),
        (
            Rule(companies=(JEFFERIES,), roles=("source",), min_relevance=0.3),
            "about Jefferies, neutral 0.97, relevance 0.4 as source",
        ),
        (Rule(keywords=("surges",)), 'positive 0.97, keyword "surges"'),
        (Rule(event_types=("analyst_rating",), sentiment=("positive",)), "analyst_rating, positive 0.97"),
        (Rule(companies=(Watched(name="Nobody", aliases=("1810.HK",)),), sources=("reuters",)),
         "about Xiaomi, positive 0.97, relevance 0.9"),
    ],
)  # fmt: skip
def test_a_rule_that_fires_says_why(rule: Rule, reason: str) -> None:
    found = run(rule)
    assert [m.reason for m in found.fired] == [reason]
    assert found.stopped == ()


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (Rule(companies=(JEFFERIES,)), "Jefferies is only the source, the rule asks for subject"),
        (
            Rule(companies=(XIAOMI,), min_relevance=0.95),
            "the article's relevance for Xiaomi is 0.90, the rule asks for 0.95",
        ),
        (
            Rule(companies=(XIAOMI,), event_types=("dividend", "buyback")),
            "its events are analyst_rating, price_move, the rule asks for dividend or buyback",
        ),
        (
            Rule(companies=(XIAOMI,), event_types=("price_move",), min_confidence=0.8),
            "price_move is sure by 0.60, the rule asks for 0.8",
        ),
        (
            Rule(companies=(XIAOMI,), sentiment=("negative",)),
            "the sentiment towards Xiaomi is positive, the rule asks for negative",
        ),
        (
            Rule(companies=(JEFFERIES,), roles=("source",), min_relevance=0, event_types=("analyst_rating",)),
            "its events are analyst_rating, price_move, the rule asks for analyst_rating",
        ),
        (Rule(companies=(XIAOMI,), keywords=("recall",)), "none of its keywords is in the article (recall)"),
        (Rule(companies=(XIAOMI,), min_novelty=1.0), "novelty is 0.40, the rule asks for 1"),
        (Rule(companies=(XIAOMI,), sources=("AP", "AFP")), "its source is Reuters, the rule asks for AP or AFP"),
        (Rule(companies=(XIAOMI,), not_sources=("REUTERS",)), "its source is Reuters, which the rule leaves out"),
        (Rule(companies=(XIAOMI,), feeds=("other",)), "it came by the feed wire, the rule asks for other"),
        (
            Rule(keywords=("surges",), sentiment=("negative",)),
            "the sentiment of the article is positive, the rule asks for negative",
        ),
    ],
)
def test_the_first_condition_that_fails_is_named(rule: Rule, why: str) -> None:
    assert run(rule, placement=placed("follow", 0.4)) == Matches((), (Stopped("rule", why),))


def test_sentiment_is_the_companys_own() -> None:
    found = tags(company(label="negative"), company("AAPL", label="positive"), label="positive")
    rule = Rule(companies=(XIAOMI, Watched(name="Apple")), sentiment=("negative",))
    assert [m.company.symbol for m in run(rule, found=found).fired if m.company] == ["1810.HK"]


def test_an_unknown_sentiment_is_not_a_neutral_one() -> None:
    stopped = run(Rule(companies=(XIAOMI,), sentiment=("neutral",)), found=tags(company(label=None))).stopped
    assert stopped[0].why == "the sentiment towards Xiaomi is not known, the rule asks for neutral"


def test_a_rule_whose_companies_are_unknown_matches_nothing() -> None:
    book = compile_rules(Rules((Rule(companies=(Watched("NOPE"), Watched(name="Nobody"))),)), resolve)
    assert book.unknown == (("rule", "NOPE"), ("rule", "Nobody"))
    assert match(book, article(), CASE, placed()) == Matches()


def test_rules_that_did_not_come_near_are_not_listed() -> None:
    rules = (Rule("a", companies=(Watched("AAPL"),)), Rule("b", keywords=("x",)), Rule("c", event_types=("dividend",)))
    assert run(*rules) == Matches()


def test_matches_come_in_the_order_of_rules_and_companies() -> None:
    found = tags(company("AAPL"), company())
    rules = (Rule("b", companies=(XIAOMI, Watched("AAPL"))), Rule("a", companies=(XIAOMI,)))
    said = [(m.rule, m.company.symbol) for m in run(*rules, found=found).fired if m.company]
    assert said == [("b", "AAPL"), ("b", "1810.HK"), ("a", "1810.HK")]


LABELS: st.SearchStrategy[SentimentLabel] = st.sampled_from(["positive", "neutral", "negative"])
ROLES: st.SearchStrategy[Role] = st.sampled_from(["subject", "source", "passing"])
TYPES = st.sampled_from(["earnings", "dividend", "macro"])
SYMBOLS = st.sampled_from(["1810.HK", "JEF", "AAPL"])
SHARE = st.sampled_from([0.0, 0.4, 0.5, 0.9, 1.0])
RULES = st.builds(
    Rule,
    companies=st.lists(st.builds(Watched, st.sampled_from(["1810.HK", "XIACF", "JEF", "AAPL", "NOPE"])), max_size=2)
    .map(tuple),
    event_types=st.lists(TYPES, max_size=2).map(tuple),
    sentiment=st.lists(LABELS, max_size=2).map(tuple),
    keywords=st.lists(st.sampled_from(["surges", "xiaomi surges", "recall", "urge"]), max_size=2).map(tuple),
    sources=st.sampled_from([(), ("Reuters",), ("AP",)]),
    not_sources=st.sampled_from([(), ("reuters",)]),
    roles=st.lists(ROLES, min_size=1, max_size=3).map(tuple),
    min_relevance=SHARE,
    min_confidence=SHARE,
    min_novelty=SHARE,
)  # fmt: skip
FOUND = st.builds(
    lambda companies, events, label: tags(*companies, events=tuple(events), label=label),
    st.lists(st.builds(company, SYMBOLS, ROLES, SHARE, LABELS), max_size=3, unique_by=lambda c: c.issuer),
    st.lists(st.builds(Event, TYPES, SHARE, st.lists(SYMBOLS, max_size=2).map(tuple)), max_size=3),
    LABELS,
)


def plainly(rule: Rule, found: Tags, novelty: float) -> list[Company | None]:
    """For whom a rule fires, read off the words of the settings without any index."""
    watched = {r.issuer for w in rule.companies if (r := resolve(w.symbol)) is not None}
    who: list[Company | None] = [c for c in found.companies if c.issuer in watched] if rule.companies else [None]
    fires = []
    for c in who:
        mood = c.sentiment if c else found.sentiment
        events = [
            e for e in found.events
            if e.type in rule.event_types and e.confidence >= rule.min_confidence
            and (c is None or not e.companies or set(e.companies) & set(c.symbols))
        ]  # fmt: skip
        conditions = (
            not rule.sources or "Reuters" in rule.sources,
            "reuters" not in rule.not_sources,
            c is None or (c.role in rule.roles and c.relevance >= rule.min_relevance),
            not rule.keywords or bool({"surges", "xiaomi surges"} & set(rule.keywords)),
            not rule.event_types or bool(events),
            not rule.sentiment or (mood is not None and mood.label in rule.sentiment),
            novelty >= rule.min_novelty,
        )
        if all(conditions):
            fires.append(c)
    return fires


@given(st.lists(RULES, max_size=6), FOUND, SHARE)
def test_the_index_agrees_with_a_plain_loop(rules: list[Rule], found: Tags, novelty: float) -> None:
    named = [Rule(**{**vars(rule), "name": str(i)}) for i, rule in enumerate(rules)]
    matches = run(*named, found=found, placement=placed("follow", novelty))
    assert [(m.rule, m.company) for m in matches.fired] == [
        (rule.name, c) for rule in named for c in plainly(rule, found, novelty)
    ]
    assert not {m.rule for m in matches.fired} & {s.rule for s in matches.stopped}
