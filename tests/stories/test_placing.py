"""Which story an article belongs to and how new it is."""

from __future__ import annotations

import base64
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.articles import Article, Company, Event, Placement, Story, Tags
from alertd.stories.fingerprints import fingerprint
from alertd.stories.placing import StoryCandidate, grown, place

from .wires import NOW, entry

FIRST = "Acme raises full-year forecast to $2.1 billion"


def vector(*values: float) -> str:
    return base64.b64encode(np.array(values, np.int8).tobytes()).decode()


def tags(
    issuer: str = "i:acme", events: tuple[str, ...] = ("guidance",), embedding: str = "", encoder: str = "e1"
) -> Tags:
    company = Company("ACME", ("ACME",), "Acme", "subject", 0.9, None, issuer=issuer)
    return Tags(
        companies=(company,) if issuer else (),
        events=tuple(Event(e, 0.9, ("ACME",)) for e in events),
        embedding=embedding,
        versions={"encoder": encoder},
    )


def put(
    title: str,
    found: Tags | None = None,
    *,
    ident: str = "2-0",
    original: Story | None = None,
    earlier: Story | None = None,
    candidates: tuple[StoryCandidate, ...] = (),
    apart: tuple[str, ...] = (),
    now: float = NOW + 600,
    source: str = "Other",
) -> Placement:
    article = Article(ident, entry(title, source=source), now)
    return place(
        article, found or tags(), fingerprint(article.entry), original=original, earlier=earlier, candidates=candidates,
        apart=apart, now=now,
    )  # fmt: skip


def opened(title: str = FIRST, found: Tags | None = None) -> Story:
    return put(title, found, ident="1-0", now=NOW, source="Reuters").story


def candidate(story: Story, embedding: str = "") -> StoryCandidate:
    return StoryCandidate(story, fingerprint(entry(story.title, source="Reuters")), embedding, "e1")


def test_a_first_report_opens_a_story() -> None:
    placed = put(FIRST, ident="1-0", now=NOW, source="Reuters")
    assert (placed.relation, placed.novelty) == ("first", 1.0)
    assert placed.story == Story(
        id="1-0", title=FIRST, sources=("Reuters",), articles=1, revision=1, issuers=("i:acme",), events=("guidance",),
        figures=("2.1e9 $",), direction=1, first_seen=NOW, last_seen=NOW,
    )  # fmt: skip


def test_a_copy_adds_a_source_and_nothing_else() -> None:
    story = opened()
    placed = put(f"UPDATE 1-{FIRST}", original=story)
    assert (placed.relation, placed.novelty) == ("copy", 0.0)
    assert placed.story == replace(story, sources=("Reuters", "Other"), articles=2, last_seen=NOW + 600)


@pytest.mark.parametrize(
    ("title", "relation", "revision", "new"),
    [
        ("Acme raises full-year forecast to $2.1 bln on demand", "update", 1, False),
        ("Acme raises full-year forecast to $2.4 billion", "update", 2, True),
        ("CORRECTED-Acme raises full-year forecast to $2.4 billion", "correction", 2, True),
        ("CORRECTED-Acme raises full-year forecast to $2.1 billion", "correction", 2, True),
    ],
)
def test_edited_headlines_stay_in_their_story(title: str, relation: str, revision: int, new: bool) -> None:
    placed = put(title, earlier=opened(), source="Reuters")
    assert (placed.relation, placed.story.revision, placed.novelty >= 0.5) == (relation, revision, new)
    assert (placed.story.id, placed.story.title) == ("1-0", title)


def test_a_correction_is_one_only_once() -> None:
    title = "CORRECTED-Acme raises full-year forecast to $2.4 billion"
    corrected = put(title, original=opened())
    again = put(title, ident="3-0", original=corrected.story)
    assert (corrected.relation, again.relation) == ("correction", "copy")
    assert corrected.story.revision == again.story.revision == 2


def test_a_correction_of_another_outlet_finds_its_story_and_supersedes_its_figures() -> None:
    story = opened(found=tags(embedding=vector(100, 10)))
    title = "CORRECTED-Acme raises full-year forecast to $2.4 billion"
    near = candidate(story, vector(100, 10))
    placed = put(title, tags(embedding=vector(100, 12)), candidates=(near,))
    assert (placed.relation, placed.story.id, placed.story.title) == ("correction", "1-0", title)
    assert placed.story.figures == ("2.4e9 $",)
    assert placed.novelty >= 0.5
    assert (
        put(title.removeprefix("CORRECTED-"), tags(embedding=vector(100, 12)), candidates=(near,)).relation == "first"
    )


@pytest.mark.parametrize(
    ("events", "embedding", "least", "most"),
    [
        (("guidance",), vector(100, 12), 0.6, 0.65),
        (("dividend",), vector(20, 100), 1.0, 1.0),
        (("guidance",), vector(20, 100), 1.0, 1.0),
    ],
)
def test_a_story_is_less_new_when_its_company_had_one_like_it(
    events: tuple[str, ...], embedding: str, least: float, most: float
) -> None:
    before = candidate(opened(found=tags(embedding=vector(100, 10))), vector(100, 10))
    placed = put("Acme raises full-year forecast to $2.4 billion", tags(events=events, embedding=embedding),
                 candidates=(before,))  # fmt: skip
    assert placed.relation == "first"
    assert least <= placed.novelty <= most


def test_another_report_in_other_words_joins() -> None:
    story = opened(found=tags(embedding=vector(100, 10)))
    near = candidate(story, vector(100, 10))
    placed = put("Acme lifts its guidance", tags(embedding=vector(100, 20)), candidates=(near,))
    assert (placed.relation, placed.story.id, placed.story.revision) == ("same_event", "1-0", 1)
    assert 0 < placed.novelty < 0.5
    more = put("Acme lifts its guidance, buys back 5% of stock", tags(embedding=vector(100, 20)), candidates=(near,))
    assert (more.relation, more.story.revision) == ("follow", 2)
    assert more.novelty >= 0.5


@pytest.mark.parametrize(
    ("title", "found", "later"),
    [
        ("Zed lifts its guidance", tags(issuer="i:zed", embedding=vector(100, 10)), 0.0),
        ("Guidance is lifted", tags(issuer="", embedding=vector(50, 60)), 0.0),
        ("Acme lifts its payout", tags(events=("dividend",), embedding=vector(50, 60)), 0.0),
        ("Acme lifts its guidance", tags(embedding=vector(10, 100)), 0.0),
        ("Acme lifts its guidance", tags(embedding=vector(100, 10), encoder="e2"), 0.0),
        ("Acme cuts its guidance", tags(embedding=vector(100, 10)), 0.0),
        ("Acme lifts its guidance to $2.9 billion", tags(embedding=vector(100, 10)), 0.0),
        ("Acme raises third-quarter forecast", tags(embedding=vector(100, 10)), 0.0),
        ("Acme lifts its guidance", tags(embedding=vector(100, 10)), 150_000.0),
    ],
)
def test_other_events_stay_apart(title: str, found: Tags, later: float) -> None:
    story = opened("Acme raises second-quarter forecast to $2.1 billion", tags(embedding=vector(100, 10)))
    near = candidate(story, vector(100, 10))
    placed = put(title, found, candidates=(near,), now=NOW + 60 + later)
    assert (placed.relation, placed.story.id) == ("first", "2-0")


def test_an_article_stays_out_of_a_story_that_it_contradicts_unless_it_corrects() -> None:
    near = candidate(opened(found=tags(embedding=vector(100, 10))), vector(100, 10))
    found = tags(embedding=vector(100, 20))
    assert put("Acme lifts its guidance", found, candidates=(near,), apart=("1-0",)).relation == "first"
    assert put("Acme lifts its guidance", found, candidates=(near,), apart=("9-0",)).relation == "same_event"
    assert put("CORRECTED-Acme lifts its guidance", found, candidates=(near,), apart=("1-0",)).story.id == "1-0"


def test_without_vectors_words_decide() -> None:
    story = candidate(opened())
    assert put("Acme raises forecast to $2.1 billion", candidates=(story,)).relation == "same_event"
    assert put("Guidance of Acme better than thought", candidates=(story,)).relation == "first"


def test_a_copy_that_was_heard_where_it_waited_counts_once() -> None:
    first = put(FIRST, ident="1-0")
    known = grown(None, first, fingerprint(entry(FIRST)), tags())
    copy = put(FIRST, original=first.story)
    assert grown(known, copy, fingerprint(entry(FIRST)), tags()).voices == 2
    assert grown(known, copy, fingerprint(entry(FIRST)), tags(), heard=True).voices == 1


def test_the_nearest_story_is_chosen_whatever_the_order() -> None:
    near = candidate(replace(opened(), id="8-0"), vector(100, 12))
    far = candidate(replace(opened(), id="7-0"), vector(100, 60))
    found = tags(embedding=vector(100, 10))
    for candidates in ((near, far), (far, near)):
        assert put("Acme lifts its guidance", found, candidates=candidates).story.id == "8-0"


TITLES = st.sampled_from([
    FIRST, "Acme cuts forecast", "Acme lifts forecast to $3 billion", "CORRECTED-Acme cuts forecast", "Acme up 6%",
    "Morning briefing",
])  # fmt: skip
EVENTS = st.sampled_from([(), ("guidance",), ("earnings", "guidance"), ("commentary",)])


@given(st.lists(st.tuples(TITLES, EVENTS, st.sampled_from(["original", "earlier", "candidate"])), max_size=8))
def test_novelty_tells_when_the_revision_rose(steps: list[tuple[str, tuple[str, ...], str]]) -> None:
    story = opened()
    for number, (title, events, how) in enumerate(steps, 2):
        placed = put(
            title, tags(events=events), ident=f"{number}-0",
            original=story if how == "original" else None,
            earlier=story if how == "earlier" else None,
            candidates=(candidate(story),) if how == "candidate" else (),
        )  # fmt: skip
        if placed.relation == "first":
            assert placed.novelty >= 0.6
            continue
        assert placed.story.articles == story.articles + 1
        assert placed.story.revision - story.revision == (placed.novelty >= 0.5)
        assert 0 <= placed.novelty <= 1
        story = placed.story
