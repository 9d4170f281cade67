"""Private addresses are told from public ones."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from yarl import URL

from alertd.errors import FeedError
from alertd.feeds import Fetcher, Validators
from alertd.feeds.network import (
    PrivateAddressError,
    guarded_socket,
    is_public,
    proxies_of_environment,
    proxy_for,
    read_address,
    same_site,
)

from .world import FeedStub


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "2002:808:808::1", "64:ff9b::808:808"]
)
def test_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
     "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "2002:7f00:1::1",
     "64:ff9b::a9fe:a9fe", "::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b:1::7f00:1", "2001:0:7f00:1::", "fec0::1",
     "2001:4860::5efe:10.0.0.1", "2001:4860::200:5efe:192.168.0.1", "fd00:ec2::254", "198.18.0.1", "192.0.0.8",
     "192.88.99.1", "240.0.0.1", "2001:db8::1", "3fff::1", "5f00::1", "100::1", "::1%lo", "not an address"],
)  # fmt: skip
def test_private(address: str) -> None:
    assert not is_public(address)
    with pytest.raises(PrivateAddressError):
        guarded_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, 80)))


def test_a_socket_for_a_public_address() -> None:
    with guarded_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("8.8.8.8", 80))) as made:
        assert made.family == socket.AF_INET


@pytest.mark.parametrize(
    ("raw", "base", "want"),
    [
        ("http://e.com/a%2Cb?x=%20,y#part", None, "http://e.com/a%2Cb?x=%20,y"),
        ("https://e.com/ä b", None, "https://e.com/%C3%A4%20b"),
        ("/new", "http://e.com/old/feed", "http://e.com/new"),
        ("//other.com/x", "https://e.com/", "https://other.com/x"),
    ],
)
def test_addresses_are_used_exactly(raw: str, base: str | None, want: str) -> None:
    assert str(read_address(raw, FeedStub(), URL(base) if base else None)) == want


@pytest.mark.parametrize(
    "raw", ["ftp://e.com/x", "file:///etc/passwd", "feed.xml", "", "http://", "http://[::1", "javascript:1"]
)
def test_what_is_no_address_is_refused_without_quoting_it(raw: str) -> None:
    with pytest.raises(FeedError) as caught:
        read_address(raw, FeedStub())
    assert caught.value.kind == "bad_url"
    assert not raw or raw not in str(caught.value)


@pytest.mark.parametrize(
    ("start", "other", "same"),
    [
        ("http://e.com/a", "http://e.com/b", True),
        ("http://e.com/a", "https://e.com/a", True),
        ("https://e.com/a", "http://e.com/a", False),
        ("http://e.com/a", "http://e.com:8080/a", False),
        ("http://e.com/a", "http://www.e.com/a", False),
    ],
)
def test_same_site(start: str, other: str, same: bool) -> None:
    assert same_site(URL(start), URL(other)) is same


@pytest.mark.parametrize(
    ("url", "environment", "want"),
    [
        ("http://feeds.example/", {}, None),
        ("http://feeds.example/", {"http_proxy": "http://10.0.0.1:3128"}, "http://10.0.0.1:3128"),
        ("http://feeds.example/", {"http_proxy": "10.0.0.1:3128"}, "http://10.0.0.1:3128"),
        ("https://feeds.example/", {"http_proxy": "http://10.0.0.1:3128"}, None),
        ("https://feeds.example/", {"all_proxy": "http://10.0.0.1:3128"}, "http://10.0.0.1:3128"),
        ("http://feeds.example/", {"http_proxy": "http://10.0.0.1:3128", "no_proxy": ".example"}, None),
        ("http://127.0.0.1/", {"http_proxy": "http://10.0.0.1:3128"}, None),
        ("http://localhost/", {"http_proxy": "http://10.0.0.1:3128"}, None),
    ],
)
def test_proxies_come_from_the_environment(
    url: str, environment: dict[str, str], want: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    _proxies(monkeypatch, environment)
    found = proxy_for(URL(url), FeedStub(), proxies_of_environment(), allow_private=False)
    assert found == (URL(want) if want else None)


@pytest.mark.parametrize(
    ("url", "proxy", "kind"),
    [
        ("http://10.0.0.7/", "http://10.0.0.1:3128", "private_address"),
        ("http://[fd00::1]/", "http://10.0.0.1:3128", "private_address"),
        ("http://feeds.example/", "socks5://10.0.0.1:1080", "proxy"),
    ],
)
def test_what_a_proxy_must_not_be_asked(url: str, proxy: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _proxies(monkeypatch, {"http_proxy": proxy})
    with pytest.raises(FeedError) as raised:
        proxy_for(URL(url), FeedStub(), proxies_of_environment(), allow_private=False)
    assert raised.value.kind == kind
    assert "10.0.0" not in str(raised.value)


async def test_a_proxy_is_asked_instead_of_the_host(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    httpserver.expect_request("/feed.xml", headers={"Host": "feeds.invalid"}).respond_with_data("<rss/>")
    _proxies(monkeypatch, {"http_proxy": httpserver.url_for("")})
    async with Fetcher() as fetcher:
        fetched = await fetcher.fetch(FeedStub(url="http://feeds.invalid/feed.xml"), Validators())
    assert fetched.body == b"<rss/>"


def _proxies(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    "host",
    [
        "127.1", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "0177.0.0.1", "127.0.0.1.", "localhost.",
        "LOCALHOST", "[::127.0.0.1]", "[0:0:0:0:0:ffff:7f00:1]", "[::1%25lo]", "example.com@127.0.0.1",
        "example.com:80@127.0.0.1", "example.com%40@127.0.0.1", "１２７.0.0.1", "127。0。0。1",
        "localhost%00.example.com",
        "127.0.0.1#@example.com", "127.0.0.1\\@example.com", "127.0.0.1%23@example.com",
    ],
)  # fmt: skip
async def test_no_spelling_of_an_address_reaches_this_machine(httpserver: HTTPServer, host: str) -> None:
    httpserver.expect_request("/feed.xml").respond_with_data("<rss/>")
    before, _, after = host.rpartition("@")
    port = f":{httpserver.port}"
    place = f"{host}{port}" if "127" in after or not before or "#" not in host else f"127.0.0.1{port}#@{after}"
    async with Fetcher() as fetcher:
        with pytest.raises(FeedError) as raised:
            await fetcher.fetch(FeedStub(url=f"http://{place}/feed.xml", timeout=2.0), Validators())
    assert raised.value.kind in ("private_address", "bad_url", "dns", "unreachable", "timeout"), raised.value
    assert httpserver.log == []


_PRIVATE = "private_address"


async def test_a_name_that_turns_private_is_refused_at_its_next_connection(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address is looked at when a socket is made for it, so that no answer of a name slips in between."""
    httpserver.expect_request("/feed.xml").respond_with_data("<rss/>", headers={"Connection": "close"})
    monkeypatch.setattr("alertd.feeds.network.is_public", lambda address: address == "127.0.0.1")
    url = f"http://feeds.example:{httpserver.port}/feed.xml"
    for answers, kind in ((["127.0.0.1"], ""), (["127.0.0.2"], _PRIVATE), (["127.0.0.2", "::1"], _PRIVATE)):
        monkeypatch.setattr("aiohttp.resolver.ThreadedResolver.resolve", _resolver(answers))
        async with Fetcher() as fetcher:
            if not kind:
                await fetcher.fetch(FeedStub(url=url, timeout=2.0), Validators())
                continue
            with pytest.raises(FeedError) as raised:
                await fetcher.fetch(FeedStub(url=url, timeout=2.0), Validators())
            assert raised.value.kind == kind
            assert "127.0.0" not in str(raised.value)
    assert len(httpserver.log) == 1


def _resolver(answers: Sequence[str]) -> Any:
    async def resolve(_: Any, host: str, port: int = 0, *_more: Any, **_named: Any) -> list[dict[str, Any]]:
        return [
            {
                "hostname": host, "host": one, "port": port, "proto": 0, "flags": socket.AI_NUMERICHOST,
                "family": socket.AF_INET6 if ":" in one else socket.AF_INET,
            }
            for one in answers
        ]  # fmt: skip

    return resolve
