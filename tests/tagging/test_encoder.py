from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alertd.errors import ModelError
from alertd.tagging.encoder import DESCRIPTION, FOLDER, WEIGHTS, Encoded, Encoder, EncoderInput
from alertd.tagging.layout import EncoderField
from alertd.tagging.tagger import Tagger, TagInput
from alertd.tagging.torch_session import TorchSession
from alertd.taxonomy import EVENT_TYPES

ENCODER = Encoder.load()
TAGGER = Tagger.load()
LABELS = ("negative", "neutral", "positive")
ROLES = ("subject", "source", "passing")


def encode(title: str, body: str = "") -> Encoded:
    return ENCODER.encode([EncoderInput(title, body)])[0]


def company(text: str, name: str) -> float:
    scores = encode(text).span("title", text.index(name), text.index(name) + len(name))
    assert scores is not None
    return scores.company


def test_more_than_a_few_articles_go_to_the_card_and_these_stay_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alertd.tagging.encoder.on_gpu", lambda path: TorchSession(path, "cpu"))
    both = Encoder.load()
    sizes: list[int] = []
    real = both._many.run

    def counted(names: Sequence[str], given: Mapping[str, Any]) -> Any:
        sizes.append(len(given["ids"]))
        return real(names, given)

    monkeypatch.setattr(both._many, "run", counted)
    texts = [
        EncoderInput(f"{name} raises its dividend by {n}%") for n in range(50) for name in ("Nestle", "Shell", "BP")
    ]
    few, many = both.encode(texts[:4]), both.encode(texts)
    assert sizes == [128, 22]
    for given_, encoded in [*zip(texts, few, strict=False), *zip(texts, many, strict=True)]:
        alone = encode(given_.title)
        assert encoded.events["dividend"] == pytest.approx(alone.events["dividend"], abs=0.1)
        assert [m.start for m in encoded.mentions()] == [m.start for m in alone.mentions()]


def test_what_it_says_has_the_form_that_is_promised() -> None:
    encoded = encode("Siemens lifts its outlook", "Shares of Siemens rose 3%.")
    assert tuple(encoded.events) == EVENT_TYPES
    assert all(0 <= p <= 1 for p in encoded.events.values())
    assert sum(encoded.sentiment) == pytest.approx(1, abs=1e-5)
    assert encoded.embedding.dtype == np.float32
    assert encoded.embedding.shape == (384,)
    assert set(ENCODER.thresholds) == set(EVENT_TYPES)
    scores = encoded.span("body", 10, 17)
    assert scores is not None
    assert sum(scores.role) == pytest.approx(1, abs=1e-5)
    assert sum(scores.sentiment) == pytest.approx(1, abs=1e-5)


def test_order_is_kept_whatever_the_length() -> None:
    texts = ["Nestle names a new chief executive " * n for n in (9, 1, 30, 2)] + ["", "Oil falls"]
    together = ENCODER.encode([EncoderInput(t) for t in texts])
    for text, encoded in zip(texts, together, strict=True):
        alone = encode(text)
        # int8 ranges depend on what else is in a batch.
        assert float(np.dot(alone.embedding, encoded.embedding)) > 0.98 * float(
            np.linalg.norm(alone.embedding) * np.linalg.norm(encoded.embedding)
        )
        assert encoded.events["management_change"] == pytest.approx(alone.events["management_change"], abs=0.15)


def test_nothing_gives_nothing() -> None:
    assert ENCODER.encode([]) == []
    assert encode("").mentions() == []
    assert encode("").span("title", 0, 1) is None
    assert encode("Siemens").span("body", 0, 3) is None


@pytest.mark.parametrize(
    ("title", "body", "field", "name"),
    [
        ("🚀🚀 Siemens raises guidance", "", "title", "Siemens"),
        ("Société Générale beats estimates", "", "title", "Société Générale"),
        ("Profit beats estimates", "Quarterly profit at Siemens rose, the company said.", "body", "Siemens"),
        ("SIEMENS RAISES GUIDANCE", "", "title", "SIEMENS"),
    ],
)
def test_it_finds_names_at_the_code_points_of_what_was_given(title: str, body: str, field: str, name: str) -> None:
    found = [
        (m.field, (title if m.field == "title" else body)[m.start : m.end]) for m in encode(title, body).mentions()
    ]
    assert (field, name) in found


def test_what_lies_beyond_the_window_is_not_said() -> None:
    title = "word " * 300 + "Siemens"
    encoded = encode(title, "Siemens again")
    assert encoded.span("title", 0, 4) is not None
    assert encoded.span("title", len(title) - 7, len(title)) is None
    assert encoded.span("body", 0, 7) is None


@pytest.mark.parametrize(
    ("text", "name", "is_company"),
    [
        ("Target cuts its sales forecast after weak quarter", "Target", True),
        ("Central bank misses its inflation target", "target", False),
        ("Visa profit rises as travel picks up", "Visa", True),
        ("Students wait months for a visa appointment", "visa", False),
        ("Gap shares jump on strong holiday quarter", "Gap", True),
        ("The gap between rich and poor widens", "gap", False),
        ("Apple to build servers in Houston", "Apple", True),
        ("Late frost threatens apple harvest in Poland", "apple", False),
        ("Ford recalls pickups over faulty pump", "Ford", True),
        ("Shell raises dividend after record gas trading", "Shell", True),
    ],
)
def test_ordinary_words_are_told_from_companies(text: str, name: str, is_company: bool) -> None:
    assert (company(text, name) >= 0.5) is is_company


@pytest.mark.parametrize(
    ("title", "body", "subject", "source", "label", "events"),
    [
        (
            "Sandvik gains 5% after Handelsbanken upgrades to buy",
            "The broker set a target of SEK 260. Sandvik sold a unit to investors last spring.",
            "Sandvik",
            "Handelsbanken",
            "positive",
            {"analyst_rating", "price_move"},
        ),
        (
            "UBS downgrades Continental to sell, stock drops 6%",
            "Analysts at UBS see weak demand for tyres. The group issued bonds of 750 million euros in January.",
            "Continental",
            "UBS",
            "negative",
            {"analyst_rating", "price_move"},
        ),
        (
            "Morgan Stanley starts coverage of Sonova with Overweight",
            "",
            "Sonova",
            "Morgan Stanley",
            "positive",
            {"analyst_rating"},
        ),
    ],
)
def test_a_brokers_call_is_about_the_company_and_not_the_broker(
    title: str, body: str, subject: str, source: str, label: str, events: set[str]
) -> None:
    tags = TAGGER.tag([TagInput(title, body)])[0]
    roles = {m.text: c.role for c in tags.companies for m in c.mentions}
    feelings = {m.text: c.sentiment.label for c in tags.companies for m in c.mentions if c.sentiment}
    assert (roles[subject], roles[source], feelings[subject]) == ("subject", "source", label)
    assert {e.type for e in tags.events} == events


@pytest.mark.parametrize(
    ("title", "event"),
    [
        ("Moderna vaccine fails in late-stage trial", "clinical_approval"),
        ("Kion cuts 1,200 jobs", "workforce"),
        ("Tele Columbus asks creditors for standstill as bankruptcy looms", "insolvency"),
        ("Air France to buy back 10% of its shares", "buyback"),
        ("Nokia raises quarterly dividend to 4 cents", "dividend"),
        ("Hackers steal customer data from Telstra", "cyber_incident"),
        ("Chugai Pharmaceutical announces three-for-one stock split", "stock_split"),
        ("Norway's central bank keeps rates on hold", "macro"),
    ],
)
def test_events_are_recognised(title: str, event: str) -> None:
    assert event in {e.type for e in TAGGER.tag([TagInput(title)])[0].events}


def test_one_text_has_two_sentiments() -> None:
    text = "Airbus overtakes Boeing in annual deliveries"
    encoded = encode(text)
    first, second = encoded.span("title", 0, 6), encoded.span("title", 17, 23)
    assert first is not None and second is not None
    assert first.sentiment[2] - first.sentiment[0] > second.sentiment[2] - second.sentiment[0] + 0.5


def copied(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    shutil.copytree(FOLDER, folder)
    return folder


@pytest.mark.parametrize("name", [WEIGHTS, DESCRIPTION, "tokenizer.json"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    folder = copied(tmp_path)
    (folder / name).unlink()
    with pytest.raises(ModelError) as caught:
        Encoder.load(folder=folder)
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        {"format": 0},
        {"events": ["earnings"]},
        {"weights_bytes": 1},
        {"temperatures": {}},
        {"temperatures": {"company": 0, "role": 1, "sentiment": 1, "document": 1, "events": 1}},
        {"thresholds": {"earnings": 0.5}},
        {"version": None},
    ],
)
def test_a_description_of_something_else_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    folder = copied(tmp_path)
    plain = json.loads((folder / DESCRIPTION).read_text())
    (folder / DESCRIPTION).write_text(json.dumps({**plain, **change}))
    with pytest.raises(ModelError, match="does not describe"):
        Encoder.load(folder=folder)


@pytest.mark.parametrize("whole", [True, False])
def test_weights_are_checked_by_their_hash_before_anything_reads_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    folder = copied(tmp_path)
    if not whole:  # a description that has no more than the beginning of the hash, in its version
        plain = json.loads((folder / DESCRIPTION).read_text())
        (folder / DESCRIPTION).write_text(json.dumps({n: v for n, v in plain.items() if n != "weights_sha256"}))
    content = bytearray((folder / WEIGHTS).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / WEIGHTS).write_bytes(content)
    monkeypatch.setattr("alertd.tagging.encoder.session", lambda _: pytest.fail("it was read"))
    with pytest.raises(ModelError, match="is not the file that was shipped") as caught:
        Encoder.load(folder=folder)
    assert "install alertd again" in str(caught.value)


def test_weights_that_are_none_are_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    size = (folder / WEIGHTS).stat().st_size
    (folder / WEIGHTS).write_bytes(bytes(size))
    plain = json.loads((folder / DESCRIPTION).read_text())
    plain["weights_sha256"] = hashlib.sha256(bytes(size)).hexdigest()
    (folder / DESCRIPTION).write_text(json.dumps(plain))
    with pytest.raises(ModelError, match="cannot be loaded"):
        Encoder.load(folder=folder)


def test_the_model_is_small() -> None:
    assert sum(f.stat().st_size for f in FOLDER.iterdir()) < 30_000_000
    assert len(list(FOLDER.glob("*.onnx"))) == 1


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_every_found_name_is_a_span_of_what_was_given(title: str, body: str) -> None:
    texts: dict[EncoderField, str] = {"title": title, "body": body}
    encoded = ENCODER.encode([EncoderInput(title, body)])[0]
    for m in encoded.mentions():
        assert 0 <= m.start < m.end <= len(texts[m.field])
        assert encoded.span(m.field, m.start, m.end) is not None


@pytest.mark.parametrize(
    "text", ["a" * 2_500, "word " * 500, "🚀" * 1_000, "小米" * 500, "\x00\x01" * 500, "\u0301" * 900]
)
def test_odd_texts_take_bounded_time(text: str) -> None:
    started = time.process_time()
    encode(text[:1_000], text)
    assert time.process_time() - started < 3
