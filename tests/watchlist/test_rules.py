"""Rules fire, or say what stopped them; the index finds what a loop over all rules finds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.articles import Company, Event, Role, SentimentLabel, Tags
from alertd.watchlist.index import bits
from alertd.watchlist.nearness import near_miss, near_rules, sights, why_not
from alertd.watchlist.rules import Matches, Stopped, compile_rules, match, said_in

from .world import JEFFERIES, PROFILES, XIAOMI, Rule, Rules, Watched, article, company, placed, profile, resolve, tags

RATING = Event("analyst_rating", 0.95, ("1810.HK",))
CASE = tags(
    company(), company("JEF", "source", 0.4, "neutral"), events=(RATING, Event("price_move", 0.6, ("1810.HK",))),
    language="en", facts={"move_pct": 6.0},
)  # fmt: skip


def run(*rules: Rule, found: Tags = CASE, **more: object) -> Matches:
    book = compile_rules(Rules(rules), resolve, profile)
    given = (more.get("article", article()), found, more.get("placement", placed()))
    matches = match(book, *given)  # type: ignore[arg-type]
    return matches if matches.fired else Matches(stopped=near_miss(book, *given))  # type: ignore[arg-type]


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
        (Rule(sectors=("Information Technology",), countries=("China",)), "about Xiaomi, positive 0.97, relevance 0.9"),
        (Rule(keywords=("surge~ NOT fall",), not_keywords=("drill",)), 'positive 0.97, keyword "surge~ NOT fall"'),
        (Rule(companies=(XIAOMI,), min_sentiment=0.5, max_sentiment=1.0), "about Xiaomi, positive 0.97, relevance 0.9"),
        (Rule(companies=(XIAOMI,), facts=(("move_pct", ">5"),)),
         "about Xiaomi, positive 0.97, relevance 0.9, move_pct 6.0"),
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
        (
            Rule(companies=(XIAOMI,), min_sources=3),
            "1 of the 3 outlets that the rule asks for carry the story so far",
        ),
        (Rule(companies=(XIAOMI,), min_novelty=1.0), "novelty is 0.40, the rule asks for 1"),
        (Rule(companies=(XIAOMI,), sources=("AP", "AFP")), "its source is Reuters, the rule asks for AP or AFP"),
        (Rule(companies=(XIAOMI,), not_sources=("REUTERS",)), "its source is Reuters, which the rule leaves out"),
        (Rule(companies=(XIAOMI,), not_feeds=("wire",)), "it came by the feed wire, which the rule leaves out"),
        (Rule(companies=(XIAOMI,), languages=("de", "fr")), "its language is en, the rule asks for de or fr"),
        (
            Rule(companies=(XIAOMI,), sectors=("Energy",)),
            "the sector of Xiaomi is Information Technology, the rule asks for Energy",
        ),
        (
            Rule(sectors=("Information Technology",), not_companies=(XIAOMI,)),
            "Xiaomi is left out by not_companies",
        ),
        (Rule(keywords=("surges",), not_keywords=("xiaomi",)), 'the article says "xiaomi", which the rule leaves out'),
        (
            Rule(companies=(XIAOMI,), min_sentiment=0.99),
            "the sentiment towards Xiaomi scores 0.95, the rule asks for at least 0.99",
        ),
        (
            Rule(companies=(XIAOMI,), max_sentiment=0.2),
            "the sentiment towards Xiaomi scores 0.95, the rule asks for at most 0.2",
        ),
        (
            Rule(companies=(XIAOMI,), facts=(("move_pct", ">9"),)),
            "move_pct is 6.0, the rule asks for something else",
        ),
        (
            Rule(companies=(XIAOMI,), facts=(("rating", "buy"),)),
            "rating is not stated, the rule asks for something else",
        ),
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
    not_feeds=st.sampled_from([(), ("wire",), ("post",)]),
    not_companies=st.sampled_from([(), (Watched("JEF"),), (Watched("AAPL"), Watched("NOPE"))]),
    sectors=st.sampled_from([(), ("Financials",), ("Information Technology", "Energy")]),
    countries=st.sampled_from([(), ("China",), ("United States", "China")]),
    languages=st.sampled_from([(), ("en",), ("de", "fr")]),
    not_keywords=st.sampled_from([(), ("recall",), ("xiaomi AND surge~",)]),
    min_sentiment=st.sampled_from([None, -0.5, 0.0, 0.96]),
    max_sentiment=st.sampled_from([None, -0.5, 0.0, 0.5]),
    min_sources=st.integers(0, 2),
    facts=st.sampled_from([(), (("move_pct", ">5"),), (("move_pct", "any"), ("rating", "buy"))]),
    min_relevance=SHARE,
    min_confidence=SHARE,
    min_novelty=SHARE,
)  # fmt: skip
FOUND = st.builds(
    lambda companies, events, label, facts: tags(
        *companies, events=tuple(events), label=label, language="en", facts=facts
    ),
    st.lists(st.builds(company, SYMBOLS, ROLES, SHARE, LABELS), max_size=3, unique_by=lambda c: c.issuer),
    st.lists(st.builds(Event, TYPES, SHARE, st.lists(SYMBOLS, max_size=2).map(tuple)), max_size=3),
    LABELS,
    st.sampled_from([{}, {"move_pct": 6.0}, {"move_pct": 1.0, "rating": "buy"}, {"rating": "sell"}]),
)


def plainly(rule: Rule, found: Tags, novelty: float) -> list[Company | None]:
    """For whom a rule fires, read off the words of the settings without any index."""
    watched = {r.issuer for w in rule.companies if (r := resolve(w.symbol)) is not None}
    out = {r.issuer for w in rule.not_companies if (r := resolve(w.symbol)) is not None}
    who: list[Company | None] = [None]
    if rule.companies or rule.sectors or rule.countries:
        who = [
            c for c in found.companies
            if (not rule.companies or c.issuer in watched)
            and (not rule.sectors or PROFILES[c.issuer][0] in rule.sectors)
            and (not rule.countries or PROFILES[c.issuer][1] in rule.countries)
            and c.issuer not in out
        ]  # fmt: skip
    move, rating = found.facts.get("move_pct"), found.facts.get("rating")
    facts = {
        "move_pct>5": move is not None and move > 5, "move_pctany": move is not None, "ratingbuy": rating == "buy",
    }  # fmt: skip
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
            "wire" not in rule.not_feeds,
            rule.min_sources <= 1,
            not rule.languages or "en" in rule.languages,
            "xiaomi AND surge~" not in rule.not_keywords,
            rule.min_sentiment is None or (mood is not None and mood.score >= rule.min_sentiment),
            rule.max_sentiment is None or (mood is not None and mood.score <= rule.max_sentiment),
            all(facts[name + test] for name, test in rule.facts),
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


@given(st.lists(RULES, max_size=6), FOUND, SHARE)
def test_what_stops_a_rule_is_known_exactly_when_it_does_not_fire(
    rules: list[Rule], found: Tags, novelty: float
) -> None:
    named = tuple(Rule(**{**vars(rule), "name": str(i)}) for i, rule in enumerate(rules))
    book = compile_rules(Rules(named), resolve, profile)
    placement = placed("follow", novelty)
    fired = {m.rule for m in match(book, article(), found, placement).fired}
    present = said_in(book, article())
    near = set(bits(near_rules(book, found, present)))
    for number, rule in enumerate(named):
        looks = sights(book, number, article(), found, placement, present)
        assert (rule.name in fired) == bool(looks and not why_not(rule, looks))
        assert rule.name not in fired or number in near


def test_of_a_group_only_the_first_that_fires_for_a_company_counts() -> None:
    found = tags(company(), company("AAPL", label="negative"))
    both = (XIAOMI, Watched("AAPL"))
    rules = (
        Rule("bad", companies=both, sentiment=("negative",), scopes=("g",)),
        Rule("any", companies=both, scopes=("g",)),
        Rule("third", companies=both, scopes=("g", "")),
        Rule("other", companies=(XIAOMI,)),
    )
    said = [(m.rule, m.company.symbol) for m in run(*rules, found=found).fired if m.company]
    assert said == [("bad", "AAPL"), ("any", "1810.HK"), ("other", "1810.HK")]


def test_destinations_severity_and_mentions_go_with_the_match() -> None:
    rule = Rule(companies=(XIAOMI,), destinations=("#a", "#b"), severity="high", mentions=("U12345",))
    (found,) = run(rule).fired
    assert (found.channels, found.severity, found.mentions) == (("#a", "#b"), "high", ("U12345",))
