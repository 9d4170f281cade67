from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import slackblocks
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from alertd.articles import Alert, Company
from alertd.slack.compose import compose, compose_digest
from alertd.slack.escape import clean
from alertd.slack.limits import problems
from alertd.slack.message import Message, keys_of

from .world import ACME, NEGATIVE, NOW, XIAOMI, alert, operator


def pieces(value: Any) -> Iterator[dict[str, Any]]:
    """Every dict in a message's blocks."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from pieces(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from pieces(inner)


def texts(message: Message) -> list[str]:
    return [p["text"] for p in pieces(message.blocks) if isinstance(p.get("text"), str)]


def links(message: Message) -> list[tuple[str, str]]:
    return [(p["url"], p["text"]) for p in pieces(message.blocks) if p.get("type") == "link"]


def valid(message: Message) -> bool:
    return problems(message.text, message.blocks, message.metadata) == () and len(message.text) <= 4_000


def others_agree(message: Message) -> bool:
    """Whether validators that others wrote take every block: the SDK's models, and slackblocks where it reads one."""
    for block in message.blocks:
        parsed = Block.parse(block)
        assert parsed is not None
        parsed.validate_json()
        if block["type"] in ("header", "context", "section"):
            slackblocks.Block.from_dict(block)
        for element in block.get("elements", ()) if block["type"] == "actions" else ():
            if element["type"] == "button":
                slackblocks.Button(element["text"]["text"], element["action_id"], value=element["value"])
            else:
                options = [slackblocks.Option(o["text"]["text"], o["value"]) for o in element["options"]]
                slackblocks.OverflowMenu(element["action_id"], options)
    return True


@pytest.mark.parametrize("shown", [alert(), alert(kind="reply", relation="copy"), operator("A feed fails.")])
def test_the_sdks_own_models_know_every_block(shown: Alert) -> None:
    for message in (compose(shown, NOW), *compose_digest([shown, alert(key="other")], NOW)):
        parsed = [Block.parse(block) for block in message.blocks]
        assert [json.loads(json.dumps(b.to_dict())) for b in parsed if b is not None] == list(message.blocks)


def test_a_post_reads_direction_company_title_facts_and_why() -> None:
    message = compose(alert(), NOW)
    assert texts(message) == [
        "▲ Xiaomi 1810.HK · analyst rating, price move",
        "Broker sees more to come from Xiaomi",
        "\nBuy, target HK$63.25, shares +6 %",
        "strongly positive (+0.86) · new story, novelty 97 % · Daily Wire ·",
        "<!date^1772449070^{date_short_pretty} {time}|2026-03-02 10:57 UTC>, 2 min before this message",
        "· 2 sources",
        "Rule phones: Xiaomi is watched for analyst_rating",
    ]
    assert links(message) == [("https://news.example/xiaomi?id=1&x=2", "Broker sees more to come from Xiaomi")]
    assert message.text == (
        "▲ Xiaomi 1810.HK · analyst rating, price move: Broker sees more to come from Xiaomi "
        "(Buy, target HK$63.25, shares +6 %)"
    )
    assert message.metadata == {"event_type": "alertd_alert", "event_payload": {"key": "key-1"}}
    assert (message.key, message.keys) == ("key-1", ("key-1",))
    assert valid(message)


@pytest.mark.parametrize(
    ("shown", "line"),
    [
        (alert(company=ACME), "▼ Acme ACME · price move"),
        (alert(company=replace(ACME, sentiment=None)), "◆ Acme ACME · price move"),
        (alert(company=replace(ACME, symbol=None, symbols=())), "▼ Acme · price move"),
        (alert(company=replace(ACME, name="ACME")), "▼ ACME · price move"),
        (alert(company=None, rule="chips"), "▲ chips · analyst rating, price move"),
        (alert(relation="correction"), "▲ Correction · Xiaomi 1810.HK · analyst rating, price move"),
    ],
)
def test_headlines(shown: Alert, line: str) -> None:
    assert texts(compose(shown, NOW))[0] == line


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        ({}, ""),
        ({"rating": "strong buy", "rating_action": "upgrade"}, "Upgraded to Strong Buy"),
        ({"rating": "sell", "rating_action": "initiate"}, "Initiated at Sell"),
        ({"rating_action": "downgrade", "price_target": 10, "currency": "USD"}, "Downgraded, target $10"),
        ({"rating": "hold", "rating_action": "reiterate"}, "Hold reiterated"),
        ({"price_target": 1234.5, "currency": "CHF"}, "Target CHF 1,234.50"),
        ({"price_target": 7.0, "currency": ""}, "Target 7"),
        ({"move_pct": -3.25}, "Shares −3.25 %"),
        ({"amounts": [{"value": 5.5e9, "currency": "USD"}, {"value": 2e6, "currency": "EUR"}]}, "$5.5bn, €2m"),
        ({"amounts": [{"value": 5.5e9, "currency": "USD"}], "rating": "buy"}, "Buy"),
        ({"amounts": [{"value": 7.5, "currency": "USD"}, {"value": 3e6, "currency": "USD"}]}, "$3m"),
        ({"amounts": [{"value": None, "currency": "USD"}, "odd"], "price_target": "n/a", "move_pct": None}, ""),
    ],
)
def test_the_line_of_facts(facts: dict[str, Any], line: str) -> None:
    said = texts(compose(alert(facts=facts), NOW))
    assert ([t for t in said if t.startswith("\n")] or ["\n"]) == [f"\n{line}"]


def test_facts_of_an_article_about_two_companies_are_nobodys() -> None:
    message = compose(alert(companies=(XIAOMI, ACME)), NOW)
    assert "63.25" not in json.dumps(message.blocks)
    passing = replace(ACME, role="passing")
    assert "63.25" in json.dumps(compose(alert(companies=(XIAOMI, passing)), NOW).blocks)


@pytest.mark.parametrize(
    ("date_source", "said"),
    [
        ("published", "<!date^1772449070^"),
        ("unsure", "about <!date^1772449070^"),
        ("fetched", "seen <!date^1772449070^"),
    ],
)
def test_dates_say_where_they_come_from(date_source: str, said: str) -> None:
    assert any(t.startswith(said) for t in texts(compose(alert(date_source=date_source), NOW)))


def test_an_impossible_date_is_said_so() -> None:
    message = compose(alert(age=-1e30), NOW)
    assert "no usable date" in texts(message)
    assert valid(message)


@pytest.mark.parametrize(
    ("relation", "says", "tells_facts"),
    [
        ("copy", "Evening Post carries the same text: ", False),
        ("same_event", "Also reported by Evening Post: ", False),
        ("follow", "New from Evening Post: ", True),
        ("update", "Evening Post edited its headline: ", True),
        ("correction", "Evening Post corrects: ", True),
    ],
)
def test_replies_are_short(relation: Any, says: str, tells_facts: bool) -> None:
    shown = alert(kind="reply", relation=relation, source="Evening Post")
    message = compose(shown, NOW)
    assert [b["type"] for b in message.blocks] == ["rich_text", "context"]
    assert texts(message)[0] == says
    assert ("63.25" in json.dumps(message.blocks)) is tells_facts
    assert texts(message)[-2:] == ["· 2 sources", "· near-same text as 1-0"]
    assert valid(message)


def test_operator_sentences_are_plain() -> None:
    message = compose(operator("Feed <wire> fails & is retried.\nSince 10:40."), NOW)
    assert texts(message) == ["Feed <wire> fails & is retried.\nSince 10:40."]
    assert message.text == "Feed &lt;wire&gt; fails &amp; is retried. Since 10:40."
    assert {p["type"] for p in pieces(message.blocks) if "type" in p} == {"section", "plain_text"}


def test_long_operator_notices_are_split_between_words() -> None:
    message = compose(operator("sentence " * 700), NOW)
    assert len(message.blocks) == 3
    assert set(" ".join(texts(message)).split()) == {"sentence"}
    assert valid(message)


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "https://a@evil.example/", "https://e.example/|x>"])
def test_other_addresses_stay_text(url: str) -> None:
    message = compose(alert(url=url), NOW)
    assert links(message) == []
    assert "Broker sees more to come from Xiaomi" in texts(message)


FORGED = "<!channel> <https://evil.example|Reuters> <@U0123> @here *bold* `x` & \u202etxt\x1b[2J"


@pytest.mark.parametrize(
    "shown",
    [
        alert(title=FORGED, source=FORGED, reason=FORGED, rule=FORGED, company=replace(XIAOMI, name=FORGED)),
        alert(title=FORGED, source=FORGED, reason=FORGED, kind="reply", relation="follow"),
        operator(FORGED),
    ],
)
def test_nothing_from_outside_is_markup(shown: Alert) -> None:
    for message in (compose(shown, NOW), *compose_digest([shown], NOW)):
        marked = [p["text"] for p in pieces(message.blocks) if p.get("type") == "mrkdwn"]
        assert [t for t in marked if "evil" in t or "channel" in t] == []
        assert "<" not in message.text
        assert {p["url"] for p in pieces(message.blocks) if "url" in p} <= {"https://news.example/xiaomi?id=1&x=2"}
        assert not {p.get("type") for p in pieces(message.blocks)} & {"broadcast", "user", "usergroup"}
        assert [
            p for p in pieces(message.blocks) if p.get("type") == "plain_text" and p.get("emoji") is not False
        ] == []
        assert "\u202e" not in str(message)
        assert "\x1b" not in str(message)
        assert valid(message)


WORDS = (
    st.text(max_size=60) | st.text(min_size=1, max_size=3).map(lambda t: t * 1_500) | st.just("& < \" ' \\ 😀 " * 400)
)


@settings(max_examples=60, deadline=None)
@given(WORDS, WORDS, WORDS, WORDS, st.sampled_from(["post", "reply"]), st.floats(), st.floats())
def test_whatever_a_feed_says_slack_takes_it(
    title: str, source: str, reason: str, name: str, kind: str, age: float, score: float
) -> None:
    company = replace(XIAOMI, name=name, sentiment=replace(NEGATIVE, score=score))
    url = "https://news.example/" + "é" * 2_900
    shown = alert(title=title, source=source, reason=reason, rule=name, kind=kind, company=company, age=age, url=url)
    back = "https://desk.slack.com/archives/C1/p1"
    severe = replace(shown, severity="high", mentions=("here", "U0000001"))
    for message in (
        compose(shown, NOW), compose(severe, NOW, back=back, answers=True),
        *compose_digest([shown, severe, shown], NOW), compose(operator(title), NOW),
    ):  # fmt: skip
        assert problems(message.text, message.blocks, message.metadata) == ()
        assert others_agree(message)
        json.dumps(message.blocks, ensure_ascii=False).encode()


def test_a_long_name_goes_on_below_the_header() -> None:
    name = "Consolidated Amalgamated Holdings " * 6
    message = compose(alert(company=replace(XIAOMI, name=name)), NOW)
    head, more = texts(message)[:2]
    assert len(head) <= 150
    assert clean(name) in f"{head} {more}"


def company(number: int) -> Company:
    return replace(XIAOMI, name=f"Company {number:02d}", symbol=f"C{number:02d}", issuer=f"i:{number}")


def test_a_digest_is_a_table_by_company() -> None:
    waiting = [
        alert(key="b", company=ACME, companies=(ACME,), created=NOW - 50),
        alert(key="c", created=NOW - 10),
        alert(key="a", created=NOW - 60),
        operator("A feed fails."),
    ]
    (message,) = compose_digest(waiting, NOW + 600)
    header, context, table = message.blocks
    assert header["text"]["text"] == "4 alerts about 3 companies"
    assert "<!date^1772449140^" in context["elements"][0]["text"]
    assert [row[0].get("text") for row in table["rows"][1:]] == [
        "▼ Acme ACME",
        "alertd",
        "▲ Xiaomi 1810.HK",
        "▲ Xiaomi 1810.HK",
    ]
    assert message.keys == ("b", "c", "a", "key-op"), "in the order in which they came"
    assert message.key not in message.keys
    assert set(keys_of(message.metadata)) == {message.key, *message.keys}
    assert message.text == "4 alerts about 3 companies: Acme ACME, alertd, Xiaomi 1810.HK"
    assert valid(message)


def test_a_long_digest_lists_every_alert_over_several_messages() -> None:
    waiting = [alert(key=f"key-{n:03d}", company=company(n % 40), title=f"Title {n} " * 9) for n in range(150)]
    messages = compose_digest(waiting, NOW)
    assert sorted(k for m in messages for k in m.keys) == sorted(a.key for a in waiting)
    assert 3 < len(messages) < 20
    assert len({m.key for m in messages}) == len(messages)
    assert all(valid(m) for m in messages)
    assert messages[1].blocks[0]["text"]["text"].endswith(f"(2 of {len(messages)})")
    assert [k for m in messages for k in m.keys] == [a.key for a in waiting]


def test_more_than_a_table_holds_is_headlines_by_company() -> None:
    waiting = [
        alert(key=f"{n:024d}", company=company(n % 3), title=f"Title {n}", url=f"https://a.example/{n}")
        for n in range(40)
    ]  # fmt: skip
    (message,) = compose_digest([*waiting, operator("A feed fails.")], NOW + 600)
    header, context, listed = message.blocks
    assert header["text"]["text"] == "41 alerts about 4 companies"
    assert "<!date^" in context["elements"][0]["text"]
    named = [section["elements"][0]["text"] for section in listed["elements"]]
    assert named == ["alertd", "Company 00 C00", "Company 01 C01", "Company 02 C02"]
    assert [piece["text"] for piece in listed["elements"][0]["elements"][1:]] == ["\n• A feed fails."]
    links = [(p["url"], p["text"]) for p in pieces(message.blocks) if p.get("type") == "link"]
    assert sorted(links) == sorted((f"https://a.example/{n}", f"Title {n}") for n in range(40))
    assert message.keys == (*(one.key for one in waiting), "key-op")
    assert valid(message)


def test_no_alerts_no_digest() -> None:
    assert compose_digest([], NOW) == ()


@pytest.mark.parametrize(
    ("metadata", "keys"),
    [
        ({}, ()),
        ({"event_type": "other", "event_payload": {"key": "k"}}, ()),
        ({"event_type": "alertd_alert", "event_payload": "k"}, ()),
        ({"event_type": "alertd_alert", "event_payload": {"key": "k"}}, ("k",)),
        ({"event_type": "alertd_digest", "event_payload": {"key": "d", "keys": "a b"}}, ("d", "a", "b")),
    ],
)
def test_only_our_metadata_has_keys(metadata: dict[str, Any], keys: tuple[str, ...]) -> None:
    assert keys_of(metadata) == keys


def test_mentions_and_severity_are_shown_and_only_ours_ping() -> None:
    shown = replace(alert(), severity="high", mentions=("U12345", "S12345", "here"))
    message = compose(shown, NOW)
    pieces = [p for b in message.blocks if b["type"] == "rich_text" for s in b["elements"] for p in s["elements"]]
    pings = [p for p in pieces if p["type"] in ("user", "usergroup", "broadcast")]
    assert pings == [
        {"type": "user", "user_id": "U12345"}, {"type": "usergroup", "usergroup_id": "S12345"},
        {"type": "broadcast", "range": "here"},
    ]  # fmt: skip
    assert message.blocks[0]["text"]["text"].startswith("‼ ")
    assert valid(message)


def test_buttons_name_the_company_and_the_rule() -> None:
    block = compose(alert(), NOW, answers=True).blocks[-1]
    assert (block["type"], block["block_id"]) == ("actions", "alertd:key-1")
    assert [e["action_id"] for e in block["elements"]] == ["acknowledge", "not_relevant", "wrong_company", "silence"]
    assert [o["text"]["text"] for o in block["elements"][-1]["options"]] == [
        "Silence Xiaomi for an hour", "Silence Xiaomi for a day",
        "Silence rule phones for an hour", "Silence rule phones for a day",
    ]  # fmt: skip
    alone = compose(alert(company=None), NOW, answers=True).blocks[-1]
    assert [e["action_id"] for e in alone["elements"]] == ["acknowledge", "not_relevant", "silence"]
    assert len(alone["elements"][-1]["options"]) == 2


@pytest.mark.parametrize(("relation", "said"), [("correction", "Corrects"), ("follow", "Follows")])
def test_what_is_told_anew_links_back(relation: Any, said: str) -> None:
    back = "https://desk.slack.com/archives/C1/p1"
    message = compose(alert(relation=relation), NOW, back=back)
    assert (back, "what was told before") in links(message)
    assert any(said in text for text in texts(message))


def test_a_digest_keeps_the_order_over_its_pages_and_pings_once() -> None:
    severe = [replace(alert(key=f"high-{n}"), severity="high", mentions=("here", "U0000001")) for n in range(3)]
    plain = [alert(key=f"key-{n:03d}", company=company(n % 7), title=f"Title {n} " * 9) for n in range(60)]
    first, *others = compose_digest([*severe, *plain], NOW)
    assert [k for m in (first, *others) for k in m.keys] == [a.key for a in (*severe, *plain)]
    pings = [[p for p in pieces(m.blocks) if p.get("type") in ("broadcast", "user")] for m in (first, *others)]
    assert [len(p) for p in pings] == [2, *[0] * len(others)]
    assert texts(first).count("\n‼ ▲ ") == 3


MARKUP = (
    "<!channel>", "<!here|x>", "<@U0000001>", "<!subteam^S0000001>", "<https://evil.example|Reuters>", "@channel",
    "@here", "javascript:alert(1)", "](https://evil.example)", "<!date^1^{date}^https://evil.example|x>",
    "&lt;!channel&gt;",
)  # fmt: skip
LETTERS = "<>@!|#*_~`&\\/:[]()^ \u202e\u200b\n\x1bchanelrUS0123.htps"
HOSTILE = st.text(st.sampled_from(LETTERS), max_size=120) | st.sampled_from(MARKUP)
OUR_DATE = re.compile(r"<!date\^\d+\^\{date_short_pretty\} \{time\}\|[-\d: UTC]+>")


@settings(max_examples=60, deadline=None)
@given(HOSTILE, HOSTILE, HOSTILE, HOSTILE, st.sampled_from(["post", "reply"]))
def test_nothing_that_a_feed_says_pings_or_links(title: str, source: str, reason: str, name: str, kind: str) -> None:
    company = replace(XIAOMI, name=name)
    shown = alert(
        title=title, source=source, reason=reason, rule=name, kind=kind, company=company, url="ftp://x.example"
    )
    for message in (compose(shown, NOW, answers=True), *compose_digest([shown], NOW), compose(operator(title), NOW)):
        kinds = {piece.get("type") for piece in pieces(message.blocks)}
        assert not kinds & {"broadcast", "user", "usergroup", "link", "image", "channel"}
        for piece in pieces(message.blocks):
            if piece.get("type") == "mrkdwn":
                assert "<" not in OUR_DATE.sub("", piece["text"])
        assert "<" not in message.text
        assert ">" not in message.text
        assert "\u202e" not in str(message)
        assert valid(message)
