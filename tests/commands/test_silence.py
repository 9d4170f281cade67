"""Silences by the command line, on a real store."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.commands.world import SETTINGS, execute, invoke, write


def folder(redis: Redis, tmp_path: Path) -> str:
    path = redis.connection_pool.connection_kwargs["path"]
    return str(write(tmp_path, f"{SETTINGS}redis: {{url: 'unix://{path}'}}\n"))


def run(config: str, *words: str) -> tuple[int, str, str]:
    return execute(["silence", *words, "--config", config])


async def test_add_list_expire(redis: Redis, tmp_path: Path) -> None:
    config = folder(redis, tmp_path)
    code, out, err = run(
        config, "add", "1810.HK", "Xiaomi", "--for", "2h", "--why", "known", "--rule", "phones", "--match",
        "events: [results]",
    )  # fmt: skip
    assert (code, out, err) == (0, "s1\n", "")
    code, out, _ = run(config, "list", "--json")
    (found,) = json.loads(out)
    assert found["until"] - found["since"] == 7200
    assert (found["rules"], found["why"]) == (["phones"], "known")
    assert found["matcher"] == {"events": ["results"], "companies": ["1810.HK", "Xiaomi"]}
    assert "rule phones; events results; 1810.HK, Xiaomi" in run(config, "list")[1]
    assert run(config, "expire", "s1") == (0, "", "")
    assert run(config, "list")[1] == "no silence holds\n"
    assert "s1" in run(config, "list", "--all")[1]
    assert run(config, "expire", "s1", "s9") == (1, "", "no silence s1 holds\nno silence s9 holds\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["add", "AAPL", "--for", "2h"], "say why"),
        (["add", "--why", "x"], "name a company"),
        (["add", "AAPL", "--why", "x", "--for", "soon"], "no duration"),
        (["add", "--match", "evnts: [macro]", "--why", "x"], "did you mean events?"),
        (["add", "--match", "events: [macroo]", "--why", "x"], "did you mean macro?"),
    ],
)
def test_wrong_silences_are_2(words: list[str], said: str, tmp_path: Path) -> None:
    result = invoke("silence", *words, "--config", str(write(tmp_path)))
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


def test_without_a_state_it_says_how_to_start(tmp_path: Path) -> None:
    result = invoke("silence", "list", "--config", str(write(tmp_path)))
    assert result.exit_code == 1
    assert result.stderr.endswith("there is no state here yet (`alertd run` makes it)\n")
