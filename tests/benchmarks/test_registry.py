"""The benchmarks' command: every name loads, the table is a table, the last line is JSON."""

from __future__ import annotations

import argparse
import json
import sys
from types import ModuleType

import pytest

import benchmarks
from benchmarks import BENCHMARKS, Result
from benchmarks.headlines import headlines
from benchmarks.tagging import percentile


@pytest.mark.parametrize("name", sorted(BENCHMARKS))
def test_every_benchmark_loads_and_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert callable(benchmarks.load(name).run)
    with pytest.raises(SystemExit) as ended:
        benchmarks.main([name, "--help"])
    assert ended.value.code == 0
    assert "--tiny" in capsys.readouterr().out


def test_the_last_line_is_one_json_object(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def run(options: argparse.Namespace) -> Result:
        rows = (("alertd", "1,234.5"), ("the peer", f"{1 if options.tiny else 2}.0"))
        return Result(("who", "articles/s"), rows, {"ratio": 3.5}, "a note")

    module = ModuleType("made_up")
    module.run = run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "made_up", module)
    monkeypatch.setattr(benchmarks, "BENCHMARKS", {"made-up": "made_up"})
    assert benchmarks.main(["made-up", "--tiny"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "who       articles/s"
    assert lines[3] == "the peer         1.0"
    assert lines[-2] == "a note"
    assert json.loads(lines[-1]) == {"ratio": 3.5}


def test_an_unknown_name_is_the_users_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        benchmarks.main(["nothing"])
    assert ended.value.code == 2
    assert "tagging" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([1.0], 0.99, 1.0),
        ([3.0, 1.0, 2.0], 0.5, 2.0),
        (list(range(1, 101)), 0.99, 99),
        (list(range(1, 102)), 0.99, 100),
    ],
)
def test_percentile_is_the_nearest_rank(values: list[float], share: float, expected: float) -> None:
    assert percentile(values, share) == expected


def test_headlines_repeat_for_a_seed_and_differ_among_themselves() -> None:
    made = headlines(200)
    assert made == headlines(200)
    assert made != headlines(200, seed=8)
    assert len(set(made)) > 190
    assert not [text for pair in made for text in pair if "{" in text]
