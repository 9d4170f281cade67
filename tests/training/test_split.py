from __future__ import annotations

import random

from training.split import group, held_out

SAME = [
    "Foo Corp shares rise 5% after strong quarter in Europe",
    "UPDATE 1-Foo Corp shares rise 5% after strong quarter in Europe",
    "Foo Corp shares rise 5% after strong quarter in Europe and Asia",
]


def test_near_duplicates_are_one_group_and_others_are_not() -> None:
    groups = group([*SAME, "Bar Inc names a new chief executive", "Foo Corp shares fall after weak quarter in Japan"])
    assert len(set(groups[:3])) == 1
    assert len(set(groups)) == 3


def test_duplicates_stay_on_one_side_and_order_does_not_matter() -> None:
    chance = random.Random(3)
    words = [f"w{i}" for i in range(400)]
    texts = [" ".join(chance.sample(words, 9)) for _ in range(600)]
    texts += [t + " again" for t in texts[:200]]
    held = dict(zip(texts, held_out(texts, 0.2), strict=True))
    assert all(held[t] == held[t + " again"] for t in texts[:200])
    assert 0.1 < sum(held.values()) / len(held) < 0.3
    chance.shuffle(texts)
    assert dict(zip(texts, held_out(texts, 0.2), strict=True)) == held
