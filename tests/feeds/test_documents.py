"""What is no feed is named as what it is."""

from __future__ import annotations

import pytest

from alertd.feeds.documents import is_page, name_document


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ("", "empty", "empty"),
        (" \n\t\ufeff", "empty", "empty"),
        ("<!doctype html><title>Just a moment...</title><script>_cf_chl_opt={}</script>", "challenge", "Cloudflare"),
        ("<html><h1>Access Denied</h1><p>Reference #18.3f</html>", "challenge", "Akamai"),
        ("<html><form><div class=g-recaptcha></div></form></html>", "challenge", "captcha"),
        ("<html>please solve the CAPTCHA</html>", "challenge", "captcha"),
        ("<html><title>Sign in</title><input type=password></html>", "login", '"Sign in"'),
        ("<!-- x --><!DOCTYPE html><title>Oops &amp; <b>more", "html_page", '"Oops &"'),
        ("<?xml version='1.0'?>\n<html xmlns='x'><body>gone</body></html>", "html_page", "HTML page"),
        ('{"message": "rate limited"}', "json_error", '"rate limited"'),
        ('{"ok": false}', "json_error", "no feed"),
        ("[]", "json_error", "no feed"),
        ("{broken", "garbage", "broken JSON"),
        ("[" * 100_000, "garbage", "broken JSON"),
        ("<?xml version='1.0'?><urlset/>", "garbage", "<urlset>"),
        ("\x00\x01PNG", "garbage", "neither"),
    ],
)
def test_name(body: str, kind: str, words: str) -> None:
    finding = name_document(body.encode())
    assert finding.kind == kind
    assert words in finding.what
    assert finding.hint


def test_a_page_that_names_its_feed() -> None:
    page = '<html><head><link rel="alternate" type="application/rss+xml" href="/feed.xml?key=1"></head></html>'
    assert name_document(page.encode()).hint.endswith("/feed.xml")


@pytest.mark.parametrize(
    ("body", "page"),
    [
        ("<!DOCTYPE html><p>x", True),
        ("\ufeff\n<html>", True),
        ("<br><b>Warning</b><rss version='2.0'></rss>", False),
        ("<html><rss version='2.0'></rss>", False),
        ("<rss version='2.0'></rss>", False),
    ],
)
def test_is_page(body: str, page: bool) -> None:
    assert is_page(body.encode()) is page
