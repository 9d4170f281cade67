"""The corpus benchmark runs, and its judges find what is wrong."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

import pytest

from alertd import feeds
from alertd.feeds import ParsedFeed
from benchmarks import feeds_corpus
from benchmarks.feeds_corpus import MADE_UP, Count, judge, second_reading

KEYS = {
    "documents", "exceptions", "entries", "entries_lost", "dates", "dates_wrong", "dates_unsure", "dates_unsure_share",
}  # fmt: skip


def test_tiny_run_gives_every_figure() -> None:
    result = feeds_corpus.run(argparse.Namespace(tiny=True, dir=None, verbose=False))
    assert set(result.figures) == KEYS
    assert result.figures["entries"] > 0
    assert [result.figures[name] for name in ("exceptions", "entries_lost", "dates_wrong")] == [0, 0, 0]


def test_a_folder_that_is_none_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    with pytest.raises(SystemExit, match="is no folder"):
        feeds_corpus.run(argparse.Namespace(tiny=False, dir=tmp_path / "none", verbose=False))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("fault", ["none", "lost", "guid", "date", "sure", "exception"])
def test_the_judges_see_each_fault(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = feeds.parse

    def faulty(*args: Any, **kwargs: Any) -> ParsedFeed:
        read = real(*args, **kwargs)
        first, second = read.entries
        if fault == "exception":
            raise ZeroDivisionError
        if fault == "guid":
            first = replace(first, guid="other")
        if fault == "date":
            first = replace(first, published=first.published + 3600)
        if fault == "sure":
            second = replace(second, date_source="published")
        return replace(read, entries=(first,) if fault == "lost" else (first, second))

    monkeypatch.setattr(feeds_corpus, "parse", faulty)
    count = Count()
    judge("wire", MADE_UP[0], count)
    found = (len(count.exceptions), len(count.lost), len(count.wrong), len(count.unsure))
    want = {"none": (0, 0, 0, 1), "lost": (0, 1, 0, 0), "guid": (0, 1, 0, 1), "date": (0, 0, 1, 1)}
    want |= {"sure": (0, 0, 1, 0), "exception": (1, 2, 0, 0)}
    assert found == want[fault]


@pytest.mark.parametrize(
    ("raw", "want"),
    [
        ("Mon, 02 Mar 2026 10:00:00 GMT", 1_772_445_600.0),
        ("Mon, 02 Mar 2026 05:00:00 EST", 1_772_445_600.0),
        ("Mon, 02 Mar 2026 05:00:00 ET", 1_772_445_600.0),
        ("Mon, 02 Mar 2026 12:00:00 GMT+2", 1_772_445_600.0),
        ("2026-03-02T11:00:00+01:00", 1_772_445_600.0),
        ("2026-03-02 10:00", None),
        ("soon", None),
    ],
)
def test_the_second_reading(raw: str, want: float | None) -> None:
    assert second_reading(raw) == want
