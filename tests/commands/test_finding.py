"""feeds discover, fetch, import, export and status, against real HTTP on loopback and a real state."""

from __future__ import annotations

import json
from email.utils import formatdate
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from tests.commands.test_feeds import ATOM, DATED, HEAD, ITEM, PAGE, RSS, config
from tests.commands.world import execute, invoke, write

NAMING = PAGE.replace("</head>", '<link rel=alternate type="application/rss+xml" href="/rss"></head>')


def test_feeds_that_a_page_names_are_found(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/news").respond_with_data(NAMING, content_type="text/html")
    httpserver.expect_request("/rss").respond_with_data(RSS, content_type="application/rss+xml")
    result = invoke("feeds", "discover", httpserver.url_for("/news"), "--allow-private")
    assert result.exit_code == 0, result.output
    assert httpserver.url_for("/rss") in result.stdout
    assert "2026-03-02 10:58" in result.stdout


def test_the_usual_places_are_tried_when_it_names_none(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_data(PAGE, content_type="text/html")
    httpserver.expect_request("/atom.xml").respond_with_data(ATOM, content_type="application/atom+xml")
    result = invoke("feeds", "discover", httpserver.url_for("/"), "--allow-private")
    assert httpserver.url_for("/atom.xml") in result.stdout


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [("{}", 1, "no feed was found"), ("nonsense", 2, "no web address"), ("ftp://x.example", 2, "no web")],
)
def test_nothing_found_is_1_and_no_address_2(url: str, code: int, said: str, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_data(PAGE, content_type="text/html")
    result = invoke("feeds", "discover", url.format(httpserver.url_for("/")), "--allow-private")
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr


def test_private_addresses_need_a_word(httpserver: HTTPServer) -> None:
    result = invoke("feeds", "discover", httpserver.url_for("/"))
    assert result.exit_code == 1
    assert "leads to a private address (add --allow-private" in result.stderr


def test_a_feed_is_shown_entry_by_entry(httpserver: HTTPServer, tmp_path: Path) -> None:
    httpserver.expect_request("/rss").respond_with_data(RSS, content_type="application/rss+xml")
    by_address = invoke("feeds", "fetch", httpserver.url_for("/rss"), "--allow-private")
    by_name = invoke("feeds", "fetch", "feed0", "--config", config(tmp_path, httpserver, "/rss"))
    for result in (by_address, by_name):
        assert result.exit_code == 0, result.output
        assert "Port opens" in result.stdout
        assert "2026-03-02 10:58" in result.stdout
    wrong = invoke("feeds", "fetch", "feed1", "--config", config(tmp_path, httpserver, "/rss"))
    assert (wrong.exit_code, "did you mean feed0?" in wrong.stderr) == (2, True)


def test_a_list_goes_out_and_comes_in_again(tmp_path: Path) -> None:
    rows = "".join(f"  - {{name: 'wire {n}', url: 'https://wire.example/{n}?a=1&b={n}'}}\n" for n in range(3))
    folder = str(write(tmp_path, f"feeds:\n{rows}"))
    out = invoke("feeds", "export", "--config", folder)
    (tmp_path / "list.opml").write_text(out.stdout, encoding="utf-8")
    known = invoke("feeds", "import", str(tmp_path / "list.opml"), "--config", folder)
    assert (known.stdout, "0 feeds; 3 were there already" in known.stderr) == ("", True)
    into = tmp_path / "other"
    into.mkdir()
    fresh = invoke("feeds", "import", str(tmp_path / "list.opml"), "--config", str(into))
    made = write(into, f"feeds:\n{fresh.stdout}")
    assert invoke("check", "--config", str(made)).exit_code == 0
    assert invoke("feeds", "export", "--config", str(made)).stdout.count("https://wire.example/") == 3


def test_a_list_without_feeds_is_1(tmp_path: Path) -> None:
    (tmp_path / "list.opml").write_text("<opml/>", encoding="utf-8")
    result = invoke("feeds", "import", str(tmp_path / "list.opml"), "--config", str(tmp_path))
    assert (result.exit_code, "no feed in it" in result.stderr) == (1, True)


def test_the_state_of_every_feed_is_shown(httpserver: HTTPServer, tmp_path: Path) -> None:
    httpserver.expect_request("/rss").respond_with_data(RSS, content_type="application/rss+xml")
    httpserver.expect_request("/gone").respond_with_data("", status=410)
    folder = config(tmp_path, httpserver, "/rss", "/gone")
    with (Path(folder) / "alertd.yaml").open("a", encoding="utf-8") as file:
        file.write("store: {linger: 5s}\n")
    code, _, err = execute(["run", "--once", "--config", folder])
    assert code in (0, 1), err
    listed = {one["name"]: one for one in json.loads(invoke("feeds", "status", "--json", "--config", folder).stdout)}
    assert (listed["feed0"]["state"], listed["feed0"]["interval"], listed["feed0"]["why"]) == (
        "fine",
        120,
        "as configured",
    )
    assert listed["feed1"]["stopped"]
    shown = invoke("feeds", "status", "--config", folder)
    assert shown.stdout.splitlines()[2].startswith("feed1"), shown.stdout
    assert "never" in shown.stdout
    assert "1 of 2 fail" in shown.stderr


def test_an_address_may_be_typed_without_its_scheme() -> None:
    result = invoke("feeds", "fetch", "name.invalid/rss")
    assert result.exit_code == 1
    assert "its host name cannot be resolved" in result.stderr


def test_entries_say_whether_they_could_alert(httpserver: HTTPServer) -> None:
    young = f"<pubDate>{formatdate()}</pubDate>"
    items = ITEM.format("Port opens", 1, young) + ITEM.format("Port closes", 2, DATED) + ITEM.format("Gate", 3, "")
    httpserver.expect_request("/rss").respond_with_data(f"{HEAD}{items}</channel></rss>")
    result = invoke("feeds", "fetch", httpserver.url_for("/rss"), "--allow-private")
    assert "3 entries, RSS 2.0, " in result.stderr
    port, closes, gate = result.stdout.splitlines()[2:5]
    assert port.endswith(" yes")
    assert " no: too old (" in closes
    assert " no: first sight of the feed" in gate


def test_entries_as_lines_of_json(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/rss").respond_with_data(RSS, content_type="application/rss+xml")
    result = invoke("feeds", "fetch", httpserver.url_for("/rss"), "--allow-private", "--json")
    assert [json.loads(line)["title"] for line in result.stdout.splitlines()] == ["Port opens", "Port closes"]


def test_pages_are_fetched_for_a_feed_with_full_text(httpserver: HTTPServer, tmp_path: Path) -> None:
    words = "".join(f"<p>Port opens its gate number {n} for ships of all sizes on Monday.</p>" for n in range(9))
    link = f"<link>{httpserver.url_for('/page')}</link>"
    httpserver.expect_request("/rss").respond_with_data(f"{HEAD}{ITEM.format('Port opens', 1, link)}</channel></rss>")
    httpserver.expect_request("/page").respond_with_data(
        f"<html><body><article><h1>Port opens</h1>{words}</article></body></html>", content_type="text/html"
    )
    httpserver.expect_request("/robots.txt").respond_with_data("", status=404)
    folder = config(tmp_path, httpserver, "/rss")
    settings = tmp_path / "config" / "alertd.yaml"
    settings.write_text(settings.read_text().replace("}", ", full_text: true}"))
    result = invoke("feeds", "fetch", "feed0", "--config", folder, "--json")
    assert "pages of the first 1: 1 fetched" in result.stderr
    assert "gate number 8" in json.loads(result.stdout)["text"]
