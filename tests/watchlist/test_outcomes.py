from __future__ import annotations

from dataclasses import replace

import pytest

from alertd.articles import Alert, Article, Entry, Placement, Relation, Story
from alertd.watchlist.outcomes import outcome_of
from alertd.watchlist.rules import Matches, Stopped

ARTICLE = Article("1-0", Entry("wire", "g", "", "Acme rises"), 0.0)
STORY = Story("1-0", "Acme rises", ("Wire",), 1, 1, (), (), (), 0, 0.0, 0.0)


def placed(relation: Relation = "first") -> Placement:
    return Placement(STORY, relation, 1.0, "near-same text as 0-1" if relation == "copy" else "no earlier report of it")


def alert(kind: str) -> Alert:
    return Alert("k", kind, "acme", "#alerts", "why", 0.0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("article", "relation", "stopped", "kinds", "expected"),
    [
        (ARTICLE, "first", (), ("post", "reply"), ("alerted", "acme in #alerts", "")),
        (ARTICLE, "copy", (), ("reply",), ("threaded", "near-same text as 0-1; acme in #alerts", "")),
        (
            replace(ARTICLE, may_alert=False, held="too old (3 d, the limit is 6.0 h)"), "first", (), (),
            ("held", "too old (3 d, the limit is 6.0 h)", "too old"),
        ),
        (
            replace(ARTICLE, may_alert=False, held="first sight of the feed, no date of its own"), "first", (), (),
            ("held", "first sight of the feed, no date of its own", "first sight of the feed"),
        ),
        (
            ARTICLE, "copy", (Stopped("jef", "Jefferies is only the source"),), (),
            ("copy", "near-same text as 0-1", "a copy of an article on which no rule fired"),
        ),
        (
            ARTICLE, "first", (Stopped("jef", "Jefferies is only the source"),), (),
            ("stopped", "rule jef: Jefferies is only the source", "a rule came near and a condition failed"),
        ),
        (ARTICLE, "first", (), (), ("quiet", "no rule is about it", "no rule is about it")),
    ],
)  # fmt: skip
def test_what_became_of_an_article(
    article: Article, relation: Relation, stopped: tuple[Stopped, ...], kinds: tuple[str, ...],
    expected: tuple[str, str, str],
) -> None:  # fmt: skip
    found = outcome_of(article, placed(relation), Matches(stopped=stopped), [alert(kind) for kind in kinds])
    assert (found.kind, found.why, found.short) == expected
