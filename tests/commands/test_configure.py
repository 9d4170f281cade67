"""init, check, schema."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from alertd.config import FILES, json_schemas
from tests.commands.world import SETTINGS, invoke, write


def test_init_writes_what_check_accepts_and_says_what_comes_next(tmp_path: Path) -> None:
    folder = tmp_path / "config"
    made = invoke("init", str(folder))
    assert made.exit_code == 0
    assert made.stdout.splitlines() == [str(folder / name) for name in FILES]
    assert f"alertd check --config {folder}" in made.stderr
    checked = invoke("check", "--config", str(folder))
    assert (checked.exit_code, checked.stderr) == (0, "")
    assert re.search(r" is fine: \d+ feeds, \d+ rules, generation ", checked.stdout)


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    folder = write(tmp_path)
    again = invoke("init", str(folder))
    assert (again.exit_code, again.stdout) == (2, "")
    assert "is there already" in again.stderr
    assert (folder / "alertd.yaml").read_text() == SETTINGS


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("", "alerts to the terminal (slack.token is not set)"),
        ("slack: {token: xoxb-hunter2}\n", "alerts to Slack"),
        ("store: {folder: elsewhere}\n", "/elsewhere, "),
        ("redis: {url: 'redis://:hunter2@localhost'}\n", "state in the Redis of redis.url"),
    ],
)
def test_check_says_calmly_what_it_comes_to(more: str, says: str, tmp_path: Path) -> None:
    folder = write(tmp_path, SETTINGS + more)
    result = invoke("check", "--config", str(folder))
    assert (result.exit_code, result.stderr) == (0, "")
    (line,) = result.stdout.splitlines()
    assert line.startswith(f"{folder} is fine: 1 feed, 1 rule, generation ")
    assert says in line
    assert "hunter2" not in line


@pytest.mark.parametrize("name", ["alertd", "watchlist"])
def test_the_schema_is_the_published_one(name: str) -> None:
    result = invoke("schema", name)
    assert json.loads(result.stdout) == json_schemas()[name]
    published = Path(__file__).parents[2] / "docs" / "schema" / f"{name}.schema.json"
    assert result.stdout == published.read_text(encoding="utf-8")
