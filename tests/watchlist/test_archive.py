"""Rows and chunks: what goes in comes out, within the bytes that an article may take."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from alertd.articles import Company, Event, Tags
from alertd.watchlist.archive import CHUNK, MOST_BYTES, issuers_in, pack, read_row, row_of, unpack

from .world import article, company, mood, placed, tags

TEXTS = st.text(max_size=60)
SHARES = st.integers(0, 1000).map(lambda n: n / 1000)
COMPANIES = st.lists(
    st.builds(company, st.sampled_from(["1810.HK", "JEF", "AAPL"]), st.sampled_from(["subject", "source", "passing"]),
              SHARES, st.sampled_from(["positive", "negative", None])),
    max_size=3, unique_by=lambda c: c.issuer,
)  # fmt: skip


@given(TEXTS, TEXTS, COMPANIES, SHARES)
def test_what_rules_look_at_comes_back(title: str, summary: str, named: list[Company], share: float) -> None:
    events = (*(Event("earnings", share, (c.symbol or "",)) for c in named[:1]), Event("macro", 1.0, ("GDP",)))
    before = replace(
        tags(*named, events=events), language="en", facts={"move_pct": -3.5}, versions={"encoder": "1", "heads": "2"}
    )
    one = article(title, summary)
    placement = placed("follow", share, 3)
    (found,) = unpack(pack([row_of(one, before, placement)]))
    kept = found.article.entry.summary
    # a chunk of one article has little room
    assert summary.startswith(kept)
    assert found.article == replace(one, entry=replace(one.entry, language="en", summary=kept))
    assert found.tags.events == events
    assert (found.tags.facts, found.tags.versions) == (before.facts, before.versions)
    assert [(c.issuer, c.role, c.relevance, c.sentiment and c.sentiment.label) for c in found.tags.companies] == [
        (c.issuer, c.role, c.relevance, c.sentiment and c.sentiment.label) for c in named
    ]
    assert found.placement.story.id == placement.story.id
    assert (found.placement.novelty, found.placement.relation, found.placement.story.revision) == (share, "follow", 3)


def test_the_score_survives() -> None:
    (found,) = unpack(pack([row_of(article(), tags(company()), placed())]))
    assert found.tags.sentiment is not None
    assert found.tags.sentiment.score == pytest.approx(mood("positive").score, abs=0.002)


def test_an_article_takes_few_bytes_even_when_its_text_does_not_compress() -> None:
    rng = random.Random(1)

    def noise(length: int) -> str:
        return "".join(chr(rng.randint(0x4E00, 0x9FFF)) for _ in range(length))

    rows = [row_of(article(noise(40), noise(900)), tags(company()), placed()) for _ in range(CHUNK)]
    chunk = pack(rows)
    assert len(chunk) <= MOST_BYTES * CHUNK
    assert [f.article.entry.title for f in unpack(chunk)] == [json.loads(row)[4] for row in rows]
    assert 50 <= len(next(unpack(chunk)).article.entry.summary) < 300


def test_the_index_names_every_issuer_once() -> None:
    rows = [row_of(article(), tags(company(), company("JEF")), placed()), row_of(article(), tags(company()), placed())]
    assert issuers_in(rows) == ("i:xiaomi", "i:jef")
    assert read_row(json.loads(row_of(article(), Tags(), placed()))).tags == Tags()


@pytest.mark.parametrize("chunk", [b"nonsense", zstandard.compress(b"[2,[]]")])
def test_what_is_no_chunk_is_refused(chunk: bytes) -> None:
    with pytest.raises(ValueError, match="chunk"):
        list(unpack(chunk))
