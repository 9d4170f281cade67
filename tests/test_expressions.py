"""Keywords and comparisons are read as meant, or refused in words."""

from __future__ import annotations

from typing import Any

import pytest

from alertd.expressions import Both, Either, Term, Without, fact_holds, read_fact, read_keyword


def test_not_binds_tightest_then_and_then_or() -> None:
    assert read_keyword("a b OR c AND NOT d") == Either((Term("a b"), Both((Term("c"), Without(Term("d"))))))
    assert read_keyword("a and b") == Term("a and b")
    assert read_keyword('"AT AND T"') == Term("AT AND T")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a AND", "without a word after AND"),
        ("OR b", "without a word before OR"),
        ("a AND OR b", "without a word after AND"),
        ("(a OR b", "a bracket that is never closed"),
        ("a OR b)", "a bracket that was never opened"),
        ('a AND "b', "a quote that is never closed"),
        ("NOT a", "nothing that must be there"),
        ("a OR NOT b", "nothing that must be there"),
        ("a (b OR c)", "without AND or OR before a bracket"),
        ("(" * 50 + "a OR b" + ")" * 50, "nested too deeply"),
    ],
)
def test_what_cannot_be_read_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_keyword(text)


@pytest.mark.parametrize(
    ("name", "test", "facts", "expected"),
    [
        ("move_pct", ">5", {"move_pct": 6.0}, True),
        ("move_pct", ">5", {"move_pct": -6.0}, False),
        ("move_pct", "< -5% or >5", {"move_pct": -6.0}, True),
        ("move_pct", ">=5", {"move_pct": 5.0}, True),
        ("price_target", "any", {"price_target": 63.25}, True),
        ("price_target", "any", {}, False),
        ("price_target", ">60 HKD", {"price_target": 63.25, "currency": "HKD"}, True),
        ("price_target", ">60 USD", {"price_target": 63.25, "currency": "HKD"}, False),
        (
            "amounts",
            ">=1bn USD",
            {"amounts": [{"value": 5, "currency": "USD"}, {"value": 1e9, "currency": "USD"}]},
            True,
        ),
        ("amounts", ">1bn", {"amounts": [{"value": 9e8, "currency": "USD"}]}, False),
        ("rating", "buy or strong buy", {"rating": "strong buy"}, True),
        ("rating_action", "Upgrade", {"rating_action": "downgrade"}, False),
    ],
)
def test_facts(name: str, test: str, facts: dict[str, Any], expected: bool) -> None:
    assert fact_holds(name, read_fact(name, test), facts) is expected


@pytest.mark.parametrize(("name", "test"), [("move_pct", "5"), ("move_pct", "big"), ("rating", ""), ("rating", ">5")])
def test_comparisons_that_cannot_be_read_are_refused(name: str, test: str) -> None:
    with pytest.raises(ValueError, match="write one such as"):
        read_fact(name, test)
