"""What is at hand of what was accepted last, and what the store has forgotten."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from alertd.stages.recent import Forgotten, Recent


@dataclass(frozen=True)
class Accepted:
    at: int
    life: int


@given(st.lists(st.tuples(st.integers(0, 4_000_000), st.sampled_from((3_600, 7_200, 86_400))), min_size=1, max_size=60))
def test_nothing_is_taken_for_forgotten_that_may_be_there(steps: list[tuple[int, int]]) -> None:
    forgotten, articles, now = Forgotten(), [], 1_700_000_000_000
    for later, life in steps:
        now += later
        articles.append(Accepted(now, life))
        forgotten.note(f"{now}-0", len(articles), life)
        # a window that is changed is another one for all that come after
        assert all(one.at + 1000 * one.life < now for one in articles[: forgotten.place])


def test_what_is_past_its_life_is_soon_known_to_be_forgotten() -> None:
    forgotten = Forgotten()
    for number in range(2_000):
        forgotten.note(f"{number * 60_000}-1", number + 1, 36_000)
    assert 2_000 - 600 - 12 <= forgotten.place < 2_000 - 600


def test_what_was_set_last_stays() -> None:
    recent: Recent[int, str] = Recent(2)
    for number in (1, 2, 1, 3):
        recent[number] = str(number)
    assert list(recent) == [1, 3]
