"""The archive written out: JSON Lines and Parquet, on stdout and into files."""

from __future__ import annotations

import asyncio
import io
import json
import sys
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet
from redis.asyncio import Redis

from tests.commands.test_look_back import archived
from tests.commands.world import execute, invoke, write


async def test_parquet_holds_what_the_lines_hold(redis: Redis, tmp_path: Path) -> None:
    config, file = await archived(redis, tmp_path), tmp_path / "archive.parquet"
    code, out, err = execute(["archive", "export", "--format", "parquet", "--output", str(file), "--config", config])
    assert (code, out, err) == (0, "", "")
    table = parquet.read_table(file)
    lines = [json.loads(line) for line in execute(["archive", "export", "--config", config])[1].splitlines()]
    rows = table.to_pylist()
    assert [row["title"] for row in rows] == [line["article"]["entry"]["title"] for line in lines]
    (company,) = rows[0]["companies"]
    assert (company["symbol"], company["role"], company["sentiment"]["label"]) == ("1810.HK", "subject", "positive")
    assert [(e["type"], round(e["confidence"], 3)) for e in rows[0]["events"]] == [("earnings", 0.9)]
    assert rows[0]["arrived"].timestamp() == pytest.approx(lines[0]["article"]["arrived"], abs=0.01)
    assert table.schema.field("arrived").type == pyarrow.timestamp("ms", tz="UTC")
    assert json.loads(rows[0]["facts"]) == {}


async def test_lines_go_into_a_file_and_parquet_to_stdout(redis: Redis, tmp_path: Path) -> None:
    config, file = await archived(redis, tmp_path), tmp_path / "archive.jsonl"
    assert execute(["archive", "export", "--output", str(file), "--config", config])[:2] == (0, "")
    assert file.read_text() == execute(["archive", "export", "--config", config])[1]
    words = ("archive", "export", "--format", "parquet", "--company", "AAPL", "--config", config)
    result = await asyncio.to_thread(invoke, *words)
    assert parquet.read_table(io.BytesIO(result.stdout_bytes)).num_rows == 0


async def test_without_pyarrow_it_says_what_to_install(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = await archived(redis, tmp_path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "alertd.watchlist.parquet", raising=False)
    words = ("archive", "export", "--format", "parquet", "--output", str(tmp_path / "x"), "--config", config)
    result = await asyncio.to_thread(invoke, *words)
    assert result.exit_code == 1
    assert "pip install 'alertd[parquet]'" in result.stderr + str(result.exception)


async def test_a_file_that_cannot_be_written_is_named(redis: Redis, tmp_path: Path) -> None:
    config = await archived(redis, tmp_path)
    code, _, err = execute(["archive", "export", "--output", str(tmp_path / "no" / "x"), "--config", config])
    assert code == 1
    assert f"{tmp_path / 'no' / 'x'}: cannot be written: No such file or directory" in err


def test_an_unknown_format_is_2(tmp_path: Path) -> None:
    assert invoke("archive", "export", "--format", "xml", "--config", str(write(tmp_path))).exit_code == 2
