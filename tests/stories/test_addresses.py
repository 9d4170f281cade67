"""Two links to one page are one address; two pages never are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.stories.addresses import canonical

PAGE = "news.example.com/markets/xiaomi-surges-6"


@pytest.mark.parametrize(
    "url",
    [
        f"https://{PAGE}",
        f"http://{PAGE}/",
        f"https://www.{PAGE}#comments",
        f"https://m.{PAGE}",
        f"https://amp.{PAGE}",
        f"https://{PAGE}/amp/",
        f"https://{PAGE}?utm_source=rss&utm_medium=feed&fbclid=x",
        f"https://{PAGE}?outputType=amp",
        "https://NEWS.example.com:443/markets//xiaomi-surges-6/index.html",
        f"https://www.google.com/url?rct=j&url=https://{PAGE}%3Futm_source%3Dx&ct=ga",
        f"https://news-example-com.cdn.ampproject.org/c/s/{PAGE}",
        f"https://www.google.com/amp/s/{PAGE}",
        f"https://l.facebook.com/l.php?u=https%3A%2F%2F{PAGE.replace('/', '%2F')}&h=abc",
        f"https://www.bing.com/news/apiclick.aspx?ref=FexRss&url=https%3a%2f%2f{PAGE}&c=1",
        f"https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2F{PAGE}&data=1",
        f"https://r.search.yahoo.com/_ylt=A/RV=2/RE=1/RO=10/RU=https%3a%2f%2f{PAGE.replace('/', '%2f')}/RK=2/RS=x",
    ],
)
def test_every_way_to_a_page_is_one_address(url: str) -> None:
    assert canonical(url) == PAGE


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://x.com/news?id=1", "https://x.com/news?id=2"),
        ("https://x.com/news?cid=100", "https://x.com/news?cid=200"),
        ("https://x.com/a", "https://x.com/b"),
        ("https://x.com/a", "https://y.com/a"),
        ("https://x.com/Aa", "https://x.com/aA"),
        ("https://x.com/#/article/1", "https://x.com/#/article/2"),
        ("http://x.com:8000/a", "http://x.com/a"),
        ("https://x.com/filing?ref=1234", "https://x.com/filing?ref=1235"),
        ("https://amp.com/story", "https://com/story"),
    ],
)
def test_two_pages_stay_two(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://x.com/",
        "https://x.com",
        "mailto:desk@x.com",
        "tag:x.com,2026:1",
        "https://[bad",
        "http://x:port/a",
        "https://t.co/abc",
        "https://news.google.com/rss/articles/CBMiabc?oc=5",
        "https://x.com/" + "a" * 5000,
    ],
)
def test_what_names_no_page_has_no_address(url: str) -> None:
    assert canonical(url) == ""


def test_a_wrapper_that_wraps_itself_ends() -> None:
    url = "https://x.com/a"
    for _ in range(9):
        url = f"https://www.google.com/url?url={url}"
    assert canonical(url) == ""


@given(st.text(max_size=80), st.text(max_size=20))
def test_anything_is_a_key_or_nothing_and_a_key_is_stable(path: str, query: str) -> None:
    key = canonical(f"https://www.example.com/{path}?q={query}")
    assert key == "" or canonical(f"https://www.{key}") == key


PARTS = st.sampled_from(
    ("www.", "m.", "a.com", "news.google.com", "t.co", "x.yahoo.com", "google.de", "amp", "AMP", "index.html", "/",
     "/s", ".", "-", "b", "rss", "articles", "RU=", "%20", "Amp")
)  # fmt: skip


@given(st.lists(PARTS, max_size=8).map("".join))
def test_the_short_way_of_a_plain_link_leads_to_the_same_key(rest: str) -> None:
    # with a fragment, which no key has, a link goes the long way
    assert canonical(f"https://{rest}") == canonical(f"https://{rest}#x")
