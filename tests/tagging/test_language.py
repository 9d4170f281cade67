from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.tagging.language import recognise


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Apple beats estimates", "en"),
        ("Bed Bath & Beyond de novo", "en"),
        ("El Pollo Loco beats", "en"),
        ("Die Aktie von Siemens ist nach der Prognose gefallen", "de"),
        ("Le titre de Renault est en baisse", "fr"),
        ("La acción de Telefónica sube por el dividendo", "es"),
        ("Il titolo di Eni sale con il petrolio e la Borsa", "it"),
        ("A ação da Petrobras cai com o petróleo e não sobe mais", "pt"),
        ("Philips verkoopt een deel van het bedrijf aan de beurs", "nl"),
        ("小米集团股价上涨", "zh"),
        ("トヨタ自動車の株価が上昇", "ja"),
        ("삼성전자 주가 상승", "ko"),
        ("Акции Газпрома выросли", "ru"),
        ("أسهم أرامكو ترتفع", "ar"),
        ("Xiaomi 小米集团股价上涨百分之六", "zh"),
        ("12345 🚀", ""),
        ("", ""),
    ],
)
def test_languages_are_recognised(text: str, language: str) -> None:
    assert recognise(text) == language


@given(st.text(max_size=300))
def test_any_text_has_a_code_or_none(text: str) -> None:
    assert len(recognise(text)) in (0, 2)
