"""How a rule does, in words."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from alertd.config import RuleSettings
from alertd.watchlist.silences import Silence
from alertd.watchlist.wording import rule_words
from alertd.web.operating import health_of

NOW = 1_770_000_000.0
HELD = Silence("s1", NOW - 60, NOW + 3_600, "we know", "ann", ("cars",))
LAST = (NOW - 7_200, "1-0", "A title")


@pytest.mark.parametrize(
    ("days", "last", "silences", "failing", "unknown", "state", "word"),
    [
        ([0, 1], LAST, [], set(), (), "fine", "2h ago"), ([0, 0], None, [], set(), (), "quiet", "no alert yet"),
        ([0, 0], LAST, [], set(), (), "quiet", "no alert for 2h"), ([0, 21], LAST, [], set(), (), "noisy", "21 alerts"),
        ([0, 1], LAST, [HELD], set(), (), "silenced", "by ann: we know"),
        ([0, 1], LAST, [Silence("s2", NOW, NOW + 9, "x", "", ("other",))], set(), (), "fine", ""),
        ([0, 1], LAST, [Silence("s3", NOW, NOW + 9, "x", "", (), {"companies": ["NVDA"]})], set(), (), "fine", ""),
        ([0, 1], LAST, [HELD], {"wire"}, (), "broken", "feed wire fails"),
        ([0, 1], LAST, [], set(), ["NVDAA"], "broken", "no list knows NVDAA"),
    ],
)  # fmt: skip
def test_health_of_a_rule(
    days: Sequence[int], last: tuple[float, str, str] | None, silences: Sequence[Silence], failing: set[str],
    unknown: Sequence[str], state: str, word: str,
) -> None:  # fmt: skip
    found, words = health_of("cars", days, last, silences, failing, unknown, NOW)
    assert found == state
    assert word in words


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "any article"), ({"companies": ["NVDA", "INTC"]}, "NVDA, INTC"),
        ({"companies": ["A", "B", "C", "D", "E", "F"]}, "A, B, C, D and 2 more"),
        (
            {"events": ["litigation"], "sentiment": "negative", "max_sentiment": -0.3},
            "events litigation · negative · score up to -0.3",
        ),
        ({"keywords": ["recall~"], "stories": 3, "within": "2h"}, "words recall~ · 3 stories within 2h"),
        ({"companies": ["NVDA"], "quiet": "8h"}, "NVDA · silence of 8h"), ({"spike": {}}, "more news than usual"),
    ],
)  # fmt: skip
def test_a_rule_in_words(given: dict[str, object], words: str) -> None:
    assert rule_words(RuleSettings.model_validate({"name": "r", **given})) == words
