from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alertd.tagging.facts import read


def sums(*pairs: tuple[float, str]) -> dict[str, Any]:
    return {"amounts": [{"value": float(value), "currency": currency} for value, currency in pairs]}


def target(value: float, currency: str, change: float | None = None) -> dict[str, Any]:
    moved = {} if change is None else {"target_change_pct": change}
    return {"price_target": float(value), "currency": currency, **moved}


WRITTEN: list[tuple[str, dict[str, Any]]] = [
    ("Berenberg cuts Puma price target to 82 euros from 105 euros", target(82, "EUR", -21.9)),
    ("Barclays lifts Rolls-Royce price target to 1,250 pence from 1,100 pence", target(12.5, "GBP", 13.6)),
    ("Citi raises Kohl's PT to 45 from 40", {"price_target": 45.0, "target_change_pct": 12.5}),
    ("Vontobel sets a 12-month target of SFr 95 for Logitech", target(95, "CHF")),
    ("Truist trims Carvana target to $310 from $340", target(310, "USD", -8.8)),
    ("Jefferies ups price target on Tata Power to 480 rupees", target(480, "INR")),
    ("Daiwa lifts Sony price target to 4,200 yen from 3,900 yen", target(4200, "JPY", 7.7)),
    ("Analysts raise Samsung price target to 95,000 won", target(95000, "KRW")),
    ("Macquarie cuts its target price for Meituan to HK$140", target(140, "HKD")),
    ("CIBC raises Shopify target price to C$210 from C$180", target(210, "CAD", 16.7)),
    (
        "Danske keeps buy on Vestas, target price 160 crowns",
        {"rating": "buy", "rating_action": "reiterate", "price_target": 160.0},
    ),
    ("Goldman sees Moutai at a price target of 1,800 yuan", target(1800, "CNY")),
    ("UBS price target for Nestle goes to 98 francs from 92 francs", target(98, "CHF", 6.5)),
    ("RBC raises Shell price target to 3,100p", target(31, "GBP")),
    ("Bernstein puts a price target of 700 Danish kroner on Novo", target(700, "DKK")),
    ("Wedbush ups Nvidia price target to 210 dollars", target(210, "USD")),
    (
        "Kepler upgrades Danone to buy, PT to EUR 80 from EUR 66",
        {"rating": "buy", "rating_action": "upgrade", **target(80, "EUR", 21.2)},
    ),
    ("Morgan Stanley lowers PT for Ford to $9", target(9, "USD")),
    ("Price target on BHP raised to A$48 at Macquarie", target(48, "AUD")),
    ("Oddo cuts Kering to neutral; target now 210 euros", {"rating": "neutral", **target(210, "EUR")}),
    ("Siemens to invest 2 billion euros in Singapore", sums((2e9, "EUR"))),
    ("Toyota pours 200 billion yen into batteries", sums((2e11, "JPY"))),
    ("BYD signs a deal worth 5.5 billion yuan", sums((5.5e9, "CNY"))),
    ("Adani to spend 700 billion rupees on ports", sums((7e11, "INR"))),
    ("Fined 40 million pounds, the lender says sorry", sums((4e7, "GBP"))),
    ("Samsung plans 10 trillion won of buybacks", sums((1e13, "KRW"))),
    ("Roche pays 1.2 billion Swiss francs for a biotech", sums((1.2e9, "CHF"))),
    ("Equinor wins a contract worth 900 million Norwegian crowns", sums((9e8, "NOK"))),
    ("Volvo books a charge of 3 billion Swedish crowns", sums((3e9, "SEK"))),
    ("Air Canada to raise C$500 million", sums((5e8, "CAD"))),
    ("Tencent buys back HK$1.2bn of shares", sums((1.2e9, "HKD"))),
    ("Retailer takes a $30 million charge", sums((3e7, "USD"))),
    ("Court orders the firm to pay 75 million dollars", sums((7.5e7, "USD"))),
    ("Dividend raised to 35 pence a share", sums((0.35, "GBP"))),
    ("The group sold the unit for 120 million Canadian dollars", sums((1.2e8, "CAD"))),
    ("Bank sets aside 250 million Australian dollars", sums((2.5e8, "AUD"))),
    ("Offer of 60 cents a share", {}),
    ("Reliance orders gear for Rs 3,400 crore", sums((3.4e10, "INR"))),
    ("Startup raises 12 million pounds at a 90 million pound valuation", sums((1.2e7, "GBP"), (9e7, "GBP"))),
    ("Maker of pumps gets a 45-million-euro loan", sums((4.5e7, "EUR"))),
    ("Yields on the bank's bonds rise 25 basis points", {}),
    ("Spread on its bonds widens by 40 bps as shares slip 2%", {"move_pct": -2.0}),
    ("Lender's shares rise 150 basis points after the merger news", {"move_pct": 1.5}),
    ("Biotech's stock doubles on trial data", {"move_pct": 100.0}),
    ("Shares in the miner more than double after the find", {"move_pct": 100.0}),
    ("Shares of the lender halve after the warning", {"move_pct": -50.0}),
    ("Stock halves in value as auditors quit", {"move_pct": -50.0}),
    ("Company doubles its dividend", {}),
    ("Grocer doubles profit, shares up 4%", {"move_pct": 4.0}),
    ("Firm halves its forecast; stock sinks 12%", {"move_pct": -12.0}),
    ("Shares triple on takeover talk", {"move_pct": 200.0}),
    ("Chipmaker stock down 3.5 percent in early trading", {"move_pct": -3.5}),
    ("Shares gained as much as 7 pct", {"move_pct": 7.0}),
    ("HSBC raises its target for profit to 5 percent", {}),
    ("Climate group sets a target of 45 percent by 2030", {}),
    ("The PT boat museum got 12 visitors", {}),
    ("He weighs 200 pounds", {}),
    ("Truck lost 300 pounds of cargo", {}),
    ("Automaker targets 82 models in 2030", {}),
    ("Analyst target price of 1250p implies upside for Next", target(12.5, "GBP")),
    ("It won 12 orders", {}),
    ("The club won 3 titles in 2 years", {}),
    ("Price target cut to Rs 950 from Rs 1,020 by Kotak", target(950, "INR", -6.9)),
]

"""Notes and headlines in words of our own, each with what it states; half of them state nothing, or something else."""


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
            {"rating": "neutral", "rating_action": "downgrade", **target(120, "USD", -20.0)},
        ),
        ("Baird raises PT on Nvidia from $400 to $500", target(500, "USD", 25.0)),
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


@pytest.mark.parametrize(("title", "expected"), WRITTEN, ids=[title[:40] for title, _ in WRITTEN])
def test_targets_sums_and_moves_in_words_are_read(title: str, expected: dict[str, Any]) -> None:
    assert read(title) == expected


@pytest.mark.parametrize(
    "part",
    [
        "1",
        "1,",
        "111,",
        "PT ",
        "target ",
        "price target to 1 ",
        "price target from 1 to ",
        "$1 ",
        "Rs",
        "1 ",
        "1-",
        "1 US ",
        "up about about ",
        "shares double ",
        "raises a a a a ",
        "kron",
        "1 euro target ",
        " ",
        "cuts a b c d ",
        "1 million ",
    ],
)
def test_hostile_text_takes_milliseconds(part: str) -> None:
    text = part * (1_000_000 // len(part))
    began = time.thread_time()
    read(text, text)
    assert time.thread_time() - began < 0.5


@pytest.mark.parametrize(
    ("title", "change"),
    [
        ("UBS cuts Vodafone price target to 70p from 85p", -17.6),
        ("Barclays cuts its price target to £9 from 1,000p", -10.0),
        ("Broker lifts price target to $210 from 2025 on", None),
        ("Broker lifts price target to $2,310 from $2,100", 10.0),
        ("Citi sets a price target of HK$63.25", None),
        ("Broker moves price target to $5 from $0", None),
    ],
)
def test_by_how_much_a_target_was_moved(title: str, change: float | None) -> None:
    assert read(title).get("target_change_pct") == change
