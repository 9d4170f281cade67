"""Copies are found through what outlets do to them; look-alikes never are copies."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.articles import Entry, dumps, loads
from alertd.stories.bands import bands
from alertd.stories.fingerprints import Fingerprint, compared, contradiction, fingerprint, likeness

from .wires import NOW, WIRES, entry

COPIES = [(w.original, c) for w in WIRES for c in w.copies]
OTHERS = [(w.original, o) for w in WIRES for o in w.others]
DAY = 86400.0


def fp(*args: str, **more: str | float) -> Fingerprint:
    return fingerprint(entry(*args, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(("original", "copy"), COPIES)
def test_copies_meet_and_are_found(original: tuple[str, str, str], copy: tuple[str, str, str]) -> None:
    first, again = fp(*original), fp(*copy)
    assert set(bands(first)) & set(bands(again))
    found = compared(again, [("1-0", first)])[0]
    assert found is not None
    assert found.id == "1-0"
    assert "1-0" in found.reason


@pytest.mark.parametrize(("original", "other"), OTHERS)
def test_look_alikes_are_no_copies(original: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    first, second = fp(*original), fp(*other)
    assert contradiction(first, second)
    assert contradiction(second, first)
    assert compared(second, [("1-0", first)])[0] is None


def test_one_address_is_one_text() -> None:
    first = fp("Acme wins order", url="https://a.com/x?utm_source=1")
    assert compared(fp("Acme wins big order", url="http://www.a.com/x/"), [("1-0", first)])[0]
    assert compared(fp("Zed recalls vans", url="http://www.a.com/x/"), [("1-0", first)])[0] is None
    numbered = fp("Acme wins order for 5 planes", url="https://a.com/x")
    assert compared(fp("Acme wins order for 7 planes", url="https://a.com/x"), [("1-0", numbered)])[0] is None


@pytest.mark.parametrize("title", ["Morning briefing", "Market wrap", "Results", "Holding(s) in Company"])
def test_generic_headlines_of_two_outlets_are_no_copies(title: str) -> None:
    assert compared(fp(title, "", "A Daily"), [("1-0", fp(title, "", "B Daily"))])[0] is None


def test_a_column_of_another_day_is_no_copy_unless_its_address_is_the_same() -> None:
    title = "Wall Street stocks: what moved the big names this session"
    first = fp(title, "", "A Daily", url="https://a.com/1")
    assert compared(fp(title, "", "A Daily", url="https://a.com/2", published=NOW + DAY), [("1-0", first)])[0] is None
    assert compared(fp(title, "", "A Daily", url="https://a.com/1", published=NOW + DAY), [("1-0", first)])[0]


def test_one_headline_over_another_text_is_no_copy() -> None:
    title = "Statement on the company's plans"
    one = fp(title, "Acme Robotics will move its seat from Lyon to Turin next spring, the board decided.", "A")
    two = fp(title, "Nothing has been signed with the port of Rotterdam, said Dockside Cranes this evening.", "B")
    assert compared(two, [("1-0", one)])[0] is None


def test_two_editors_summaries_of_one_headline_are_copies() -> None:
    title = "Northwind Motors second-quarter profit rises 12% on van sales"
    one = fp(title, "Deliveries in Germany reached 40,000 vans in the three months.", "A")
    two = fp(title, "Shares of the maker closed at 210 crowns after it reported.", "B")
    assert compared(two, [("1-0", one)])[0]


def test_the_closest_then_the_earliest_is_chosen() -> None:
    original = WIRES[0].original
    near = fp("Northwind Motors second-quarter profit rises 12% on van sales in Germany", "", "A")
    found = compared(fp(*original), [("3-0", fp(*original)), ("1-0", near), ("2-0", fp(*original))])[0]
    assert found is not None
    assert found.id == "2-0"


def test_an_opaque_link_is_matched_by_its_title() -> None:
    title, link = (
        "Acme agrees to buy Bolt Industries for $4.7 billion",
        "https://news.google.com/rss/articles/CBMi{}?oc=5",
    )
    direct = fp(title, source="Reuters", url="https://www.reuters.com/markets/acme-bolt")
    opaque = fp(f"{title} - Reuters", source="Reuters", url=link.format("abc"))
    other = fp("Acme agrees to sell its quarry to Bolt Industries - Reuters", source="Reuters", url=link.format("xyz"))
    assert opaque.address == ""
    assert set(bands(direct)) & set(bands(opaque))
    assert compared(opaque, [("1", direct)])[0] is not None
    assert compared(other, [("1", direct), ("2", opaque)])[0] is None


def test_a_cut_copy_lends_no_silence_to_what_contradicts_the_whole() -> None:
    title, said = "Acme trims winter flights by 2% as fuel costs climb", "The airline kept its outlook of {} per share."
    opening = (
        "Acme said on Monday that it would trim its winter flights by two percent, for jet fuel had become dearer."
    )
    whole = fingerprint(entry(title, f"{opening} {said.format('$1.60 to $1.85')}"))
    cut = fingerprint(entry(title, opening, "Another"))
    other = fingerprint(entry(title, f"{opening} {said.format('$1.20 to $1.45')}", "Third"))
    assert compared(cut, [("1", whole)])[0] is not None
    assert compared(other, [("1", whole), ("2", cut)], {"2": "1"})[0] is None


def test_a_text_is_like_its_beginning_and_unlike_others() -> None:
    text = WIRES[0].original[1]
    assert likeness(fp("a", text), fp("b", text[: len(text) // 2])) > 0.7
    assert likeness(fp("a", text), fp("b", WIRES[1].original[1])) < 0.1


def test_headlines_with_two_thirds_of_their_words_in_common_nearly_always_meet() -> None:
    rng = random.Random(7)
    words = [f"word{i}" for i in range(5000)]
    met = 0
    for _ in range(200):
        shared, one, other = rng.sample(words, 8), rng.sample(words, 2), rng.sample(words, 2)
        pair = (fp(" ".join(shared + one)), fp(" ".join(shared + other)))
        met += bool(set(bands(pair[0])) & set(bands(pair[1])))
    assert met > 180


def test_unrelated_headlines_rarely_meet() -> None:
    rng = random.Random(7)
    words = [f"word{i}" for i in range(500)]
    keys = [set(bands(fp(" ".join(rng.sample(words, 10))))) for _ in range(200)]
    assert sum(bool(a & b) for i, a in enumerate(keys) for b in keys[:i]) < 20


def test_keys_are_the_same_in_every_process() -> None:
    code = (
        "from alertd.stories.bands import bands; "
        "from alertd.stories.fingerprints import fingerprint; from alertd.articles import Entry; "
        "print(*bands(fingerprint(Entry('f', '', 'https://a.com/x', 'Acme Robotics wins navy order', 'A long text here "
        "that has more than eight words in it.'))))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    text = "A long text here that has more than eight words in it."
    assert tuple(said) == bands(fingerprint(Entry("f", "", "https://a.com/x", "Acme Robotics wins navy order", text)))


@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=60))
def test_any_entry_has_a_fingerprint_that_survives_json(title: str, summary: str, url: str) -> None:
    found = fp(title, summary, "S", url=url)
    assert loads(Fingerprint, dumps(found)) == found
    assert len(bands(found)) < 24
    assert contradiction(found, found) == ""
