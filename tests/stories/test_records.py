"""Fingerprints as they are stored."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.articles import Entry
from alertd.stories.fingerprints import fingerprint
from alertd.stories.records import read, written
from tests.stories.wires import WIRES, entry


@pytest.mark.parametrize("wire", WIRES, ids=lambda w: w.original[0][:20])
def test_a_fingerprint_is_read_as_it_was_and_takes_few_bytes(wire: object) -> None:
    fp = fingerprint(entry(*wire.original))  # type: ignore[attr-defined]
    assert read(written(fp)) == fp
    assert len(written(fp)) < 500


@given(st.text(max_size=200), st.text(max_size=300), st.text(max_size=60), st.text(max_size=20), st.floats(0, 2e9))
def test_whatever_a_feed_says_is_read_as_it_was(
    title: str, summary: str, url: str, source: str, published: float
) -> None:
    fp = fingerprint(Entry("feed", "", url, title, summary, "", source, published, "published"))
    assert read(written(fp)) == fp


@pytest.mark.parametrize("text", ["", "{}", "\x1f" * 5])
def test_what_is_no_fingerprint_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no fingerprint"):
        read(text)
