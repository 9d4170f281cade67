from __future__ import annotations

import io
from pathlib import Path

import pytest

from alertd.config import Settings, load
from alertd.errors import PostError
from alertd.slack.compose import compose
from alertd.slack.sinks import sink_of, where
from alertd.slack.terminal import TerminalSink
from tests.config import folders
from tests.fakes.slack import FakeSlack

from .world import NOW, alert

FEEDS = "feeds: [{name: one, url: 'https://example.com/rss'}]\n"
WATCHLIST = "rules: [{name: a, companies: [AAPL], channel: [terminal, webhook:desk]}]\n"


def configured(folder: Path, more: str = "") -> Settings:
    return load(folders.write(folder, f"allow_private_addresses: true\n{FEEDS}{more}", WATCHLIST), {}).settings


async def test_each_destination_of_a_configuration_has_its_place(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with FakeSlack() as slack:
        settings = configured(
            tmp_path,
            f"slack: {{token: {slack.token}, base_url: '{slack.base_url}'}}\n"
            "webhooks: [{name: desk, kind: slack, url: 'http://127.0.0.1:9/hook'}]\n",
        )
        out = io.StringIO()
        sink = sink_of(settings, dry_run=False, out=out)
        await sink.post("#alerts", compose(alert(), NOW))
        await sink.post("terminal", compose(alert(), NOW))
        with pytest.raises(PostError, match="the webhook cannot be reached"):
            await sink.post("webhook:desk", compose(alert(), NOW))
        assert [sink.readable_in(c) for c in ("#alerts", "terminal", "webhook:desk")] == [True, False, False]
        await sink.close()
        assert len(slack.messages("alerts")) == 1
        assert "Xiaomi" in out.getvalue()
        assert "webhook:desk has no threads" in caplog.text
        assert "127.0.0.1:9" not in caplog.text, "the address is a secret"


def test_a_dry_run_prints_everything(tmp_path: Path) -> None:
    assert isinstance(sink_of(configured(tmp_path), dry_run=True, out=io.StringIO()), TerminalSink)


@pytest.mark.parametrize(
    ("more", "dry_run", "said"),
    [
        ("", True, "a dry run"),
        ("", False, "no Slack token"),
        ("slack: {token: x}\n", False, "alerts go to Slack"),
        ("slack: {channel: webhook:desk}\n", False, "alerts go to webhook:desk"),
    ],
)
def test_it_is_said_where_alerts_go(tmp_path: Path, more: str, dry_run: bool, said: str) -> None:
    assert said in where(configured(tmp_path, more), dry_run=dry_run)
