"""What is told of many stories side by side leaves out none that is worth a comparison."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.stories.events import Report, likenesses, worth_comparing
from alertd.stories.figures import Facts
from alertd.stories.fingerprints import Fingerprint
from alertd.stories.nearby import Nearby
from alertd.vectors import pack

SIZE = 8


def vector(seed: int) -> str:
    return pack(np.random.Generator(np.random.PCG64(seed)).normal(size=SIZE).astype(np.float32)) if seed else ""


PACKED = st.integers(0, 40).map(vector)
ENCODERS = st.sampled_from(("", "one", "two"))


def worth(nearby: Nearby, names: list[str], new: Report) -> list[str]:
    return nearby.worth(np.array([nearby.row(name) for name in names], np.intc), new)


def report(embedding: str, encoder: str = "", issuers: tuple[str, ...] = (), names: tuple[str, ...] = ()) -> Report:
    return Report(Fingerprint(head=Facts(names=names)), issuers, embedding=embedding, encoder=encoder)


ISSUERS = st.lists(st.sampled_from(("c:1", "c:2", "n:acme corp", "n:acme ltd", "c:3", "c:4", "c:5")), max_size=6)
NAMES = st.lists(st.sampled_from([f"name{n}" for n in range(12)]), max_size=10)
STORIES = st.lists(st.tuples(PACKED, PACKED, ENCODERS, ISSUERS.map(tuple), NAMES.map(tuple)), max_size=20)


@given(STORIES, PACKED, ENCODERS, ISSUERS.map(tuple), NAMES.map(tuple))
def test_what_is_worth_comparing_is_found_as_one_by_one(
    stories: list[tuple[str, str, str, tuple[str, ...], tuple[str, ...]]],
    embedding: str, encoder: str, issuers: tuple[str, ...], said: tuple[str, ...],
) -> None:  # fmt: skip
    nearby = Nearby(SIZE)
    names = [str(number) for number in range(len(stories))]
    for name, (first, mean, made, *told) in zip(names, stories, strict=True):
        nearby.put(name, first, mean, made, 0.0, *told)
    new = report(embedding, encoder, issuers, said)
    likeness = likenesses(new, [story[:3] for story in stories])
    wanted = {
        name for name, story, one in zip(names, stories, likeness, strict=True)
        if worth_comparing(new, story[3], story[4], one)
    }  # fmt: skip
    assert wanted <= set(worth(nearby, names, new))


VECTOR = pack(np.array([1, *[0] * (SIZE - 1)], np.float32))
LESS = pack(np.array([0.46, 0.89, *[0] * (SIZE - 2)], np.float32))
MORE = pack(np.array([0.6, 0.8, *[0] * (SIZE - 2)], np.float32))


@pytest.mark.parametrize(
    ("issuers", "names", "worth_it"),
    [
        ((), (), True), (("c:1",), ("fed", "dow"), False), (("c:2",), (), False), (("c:2",), ("fed",), False),
        (("c:2",), ("fed", "dow"), False), (("c:2",), ("fed", "dow", "gold"), True), (("c:2",), None, True),
        (tuple(f"c:{n}" for n in range(2, 9)), (), False),
        (("c:2",), tuple("abcdefghi"), True),
    ],
)  # fmt: skip
def test_a_story_of_others_is_ruled_out_by_what_it_would_need(
    issuers: tuple[str, ...], names: tuple[str, ...] | None, *, worth_it: bool
) -> None:
    nearby = Nearby(SIZE)
    nearby.put("a", LESS, "", "", 0.0, issuers, names)
    new = report(VECTOR, issuers=("c:1",), names=("fed", "dow", "gold"))
    assert 0.43 < (likenesses(new, [(LESS, "", "")])[0][0] or 0.0) < 0.48
    assert (worth(nearby, ["a"], new) == ["a"]) == worth_it


@pytest.mark.parametrize(
    ("issuers", "worth_it"),
    [(("c:1",), True), (("c:2",), False), (tuple(f"c:{n}" for n in range(2, 9)), False),
     (tuple(f"c:{n}" for n in range(1, 9)), True)],
)  # fmt: skip
def test_a_story_of_others_that_is_somewhat_like_an_article_is_told_by_its_issuers(
    issuers: tuple[str, ...], *, worth_it: bool
) -> None:
    nearby = Nearby(SIZE)
    nearby.put("a", MORE, "", "", 0.0, issuers, ())
    new = report(VECTOR, issuers=("c:1",))
    assert 0.55 < (likenesses(new, [(MORE, "", "")])[0][0] or 0.0) < 0.65
    assert (worth(nearby, ["a"], new) == ["a"]) == worth_it


def test_a_story_that_was_touched_is_the_last_one() -> None:
    nearby = Nearby(SIZE)
    for name in ("a", "b"):
        nearby.put(name, vector(1), "", "", 1.0)
    assert nearby.touch("a", 5.0) == nearby.row("a")
    assert nearby.stale(4.0) == 1
    nearby.drop(1)
    assert ("a" in nearby, "b" in nearby) == (True, False)


def test_a_story_that_grew_is_compared_as_it_is_now() -> None:
    nearby = Nearby(SIZE)
    nearby.put("a", vector(1), "", "", 0.0)
    opposite = pack(-np.ones(SIZE, np.float32))
    assert worth(nearby, ["a"], report(vector(1))) == ["a"]
    nearby.put("a", opposite, "", "", 0.0)
    assert worth(nearby, ["a"], report(pack(np.ones(SIZE, np.float32)))) == []


def test_what_is_forgotten_gives_its_place_to_others() -> None:
    nearby = Nearby(SIZE)
    for number in range(2_000):
        nearby.put(str(number), vector(1 + number % 7), "", "one", 0.0)
        if number > 1:
            nearby.drop(1)
    assert len(nearby) == 2
    assert worth(nearby, ["1999", "1998"], report(vector(1 + 1998 % 7), "one"))[-1] == "1998"


def test_a_vector_of_another_size_tells_nothing_apart() -> None:
    nearby = Nearby(SIZE)
    nearby.put("a", pack(np.ones(SIZE + 1, np.float32)), "", "", 0.0)
    nearby.put("b", pack(np.ones(SIZE, np.float32)), "", "", 0.0)
    assert worth(nearby, ["a", "b"], report(pack(-np.ones(SIZE, np.float32)))) == ["a"]
    assert worth(nearby, ["a", "b"], report(pack(np.ones(SIZE + 2, np.float32)))) == ["a", "b"]


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
