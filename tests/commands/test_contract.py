"""What tools rely on: streams, exit codes, help, and how a command fails. As a user runs it where that matters."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

import alertd
from alertd.cli import app
from tests.commands.world import environment, execute, invoke, start, write

COMMANDS = ["init", "check", "schema", "run", "stop", "health", "demo", "status", "story", "tag", "stories",
            "feeds check", "feeds discover", "feeds fetch", "feeds import", "feeds export", "feeds status",
            "dead list", "dead show", "dead replay", "dead drop",
            "silence add", "silence list", "silence expire", "explain", "backtest", "archive export", "slack test",
            "alerts", "feedback export", "feedback tune", "symbols search", "symbols show",
            "symbols update"]  # fmt: skip
HEAVY = {"aiohttp", "apscheduler", "feedparser", "marisa_trie", "numpy", "onnxruntime", "pydantic", "redis", "rich",
         "slack_sdk", "torch", "transformers", "yaml"}  # fmt: skip
MODELS = {"onnxruntime", "torch", "transformers", "numpy", "feedparser", "aiohttp"}


def imported_by(*words: str, cwd: Path | None = None) -> set[str]:
    """The top-level modules that a command imports."""
    code = (
        "import sys\nfrom alertd.cli import main\nsys.argv = ['alertd', *sys.argv[1:]]\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "print('|', *{name.partition('.')[0] for name in sys.modules})"
    )
    command = [sys.executable, "-c", code, *words]
    done = subprocess.run(command, capture_output=True, check=True, text=True, cwd=cwd, env=environment())
    return set(done.stdout.rpartition("|")[2].split())


def test_help_is_there_at_once_and_check_loads_no_model(tmp_path: Path) -> None:
    write(tmp_path)
    assert "typer" in imported_by("--help")
    assert imported_by("--help") & HEAVY == set()
    assert imported_by("check", "--help") & HEAVY <= {"pydantic"}  # some versions of typer read parameters by it
    assert imported_by("check", cwd=tmp_path) & MODELS == set()


def test_all_commands_are_listed() -> None:
    listed = re.findall(r"^  ([a-z]+)  ", invoke("--help").stdout.partition("Commands:")[2], re.MULTILINE)
    assert set(listed) == {name.partition(" ")[0] for name in COMMANDS}


def tree(found: Any, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """All commands and groups below one, each with the words that lead to it."""
    yield path, found
    for name, below in getattr(found, "commands", {}).items():
        yield from tree(below, *path, name)


TREE = dict(tree(get_command(app), "alertd"))
_ENDS = re.compile(r" (?:\||<|>>?|&&|\|\|) ")


def examples(path: tuple[str, ...]) -> list[str]:
    """The command lines of alertd's that the help of a command shows."""
    lines = (TREE[path].epilog or "").split("\n")[2:]
    return [part.strip() for line in lines for part in _ENDS.split(line) if part.strip().startswith("alertd ")]


def test_the_tree_holds_all_commands() -> None:
    ends = {" ".join(path[1:]) for path, found in TREE.items() if not getattr(found, "commands", {})}
    assert ends == set(COMMANDS)


@pytest.mark.parametrize("path", TREE, ids=" ".join)
def test_every_command_and_group_has_help_with_an_example(path: tuple[str, ...]) -> None:
    shown = invoke(*path[1:], "--help")
    assert (shown.exit_code, shown.stderr) == (0, "")
    # a group: use `group_of` of alertd.commands.common
    assert re.search(rf"^  Examples?:\n    {' '.join(path)} ?", shown.stdout, re.MULTILINE), shown.stdout
    unexplained = [one.name for one in TREE[path].params if one.name != "help" and not getattr(one, "help", "")]
    assert unexplained == []


@pytest.mark.parametrize("path", TREE, ids=" ".join)
def test_its_examples_are_command_lines_that_it_takes(path: tuple[str, ...]) -> None:
    assert examples(path)
    for line in examples(path):
        words = shlex.split(line)
        named = max((other for other in TREE if tuple(words[: len(other)]) == other), key=len)
        found, rest = TREE[named], words[len(named) :]
        assert not getattr(found, "commands", {}), line
        # an option that is none, or a word too many, raises
        found.make_parser(found.context_class(found)).parse_args(rest)


@pytest.mark.parametrize(
    ("typed", "completed"),
    [("alertd ba", {"backtest"}), ("alertd feeds di", {"discover"}), ("alertd run --d", {"--dry-run"}),
     ("alertd s", {"schema", "stop", "status", "story", "stories", "silence", "slack", "symbols"})],
)  # fmt: skip
def test_the_shell_completes_commands_and_options(typed: str, completed: set[str]) -> None:
    asked = {"_ALERTD_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
    code = "import sys\nfrom alertd.cli import main\nsys.argv = ['alertd']\nmain()"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**environment(), **asked}, capture_output=True, text=True, check=True
    )
    assert completed <= set(done.stdout.split())


def test_summaries_in_the_list_are_whole() -> None:
    assert "..." not in invoke("--help").stdout.partition("\n")[2]


def test_every_command_is_documented_and_no_other() -> None:
    text = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| `alertd ([a-z ]+)` \|", text, re.MULTILINE)
    assert sorted(documented) == sorted(COMMANDS)


def test_the_version() -> None:
    assert execute(["--version"]) == (0, f"alertd {alertd.__version__}\n", "")


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["nonsense"],
        ["check", "--nonsense"],
        ["schema", "nonsense"],
        ["feeds"],
        ["tag"],
        ["tag", "Xiaomi rises", "--jsonl"],
        ["stories"],
        ["run", "--stages", "poll,tagg"],
        ["run", "--stages", ","],
        ["stop", "--timeout", "soon"],
    ],
)
def test_wrong_usage_is_2_and_leaves_stdout_alone(words: list[str]) -> None:
    result = invoke(*words)
    assert (result.exit_code, result.stdout if words not in ([], ["feeds"]) else "") == (2, "")
    assert "Usage: " in result.output


def test_mistakes_are_listed_on_stderr_with_their_count(tmp_path: Path) -> None:
    write(tmp_path, watchlist="rules:\n  - name: x\n    companies: [1810.HKG]\n    events: [resalts]\n")
    code, out, err = execute(["check"], cwd=tmp_path)
    assert (code, out) == (2, "")
    first, second, count = err.splitlines()
    assert first == (
        "config/watchlist.yaml:3:17: no company has the symbol '1810.HKG'; did you mean 1810.HK (Xiaomi, Hong Kong)?"
    )
    assert second.startswith("config/watchlist.yaml:4:14: ")
    assert count == "2 problems"


def test_an_error_of_ours_is_its_text_and_1(tmp_path: Path) -> None:
    config = write(tmp_path)
    result = invoke("stop", "--config", str(config))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"{tmp_path / 'state'}: no daemon runs here (start it: alertd run)\n"


def test_the_environment_names_the_configuration(tmp_path: Path) -> None:
    config = write(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "alertd", "check"],
        env={**environment(), "ALERTD_CONFIG": str(config)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.startswith(f"{config} is fine: ")


def raise_secret(*_: object) -> None:
    raise RuntimeError("https://user:hunter2@example.com/?key=hunter2\n\x1b[31m")


def test_an_unexpected_error_is_one_line_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alertd.config.write_default", raise_secret)
    result = invoke("init", "x")
    assert result.exit_code == 1
    assert result.stderr.startswith("unexpected error: RuntimeError: https://…@example.com/?key=…")
    assert result.stderr.count("\n") == 1
    assert "hunter2" not in result.stderr
    assert "\x1b" not in result.stderr
    assert not result.stdout


@pytest.mark.parametrize("words", [["--debug", "init", "x"], ["init", "x"]])
def test_debug_adds_the_traceback_without_secrets(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alertd.config.write_default", raise_secret)
    debugging = words[0] == "--debug"
    result = invoke(*words)
    assert ("Traceback" in result.stderr) is debugging
    assert ("in raise_secret" in result.stderr) is debugging
    assert "hunter2" not in result.stderr


def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    with start("schema", "alertd") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.wait(60) == 1
        assert process.stderr.read() == b""


def test_so_does_the_reader_of_the_demo() -> None:
    code = (
        "import sys, alertd.demo\nfrom alertd.cli import main\n"
        "def gone():\n    print('told', flush=True)\n    raise BrokenPipeError\n"
        "alertd.demo.run_demo = gone\nsys.argv = ['alertd', 'demo']\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True, env=environment())
    assert (done.returncode, done.stdout, done.stderr) == (1, "told\n", "")


def test_ctrl_c_ends_it_quietly_with_130() -> None:
    article = json.dumps({"id": 1, "title": "Ferry line orders two ships"}).encode() + b"\n"
    with start("stories", "--jsonl", "--words") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(article * 64)
        process.stdin.flush()
        for _ in range(64):
            assert process.stdout.readline()  # it works, and then waits for more
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stderr.read() == b""


def test_the_package_runs_as_a_module_under_its_own_name() -> None:
    assert execute(["--help"])[1].startswith("Usage: alertd ")
    assert app.info.name == "alertd"
