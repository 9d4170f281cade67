"""What counts as this machine only: for the page, for feeds, for Slack, for proxies."""

from __future__ import annotations

from pathlib import Path

import pytest

from alertd.config import load
from alertd.config.values import reach
from alertd.errors import ConfigError
from alertd.hosts import is_loopback
from alertd.web.access import host_name
from tests.config.folders import SETTINGS, known, like, profile, write

LOOPBACK = [
    "127.0.0.1", "127.255.1.2", "::1", "0:0:0:0:0:0:0:1", "::1%lo", "::ffff:127.0.0.1", "::FFFF:7f00:1",
    "127.0.0.1.", "localhost", "LocalHost", "localhost.", "alertd.localhost", "a.b.LOCALHOST.",
]  # fmt: skip
ELSEWHERE = [
    "", ".", "0.0.0.0", "::", "::ffff:0.0.0.0", "::ffff:10.0.0.1", "::127.0.0.1", "128.0.0.1", "10.0.0.1", "fe80::1",
    "2001:db8::1", "notlocalhost", "localhost.example.com", "127.1", "2130706433", "0x7f.0.0.1",
    "127.0.0.1.example.com",
]  # fmt: skip


@pytest.mark.parametrize("host", LOOPBACK)
def test_what_means_this_machine(host: str) -> None:
    assert is_loopback(host)
    assert reach(_url(host)) == "loopback"
    assert is_loopback(host_name(f"[{host}]:80" if ":" in host else f"{host}:80"))


@pytest.mark.parametrize("host", ELSEWHERE)
def test_what_others_may_reach(host: str) -> None:
    assert not is_loopback(host)
    assert reach(_url(host)) != "loopback"


def test_the_page_needs_a_token_wherever_others_may_reach_it(tmp_path: Path) -> None:
    for number, host in enumerate([*LOOPBACK, *filter(None, ELSEWHERE)]):
        (folder := tmp_path / str(number)).mkdir()
        config = write(folder, f"{SETTINGS}web: {{host: '{host}'}}\n")
        if is_loopback(host):
            load(config, {}, known, like, profile=profile)
        else:
            with pytest.raises(ConfigError, match="others can reach the page on this host"):
                load(config, {}, known, like, profile=profile)


def test_without_a_word_about_it_the_page_is_on_loopback(tmp_path: Path) -> None:
    settings = load(write(tmp_path), {}, known, like, profile=profile).settings
    assert (settings.web.host, settings.websub.host) == ("127.0.0.1", "127.0.0.1")


def _url(host: str) -> str:
    return f"http://[{host}]/" if ":" in host else f"http://{host}/"
