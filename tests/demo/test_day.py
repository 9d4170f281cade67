"""The day: what it must hold, what its documents say to the reader, and what is a copy in it by the real rules."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from alertd.articles import Article, Placement, Story, Tags
from alertd.config import load
from alertd.demo.daemon import write_configuration
from alertd.demo.day import Case, Item, load_day
from alertd.demo.documents import document
from alertd.demo.report import TRAPS
from alertd.feeds.identity import judge
from alertd.feeds.parse import parse
from alertd.stories.bands import bands
from alertd.stories.fingerprints import Fingerprint, compared, fingerprint
from alertd.stories.placing import place
from alertd.tagging.gazetteer import Gazetteer
from tests.feeds.world import NOW, FeedStub

from .world import TINY, entries, tiny

DAY = load_day()
ITEMS = {item.id: item for item in DAY.items}
MAX_AGE = 6 * 3600.0
ONE_EACH = set(get_args(Case)) - {"copy", "old", "apple_fruit", "target_verb"}


def of_case(case: str) -> list[Item]:
    return [item for item in DAY.items if item.case == case]


def test_it_is_about_sixty_items_in_five_feeds_of_both_formats() -> None:
    assert len(DAY.feeds) == 5
    assert 55 <= len(DAY.items) == len(ITEMS) <= 65
    assert {feed.format for feed in DAY.feeds} == {"rss", "atom"}
    assert 30 <= DAY.end <= 50
    assert len({item.url for item in DAY.items}) == len(DAY.items), "a message must lead back to its item"


def test_every_case_is_there_and_is_reported_on() -> None:
    assert {item.case for item in DAY.items} - {""} == set(get_args(Case)) == {case for case, _, _ in TRAPS}
    counts = Counter(item.case for item in DAY.items)
    assert {case: counts[case] for case in ONE_EACH} == dict.fromkeys(ONE_EACH, 1)
    assert counts["copy"] >= 8
    assert all(item.of in ITEMS for item in of_case("copy"))


def test_each_feed_begins_with_what_is_too_old_to_alert() -> None:
    for feed in DAY.feeds:
        before = [version for _, version in feed.shown(0.0)]
        assert len(before) >= 2
        assert all(v.published is None or -v.published > MAX_AGE for v in before)


@pytest.mark.parametrize("feed", DAY.feeds, ids=lambda feed: feed.name)
@pytest.mark.parametrize("elapsed", [0.0, 21.0, 50.0])
def test_documents_say_what_was_written(feed, elapsed) -> None:  # type: ignore[no-untyped-def]
    parsed = parse(
        document(feed, elapsed, NOW), feed=FeedStub(feed.name), headers={}, url="http://127.0.0.1/", now=NOW + elapsed
    )
    assert (parsed.title, parsed.damaged) == (feed.title, "")
    written = feed.shown(elapsed)
    assert [e.url for e in parsed.entries] == [item.url for item, _ in written]
    for entry, (item, version) in zip(parsed.entries, written, strict=True):
        assert (entry.title, entry.summary, entry.text) == (version.title, version.summary, version.text)
        assert entry.guid.endswith(version.guid)
        assert entry.source == (item.source or feed.title)
        if version.published is None:
            assert (entry.date_source, entry.published) == ("fetched", NOW + elapsed)
        else:
            assert (entry.date_source, entry.published) == ("published", int(NOW + version.published))


def test_the_copies_are_those_that_are_tagged_so() -> None:
    """By the daemon's own rules: every copy is found, with its original, and nothing else is taken for one."""
    held: list[tuple[str, Fingerprint, set[str]]] = []
    found: dict[str, str] = {}
    originals: dict[str, str] = {}
    told: set[str] = set()
    for _, entry in entries(DAY, end=DAY.end):
        item = next(i for i in DAY.items if i.url == entry.url)
        fp = fingerprint(entry)
        keys = set(bands(fp))
        match = compared(fp, [(name, old) for name, old, others in held if keys & others])[0]
        if item.id not in told:
            if match:
                found[item.id] = originals.get(match.id, match.id)
                originals[item.id] = found[item.id]
            held.append((item.id, fp, keys))
        elif item.case == "new_guid":
            assert match is not None
            assert match.id == item.id
        told.add(item.id)
    assert found == {item.id: item.of for item in of_case("copy")}


def test_edits_change_the_words_and_the_correction_the_figure() -> None:
    edited, corrected = of_case("edited")[0], of_case("correction")[0]
    placed = {item.id: placed_edit(item) for item in (edited, corrected)}
    assert (placed[edited.id].relation, placed[corrected.id].relation) == ("update", "correction")
    assert placed[edited.id].novelty < 0.5 <= placed[corrected.id].novelty


def placed_edit(item: Item) -> Placement:
    feed = next(f for f in DAY.feeds if f.name == item.feed)
    story: Story | None = None
    for number, version in enumerate(item.versions):
        told = document(replace(feed, items=(item,)), version.at, NOW)
        (entry,) = parse(told, feed=FeedStub(), headers={}, url="http://127.0.0.1/", now=NOW).entries
        placement = place(
            Article(f"{number}-0", entry, NOW, update_of="0-0" if number else ""),
            Tags(),
            fingerprint(entry),
            original=None,
            earlier=story,
            candidates=(),
            now=NOW,
        )
        story = placement.story
    return placement


def test_the_redated_item_and_the_old_ones_keep_quiet_by_the_reader_s_rules() -> None:
    (redated,) = of_case("redated")
    first, second = redated.versions
    assert (first.title, first.guid) == (second.title, second.guid)
    assert -first.published > 2 * 86400  # type: ignore[operator]
    assert second.at - second.published < 600  # type: ignore[operator]
    for second_of_day, entry in entries(DAY, end=0):
        verdict = judge(entry, known=None, first_fetch=True, now=NOW + second_of_day, max_age=MAX_AGE)
        assert not verdict.may_alert, entry.title


def test_the_dates_follow_the_time_of_the_demo() -> None:
    feed = next(f for f in DAY.feeds if f.name == "quayside-wire")
    dates = [
        parse(document(feed, 5, zero), feed=FeedStub(), headers={}, url="http://127.0.0.1/", now=zero + 5)
        .entries[0]
        .published
        - zero
        for zero in (NOW, NOW + 400 * 86400)
    ]
    assert dates[0] == dates[1]


def test_titles_that_could_hurt_are_there_as_a_reader_sees_them() -> None:
    (ping,) = of_case("channel_ping")
    assert "<!channel>" in ping.versions[0].title
    assert "&" in ping.versions[0].title
    shown = [e.title for _, e in entries(DAY, end=DAY.end) if e.url == ping.url]
    assert shown == [ping.versions[0].title]


def test_the_watchlist_is_valid_and_names_known_companies(tmp_path: Path) -> None:
    addresses = {feed.name: f"http://127.0.0.1:1/{feed.name}.xml" for feed in DAY.feeds}
    write_configuration(tmp_path, DAY, addresses, "http://127.0.0.1:1/api/")
    gazetteer = Gazetteer.open()
    read = load(tmp_path, {}, resolve=lambda symbol: gazetteer.resolve(symbol) is not None)
    watched = {company.key for company in read.watchlist.companies}
    assert {"1810.HK", "JEF", "AAPL", "TGT", "OpenAI"} <= watched
    assert {rule.channel for rule in read.watchlist.rules} == {(), ("#macro",)}
    assert [rule.name for rule in read.watchlist.rules if rule.companies and rule.companies[0].symbol == "JEF"]
    assert all(feed.interval == 1.0 for feed in read.settings.feeds)
    assert read.settings.store.folder == tmp_path.parent / "state"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("id: two", "id: two\n    colour: red", "unknown key colour"),
        ("format: rss", "format: rdf", "'rdf' is none of"),
        ("id: two", "id: two\n    case: nosuch", "'nosuch' is none of"),
        ("title: Tiny", "titel: Tiny", "unknown key titel"),
    ],
)
def test_mistakes_in_the_data_are_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    tiny(tmp_path)
    (tmp_path / "tiny.yaml").write_text(TINY.replace(old, new))
    with pytest.raises(ValueError, match=said):
        load_day(tmp_path)
