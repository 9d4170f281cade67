from __future__ import annotations

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alertd.articles import Entry
from alertd.stories.events import (
    HOPELESS,
    LEAST_COMPANY,
    LEAST_OTHERS,
    ONCE_BEFORE,
    Report,
    same_event,
    shared,
    worth_comparing,
)
from alertd.stories.fingerprints import fingerprint

TEXT = (
    "Police in Woodburn said two officers were killed on Friday when a device went off in a branch of a savings bank, "
    "and that they look for a man who rang up before it did."
)
SHARING = (
    "Two officers were killed when a device went off in a savings bank in Woodburn, police said, who look for a man "
    "that rang up the branch."
)
APART = (
    "A man was held in Salem over fires in three barns; farmers there had kept watch for weeks and lost cattle worth "
    "thousands of dollars."
)


def report(title: str, text: str, *issuers: str) -> Report:
    return Report(fingerprint(Entry("wire", "1", "", title, summary=text)), issuers)


@pytest.mark.parametrize(
    ("text", "near", "joined"),
    [
        (SHARING, 0.65, True),
        (APART, 0.65, False),
        ("", 0.65, False),
        (SHARING, 0.5, False),
        (APART, 0.8, True),
    ],
)
def test_where_no_company_tells_texts_that_share_words_speak_for_one_event(
    text: str, near: float, *, joined: bool
) -> None:
    old = report("Blast kills two officers at bank", TEXT)
    new = report("Bomb squad men die after call", text)
    strength, evidence = same_event(new, old, (near, None))
    assert (strength > 0, evidence) == ((True, f"likeness in meaning {near:.2f}") if joined else (False, ""))


def test_of_two_companies_what_their_texts_share_says_nothing() -> None:
    old, new = (
        report("Blast kills two at bank", TEXT, "i:ONE"),
        report("Bomb squad men die after call", SHARING, "i:TWO"),
    )
    assert same_event(new, old, (0.75, None)) == (0.0, "")


WORDS = ("Acme", "Bolt", "Corvo", "Delta", "Eiger", "buys", "sues", "plant", "profit", "shares", "in", "Oslo", "Madrid")
COSINES = st.one_of(st.none(), st.floats(0.3, 1.0))
REPORTS = st.builds(
    lambda words, text, issuers, events, figures, mean: msgspec.structs.replace(
        report(" ".join(words), text, *issuers), events=tuple(events), figures=tuple(figures), embedding="x", mean=mean
    ),
    st.lists(st.sampled_from(WORDS), min_size=3, max_size=12),
    st.sampled_from((TEXT, SHARING, "")),
    st.lists(st.sampled_from(("i:ONE", "i:TWO", "n:acme corp", "n:acme")), max_size=3, unique=True),
    st.lists(st.sampled_from(("earnings", "litigation")), max_size=2, unique=True),
    st.lists(st.sampled_from(("5e9 $", "737")), max_size=2, unique=True),
    st.sampled_from(("", "x")),
)


@given(REPORTS, REPORTS, COSINES, COSINES)
# words may not join what the vectors rule out, where the mean alone cannot be compared
@example(report("Acme", TEXT), msgspec.structs.replace(report("Acme", TEXT), mean="x"), 0.3125, None)
def test_what_is_not_worth_a_comparison_is_no_report_of_the_event(
    new: Report, old: Report, first: float | None, mean: float | None
) -> None:
    likeness = (first, mean if old.mean and first is not None else None)
    worth = worth_comparing(new, old.issuers, old.fp.head.names, likeness)
    if same_event(new, old, likeness)[0] > 0:
        assert worth
    if first is not None and first > ONCE_BEFORE and shared(new.issuers, old.issuers):
        assert worth, "it makes a story of its kind less new"


def test_one_name_a_type_and_a_figure_are_the_most_that_two_companies_need_not_be_alike_for() -> None:
    new, old = (
        msgspec.structs.replace(report(title, text, issuer), events=("earnings",), figures=("5e9 $",))
        for title, text, issuer in (
            ("Delta sues buys profit plant in", TEXT, "i:ONE"),
            ("Oslo Bolt plant buys Acme Delta", APART, "i:TWO"),
        )
    )
    found = [
        (same_event(new, old, (near, None))[0] > 0, worth_comparing(new, old.issuers, old.fp.head.names, (near, None)))
        for near in (0.745, 0.735)
    ]
    assert found == [(True, True), (False, False)]


@given(REPORTS, REPORTS)
def test_companies_and_names_say_how_alike_two_reports_have_to_be(new: Report, old: Report) -> None:
    new, old = msgspec.structs.replace(new, issuers=("i:ONE",)), msgspec.structs.replace(old, issuers=("i:TWO",))
    names = len(set(new.fp.head.names).intersection(old.fp.head.names))
    least = LEAST_OTHERS[min(names, len(LEAST_OTHERS) - 1)]
    assert not worth_comparing(new, old.issuers, old.fp.head.names, (least - 0.01, None))
    assert worth_comparing(new, old.issuers, old.fp.head.names, (least, None))


def test_the_more_two_reports_have_in_common_the_less_alike_they_have_to_be() -> None:
    assert sorted(LEAST_OTHERS, reverse=True) == list(LEAST_OTHERS)
    assert min(LEAST_OTHERS[-1], LEAST_COMPANY) > HOPELESS
