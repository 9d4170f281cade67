"""Vectors side by side tell the same as vectors compared one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from alertd.stories.events import Report, likenesses, worth_comparing
from alertd.stories.fingerprints import Fingerprint
from alertd.stories.nearby import Nearby
from alertd.vectors import pack

SIZE = 8


def vector(seed: int) -> str:
    return pack(np.random.Generator(np.random.PCG64(seed)).normal(size=SIZE).astype(np.float32)) if seed else ""


PACKED = st.integers(0, 40).map(vector)
ENCODERS = st.sampled_from(("", "one", "two"))


def worth(nearby: Nearby, names: list[str], embedding: str, encoder: str) -> list[str]:
    return nearby.worth(np.array([nearby.row(name) for name in names], np.intc), embedding, encoder)


STORIES = st.lists(st.tuples(PACKED, PACKED, ENCODERS), max_size=20)


@given(STORIES, PACKED, ENCODERS)
def test_what_is_worth_comparing_is_the_same_as_one_by_one(
    stories: list[tuple[str, str, str]], embedding: str, encoder: str
) -> None:
    nearby = Nearby(SIZE)
    names = [str(number) for number in range(len(stories))]
    for name, (first, mean, made) in zip(names, stories, strict=True):
        nearby.put(name, first, mean, made, 0.0)
    report = Report(Fingerprint(), embedding=embedding, encoder=encoder)
    wanted = [name for name, one in zip(names, likenesses(report, stories), strict=True) if worth_comparing(one)]
    assert worth(nearby, names, embedding, encoder) == wanted


def test_a_story_that_grew_is_compared_as_it_is_now() -> None:
    nearby = Nearby(SIZE)
    nearby.put("a", vector(1), "", "", 0.0)
    opposite = pack(-np.ones(SIZE, np.float32))
    assert worth(nearby, ["a"], vector(1), "") == ["a"]
    nearby.put("a", opposite, "", "", 0.0)
    assert worth(nearby, ["a"], pack(np.ones(SIZE, np.float32)), "") == []


def test_what_is_forgotten_gives_its_place_to_others() -> None:
    nearby = Nearby(SIZE)
    for number in range(2_000):
        nearby.put(str(number), vector(1 + number % 7), "", "one", 0.0)
        if number > 1:
            nearby.drop(1)
    assert len(nearby) == 2
    assert worth(nearby, ["1999", "1998"], vector(1 + 1998 % 7), "one")[-1] == "1998"


def test_a_vector_of_another_size_tells_nothing_apart() -> None:
    nearby = Nearby(SIZE)
    nearby.put("a", pack(np.ones(SIZE + 1, np.float32)), "", "", 0.0)
    nearby.put("b", pack(np.ones(SIZE, np.float32)), "", "", 0.0)
    assert worth(nearby, ["a", "b"], pack(-np.ones(SIZE, np.float32)), "") == ["a"]
    assert worth(nearby, ["a", "b"], pack(np.ones(SIZE + 2, np.float32)), "") == ["a", "b"]


def test_those_that_were_put_first_are_stale_first() -> None:
    nearby = Nearby(SIZE)
    for name, seen in (("a", 1.0), ("b", 5.0), ("c", 2.0)):
        nearby.put(name, vector(1), "", "", seen)
    assert [nearby.stale(before) for before in (1.0, 1.5, 4.0, 6.0)] == [0, 1, 1, 3]
    nearby.put("a", vector(1), "", "", 9.0)
    assert nearby.stale(6.0) == 2
    rows = [nearby.row("b"), nearby.row("c")]
    assert nearby.drop(2) == rows
    assert "a" in nearby
    assert len(nearby) == 1
