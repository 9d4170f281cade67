"""Silences hold back what they match, for as long as they hold, and say so."""

from __future__ import annotations

import pytest

from alertd.articles import Event
from alertd.stages.silences import compile_silences
from alertd.watchlist.rules import Matches, compile_rules, match
from alertd.watchlist.silences import Silence, silenced

from .world import NOW, XIAOMI, Rule, Rules, Watched, article, company, placed, profile, resolve, tags

TAGS = tags(company(), company("AAPL"), events=(Event("earnings", 0.9, ("1810.HK",)),))
RULES = (Rule("phones", companies=(XIAOMI, Watched("AAPL"))), Rule("words", keywords=("surges",)))
BOOK = compile_rules(Rules(RULES), resolve, profile)


def left(*silences: Silence) -> list[tuple[str, str]]:
    made = compile_silences(silences, BOOK)
    matches = match(BOOK, article(), TAGS, placed())
    kept, why = silenced(made, matches, article(), TAGS, placed())
    assert len(kept.fired) + len(why) == len(matches.fired) == 3
    return [(m.rule, m.company.symbol or "" if m.company else "") for m in kept.fired]


def silence(rules: tuple[str, ...] = (), since: float = NOW - 1, until: float = NOW + 1, **matcher: object) -> Silence:
    return Silence("s1", since, until, "known", "anna", rules, matcher)


EVERYTHING = [("phones", "1810.HK"), ("phones", "AAPL"), ("words", "")]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (silence(companies=["XIACF"]), [("phones", "AAPL"), ("words", "")]),
        (silence(companies=["1810.HK", "AAPL"]), [("words", "")]),
        (silence(("words",)), EVERYTHING[:2]),
        (silence(("words",), companies=["1810.HK"]), EVERYTHING),
        (silence(keywords=["surge~ AND xiaomi"]), []),
        (silence(keywords=["recall"]), EVERYTHING),
        (silence(companies=["1810.HK"], events=["results"]), [("phones", "AAPL"), ("words", "")]),
        (silence(companies=["1810.HK"], events=["macro"]), EVERYTHING),
        (silence(sources=["AP"]), EVERYTHING),
        (silence(sectors=["Information Technology"], countries=["China"]), [("phones", "AAPL"), ("words", "")]),
        (silence(("phones",), since=NOW + 1, until=NOW + 2), EVERYTHING),
        (silence(("phones",), until=NOW), EVERYTHING),
    ],
)
def test_what_is_left(given: Silence, expected: list[tuple[str, str]]) -> None:
    assert left(given) == expected


def test_why_is_said() -> None:
    made = compile_silences([silence(("phones",), companies=["1810.HK", "AAPL"])], BOOK)
    matches = match(BOOK, article(), TAGS, placed())
    _, why = silenced(made, matches, article(), TAGS, placed())
    assert why[0] == "rule phones is silenced by s1 (rule phones; 1810.HK, AAPL): known"


def test_one_that_cannot_be_read_does_not_hold_and_hides_no_other() -> None:
    broken = Silence("s0", NOW - 1, NOW + 1, "?", matcher={"evnts": ["macro"]})
    assert left(broken, silence(("words",))) == EVERYTHING[:2]


def test_written_and_read() -> None:
    one = silence(("a",), companies=["AAPL"], min_sentiment="0.5")
    assert Silence.load(one.dump()) == one
    assert one.words() == "rule a; AAPL; min sentiment 0.5"
    assert Matches() == silenced(compile_silences([], BOOK), Matches(), article(), TAGS, placed())[0]
