"""What inputs are made of: whole ones to begin with, and pieces, by target."""

from __future__ import annotations

from typing import Final

# fmt: off
SEEDS: Final[dict[str, tuple[bytes, ...]]] = {
    "feed": (
        (
            b'\x00<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><ti'
            b'tle>Wire</title><ttl>5</ttl><item><title>Port opens &amp; closes</titl'
            b"e><link>https://wire.example/1</link><guid isPermaLink='false'>1</guid"
            b'><pubDate>Mon, 02 Mar 2026 10:00:00 EST</pubDate><description><![CDATA'
            b'[<b>x</b> $3.5 million]]></description></item></channel></rss>'
        ),
        (
            b'\x00<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://wire.exam'
            b'ple/"><title type="html">A &lt;i&gt;</title><entry><id>tag:1</id><link'
            b' rel="alternate" href="/x"/><updated>2026-03-02T10:00:00Z</updated><ti'
            b'tle>T</title><content type="xhtml"><div xmlns="http://www.w3.org/1999/'
            b'xhtml">c</div></content></entry></feed>'
        ),
        (
            b'\x02{"version":"https://jsonfeed.org/version/1.1","title":"J","items":[{"'
            b'id":"1","url":"https://wire.example/1","title":"t","content_html":"<p>'
            b'x</p>","date_published":"2026-03-02T10:00:00Z","authors":[{"name":"n"}'
            b']}]}'
        ),
        (
            b'\x01<!DOCTYPE r [<!ENTITY a "&b;&b;"><!ENTITY b "x"><!ENTITY c SYSTEM "fi'
            b'le:///etc/passwd">]><rss version="2.0"><channel><title>Wire</title><tt'
            b'l>5</ttl><item><title>Port opens &amp; closes</title><link>https://wir'
            b"e.example/1</link><guid isPermaLink='false'>1</guid><pubDate>Mon, 02 M"
            b'ar 2026 10:00:00 EST</pubDate><description><![CDATA[<b>x</b> $3.5 mill'
            b'ion]]></description></item></channel></rss>'
        ),
        b"\x03<!doctype html><html><title>Just a moment...</title></html>",
    ),
    "date": (
        b"\x00Mon, 02 Mar 2026 10:00:00 EST", b"\x012026-03-02T10:00:00+05:30", b"\x021772445600",
        b"\x0302/03/2026 10:00", b"\x00Aug 4, 2026 10:00 a.m. ET", b"\x012026\xe5\xb9\xb43\xe6\x9c\x882\xe6\x97\xa5",
        b"\x0220260302T100000Z",
    ),
    "address": (
        b"https://www.example.com/a/amp?utm_source=x&id=1#frag", b"http://[::ffff:127.0.0.1]:80/x", b"//e.com/a//b/",
        b"https://www.google.com/url?q=https%3A%2F%2Fe.com%2Fa&sa=U", b"https://e-com.cdn.ampproject.org/c/s/e.com/x",
        b"https://r.search.yahoo.com/_ylt=A/RU=https%3a%2f%2fe.com%2fp/RK=2",
        b"http://u:p@0x7f.1/?a=%zz&b;c=\xc3\xa4",
    ),
    "config": (
        (
            b"contact: a@b.example\nslack: {token: '${TOKEN}', channel: '#alerts', ed"
            b"itors: [U1]}\nfeeds:\n- {name: one, url: 'https://desk:${KEY}@e.com/rss?"
            b"k=${KEY}', interval: 2m, headers: {X-Key: '${KEY}'}}\n- {preset: sec-ed"
            b"gar}\noperator: {channel: '#x'}\nstore: {max_mb: 100}\nweb: {host: 127.0."
            b'0.1, port: 0}\n\x00defaults: {min_relevance: 0.3}\nlists: {mine: [TSLA, F],'
            b' file: list.txt}\nrules:\n- &a {name: cars, companies: [TSLA], events: ['
            b"deal], keywords: ['recall~ AND (fire OR smoke)'], facts: {move_pct: '>"
            b"5'}, hours: {timezone: Europe/London, open: '07:00', close: '19:00'}, "
            b'digest: hourly}\n- {name: b, lists: [mine], spike: {}, quiet: 6h}\ngroup'
            b's: [{name: g, match: first, rules: [*a]}]\n'
        ),
        b"\x00", b"feeds: []\x00rules: []", b"slack: {token_file: token}\x00",
    ),
    "slack": (
        b"Broker sees more\x00Daily Wire\x00about Xiaomi\x00Xiaomi\x00A summary.", b"<!channel>\x00<@U1>\x00&amp;",
        (
            b'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'
            b'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'
            b'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'
            b'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'
            b'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'
            b'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\x00\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98'
            b'\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0'
            b'\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98'
            b'\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0'
            b'\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98'
            b'\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0'
            b'\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98'
            b'\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0'
            b'\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98'
            b'\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0'
            b'\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98'
            b'\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0'
            b'\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80'
        ),
    ),
}
TOKENS: Final[dict[str, tuple[bytes, ...]]] = {
    "feed": (
        b"<item>", b"</item>", b"<title>", b"</title>", b"<![CDATA[", b"]]>", b"<!--", b"-->", b"&#x0;", b"&#xD800;",
        b"&amp;", b"&lt;b&gt;", b"<link>", b"</link>", b"<link href='", b"'/>", b"<guid>", b"</guid>", b"<pubDate>",
        b"</pubDate>", b"\xff\xfe", b"\xef\xbb\xbf", b"<entry>", b"</entry>", b"<?x?>", b"<!DOCTYPE r [",
        b"<!ENTITY a ", b"\"&a;&a;\">", b"]>", b"<media:content url='x'/>", b"<dc:date>", b"</dc:date>", b"\x00",
        b"http://", b"[::1", b"%", b"xmlns:a=\"b\"", b"javascript:", b"\xed\xa0\x80", b"\x1f\x8b", b"<rss",
        b"<channel>", b"</channel>", b"</rss>",
    ),
    "date": (
        b"Mon", b"Mar", b"2026", b"0000", b"99", b":", b"-", b"+", b"/", b" ", b"T", b"Z", b"GMT", b"UTC+", b"am",
        b"p.m.", b"EST", b"CST", b"IST", b"\xe2\x88\x92", b"\xc2\xb2", b"\xd9\xa3", b".", b",", b"24:60:61",
        b"999999999999999999999999999999",
    ),
    "address": (
        b"http://", b"https://", b"//", b"/", b"?", b"&", b"=", b"#", b"#!/", b"%", b"%2f", b"%00", b"@", b":", b"[",
        b"]", b"::1", b'\\', b"..", b"utm_x=1", b"amp", b"/amp/", b"index.html", b"m.", b"www.", b"xn--", b"\xc3\xa4",
        b"\xe2\x80\xae", b"\xed\xa0\x80", b"google.com/url?url=", b"|", b"<", b">", b"0x7f", b";", b"+", b"\t", b"80",
    ),
    "config": (
        b": ", b"- ", b"\n", b"  ", b"{", b"}", b"[", b"]", b"&a ", b"*a", b"<<: ", b"!!python/object:os.system ",
        b"!x ", b"${", b"${KEY}", b"${TOKEN}", b"}", b"'", b"\"", b"|", b">", b"#", b"?", b"---\n", b"...",
        b"%YAML 1.1", b"null", b"~", b"true", b"ON", b"0700", b"1e999", b".nan", b"-1", b"2m", b"5MB", b"rules",
        b"feeds", b"name", b"companies", b"lists", b"include", b"groups", b"keywords", b"events", b"spike", b"hours",
        b"digest", b"list.txt", b"\x00", b"\t", b"\xff", b"\xc2\x85", b"\xe2\x80\xa8", b"url", b"webhooks",
        b"headers", b"redis", b"store", b"folder", b"0700.HK", b"1810.HK", b"AAPL", b"F", b"NO", b"ON", b"TSLA",
    ),
    "slack": (
        b"\x00", b"<!channel>", b"<!here|x>", b"<@U0000001>", b"<!subteam^S1>", b"<https://e.example|R>", b"@here",
        b"&lt;", b"&amp;", b"<!date^1^{date}^https://e.example|x>", b"*", b"_", b"~", b"`", b"```", b"\n",
        b"\xe2\x80\xae", b"|", b"\xe2\x80\x8b", b"\x1b[31m", b"\xf0\x9f\x98\x80",
        (
            b'\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81'
        ),
        b"https://", b"](x)", b" ", b"\xed\xa0\x80",
    ),
}
