"""`alertd symbols`, against real HTTP on loopback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from alertd.tagging.gazetteer import Gazetteer
from tests.commands.world import invoke, write
from tests.tagging.small import Line, by_exchange, tickers

SETTINGS = "allow_private_addresses: true\nfeeds: [{name: one, url: 'http://127.0.0.1:1/rss'}]\n"
GAZETTEER = Gazetteer.open()
LISTED: list[Line] = [
    (cik, symbol, f"{issuer.name} Corp")
    for cik, symbols in GAZETTEER.registered.items()
    for symbol in symbols
    if (issuer := GAZETTEER.by_symbol(symbol))
]
"""The list as it was when the shipped gazetteer was built."""


def changed() -> list[Line]:
    """Netflix got another symbol, Macy's is gone, Zorblax is new."""
    kept = [line for line in LISTED if line[1] not in ("NFLX", "M")]
    return [*kept, (1065280, "FLIX", "NETFLIX INC"), (4_000_000_000, "ZRBX", "ZORBLAX ROBOTICS INC")]


def test_an_update_is_fetched_told_and_in_force(httpserver: HTTPServer, tmp_path: Path) -> None:
    agents = []

    def serve(request: Request) -> Response:
        agents.append(request.headers["User-Agent"])
        return Response(tickers(changed()), content_type="application/json")

    httpserver.expect_request("/company_tickers.json").respond_with_handler(serve)
    watchlist = "rules:\n  - name: films\n    companies: [NFLX, M, AAPL]\n"
    config = str(write(tmp_path, SETTINGS + "contact: desk@example.com\n", watchlist))
    assert invoke("check", "--config", config).stderr == ""
    assert invoke("symbols", "show", "ZRBX", "--config", config).exit_code == 1

    url = httpserver.url_for("/company_tickers.json?key=hunter2")
    result = invoke("symbols", "update", "--from", url, "--config", config)
    assert result.exit_code == 0, result.stderr
    head, *rest = result.stdout.splitlines()
    assert head.endswith("knows: 1 new, 0 more symbols, 1 renamed, 1 delisted")
    assert rest == ["  new: ZRBX (Zorblax Robotics)", "  renamed: NFLX to FLIX (Netflix)", "  delisted: M (Macy's)"]
    assert "desk@example.com" in agents[0]
    assert "hunter2" not in result.stdout + result.stderr + (tmp_path / "state/symbols/sec.json").read_text()
    warned = [line for line in result.stderr.splitlines() if "watchlist.yaml:3:" in line]
    assert warned == invoke("check", "--config", config).stderr.splitlines()
    assert [line.partition("watchlist.yaml:")[2] for line in warned] == [
        "3:17: NFLX is a former symbol of Netflix, and still read as such; write FLIX",
        "3:23: M (Macy's) is not listed any more; remove it, or watch the company by {name: Macy's}",
    ]
    shown = json.loads(invoke("symbols", "show", "NFLX", "--json", "--config", config).stdout)
    assert (shown["symbol"], shown["symbols"][-1], shown["cik"]) == ("FLIX", "NFLX", 1065280)
    assert "Zorblax Robotics" in invoke("symbols", "search", "zorblax", "--config", config).stdout
    tagged = invoke("tag", "Zorblax Robotics Inc. (NYSE: ZRBX) recalls a product", "--config", config).stdout
    assert "ZRBX" in tagged


def test_the_same_list_again_changes_nothing(tmp_path: Path) -> None:
    config = str(write(tmp_path, SETTINGS))
    file = tmp_path / "list.json"
    file.write_bytes(by_exchange(LISTED))
    result = invoke("symbols", "update", "--from", str(file), "--config", config)
    assert (result.exit_code, result.stdout.partition("knows: ")[2]) == (
        0, "0 new, 0 more symbols, 0 renamed, 0 delisted\n",
    )  # fmt: skip


def test_a_watchlist_that_waits_for_the_update_does_not_hinder_it(tmp_path: Path) -> None:
    config = str(write(tmp_path, SETTINGS, "rules: [{name: new, companies: [ZRBX]}]\n"))
    file = tmp_path / "list.json"
    file.write_bytes(tickers(changed()))
    assert invoke("check", "--config", config).exit_code == 2
    assert invoke("symbols", "update", "--from", str(file), "--config", config).exit_code == 0
    assert invoke("check", "--config", config).exit_code == 0


@pytest.mark.parametrize(
    ("path", "code", "said"),
    [
        ("/gone", 404, "HTTP 404"),
        ("/page", 200, "is no list of tickers"),
        ("/half", 200, "nothing is changed"),
    ],
)
def test_what_went_wrong_is_said_and_nothing_changes(
    path: str, code: int, said: str, httpserver: HTTPServer, tmp_path: Path
) -> None:
    body = tickers(LISTED[:50]) if path == "/half" else b"<!doctype html><title>Access</title>"
    httpserver.expect_request(path).respond_with_data(body, status=code)
    config = str(write(tmp_path, SETTINGS))
    result = invoke("symbols", "update", "--from", httpserver.url_for(path), "--config", config)
    assert result.exit_code == 1
    assert said in result.stderr
    assert not (tmp_path / "state").exists()


def test_the_sec_wants_a_contact_and_private_addresses_a_word(httpserver: HTTPServer, tmp_path: Path) -> None:
    config = str(write(tmp_path, "feeds: [{name: one, url: 'https://example.com/rss'}]\n"))
    result = invoke("symbols", "update", "--config", config)
    assert result.exit_code == 1
    assert "names" not in result.stdout
    assert "set `contact:` in alertd.yaml" in result.stderr
    assert "--contact" in result.stderr
    refused = invoke("symbols", "update", "--from", httpserver.url_for("/list"), "--config", config)
    assert refused.exit_code == 1
    assert "private" in refused.stderr
    missing = invoke("symbols", "update", "--from", str(tmp_path / "none.json"), "--config", config)
    assert "No such file" in missing.stderr


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("xiaomi", "1810.HK"),
        ("Tata Motors", "TATAMOTORS.NS"),
        ("bank of amer", "BAC"),
        ("aapl", "AAPL"),
        ("micorsoft", "MSFT"),
        ("general motors co", "GM"),
    ],
)
def test_companies_are_found_by_what_a_person_types(words: str, first: str, tmp_path: Path) -> None:
    result = invoke("symbols", "search", words, "--json", "--config", str(write(tmp_path)))
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert 0 < len(found) <= 10
    assert found[0]["symbol"] == first


def test_nothing_found_is_1_and_says_what_to_do(tmp_path: Path) -> None:
    config = str(write(tmp_path))
    searched = invoke("symbols", "search", "zzqqxx", "--config", config)
    assert (searched.exit_code, searched.stdout) == (1, "")
    assert "{name: …}" in searched.stderr
    shown = invoke("symbols", "show", "AAPPL", "--config", config)
    assert (shown.exit_code, shown.stdout) == (1, "")
    assert "did you mean AAPL (Apple, US)" in shown.stderr


def test_a_company_is_shown_as_a_watchlist_would_have_it(tmp_path: Path) -> None:
    shown = invoke("symbols", "show", "Xiaomi", "--config", str(write(tmp_path))).stdout
    for part in ("1810.HK XIACF", "China", "Information Technology", "xiaomi", "companies: [1810.HK]"):
        assert part in shown
    assert "apple?" in invoke("symbols", "show", "AAPL").stdout  # a word too: decided in context
