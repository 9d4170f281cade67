from __future__ import annotations

import base64
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alertd.articles import Tags
from alertd.errors import GazetteerError
from alertd.tagging.encoder import Encoder
from alertd.tagging.gazetteer import Gazetteer
from alertd.tagging.linker import unlisted
from alertd.tagging.tagger import Tagger, TagInput, _own_names
from alertd.vectors import pack
from tests.tagging.fakes import POSITIVE, SOURCE, Rules, tagger

TAGGER = tagger()


def one(title: str, rules: Rules | None = None) -> Tags:
    return (tagger(rules) if rules else TAGGER).tag([TagInput(title)])[0]


def test_the_reference_case() -> None:
    rules = Rules(
        role={"Jefferies": SOURCE},
        sentiment={"Xiaomi": POSITIVE},
        events={"analyst_rating": 0.9, "price_move": 0.8, "equity_offering": 0.3, "commentary": 0.6},
        company={"target": 0.1},
    )
    tags = one("Xiaomi shares surge another 6% after Jefferies reiterates its Buy rating, target HK$63.25", rules)
    xiaomi, jefferies = tags.companies
    assert (xiaomi.symbol, xiaomi.role, xiaomi.sentiment and xiaomi.sentiment.label) == (
        "1810.HK",
        "subject",
        "positive",
    )
    assert (jefferies.symbol, jefferies.role) == ("JEF", "source")
    assert "XIACF" in xiaomi.symbols
    assert [(e.type, e.companies) for e in tags.events] == [
        ("analyst_rating", ("1810.HK",)),
        ("price_move", ("1810.HK",)),
    ]
    assert tags.facts["price_target"] == 63.25


@pytest.mark.parametrize(
    ("title", "probability", "found"),
    [
        ("Target to open stores", 0.9, True),
        ("Target of three per cent", 0.2, False),
        ("Analysts target growth", 0.6, False),
        ("Nvidia", 0.2, True),
        ("Nvidia", 0.01, False),
        ("$TGT", 0.0, True),
    ],
)
def test_the_encoder_decides_in_context(title: str, probability: float, found: bool) -> None:
    names = ("Target", "target", "Nvidia", "$TGT")
    assert bool(one(title, Rules(company=dict.fromkeys(names, probability))).companies) is found


@pytest.mark.parametrize(
    ("summary", "probability", "found"),
    [
        ("Growers sell it at the farm.", 0.93, True),
        ("It is made from windfall apples.", 0.93, False),
        ("One apple is enough.", 0.93, False),
        ("The maker of the phone said no apples were harmed.", 0.99, True),
    ],
)
def test_a_word_that_is_used_as_one_has_to_be_surely_a_name(summary: str, probability: float, found: bool) -> None:
    rules = Rules(company={"Apple": probability, "apple": 0.1})
    tags = tagger(rules).tag([TagInput("Apple cider comes in bottles", summary)])[0]
    assert bool(tags.companies) is found


@pytest.mark.parametrize(
    ("title", "summary", "found"),
    [
        ("Nothing new", "Orders fell. Wholesale partners wait.", []),
        ("Nothing new", "Wholesale partners wait.", []),
        ("Nothing new", "Orders at Wholesale fell.", ["Wholesale"]),
        ("Nothing new", "Orders fell. Wholesale Foods waits.", ["Wholesale Foods"]),
        ("Wholesale rises", "", ["Wholesale"]),
    ],
)
def test_the_capital_of_a_sentences_first_word_says_nothing(title: str, summary: str, found: list[str]) -> None:
    name = "Wholesale Foods" if "Foods" in summary else "Wholesale"
    tags = tagger(Rules(mentions=[name])).tag([TagInput(title, summary)])[0]
    assert [c.name for c in tags.companies] == found


def test_spans_that_only_the_encoder_knows_become_unlisted_companies() -> None:
    tags = one("Zorblax Labs's rise; Zorblax up", Rules(mentions=["Zorblax Labs's", "Zorblax up"[:7]]))
    assert [(c.name, c.symbol, c.issuer) for c in tags.companies] == [("Zorblax Labs", None, "n:zorblax labs")]


def test_a_code_beside_an_unknown_name_says_who_it_is() -> None:
    tags = one("Zorblax Labs (NYSE: GE) rises", Rules(mentions=["Zorblax Labs"]))
    assert [(c.symbol, len(c.mentions)) for c in tags.companies] == [("GE", 2)]


def test_watched_names_count_whatever_the_encoder_says() -> None:
    watched = [(unlisted("OpenAI"), ["OpenAI"])]
    tags = tagger(Rules(company={"OpenAI": 0.0}), watched).tag([TagInput("OpenAI raises")])[0]
    assert [(c.name, c.issuer) for c in tags.companies] == [("OpenAI", "n:openai")]


def test_given_names_get_a_row_as_given() -> None:
    entities = (("Apple", ""), ("Foo Fund", ""), ("Gone", ""), ("xiaomi", "1810.HK"), ("Foo", ""), ("Apple", ""))
    title = "Apple and Foo Fund rise as Xiaomi falls"
    tags = TAGGER.tag([TagInput(title, entities=entities)])[0]
    rows = {c.name: (c.symbol, [m.text for m in c.mentions]) for c in tags.companies}
    assert rows == {
        "Apple": ("AAPL", ["Apple"]),
        "Foo Fund": (None, ["Foo Fund"]),
        "Gone": (None, []),
        "xiaomi": ("1810.HK", ["Xiaomi"]),
        "Foo": (None, ["Foo"]),
    }


def test_commentary_stands_alone_or_not_at_all() -> None:
    assert [e.type for e in one("x", Rules(events={"commentary": 0.8, "macro": 0.2})).events] == ["commentary"]
    assert [e.type for e in one("x", Rules(events={"commentary": 0.8, "macro": 0.6})).events] == ["macro"]
    assert [e.type for e in one("x", Rules(events={"earnings": 0.45, "macro": 0.45})).events] == ["earnings"]


def test_other_languages_are_linked_and_never_guessed() -> None:
    tags = one("Die Aktie von Volkswagen ist nach der Prognose gefallen")
    assert (tags.language, tags.sentiment, tags.events, tags.embedding) == ("de", None, (), "")
    assert [(c.symbol, c.role, c.sentiment) for c in tags.companies] == [("VOW3.DE", "subject", None)]


def test_offsets_refer_to_the_input_and_boilerplate_is_not_read() -> None:
    summary = (
        "LONDON (Reuters) - 🚀 Shell said. Also read: Why BP fell. Then Unilever rose. The views expressed are Visa's."
    )
    given = {"title": "Nestlé’s day", "summary": summary, "text": "Airbus fell."}
    tags = TAGGER.tag([TagInput(given["title"], given["summary"], given["text"])])[0]
    found = {m.text for c in tags.companies for m in c.mentions}
    assert found == {"Nestlé", "Shell", "Unilever", "Airbus"}
    for c in tags.companies:
        for m in c.mentions:
            assert given[m.field][m.start : m.end] == m.text


def test_what_lies_beyond_the_encoders_window_counts_when_it_is_distinctive() -> None:
    rules = Rules(window=20)
    tags = one("A long title without names, then Nvidia and Target", rules)
    assert [(c.symbol, c.sentiment) for c in tags.companies] == [("NVDA", None)]


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "a" * 1_000_000, "word " * 200_000, "🚀" * 5_000, "".join(map(chr, range(32))) * 300, "\ud800" * 50),
        *("Apple 小米 Газпром " * 3_000, "Apple " * 5_000, "$" * 100_000, "<" * 100_000, "(" * 100_000, "\n" * 100_000),
    ],
    ids=range(13),
)
def test_bad_input_is_tagged_in_bounded_time(text: str) -> None:
    started = time.process_time()
    tags = TAGGER.tag([TagInput(text, text, text)])[0]
    assert time.process_time() - started < 10
    for c in tags.companies:
        assert all(text[m.start : m.end] == m.text for m in c.mentions)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80), st.text(max_size=200), st.text(max_size=200))
def test_any_text_is_tagged(title: str, summary: str, text: str) -> None:
    tags = TAGGER.tag([TagInput(title, summary, text)])[0]
    assert all(0 <= c.relevance <= 1 for c in tags.companies)


def test_order_is_kept_and_nothing_gives_nothing() -> None:
    titles = ["Nvidia", "", "Die Bank ist mit der Aktie", "Boeing"]
    tags = TAGGER.tag([TagInput(t) for t in titles])
    assert [t.companies[0].symbol if t.companies else None for t in tags] == ["NVDA", None, None, "BA"]
    assert TAGGER.tag([]) == []


def test_an_embedding_keeps_its_direction() -> None:
    vector = np.linspace(-0.3, 0.2, 384, dtype=np.float32)
    read = np.frombuffer(base64.b64decode(pack(vector)), np.int8).astype(np.float32)
    assert float(read @ vector / np.linalg.norm(read) / np.linalg.norm(vector)) > 0.999
    assert set(base64.b64decode(pack(np.zeros(384, np.float32)))) == {0}


def test_the_users_names_are_read_and_mistakes_are_named(tmp_path: Path) -> None:
    file = tmp_path / "names.yaml"
    file.write_text("1810.HK: [小米]\n", encoding="utf-8")
    assert _own_names(str(file)) == [("1810.HK", ["小米"])]
    for bad in ("[1]", "1810.HK: x", "a: ["):
        file.write_text(bad, encoding="utf-8")
        with pytest.raises(GazetteerError):
            _own_names(str(file))
    with pytest.raises(GazetteerError):
        _own_names(str(tmp_path / "none.yaml"))


@pytest.mark.parametrize("threads", [1, 2])
def test_one_article_is_tagged_alike_with_one_thread_and_with_two(threads: int) -> None:
    real = Tagger(Gazetteer.open(), Encoder.load(threads=threads))
    (tags,) = real.tag([TagInput("Xiaomi raised to Buy at Citi, target HK$63.25")])
    assert [c.symbol for c in tags.companies if c.role == "subject"] == ["1810.HK"]
    assert tags.facts["price_target"] == 63.25


def test_what_fails_beside_the_encoder_is_heard_of() -> None:
    def failing() -> None:
        raise ValueError("beside")

    waiting = Encoder.load(threads=2).beside(failing)
    with pytest.raises(ValueError, match="beside"):
        waiting()
