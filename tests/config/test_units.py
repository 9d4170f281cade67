from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.config.units import Duration, Size, duration_words, seconds, size, size_words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", 90),
        ("2m", 120),
        ("6h", 21600),
        ("3d", 259200),
        ("1w", 604800),
        ("250ms", 0.25),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        ("0.5h", 1800),
        ("45", 45),
        ("0.2", 0.2),
        (" 5 s ", 5),
    ],
)
def test_durations(text: str, expected: float) -> None:
    assert seconds(text) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "s", "5x", "-5s", "five", "1m!", "1:30", "nan", "inf", "1e3", "٣s", "9" * 400])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match=r"90s, 2m"):
        seconds(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("5MB", 5_000_000), ("500kB", 500_000), ("1GiB", 2**30), ("1.5 mb", 1_500_000), ("1024", 1024), ("7B", 7)],
)
def test_sizes(text: str, expected: int) -> None:
    assert size(text) == expected


@pytest.mark.parametrize("text", ["", "MB", "5 megs", "-1", "1TB", "nan", "9" * 30])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match=r"500kB, 5MB"):
        size(text)


@given(st.integers(min_value=0, max_value=10**9))
def test_words_for_durations_read_back(value: int) -> None:
    assert seconds(duration_words(value)) == value


@given(st.integers(min_value=0, max_value=10**12))
def test_words_for_sizes_read_back(value: int) -> None:
    assert size(size_words(value)) == value


@given(st.text(max_size=12))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    for read in (seconds, size):
        try:
            assert read(text) >= 0
        except ValueError as error:
            assert ";" in str(error)


@pytest.mark.parametrize("value", [True, None, [], "10m"])
def test_durations_out_of_bounds_and_of_other_kinds_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"no duration|1s to 5m"):
        Duration(1, 300).read(value)


@pytest.mark.parametrize("value", [True, None, 1.5, "1GB"])
def test_sizes_out_of_bounds_and_of_other_kinds_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"no size|1kB to 1MB"):
        Size(1000, 10**6).read(value)
