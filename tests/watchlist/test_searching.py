"""Looking through a chunk gives what reading all of it would give."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.articles import Article, Company, Entry, Event, Placement, Sentiment, Story, Tags
from alertd.watchlist.archive import FORMAT, pack, row_of, unpack
from alertd.watchlist.searching import Wanted, found_among, found_in

MOODS = {
    "positive": Sentiment("positive", 0.6, 0.7, 0.2, 0.1), "negative": Sentiment("negative", -0.6, 0.1, 0.2, 0.7),
}  # fmt: skip
TITLES = ('Nvidia opens "a lab"', "INTEL shuts a plant", "Straße frei für Siemens", "Back\\slash Ltd. sues")
WORDS = ("nvidia", 'LAB"', "intel plant", "strasse", "STRAßE", "back\\slash", "reuters", "x", "", "nvidia intel")


def row(number: int) -> str:
    company = Company("NVDA", ("NVDA",), "Nvidia", "subject", 0.9, MOODS["negative"], (), "i:NVDA")
    plain = Company(None, (), "Acme", "passing", 0.4, None, (), "")
    tags = Tags(
        (company,) if number % 3 == 0 else (plain,) if number % 3 == 1 else (),
        (Event("recall", 0.9),) if number % 2 else (), MOODS["positive"] if number % 5 else None, "en",
    )  # fmt: skip
    title = TITLES[number % len(TITLES)]
    story = Story(f"{number}-0", title, ("Reuters",), 1, 1, (), (), (), 0, 0.0, 0.0)
    entry = Entry(("wire", "post")[number % 2], "", "", title, "A summary.", "", "Reuters" if number % 4 else "")
    return row_of(
        Article(f"{number}-0", entry, float(number)), tags, Placement(story, ("first", "copy")[number % 2], 1.0, "")
    )


ROWS = [row(number) for number in range(60)]
CHUNK = pack(ROWS)


@given(
    text=st.sampled_from(WORDS), issuer=st.sampled_from(["", "i:NVDA", "Acme", "i:NONE"]),
    event=st.sampled_from(["", "recall", "earnings"]), feed=st.sampled_from(["", "wire", "x"]),
    mood=st.sampled_from(["", "positive", "negative"]), news=st.booleans(),
    ids=st.sampled_from([frozenset[str](), frozenset(["3-0", "7-0"])]),
)  # fmt: skip
def test_it_finds_what_reading_everything_finds(
    text: str, issuer: str, event: str, feed: str, mood: str, news: bool, ids: frozenset[str]
) -> None:
    wanted = Wanted(text, issuer, event, feed, mood, news, ids)
    expected = [(number, filed) for number, filed in enumerate(unpack(CHUNK)) if wanted.takes(filed)]
    assert found_in(CHUNK, wanted) == expected[::-1]
    assert found_in(CHUNK, wanted, 2, 30) == [one for one in expected if one[0] < 30][::-1][:2]
    assert list(found_among(ROWS, wanted, 3)) == [filed for _, filed in expected[::-1][:3]]


@pytest.mark.parametrize(("text", "count"), [("nvidia", 15), ("INTEL PLANT", 15), ("strasse", 15), ("nvidia intel", 0)])
def test_words_are_found_in_any_case(text: str, count: int) -> None:
    assert len(found_in(CHUNK, Wanted(text=text))) == count


def test_what_is_no_chunk_is_refused() -> None:
    import zstandard

    assert found_in(b"", Wanted()) == []
    with pytest.raises(ValueError, match="no chunk"):
        found_in(b"not zstd", Wanted())
    newer = zstandard.ZstdCompressor().compress(json.dumps([FORMAT + 1, []]).encode())
    with pytest.raises(ValueError, match="format"):
        found_in(newer, Wanted())
