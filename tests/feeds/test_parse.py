"""Documents become entries."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.articles import Entry
from alertd.errors import FeedError
from alertd.feeds.parse import MAX_SUMMARY, MAX_TEXT, MAX_TITLE, ParsedFeed, parse

from .world import NOW, FeedStub, rss

URL = "http://example.com/news/feed.xml"
TEN = NOW - 3600


def read(body: bytes, feed: FeedStub | None = None, headers: dict[str, str] | None = None) -> ParsedFeed:
    return parse(body, feed=feed or FeedStub(), headers=headers or {}, url=URL, now=NOW)


def only(body: bytes, feed: FeedStub | None = None, headers: dict[str, str] | None = None) -> Entry:
    (entry,) = read(body, feed, headers).entries
    return entry


def test_rss() -> None:
    item = """<title>Acme &amp;amp; Bolt &lt;b&gt;merge&lt;/b&gt;</title><link>/a?x=1&amp;y=2</link>
        <guid isPermaLink="false"> id-1 </guid><pubDate>Mon, 02 Mar 2026 05:00:00 EST</pubDate>
        <description>&lt;p&gt;One.&lt;/p&gt;&lt;p&gt;Two.&lt;/p&gt;</description>"""
    parsed = read(rss(item, head="<language>en-us</language>"))
    assert (parsed.title, parsed.kind, parsed.damaged) == ("Wire", "rss20", "")
    want = Entry("wire", "id-1", "http://example.com/a?x=1&y=2", "Acme & Bolt merge", "One. Two.", "", "Wire", TEN,
                 "published", "en")  # fmt: skip
    assert parsed.entries == (want,)


def test_atom() -> None:
    body = b"""<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>Agentur</title>
        <entry><id>tag:1</id><title type="html">A &lt;i&gt;b&lt;/i&gt;</title><link href="../x"/>
        <link rel="self" href="/self"/><updated>2026-03-02T11:00:00+01:00</updated>
        <content type="html">&lt;p&gt;Whole text&lt;/p&gt;</content><summary>Short</summary></entry></feed>"""
    want = Entry("wire", "tag:1", "http://example.com/x", "A b", "Short", "Whole text", "Agentur", TEN, "updated", "de")
    assert only(body) == want


def test_json_feed() -> None:
    item = {"id": 7, "external_url": "/x", "title": "A & B", "content_html": "<p>Text", "summary": "Short",
            "date_published": "2026-03-02T10:00:00Z", "language": "fr-CA"}  # fmt: skip
    body = json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "J", "items": [item, "no item"]})
    assert read(body.encode()) == ParsedFeed(
        "J",
        "json",
        (Entry("wire", "7", "http://example.com/x", "A & B", "Short", "Text", "J", TEN, "published", "fr"),),
    )


def test_rdf() -> None:
    body = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
        xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="x"><title>R</title></channel>
        <item rdf:about="http://e/1"><title>T</title><link>http://e/1</link><dc:date>2026-03-02T10:00:00Z</dc:date>
        </item></rdf:RDF>"""
    entry = only(body)
    assert (entry.title, entry.url, entry.published, entry.source) == ("T", "http://e/1", TEN, "R")


def test_content_encoded_is_the_text() -> None:
    item = """<title>T</title><description>Short</description>
        <content:encoded xmlns:content="http://purl.org/rss/1.0/modules/content/">&lt;p&gt;Long</content:encoded>"""
    entry = only(rss(item))
    assert (entry.summary, entry.text) == ("Short", "Long")


@pytest.mark.parametrize(
    ("item", "title", "source"),
    [
        ("<title>Acme soars - Reuters</title><source url='http://r'>Reuters</source>", "Acme soars", "Reuters"),
        ("<title>Acme soars - Reuters</title>", "Acme soars - Reuters", "Ours"),
        ("<title>Acme - the story</title><source url='http://r'>Reuters</source>", "Acme - the story", "Reuters"),
    ],
)
def test_source(item: str, title: str, source: str) -> None:
    entry = only(rss(item), FeedStub(source="Ours"))
    assert (entry.title, entry.source) == (title, source)


@pytest.mark.parametrize(
    ("link", "want"),
    [
        ("http://e.com/a b\n", "http://e.com/ab"),
        ("javascript:alert(1)", ""),
        ("file:///etc/passwd", ""),
        ("mailto:x@y", ""),
        ("http://[broken", ""),
        ("http://e.com/" + "x" * 5000, ""),
        ("", ""),
    ],
)
def test_links(link: str, want: str) -> None:
    assert only(rss(f"<title>t</title><link>{link}</link>")).url == want


def test_content_location_is_the_base() -> None:
    entry = only(rss("<link>a</link>"), headers={"content-location": "/other/"})
    assert entry.url == "http://example.com/other/a"


def test_settings_of_the_feed_count() -> None:
    feed = FeedStub(language="pt", timezone="America/New_York", max_items=1)
    item = "<title>t</title><pubDate>Mon, 02 Mar 2026 05:00:00</pubDate>"
    parsed = read(rss(item, item, head="<language>en</language>"), feed)
    assert [(e.language, e.published, e.date_source) for e in parsed.entries] == [("pt", TEN, "published")]
    assert parsed.damaged == "only the first 1 items were read"


def test_a_title_is_made_where_there_is_none() -> None:
    assert only(rss("<description>A toot without a title</description>")).title == "A toot without a title"


def test_lengths_are_bounded() -> None:
    entry = only(rss(f"<title>{'t ' * 5000}</title><description>{'d ' * 50_000}</description>"))
    assert (len(entry.title), len(entry.summary), len(entry.text)) == (MAX_TITLE, MAX_SUMMARY, MAX_TEXT)


def test_a_cut_document_keeps_its_entries() -> None:
    body = rss(*(f"<title>t{i}</title>" for i in range(5)))
    parsed = read(body[: body.index(b"t4")])
    assert [e.title for e in parsed.entries][:4] == ["t0", "t1", "t2", "t3"]
    assert "not well-formed" in parsed.damaged


def test_an_entity_bomb_gives_no_long_title() -> None:
    levels = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 8))
    body = rss("<title>&l7;</title>", prolog=f'<!DOCTYPE rss [<!ENTITY l0 "lol">{levels}]>')
    assert len(only(body).title) < 20


def test_external_entities_are_not_read() -> None:
    body = rss("<title>a&x;b</title>", prolog='<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>')
    assert "root" not in only(body).title


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "empty"),
        (b"<html><title>Oops</title></html>", "html_page"),
        (b'{"error": "no"}', "json_error"),
        (b"{", "garbage"),
        (b"hello", "garbage"),
        (b"<opml version='1.0'/>", "garbage"),
        (rss("<a>" * 10_000), "hostile"),
        (gzip.compress(b"x" * 20_000_000), "too_large"),
    ],
    ids=["nothing", "a page", "an error", "a brace", "a word", "opml", "too deep", "a bomb"],
)
def test_what_is_no_feed(body: bytes, kind: str) -> None:
    with pytest.raises(FeedError) as caught:
        read(body)
    assert caught.value.kind == kind
    assert caught.value.where == "wire"
    assert caught.value.hint


def test_a_feed_without_items_is_a_feed() -> None:
    assert read(rss()).entries == ()


def test_a_gzip_file_is_unpacked() -> None:
    assert only(gzip.compress(rss("<title>t</title>"))).title == "t"


@given(
    st.lists(
        st.sampled_from(
            ["<rss version='2.0'>", "<channel>", "<item>", "</item>", "<title>", "</title>", "<link>", "<![CDATA[",
             "]]>", "<!--", "-->", "&amp;", "&x;", "text", "<pubDate>", "\0", "é", "</channel>", "</rss>", "{", "<a b=",
             "<feed>", "<entry>", "<content>", "xml:base='http://[' ", "<!DOCTYPE", "<?xml"]
        ),
        max_size=30,
    )
)  # fmt: skip
def test_any_document_gives_entries_or_a_feed_error(parts: list[str]) -> None:
    try:
        parsed = read("".join(parts).encode())
    except FeedError as error:
        assert error.kind in {"empty", "html_page", "challenge", "login", "json_error", "garbage", "hostile"}
    else:
        assert all(e.feed == "wire" and len(e.title) <= MAX_TITLE for e in parsed.entries)


KEYS = st.sampled_from(["id", "url", "title", "date_published", "content_html"])
VALUES = st.none() | st.booleans() | st.floats() | st.text(max_size=5)


@given(st.recursive(VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner)))
def test_any_json_item_is_read(item: object) -> None:
    body = json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [item]}).encode()
    assert len(read(body).entries) == isinstance(item, dict)


NAMESPACES = (
    'xmlns:media="http://search.yahoo.com/mrss/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:dcterms="http://purl.org/dc/terms/" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
)
LONG = "The yard has signed the order for nine ferries and names the price. "


def extended(item: str) -> Entry:
    document = f'<rss version="2.0" {NAMESPACES}><channel><title>Wire</title><item>{item}</item></channel></rss>'
    (found,) = parse(document.encode(), feed=FeedStub(), headers={}, url="http://example.com/feed", now=NOW).entries
    return found


@pytest.mark.parametrize(
    ("item", "want"),
    [
        ("<media:title>Ferry ordered</media:title><media:description>By the yard</media:description>",
         {"title": "Ferry ordered", "summary": "By the yard"}),
        ("<media:group><media:title>Ferry ordered</media:title><media:description>x</media:description></media:group>",
         {"title": "Ferry ordered", "summary": "x"}),
        ("<title>Ferry ordered</title><media:content><media:title>Picture</media:title></media:content>",
         {"title": "Ferry ordered"}),
        (f"<title>A</title><description>{LONG}</description><media:content><media:description>A ferry at sea"
         "</media:description></media:content>", {"summary": LONG.strip(), "text": ""}),
        (f"<title>A</title><description>b</description><media:text>{LONG}</media:text>", {"text": LONG.strip()}),
        (f"<title>A</title><description>b</description><content:encoded><![CDATA[<p>{LONG}</p>]]></content:encoded>",
         {"summary": "b", "text": LONG.strip()}),
        (f"<title>A</title><description>{LONG}{LONG}</description><content:encoded>short</content:encoded>",
         {"text": "short"}),
        ("<dc:title>Ferry ordered</dc:title><dc:description>By the yard</dc:description><dc:language>DE</dc:language>",
         {"title": "Ferry ordered", "summary": "By the yard", "language": "de"}),
        ("<title>A</title><dc:date>2026-03-02T10:00:00+02:00</dc:date>",
         {"published": 1_772_438_400.0, "date_source": "updated"}),
        ("<title>A</title><dcterms:issued>2026-03-02T08:00:00Z</dcterms:issued>",
         {"published": 1_772_438_400.0, "date_source": "published"}),
        ("<title>A</title><dc:publisher>Harbour News</dc:publisher>", {"source": "Harbour News"}),
        ("<title>A</title><dc:source>Port Post</dc:source><dc:publisher>B</dc:publisher>", {"source": "Port Post"}),
        ("<title>A</title><dc:source>https://example.com/</dc:source>", {"source": "Wire"}),
        ("<title>A</title><guid>77</guid>", {"url": ""}),
        ("<title>A</title><guid>77</guid><dc:identifier>https://example.com/77</dc:identifier>",
         {"url": "https://example.com/77"}),
        ("<title>A</title><guid>https://example.com/77</guid>", {"url": "https://example.com/77"}),
        ("<title>A</title><guid>77</guid><link>a/b</link>", {"url": "http://example.com/a/b"}),
    ],
)  # fmt: skip
def test_elements_of_other_vocabularies(item: str, want: dict[str, object]) -> None:
    entry = extended(item)
    assert {name: getattr(entry, name) for name in want} == want


@pytest.mark.parametrize(
    ("description", "summary"),
    [
        ("&lt;a href=x&gt;Ferry ordered&lt;/a&gt;&amp;nbsp;&amp;nbsp;&lt;font&gt;Port Post&lt;/font&gt;", ""),
        ("Ferry ordered", ""),
        ("Ferry ordered for 9 million", "Ferry ordered for 9 million"),
    ],
)
def test_google_news_names_the_outlet_in_its_source(description: str, summary: str) -> None:
    entry = extended(
        "<title>Ferry ordered - Port Post</title><source url='https://post.example'>Port Post</source>"
        f"<link>https://news.google.com/rss/articles/CBMi</link><description>{description}</description>"
    )
    assert (entry.title, entry.source, entry.summary) == ("Ferry ordered", "Port Post", summary)
