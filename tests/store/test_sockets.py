"""Where the server's socket goes: short, private, the same again."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from alertd.errors import StoreError
from alertd.store.sockets import LONGEST, choose


@pytest.fixture
def short() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="alertd-") as folder:
        yield Path(folder)


def test_the_runtime_folder_is_preferred_and_the_choice_is_the_same_again(
    short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short))
    path = choose(tmp_path / "redis")
    assert path.parent.parent == short / "alertd"
    assert choose(tmp_path / "x" / ".." / "redis") == path
    assert choose(tmp_path / "other") != path
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.parent.parent.stat().st_mode & 0o777 == 0o700


def test_a_place_that_is_too_long_or_not_there_is_passed_over(
    short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(short))
    deep = tmp_path / ("x" * 90)
    deep.mkdir()
    for runtime in (str(deep), str(tmp_path / "missing"), "relative", ""):
        monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
        path = choose(tmp_path / "redis")
        assert len(os.fsencode(path)) <= LONGEST
        assert not path.is_relative_to(deep)


@pytest.mark.parametrize("squatter", ["link", "file"])
def test_a_place_that_is_not_ours_is_passed_over(
    short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, squatter: str
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short))
    if squatter == "link":
        (short / "alertd").symlink_to(tmp_path)
    else:
        (short / "alertd").write_text("")
    assert not choose(tmp_path / "redis").is_relative_to(short)


def test_a_place_that_is_open_to_others_is_closed(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short))
    (short / "alertd").mkdir()
    (short / "alertd").chmod(0o777)
    assert choose(short / "redis").is_relative_to(short / "alertd")
    assert (short / "alertd").stat().st_mode & 0o777 == 0o700


def test_the_state_folder_is_the_last_resort(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = short / ("x" * 90)
    long.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    monkeypatch.setattr(os, "getuid", lambda: 1_999_999_999)  # no /run/user of theirs
    assert choose(short / "redis") == short / "redis" / "redis.sock"
    with pytest.raises(StoreError, match="no place for the server's socket") as caught:
        choose(long / "redis")
    assert "XDG_RUNTIME_DIR" in caught.value.hint
