"""Names that begin as a listed company's does, and are another company's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.tagging.continued import is_another
from alertd.tagging.gazetteer import Gazetteer
from alertd.tagging.linker import Candidate, link
from alertd.tagging.tagger import TagInput
from tests.tagging.fakes import Rules, tagger

GAZETTEER = Gazetteer.open()

OTHERS = [
    "Delta Dental", "Apple Leisure Group", "Target Logistics Ltd", "Shell Lake Partners", "Visa Logistics GmbH",
    "Orange Bakery", "Gap Solutions Inc", "Ford Meter Box", "Key Safety Systems", "Block Communications",
    "Match Hospitality AG", "Ally Robotics", "Atlas Robotics Corp", "Nova Scotia Power", "Liberty Safe",
    "Meta Materials Lab GmbH", "Crown Paints", "Eagle Rock Energy Fund", "Intel Capital Partners Ltd",
    "Nike Missile Systems LLC", "Adobe Wells LLC", "Zoom Telecom Ltd", "Amazon Petroleum Corp",
]  # fmt: skip
OWN = [
    "Walmart Canada", "Apple Music", "Apple Pay", "Google Cloud", "Meta AI", "Samsung Display", "GE Aviation",
    "Abbott Labs", "Marvell Tech", "Nokia India", "BNP Paribas Asset Management", "Volkswagen Group",
    "JPMorgan Chase & Co", "Morgan Stanley India", "Vodafone New Zealand Limited", "Titan shares", "BSE midcap index",
    "Cisco Systems Inc", "Honda Motor Co",
]  # fmt: skip


def first(text: str) -> Candidate:
    return link(text, GAZETTEER)[0]


@pytest.mark.parametrize("name", OTHERS)
def test_what_goes_on_to_another_company_is_told(name: str) -> None:
    text = f"{name} opens a second plant"
    assert is_another(text, first(text), len(name))


@pytest.mark.parametrize("name", OWN)
def test_units_places_and_shortened_names_stay_with_their_company(name: str) -> None:
    text = f"{name} opens a second plant"
    assert first(text).start == 0
    assert not is_another(text, first(text), len(name))


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        ("Acme Corp fires its chief", None),  # the listed one is Acme United Corporation
        ("Acme United Corp fires its chief", "ACU"),
        ("Toyota Corp fires its chief", "7203.T"),  # papers call large ones so
        ("Oracle Corp fires its chief", "ORCL"),  # and not its subsidiary that is listed in Japan
        ("Target Corp fires its chief", "TGT"),
    ],
)
def test_a_legal_form_settles_only_the_whole_name_of_an_issuer(text: str, symbol: str | None) -> None:
    found = [c for c in link(text, GAZETTEER) if c.start == 0]
    assert [c.issuer.symbol for c in found] == ([symbol] if symbol else [])


def test_the_other_company_gets_a_row_of_its_own() -> None:
    rules = Rules(mentions=["Delta Dental", "Apple Music"])
    tags = tagger(rules).tag([TagInput("Delta Dental sues Apple Music")])[0]
    assert {(c.name, c.symbol) for c in tags.companies} == {("Delta Dental", None), ("Apple", "AAPL")}


@given(st.text(max_size=60), st.integers(0, 80))
def test_any_text_is_judged(behind: str, end: int) -> None:
    text = f"Apple {behind}"
    candidate = link(text, GAZETTEER)[:1]
    for c in candidate:
        assert is_another(text, c, min(end, len(text))) in (True, False)
