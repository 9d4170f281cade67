from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alertd.tagging.facts import read


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        (
            "Xiaomi jumps another 6% after Jefferies reiterates Buy rating with price target of HK$63.25",
            {"rating": "buy", "rating_action": "reiterate", "price_target": 63.25, "currency": "HKD"},
        ),
        (
            "Xiaomi shares surge another 6% as Jefferies keeps its 'Buy'",
            {"rating": "buy", "rating_action": "reiterate", "move_pct": 6.0},
        ),
        (
            "Goldman downgrades Apple to Neutral, cuts price target to $120 from $150",
            {"rating": "neutral", "rating_action": "downgrade", "price_target": 120.0, "currency": "USD"},
        ),
        ("Baird raises PT on Nvidia from $400 to $500", {"price_target": 500.0, "currency": "USD"}),
        ("Buy Infosys, target Rs 1,500: Motilal Oswal", {"rating": "buy", "price_target": 1500.0, "currency": "INR"}),
        ("JPMorgan starts Lyft with overweight rating", {"rating": "overweight", "rating_action": "initiate"}),
        ("Revenue rose 5%, shares fell 3.2%", {"move_pct": -3.2}),
        ("$TSLA +4.5% premarket", {"move_pct": 4.5}),
        ("Acme shares down 12 per cent", {"move_pct": -12.0}),
        ("Inflation rises 3%", {}),
        ("Nokia to hold talks; to buy back shares", {}),
        ("Firm to raise €1.2bn", {"amounts": [{"value": 1.2e9, "currency": "EUR"}]}),
        ("Order worth Rs 1,250 crore", {"amounts": [{"value": 1.25e10, "currency": "INR"}]}),
        ("Goldman sets a target of $5 billion", {"amounts": [{"value": 5e9, "currency": "USD"}]}),
        ("", {}),
    ],
)
def test_stated_facts_are_read(title: str, expected: dict[str, Any]) -> None:
    assert read(title) == expected


def test_the_title_goes_before_the_summary() -> None:
    facts = read("UBS cuts Acme to Sell", "It had a rating of Buy and a price target of $10.")
    assert facts["rating"] == "sell"
    assert facts["price_target"] == 10.0


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="$€1234567890,. %+-targetupdownRsmbnPT", max_size=200))
def test_any_text_is_read(text: str) -> None:
    for amount in read(text, text).get("amounts", []):
        assert amount["value"] >= 0
