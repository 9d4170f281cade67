from __future__ import annotations

import pytest

from alertd.articles import Entry
from alertd.stories.events import Report, same_event
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
