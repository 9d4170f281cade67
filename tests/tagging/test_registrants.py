"""What the SEC's list says of companies, decided from an old and a new one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.errors import GazetteerError
from alertd.tagging.gazetteer import Gazetteer
from alertd.tagging.registrants import Changes, Standing, changes, read_list, settle
from tests.tagging import small
from tests.tagging.small import LINES, Line


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Gazetteer:
    return small.gazetteer(tmp_path_factory.mktemp("small"))


def settled(built: Gazetteer, lines: Sequence[Line], before: Sequence[Standing] = ()) -> tuple[Standing, ...]:
    return settle(built, {s.cik: s for s in before}, read_list(small.tickers(lines), "list"), "list")


def told(built: Gazetteer, lines: Sequence[Line]) -> tuple[list[str], list[str], list[str], list[str]]:
    found: Changes = changes(built, settled(built, lines))
    return (
        [f"{s.current[0]} {s.name}" for s in found.new],
        [symbol for symbol, _ in found.more],
        [f"{old} {new}" for old, new, _ in found.renamed],
        [symbol for symbol, _ in found.delisted],
    )


def without(*symbols: str) -> list[Line]:
    return [line for line in LINES if line[1] not in symbols]


@pytest.mark.parametrize(
    ("lines", "new", "more", "renamed", "delisted"),
    [
        (list(LINES), [], [], [], []),
        ([*LINES, (9, "ZETA", "ZETA ROBOTICS INC")], ["ZETA Zeta Robotics"], [], [], []),
        ([*LINES, (1, "ALPHW", "Alpha Widgets, Inc.")], [], ["ALPHW"], [], []),
        ([*without("ALPH"), (1, "ALFA", "Alpha Widgets, Inc.")], [], [], ["ALPH ALFA"], []),
        # each class of shares goes to its own
        (
            [*without("BETA", "BETA-B"), (2, "BLOG", "Beta Logistics"), (2, "BLOG-B", "Beta Logistics")],
            [], [], ["BETA BLOG", "BETA-B BLOG-B"], [],
        ),
        # one class is gone
        (without("BETA-B"), [], [], ["BETA-B BETA"], []),
        (without("DELT"), [], [], [], ["DELT"]),
        # the same company under another number: it moved its seat
        ([*without("ALPH"), (8, "ALPH", "Alpha Widgets plc")], [], [], [], []),
        # another company got the symbol of one that is gone
        ([*without("DELT"), (8, "DELT", "Omega Mining Corp")], ["DELT Omega Mining"], [], [], ["DELT"]),
        # a depositary receipt of a company that is listed abroad
        ([*LINES, (7, "EPSMY", "Epsilon Motors Ltd")], [], ["EPSMY"], [], []),
        # a fund, and a line that is none
        ([*LINES, (7, "FUND", "Some Trust"), (8, "SPX1", "Index Tracker Fund"), (6, "A B", "Bad")], [], [], [], []),
        # a symbol of the past that is back
        ([*LINES, (3, "GMMA", "Gamma Foods Co")], [], [], [], []),
    ],
)  # fmt: skip
def test_an_old_and_a_new_list_say_what_happened(
    built: Gazetteer, lines: list[Line], new: list[str], more: list[str], renamed: list[str], delisted: list[str]
) -> None:
    assert told(built, lines) == (new, more, renamed, delisted)


def test_what_an_earlier_update_gave_is_remembered(built: Gazetteer) -> None:
    first = settled(built, [*without("ALPH"), (1, "ALFA", "Alpha"), (9, "ZETA", "Zeta Robotics Inc")])
    second = settled(built, [*without("ALPH"), (1, "AWGT", "Alpha"), (9, "ZROB", "Zeta Robotics Inc")], first)
    by_cik = {s.cik: s for s in second}
    assert by_cik[1].former == ("ALPH", "ALFA")
    assert (by_cik[9].current, by_cik[9].former) == (("ZROB",), ("ZETA",))
    gone = {s.cik: s for s in settled(built, without("ALPH"), second)}
    assert (gone[9].current, gone[9].former) == ((), ("ZROB", "ZETA"))


@pytest.mark.parametrize("form", [small.tickers, small.by_exchange])
def test_both_forms_of_the_list_are_read(form: object) -> None:
    assert callable(form)
    found = read_list(form(LINES), "list")
    assert [(r.cik, r.symbols, r.rank) for r in found] == [
        (1, ("ALPH",), 0), (2, ("BETA", "BETA-B"), 1), (3, ("GAMM",), 3), (4, ("DELT",), 4),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "data", [b"", b"<html>", b"[1]", b'"x"', b"null", b'{"fields": 1}', b'{"a": 1}', b"[" * 100_000]
)
def test_what_is_no_list_is_refused(data: bytes) -> None:
    with pytest.raises(GazetteerError, match="is no list of tickers"):
        read_list(data, "list")


def test_half_a_list_changes_nothing(built: Gazetteer) -> None:
    with pytest.raises(GazetteerError, match="lacks 3 of the 4 companies"):
        settled(built, LINES[:1])


@given(
    st.lists(
        st.tuples(
            st.integers(-5, 2**40),
            st.sampled_from(["ALPH", "BETA", "DELT", "ZETA", "A.B", "", "é"]) | st.text(max_size=4),
            st.sampled_from(["Alpha Widgets", "Zeta", ""]) | st.text(max_size=10),
        ),
        max_size=12,
    )
)  # fmt: skip
def test_any_lines_give_standings_of_known_form(built: Gazetteer, lines: list[Line]) -> None:
    found = settled(built, [*LINES, *lines])
    assert [s.cik for s in found] == sorted({s.cik for s in found})
    for s in found:
        assert not set(s.current) & set(s.former)
        assert s.current or s.former
        assert s.name
