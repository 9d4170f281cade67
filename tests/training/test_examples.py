from __future__ import annotations

from pathlib import Path

import pytest

from alertd.tagging import companies
from alertd.taxonomy import EVENT_TYPES
from training import examples
from training.examples import Example, Mark, from_tokens, merge, parse_written, place, read_written, without_codes

WRITTEN = Path(examples.__file__).parent / "written"


def spans(example: Example) -> list[tuple[str, str | None, str | None]]:
    texts = {"title": example.title, "body": example.body}
    return [(texts[m.field][m.start : m.end], m.role, m.sentiment) for m in example.marks]


def test_names_are_in_the_order_of_the_package() -> None:
    assert (examples.ROLES, examples.LABELS) == (companies.ROLES, companies.LABELS)


def test_a_written_line_is_read() -> None:
    example = parse_written("analyst_rating, price_move | + | [Foo|s+] up as [Bar|b0] says buy || [Foo|s+] makes tea.")
    assert (example.title, example.body) == ("Foo up as Bar says buy", "Foo makes tea.")
    assert spans(example) == [
        ("Foo", "subject", "positive"),
        ("Bar", "source", "neutral"),
        ("Foo", "subject", "positive"),
    ]
    assert (example.events, example.document, example.written) == (("analyst_rating", "price_move"), "positive", True)


@pytest.mark.parametrize(
    ("line", "events"), [("- | 0 | Rain", ()), ("? | ? | Rain", None), ("macro|-|Rain", ("macro",))]
)
def test_no_events_and_unknown_events_differ(line: str, events: tuple[str, ...] | None) -> None:
    assert parse_written(line).events == events


@pytest.mark.parametrize("line", ["", "macro | 0", "macro | 0 | "])
def test_a_line_without_text_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="no written example"):
        parse_written(line)


def test_the_written_examples_are_whole_and_none_stands_twice() -> None:
    found = list(read_written(WRITTEN))
    assert len(found) > 600
    assert all(set(e.events or ()) <= set(EVENT_TYPES) for e in found)
    assert not [e.title for e in found if set("[]|") & set(e.title + e.body)]
    assert len({e.title for e in found}) == len(found)
    # The case that the tests of the whole line ask for is not to be learned by heart.
    assert not [e.title for e in found if "xiaomi" in (e.title + e.body).lower()]


def test_names_are_found_at_every_place_longest_first() -> None:
    named = [
        {"text": "Tata", "role": "passing", "sentiment": "neutral"},
        {"text": "Tata Motors", "role": "subject", "sentiment": "positive"},
        {"text": "$TTM", "role": "subject", "sentiment": "positive"},
    ]
    marks = place("$TTM: Tata Motors up, Tatas too", "Tata said", named)
    assert [(m.field, m.start, m.end, m.company) for m in marks] == [
        ("body", 0, 4, True),
        ("title", 0, 4, None),
        ("title", 6, 17, True),
    ]


def test_two_sources_on_one_text_become_one_example() -> None:
    sentfin = Example("sentfin", "Gold and Foo up", marks=(Mark("title", 0, 4, sentiment="positive"),
                                                           Mark("title", 9, 12, sentiment="positive")))  # fmt: skip
    ours = Example("labelled", "Gold and Foo up", marks=(Mark("title", 9, 12, "subject", "neutral"),),
                   tagging="all", events=("price_move",))  # fmt: skip
    both = merge(sentfin, ours)
    assert (both.events, both.tagging, both.source) == (("price_move",), "all", "labelled")
    assert {(m.start, m.role, m.sentiment, m.company) for m in both.marks} == {
        (9, "subject", "positive", True),
        (0, None, "positive", False),
    }


def test_codes_are_cut_and_marks_move_along() -> None:
    text = "Shares of Foo <FOO.N> and Bar <BAR.L> rose [nL1N2AB3CD]"
    marks = (Mark("title", 10, 13), Mark("title", 26, 29))
    bare = without_codes(Example("finentity", text, marks=marks))
    assert bare.title == "Shares of Foo and Bar rose"
    assert [s[0] for s in spans(bare)] == ["Foo", "Bar"]


def test_tokens_become_text_with_the_company_up_to_its_possessive() -> None:
    tokens = ["Foo", "Coal", ",", "LLC", "'s", "(", '"', "Foo", '"', ")", "mine", "."]
    example = from_tokens(
        tokens, [{"type": "Company", "start": 0, "end": 10}, {"type": "Date", "start": 10, "end": 11}]
    )
    assert [s[0] for s in spans(example)] == ["Foo Coal, LLC"]
    assert example.title.startswith("Foo Coal, LLC's (")
