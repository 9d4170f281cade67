from __future__ import annotations

from pathlib import Path

import pytest

from alertd.errors import GazetteerError
from alertd.tagging.gazetteer import Gazetteer
from alertd.tagging.words import core, normalise, words

GAZETTEER = Gazetteer.open()


@pytest.mark.parametrize(
    ("given", "primary", "also"),
    [
        ("1810.HK", "1810.HK", {"XIACF", "XIACY"}),
        ("XIACF", "1810.HK", set()),
        ("Xiaomi", "1810.HK", set()),
        ("JEF", "JEF", set()),
        ("Jefferies", "JEF", set()),
        ("TSM", "2330.TW", {"TSM"}),
        ("TSMC", "2330.TW", set()),
        ("BYDDY", "1211.HK", {"002594.SZ", "1211.HK"}),
        ("Samsung Electronics Co., Ltd.", "005930.KS", set()),
        ("Google", "GOOGL", {"GOOG"}),
        ("Facebook", "META", set()),
        ("The Gap, Inc.", "GAP", set()),
        ("BRK.B", "BRK-B", {"BRK-A"}),
        ("NYSE: GE", "GE", set()),
        ("$AAPL", "AAPL", set()),
        ("P&G", "PG", set()),
        ("Procter and Gamble", "PG", set()),
        ("J.P. Morgan", "JPM", set()),
        ("Nestlé", "NESN.SW", set()),
        ("Volkswagen AG", "VOW3.DE", {"VOW.DE"}),
        ("Infosys", "INFY.NS", {"INFY"}),
        # an exchange decides
        ("EPA:MC", "MC.PA", set()),
        ("NYSE:MC", "MC", set()),
        ("LSE: VOD", "VOD.L", {"VOD"}),
        ("LON:BP.", "BP.L", {"BP"}),
        ("HKEX:1810", "1810.HK", set()),
        ("HKG: 0700", "0700.HK", set()),
        ("TSE:7203", "7203.T", {"TM"}),
        ("TSE:RY", "RY.TO", {"RY"}),
        ("ETR:SAP", "SAP.DE", {"SAP"}),
        ("SHA:600519", "600519.SS", set()),
        ("KRX:005930", "005930.KS", set()),
        ("NASDAQ:AAPL", "AAPL", set()),
        ("OTCMKTS:XIACF", "1810.HK", set()),
    ],
)
def test_a_symbol_or_a_name_resolves_to_its_issuer(given: str, primary: str, also: set[str]) -> None:
    issuer = GAZETTEER.resolve(given)
    assert issuer is not None
    assert issuer.symbol == issuer.symbols[0] == primary
    assert issuer.key == f"i:{primary}"
    assert also <= set(issuer.symbols)


@pytest.mark.parametrize(
    "given",
    [
        "",
        "   ",
        "OpenAI",
        "NOSUCH.XX",
        "Bank of Japan",
        "Wall Street",
        "SPY",
        "QQQ",
        "\x00",
        "LSE:GE",
        "FOO:GE",
        "NYSE:",
    ],
)
def test_what_is_no_company_of_ours_does_not_resolve(given: str) -> None:
    assert GAZETTEER.resolve(given) is None


def test_two_companies_that_share_a_word_stay_two() -> None:
    pairs = [("Tata Motors", "Tata Steel"), ("Siemens", "SIEMENS.NS"), ("BYD", "1211.HK"), ("GE", "GEHC")]
    for one, other in pairs:
        first, second = GAZETTEER.resolve(one), GAZETTEER.resolve(other)
        assert first is not None
        assert second is not None
        assert first.key != second.key, (one, other)


def test_the_shipped_gazetteer_is_large_and_knows_funds_apart() -> None:
    assert GAZETTEER.listings >= 60_000
    assert len(GAZETTEER) >= 40_000
    assert GAZETTEER.is_fund("SPY")
    assert not GAZETTEER.is_fund("AAPL")
    assert not GAZETTEER.is_fund("NOSUCH")


def test_a_missing_or_foreign_file_is_an_error_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(GazetteerError, match="cannot be read"):
        Gazetteer.open(tmp_path)
    (tmp_path / "table.bin").write_bytes(b'{"format": 99}\n')
    with pytest.raises(GazetteerError, match="format 99") as caught:
        Gazetteer.open(tmp_path)
    assert caught.value.where == str(tmp_path)


@pytest.mark.parametrize(
    ("name", "normal", "bare"),
    [
        ("The Gap, Inc.", "the gap inc", "gap"),
        ("AT&T Inc.", "at & t inc", "at & t"),
        ("Johnson and Johnson", "johnson & johnson", "johnson & johnson"),
        ("J.P. Morgan Chase & Co.", "jp morgan chase & co", "jp morgan chase"),
        ("Société Générale S.A.", "societe generale sa", "societe generale"),
        ("McDonald\u2019s Corp", "mcdonald 's corp", "mcdonald 's"),
        ("Holdings Inc", "holdings inc", "holdings"),
        ("", "", ""),
    ],
)
def test_names_are_folded_and_freed_of_legal_forms(name: str, normal: str, bare: str) -> None:
    assert normalise(name) == normal
    assert core(name) == bare


def test_words_keep_their_place() -> None:
    text = "\u201cL\u2019Or\u00e9al\u2019s\u201d U.S. sales"
    assert [text[w.start : w.end] for w in words(text)] == ["L", "Or\u00e9al", "\u2019s", "U.S", "sales"]
