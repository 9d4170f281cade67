"""The companies after an update: what the built gazetteer says, and what changed since."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from alertd.errors import GazetteerError
from alertd.tagging import overlay
from alertd.tagging.gazetteer import AMBIGUOUS, Gazetteer
from alertd.tagging.linker import link
from alertd.tagging.overlay import Overlay
from alertd.tagging.registrants import Standing, read_list, settle
from alertd.tagging.suggest import is_symbol, outdated
from alertd.tagging.updated import Updated, open_companies
from tests.tagging import small
from tests.tagging.small import LINES, Line


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Gazetteer:
    return small.gazetteer(tmp_path_factory.mktemp("small"))


def after(built: Gazetteer, lines: Sequence[Line]) -> Updated:
    standings = settle(built, {}, read_list(small.tickers(lines), "list"), "list")
    return Updated(built, Overlay(built.version, 0.0, "list", standings))


NEWER = [
    (1, "ALFA", "Alpha Widgets, Inc."),
    *LINES[1:4],
    (8, "DELT", "Omega Mining Corp"),
    (9, "ZETA", "ZETA ROBOTICS INC"),
    (7, "EPSMY", "Epsilon Motors Ltd"),
]
"""Alpha was renamed, Deltoid is gone and its symbol another company's, Zeta is new, Epsilon has a receipt."""


@pytest.mark.parametrize(
    ("given", "key", "symbols", "name"),
    [
        ("ALFA", "i:ALPH", ("ALFA", "ALPH"), "Alpha Widgets"),
        ("ALPH", "i:ALPH", ("ALFA", "ALPH"), "Alpha Widgets"),
        ("Alpha Widgets", "i:ALPH", ("ALFA", "ALPH"), "Alpha Widgets"),
        ("BETA-B", "i:BETA", ("BETA", "BETA-B"), "Beta Logistics"),
        ("ZETA", "i:ZETA", ("ZETA",), "Zeta Robotics"),
        ("Zeta Robotics, Inc.", "i:ZETA", ("ZETA",), "Zeta Robotics"),
        ("1234.HK", "i:1234.HK", ("1234.HK", "EPSMY"), "Epsilon Motors"),
        ("EPSMY", "i:1234.HK", ("1234.HK", "EPSMY"), "Epsilon Motors"),
        # the symbol is another company's now, and the two are never one
        ("DELT", "i:DELT:8", ("DELT",), "Omega Mining"),
        ("Deltoid", "i:DELT", ("DELT",), "Deltoid"),
    ],
)
def test_symbols_and_names_lead_to_the_company_of_today(
    built: Gazetteer, given: str, key: str, symbols: tuple[str, ...], name: str
) -> None:
    found = after(built, NEWER).resolve(given)
    assert found is not None
    assert (found.key, found.symbol, found.symbols, found.name) == (key, symbols[0], symbols, name)


def test_both_symbols_of_a_renamed_company_link_in_texts(built: Gazetteer) -> None:
    gazetteer = after(built, NEWER)
    found = link("Alpha Widgets (NYSE: ALFA), once $ALPH, and Zeta Robotics Inc rose", gazetteer)
    assert [(c.issuer.key, c.kind) for c in found] == [
        ("i:ALPH", "name"), ("i:ALPH", "code"), ("i:ALPH", "code"), ("i:ZETA", "name"),
    ]  # fmt: skip
    alias = gazetteer.longest("zeta robotics rose ")
    assert alias is not None
    assert alias.flags == AMBIGUOUS  # without a legal form, only the context tells


@pytest.mark.parametrize(
    ("symbol", "said"),
    [
        ("ALPH", "ALPH is a former symbol of Alpha Widgets, and still read as such; write ALFA"),
        ("$ALPH", "ALPH is a former symbol of Alpha Widgets, and still read as such; write ALFA"),
        ("DELT", "DELT was the symbol of Deltoid and is now that of Omega Mining; make sure that it is meant"),
        ("GMMA", "GMMA is a former symbol of Gamma Foods, and still read as such; write GAMM"),
        *((symbol, "") for symbol in ("ALFA", "BETA", "GAMM", "ZETA", "1234.HK", "NOSUCH", "")),
    ],
)
def test_who_watches_a_symbol_of_the_past_is_told_what_to_write(built: Gazetteer, symbol: str, said: str) -> None:
    assert outdated(after(built, NEWER), symbol) == said


def test_a_delisted_company_is_still_known(built: Gazetteer) -> None:
    gazetteer = after(built, LINES[:4])
    assert outdated(gazetteer, "DELT").startswith("DELT (Deltoid) is not listed any more; remove it, or watch")
    assert is_symbol(gazetteer, "DELT")


def test_numbers_names_and_counts_are_of_both(built: Gazetteer) -> None:
    gazetteer = after(built, NEWER)
    zeta, alpha = gazetteer.resolve("ZETA"), gazetteer.resolve("ALPH")
    assert zeta is not None
    assert alpha is not None
    assert (gazetteer.cik(zeta), gazetteer.cik(alpha)) == (9, 1)
    assert gazetteer.names_of(zeta) == [("zeta robotics", AMBIGUOUS)]
    assert [name for name, _ in gazetteer.names_of(alpha)] == ["alpha widgets"]
    assert [i.key for i in gazetteer.beginning("zeta")] == ["i:ZETA"]
    assert (len(gazetteer), gazetteer.listings) == (len(built) + 2, built.listings + 3)
    assert gazetteer.version.startswith(built.version + "+")
    assert gazetteer.is_fund("FUND")
    assert gazetteer.size(zeta) == 235


def test_the_file_is_replaced_as_a_whole_and_read_back(built: Gazetteer, tmp_path: Path) -> None:
    file = overlay.place(tmp_path / "state")
    assert overlay.read(file) is None
    standings = settle(built, {}, read_list(small.tickers(NEWER), "list"), "list")
    made = Overlay(built.version, 12.5, "list", standings)
    overlay.write(file, made)
    overlay.write(file, made)
    assert overlay.read(file) == made
    assert [f.name for f in file.parent.iterdir()] == ["sec.json"]


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"format": 2}', b'{"format": 1}', b" " * 8_000_001, b"\xff"])
def test_a_damaged_file_is_an_error_that_says_what_to_do(data: bytes, tmp_path: Path) -> None:
    file = overlay.place(tmp_path)
    file.parent.mkdir()
    file.write_bytes(data)
    with pytest.raises(GazetteerError) as caught:
        open_companies(tmp_path)
    assert "alertd symbols update" in str(caught.value)
    assert str(file) in str(caught.value)


def test_a_file_that_cannot_be_written_leaves_nothing(built: Gazetteer, tmp_path: Path) -> None:
    (tmp_path / "symbols").write_text("in the way", encoding="utf-8")
    with pytest.raises(GazetteerError, match="cannot be written"):
        overlay.write(overlay.place(tmp_path), Overlay(built.version, 0.0, "list", ()))


def test_it_goes_on_over_a_newer_package(built: Gazetteer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An update that was made for an older package says what it says until the next one."""
    standing = Standing(9, "Zeta Robotics", 10, ("ZETA",), ("ZROB",), "")
    known = Standing(1, "Alpha Widgets", 10, ("ALPH", "ALPHW"), (), "ALPHX")  # an anchor that is not there any more
    overlay.write(overlay.place(tmp_path), Overlay("older", 0.0, "list", (known, standing)))
    monkeypatch.setattr(Gazetteer, "open", classmethod(lambda _: built))
    gazetteer = open_companies(tmp_path)
    for symbol, key in (("ZETA", "i:ZETA"), ("ZROB", "i:ZETA"), ("BETA", "i:BETA")):
        found = gazetteer.resolve(symbol)
        assert found is not None
        assert found.key == key


def test_the_shipped_gazetteer_opens_in_milliseconds_and_knows_ciks() -> None:
    times = []
    for _ in range(15):
        began = time.perf_counter()
        Gazetteer.open()
        times.append(time.perf_counter() - began)
    assert statistics.median(times) < 0.02  # about one, on a machine of its own
    gazetteer = Gazetteer.open()
    apple, xiaomi = gazetteer.resolve("AAPL"), gazetteer.resolve("1810.HK")
    assert apple is not None
    assert xiaomi is not None
    assert (gazetteer.cik(apple), gazetteer.cik(xiaomi)) == (320193, None)
    assert gazetteer.registered[320193] == ("AAPL",)
    assert len(gazetteer.registered) > 6_000
    assert [outdated(gazetteer, s) for s in ("AAPL", "XIACF", "TOYOF", "BRK.B", "SPY")] == [""] * 5
    assert outdated(gazetteer, "FB").endswith("write META")
    assert outdated(gazetteer, "TWTR").startswith("TWTR (Twitter) is not listed any more")
