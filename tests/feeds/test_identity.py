"""New, seen, changed, or baseline."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.articles import Entry
from alertd.feeds.identity import MAX_EDITS, KnownEntry, Verdict, content_key, entry_keys, judge

from .world import NOW, entry

HOUR = 3600.0


def test_guid_is_the_identity_through_new_titles_and_links() -> None:
    before = entry_keys([entry("A", guid="1", url="http://x/a"), entry("B", guid="2", url="http://x/b")])
    after = entry_keys([entry("C", guid="0", url="http://x/c"), entry("A2", guid="1", url="http://y/a?utm_source=rss")])
    assert after[1] == before[0]
    assert len({*before, *after}) == 3


def test_one_guid_for_all_items_falls_back_to_links() -> None:
    first = entry_keys([entry("A", guid="g", url="http://x/a"), entry("B", guid="g", url="http://x/b")])
    later = entry_keys([entry("C", guid="g", url="http://x/c"), entry("A", guid="g", url="https://www.x/a/?fbclid=1")])
    assert len({*first, *later}) == 3
    assert later[1] == first[0]


def test_one_guid_and_one_link_for_all_falls_back_to_titles() -> None:
    keys = entry_keys([entry("A", guid="g", url="http://x/"), entry("B", guid="g", url="http://x/")])
    assert len(set(keys)) == 2
    assert keys[0] == entry_keys([entry("C", url="http://x/"), entry("A", url="http://x/")])[1]


def test_an_item_listed_twice_is_one() -> None:
    twice = entry_keys([entry("A", guid="g"), entry("A", guid="g"), entry("B", guid="h")])
    assert twice[0] == twice[1] == entry_keys([entry("A", guid="g")])[0]


def test_queries_that_choose_the_article_count() -> None:
    keys = entry_keys([entry("A", url="http://x/news?id=1"), entry("B", url="http://x/news?id=2")])
    assert len(set(keys)) == 2


def test_a_broken_link_is_still_an_identity() -> None:
    assert len(entry_keys([entry("A", url="http://x:port/[")])) == 1


@given(st.lists(st.builds(entry, st.sampled_from("AB"), guid=st.sampled_from(["", "1", "2"]),
                          url=st.sampled_from(["", "http://x/a", "http://x/b"])), max_size=8))  # fmt: skip
def test_entries_with_one_key_have_one_title(entries: list[Entry]) -> None:
    keys = entry_keys(entries)
    assert len(keys) == len(entries)
    for key in set(keys):
        assert len({e.title for e, k in zip(entries, keys, strict=True) if k == key}) == 1


@pytest.mark.parametrize(
    ("before", "after", "matters"),
    [
        (("Acme buys Bolt", ""), ("ACME  buys Bolt!", ""), False),
        (("Acme buys Bolt", ""), ("Acme to buy Bolt", ""), True),
        (("Acme up 3%", ""), ("Acme up 4%", ""), True),
        (("Acme", "pays $5.5 billion"), ("Acme", "pays  $5.5 Billion."), False),
        (("Acme", "pays $5.5 billion"), ("Acme", "pays $6.5 billion"), True),
        (("Acme", "grew 3 percent"), ("Acme", "grew 4 percent"), True),
        (("Acme", "Points: 34 Comments: 12"), ("Acme", "Points: 90 Comments: 44"), False),
        (("Acme", "some words"), ("Acme", "other words"), False),
    ],
)
def test_which_edits_matter(before: tuple[str, str], after: tuple[str, str], matters: bool) -> None:
    keys = [content_key(entry(title, summary=summary)) for title, summary in (before, after)]
    assert (keys[0] != keys[1]) is matters


FRESH = entry(published=NOW - HOUR)
OLD = entry(published=NOW - 7 * HOUR)
UNDATED = entry(published=NOW, date_source="fetched")
UNSURE = entry(published=NOW - 20 * HOUR, date_source="unsure")
LONG_AGO = entry(published=NOW - 60 * HOUR, date_source="unsure")
SAME = KnownEntry(content_key(FRESH), "1-0")
OTHER = KnownEntry("another", "1-0")


@pytest.mark.parametrize(
    ("item", "known", "first_fetch", "want"),
    [
        (FRESH, None, True, Verdict("new", may_alert=True)),
        (OLD, None, True, Verdict("baseline", may_alert=False, held="too old (7.0 h, the limit is 6.0 h)")),
        (UNDATED, None, True, Verdict("baseline", False, "first sight of the feed, no date of its own")),
        (UNSURE, None, True, Verdict("baseline", False, "first sight of the feed, no date of its own")),
        (FRESH, None, False, Verdict("new", may_alert=True)),
        (OLD, None, False, Verdict("new", may_alert=False, held="too old (7.0 h, the limit is 6.0 h)")),
        (UNDATED, None, False, Verdict("new", may_alert=True)),
        (UNSURE, None, False, Verdict("new", may_alert=True)),
        (LONG_AGO, None, False, Verdict("new", may_alert=False, held="too old (2.5 d, the limit is 6.0 h)")),
        (FRESH, SAME, False, Verdict("seen", may_alert=False)),
        (FRESH, SAME, True, Verdict("seen", may_alert=False)),
        (FRESH, OTHER, False, Verdict("update", may_alert=True)),
        (OLD, OTHER, False, Verdict("update", may_alert=False, held="too old (7.0 h, the limit is 6.0 h)")),
        (FRESH, dataclasses.replace(OTHER, edits=MAX_EDITS), False,
         Verdict("seen", may_alert=False, held="edited more than 5 times")),
    ],
)  # fmt: skip
def test_judge(item: Entry, known: KnownEntry | None, first_fetch: bool, want: Verdict) -> None:
    assert judge(item, known=known, first_fetch=first_fetch, now=NOW, max_age=6 * HOUR) == want
