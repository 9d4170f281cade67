"""What a command says to whoever uses it wrongly: one line that names what, where and what to do next."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.commands.world import SETTINGS, invoke, write

NEXT = "(`alertd run` makes it)"
NOWHERE = "{folder}/nowhere: there is no such folder (write a configuration with `alertd init`, or say where yours is: "

CASES = [
    # words, exit code, what stderr begins or ends with
    (["run", "--config", "{folder}/nowhere"], 2, NOWHERE),
    (["check", "--config", "{folder}/nowhere"], 2, NOWHERE),
    (["status", "--config", "{folder}/nowhere"], 2, NOWHERE),
    (["feeds", "check", "--config", "{folder}/nowhere"], 2, NOWHERE),
    (["explain", "Xiaomi rises", "--config", "{folder}/nowhere"], 2, NOWHERE),
    (["check", "--config", "{folder}"], 2, "{folder}: no configuration is here (write a configuration with `alertd"),
    (["init", "{folder}/config"], 2, "is there already (edit it, or name another folder: alertd init DIR)"),
    (["init", "{folder}/config/alertd.yaml"], 2, "alertd.yaml: is a file (name the folder: alertd init DIR)"),
    (["rn"], 2, "No such command 'rn'."),
    (["check", "--confg", "x"], 2, "--confg"),
    (["schema", "feeds"], 2, "'feeds' is not one of 'alertd', 'watchlist'."),
    (["tag"], 2, "give either a text, or --jsonl and articles on stdin"),
    (["stories"], 2, "give --jsonl, and articles on stdin"),
    (["run", "--stages", "pol", "{config}"], 2, "no stage is called 'pol'; did you mean poll?"),
    (["run", "--once", "--stages", "tag", "{config}"], 2, "--once needs all stages (leave --stages away)"),
    (["feeds", "fetch", "oen", "{config}"], 2, "no feed has the name oen (did you mean one?)"),
    (["feeds", "fetch", "one", "{config}"], 1, "its server cannot be reached (check the network)"),
    (["feeds", "fetch", "http://127.0.0.1:1/rss"], 1, "it leads to a private address (add --allow-private, or for a "),
    (["feeds", "fetch", "https://no-such-host.invalid/rss"], 1, "cannot be resolved (check the address and the"),
    (["feeds", "discover", "nonsense"], 2, "nonsense: no web address (write one that starts with https:// or http://)"),
    (["feeds", "import", "{folder}/config/alertd.yaml"], 1, "no feed in it (it should hold outlines with an xmlUrl)"),
    (["feeds", "import", "{folder}/no.opml"], 2, "no.opml' does not exist."),
    (["alerts", "--since", "monday", "{config}"], 2, "no duration; write 90s, 2m, 6h, 3d or a number of seconds"),
    (["backtest", "--rules", "{folder}/new.yaml", "{config}"], 2, "there is no new.yaml here; check its name"),
    (["silence", "add"], 2, "name a company, a --rule or a --match"),
    (["silence", "add", "NVDA"], 2, "say why, for those who wonder later"),
    (["silence", "add", "--rule", "phnes", "--why", "x", "{config}"], 2, "no rule has the name 'phnes'"),
    (["silence", "add", "--match", "foo: 1", "--why", "x", "{config}"], 2, "--match:1:1: unknown key 'foo'; known"),
    (["slack", "test", "{config}"], 2, "no Slack token is set (set slack.token or slack.token_file; docs/"),
    (["symbols", "show", "NOPE1", "{config}"], 1, "no company has the symbol or name NOPE1 (alertd symbols search"),
    (["symbols", "update", "{config}"], 1, "(set `contact:` in alertd.yaml to an e-mail address of yours, or give"),
    (["symbols", "update", "--from", "{folder}/no.json", "{config}"], 1, "(name a file or an address)"),
    (["health", "{config}"], 1, "no daemon runs here (start it: alertd run)"),
    (["stop", "{config}"], 1, "no daemon runs here (start it: alertd run)"),
    *[
        (words.split(), 1, f"state: there is no state here yet {NEXT}")
        for words in (
            "status {config}", "alerts {config}", "story 1 {config}", "backtest {config}", "archive export {config}",
            "dead list {config}", "silence list {config}", "silence expire s1 {config}", "feedback tune {config}",
            "feeds status {config}",
        )
    ],
]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "code", "says"), CASES, ids=lambda value: " ".join(value) if type(value) is list else ""
)
def test_wrong_usage_says_what_to_do_next(words: list[str], code: int, says: str, tmp_path: Path) -> None:
    config = write(tmp_path)
    filled = [part.replace("{folder}", str(tmp_path)) for word in words for part in (
        ["--config", str(config)] if word == "{config}" else [word]
    )]  # fmt: skip
    result = invoke(*filled)
    assert result.exit_code == code, result.output
    assert says.replace("{folder}", str(tmp_path)) in result.stderr
    assert result.stdout == ""
    assert "unexpected error" not in result.stderr
    assert "Traceback" not in result.stderr


def test_a_port_that_is_taken_and_a_redis_that_is_away_are_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config = write(tmp_path, SETTINGS + "redis: {url: 'redis://:hunter2@127.0.0.1:1/0'}\n")
        for words in (["run"], ["status"], ["alerts"]):
            result = invoke(*words, "--config", str(config))
            assert (result.exit_code, result.stdout) == (1, "")
            assert "redis.url: the server cannot be reached: Connection refused (check redis.url" in result.stderr
            assert "hunter2" not in result.stderr
        write(tmp_path, SETTINGS.replace("port: 0", f"port: {port}") + "store: {linger: 1s}\n")
        result = invoke("run", "--config", str(config))
        assert (result.exit_code, result.stdout) == (1, "")
        assert f"web: cannot listen on 127.0.0.1:{port}" in result.stderr
        assert "set web.port to a free port" in result.stderr
