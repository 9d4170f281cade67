"""Documents that would hurt a parser are bounded before it sees them."""

from __future__ import annotations

from io import BytesIO

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.feeds.guard import (
    MAX_DEPTH,
    MAX_ELEMENTS,
    MAX_EXPANSION,
    MAX_REFERENCES,
    MAX_RUN,
    MAX_STRAY,
    HostileError,
    bound,
    bound_json,
)

from .world import rss


@pytest.mark.parametrize(
    "inside",
    [
        "<a>" * (MAX_DEPTH + 1),
        "<a>" * (MAX_DEPTH + 1) + "</a>" * (MAX_DEPTH + 1),
        "<a/>" * (MAX_ELEMENTS + 1),
        "<a " + " ".join(f'a{i}="1"' for i in range(8_000)) + "/>",
        "<a " + " ".join(f"a{i}='1'" for i in range(8_000)) + "/>",
        "<" * (MAX_STRAY + 1),
        "&" * (MAX_REFERENCES + 1),
        "<!-- never closed " + "<a" * (MAX_STRAY + 1),
        "<" + "a" * 1_100_000,
    ],
    ids=["open", "deep", "elements", "attributes", "quotes", "stray", "references", "comment", "name"],
)
def test_hostile(inside: str) -> None:
    with pytest.raises(HostileError):
        bound(rss(inside), 10)


@pytest.mark.parametrize(
    "inside",
    [
        "<![CDATA[" + "<br>" * (MAX_DEPTH + 1) + "]]>",
        "<!-- " + "<a>" * (MAX_DEPTH + 1) + " -->",
        '<a href="http://e.com/?' + "&amp;".join(f"p{i}=1" for i in range(200)) + '"/>',
        "<title>a < b</title>",
        "<title/>" * 1000,
    ],
)
def test_what_only_looks_hostile_passes_unchanged(inside: str) -> None:
    body = rss(inside)
    assert bound(body, 10).body is body


def test_items_beyond_the_limit_are_cut_and_the_rest_stays_well_formed() -> None:
    bounded = bound(rss(*(f"<title>{i}</title>" for i in range(50)), "<title>last"), 3)
    parsed = feedparser.parse(bounded.body)
    assert bounded.cut
    assert not parsed.bozo
    assert [item.title for item in parsed.entries] == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("definitions", "reference"),
    [
        ('<!ENTITY a "xxxxx"><!ENTITY b "&a;&a;&a;">', "&b;"),
        (f'<!ENTITY a "{"x" * 1000}">', "&a;" * (MAX_EXPANSION // 1000 + 1)),
        (f"<!ENTITY a '{'x' * 1000}'>", "&a;" * (MAX_EXPANSION // 1000 + 1)),
        ('<!ENTITY a "&a;">', "&a;"),
    ],
)
def test_entity_bombs_lose_their_definitions(definitions: str, reference: str) -> None:
    body = rss(f"<title>{reference}</title>", prolog=f"<!DOCTYPE rss [{definitions}]>")
    assert b"<!ENTITY" not in bound(body, 10).body


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("&#55357;&#56832;", "😀"),
        ("&#xD83D;&#xde00;", "😀"),
        ("&#0055357;&#56832 &#55357;&#56832", "😀 😀"),
        ("&#xD800;", "\ufffd"),
        ("&#56000;x", "\ufffdx"),
        ("&#55357;&#55357;&#56832;", "\ufffd😀"),
        ("&#1114112;", "\ufffd"),
        ("&#x1000000041;", "\ufffd"),
        ("&#99999999999999999999;", "\ufffd"),
        ("&#0000060;&#x00003c;&#128512;&#x1F600;&#57344;", "&#0000060;&#x00003c;&#128512;&#x1F600;&#57344;"),
    ],
)
def test_references_to_half_a_character_are_made_whole(written: str, read: str) -> None:
    body = rss(f"<title>{written}</title>")
    assert bound(body, 10).body == rss(f"<title>{read}</title>")


def test_harmless_entities_stay() -> None:
    body = rss("<title>a&mdash;b</title>", prolog='<!DOCTYPE rss [<!ENTITY mdash "&#8212;">]>')
    assert bound(body, 10).body is body


@given(st.text(alphabet=st.sampled_from("<>/!-[]?&;'\"= aCDATitem"), max_size=400))
def test_any_markup_ends(inside: str) -> None:
    assert len(bound(rss(inside), 1).body) <= len(rss(inside)) + 100


@pytest.mark.parametrize("unit", ["x", "é", "€", "&amp;", "&#233;", "lorem ipsum "])
@pytest.mark.parametrize("shell", ["<title>{}</title>", "<title><![CDATA[{}]]></title>", "<!--{}--><title>t</title>"])
def test_endless_text_is_cut_between_characters_and_references(unit: str, shell: str) -> None:
    body = rss(shell.format(unit * (3 * MAX_RUN // len(unit.encode()))), "<title>next</title>")
    bounded = bound(body, 10)
    assert not bounded.cut
    assert MAX_RUN / 2 < len(bounded.body) < MAX_RUN + 1_000
    found = feedparser.parse(BytesIO(bounded.body), sanitize_html=False, resolve_relative_uris=False)
    assert not found.bozo
    assert found.entries[1].title == "next"
    assert "\ufffd" not in found.entries[0].title


def test_text_within_the_limit_stays_whole() -> None:
    body = rss(f"<title>{'x' * (MAX_RUN - 100)}</title>")
    assert bound(body, 10).body == body


@pytest.mark.parametrize("value", ['"a"', "[]", "{}", '{"a":1}'])
def test_json_of_countless_values_is_refused(value: str) -> None:
    with pytest.raises(HostileError, match="more values"):
        bound_json(f'{{"items":[{",".join([value] * 1_000_000)}]}}'.encode())
    bound_json(f'{{"items":[{",".join([value] * 10_000)}]}}'.encode())
