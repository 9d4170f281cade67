"""feeds check, against real HTTP on loopback."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from alertd.commands.feeds import AT_ONCE
from tests.commands.world import invoke, write

ITEM = "<item><title>{}</title><guid>{}</guid>{}</item>"
HEAD = '<rss version="2.0"><channel><title>Wire</title>'
DATED = "<pubDate>Mon, 02 Mar 2026 10:58:00 GMT</pubDate>"
RSS = f"{HEAD}{ITEM.format('Port opens', 1, DATED)}{ITEM.format('Port closes', 2, '')}</channel></rss>"
UNDATED = f"{HEAD}{ITEM.format('Port opens', 1, '')}</channel></rss>"
ATOM = '<feed xmlns="http://www.w3.org/2005/Atom"><title>Wire</title></feed>'
PAGE = "<!doctype html><html><head><title>Sign up</title></head><body></body></html>"


def config(folder: Path, server: HTTPServer, *paths: str) -> str:
    feeds = "".join(f"  - {{name: feed{at}, url: '{server.url_for(path)}'}}\n" for at, path in enumerate(paths))
    return str(write(folder, f"allow_private_addresses: true\nfeeds:\n{feeds}"))


def rows(out: str) -> dict[str, str]:
    """The rows of the table by their feed; what was wrapped belongs to the row above."""
    found: dict[str, str] = {}
    name = ""
    for line in out.splitlines():
        if line.startswith("feed") and not line.startswith("feed "):
            name = line.split()[0]
        if name:
            found[name] = " ".join([found.get(name, ""), *line.removeprefix(name).split()]).strip()
    return found


def test_every_feed_has_its_outcome(httpserver: HTTPServer, tmp_path: Path) -> None:
    httpserver.expect_request("/rss").respond_with_data(RSS, content_type="application/rss+xml")
    httpserver.expect_request("/atom").respond_with_data(ATOM, content_type="application/atom+xml")
    httpserver.expect_request("/undated").respond_with_data(UNDATED, content_type="application/rss+xml")
    httpserver.expect_request("/broken").respond_with_data(RSS.removesuffix("</channel></rss>"))
    httpserver.expect_request("/page").respond_with_data(PAGE, content_type="text/html")
    httpserver.expect_request("/gone").respond_with_data("", status=410)
    to = {"Location": "/rss?key=hunter2"}
    httpserver.expect_request("/moved").respond_with_data("", status=301, headers=to)
    paths = ["/rss", "/atom", "/undated", "/broken", "/page", "/gone", "/moved"]
    result = invoke("feeds", "check", "--config", config(tmp_path, httpserver, *paths))
    found = rows(result.stdout)
    assert result.exit_code == 1
    assert result.stderr.splitlines() == ["fetching 7 feeds", "2 of 7 failed"]
    assert found["feed0"].startswith("fine RSS 2.0 2 2026-03-02 10:58 ")
    assert found["feed1"].startswith("fine; no entries Atom 1.0 0 ")
    assert found["feed2"].startswith("fine; no entry has a date that can be trusted RSS 2.0 1 ")
    assert found["feed3"].startswith("fine; not well-formed")
    assert found["feed4"].startswith('an HTML page ("Sign up") instead of a feed; check the address')
    assert found["feed5"].startswith("HTTP 410; the publisher has ended this feed")
    assert "fine; moved for good to" in found["feed6"]
    assert "hunter2" not in result.output


def test_all_fine_is_0_and_addresses_stay_hidden(httpserver: HTTPServer, tmp_path: Path) -> None:
    httpserver.expect_request("/rss").respond_with_data(RSS, content_type="application/rss+xml")
    folder = config(tmp_path, httpserver, "/rss?key=hunter2", "/rss?key=hunter3")
    result = invoke("feeds", "check", "--config", folder)
    assert result.exit_code == 0
    assert result.stderr == "fetching 2 feeds\n"
    assert "hunter" not in result.output


def test_one_that_hangs_holds_up_no_other(httpserver: HTTPServer, tmp_path: Path) -> None:
    """The slow one answers only after another one was asked."""
    asked = threading.Event()

    def slow(_: Request) -> Response:
        return Response(RSS if asked.wait(10) else "", content_type="application/rss+xml")

    def quick(_: Request) -> Response:
        asked.set()
        return Response(RSS, content_type="application/rss+xml")

    httpserver.expect_request("/slow").respond_with_handler(slow)
    httpserver.expect_request("/quick").respond_with_handler(quick)
    result = invoke("feeds", "check", "--config", config(tmp_path, httpserver, "/slow", "/quick"))
    assert AT_ONCE > 1
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("settings", ["feeds: 7\n", "nonsense\n"])
def test_a_wrong_configuration_is_2(settings: str, tmp_path: Path) -> None:
    result = invoke("feeds", "check", "--config", str(write(tmp_path, settings)))
    assert (result.exit_code, result.stdout) == (2, "")
