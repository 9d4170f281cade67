"""What is posted, what goes to the thread, and under which keys."""

from __future__ import annotations

from alertd.articles import Alert, Article, Placement
from alertd.watchlist.alerts import alerts_for, post_key, reply_key
from alertd.watchlist.rules import Match, Matches

from .world import NOW, article, company, placed, tags

MATCH = Match("xiaomi", company(), lambda: "because")
FIRST = post_key("xiaomi", "1-0", "i:xiaomi", 1, "#alerts")
TAGS = tags(company())


def alerts(
    *matches: Match, placement: Placement | None = None, posted: tuple[str, ...] = (), given: Article | None = None
) -> list[Alert]:
    found = alerts_for(
        Matches(matches or (MATCH,)), given or article(), TAGS, placement or placed(), default_channel="#alerts",
        posted=posted, now=NOW, generation="abc",
    )  # fmt: skip
    return list(found)


def test_a_first_report_is_posted_with_all_that_a_message_needs() -> None:
    assert alerts() == [
        Alert(FIRST, "post", "xiaomi", "#alerts", "because", NOW, article(), TAGS, company(), placed(), "abc")
    ]


def test_an_article_that_may_not_alert_says_nothing() -> None:
    assert alerts(given=article(may_alert=False, held="too old")) == []


def test_a_copy_goes_to_the_thread() -> None:
    found = alerts(placement=placed("copy", 0.0), posted=(FIRST,))
    assert [(a.kind, a.key) for a in found] == [("reply", reply_key("1-0", "5-0", "#alerts"))]


def test_a_copy_of_what_was_never_posted_is_no_post_unless_outlets_decide() -> None:
    assert [a.kind for a in alerts(placement=placed("copy", 0.0))] == ["reply"]
    assert [a.kind for a in alerts(MATCH._replace(by_outlet=True), placement=placed("copy", 0.0))] == ["post"]


def test_a_risen_revision_is_posted_again_and_only_once() -> None:
    second = post_key("xiaomi", "1-0", "i:xiaomi", 2, "#alerts")
    for relation in ("follow", "update", "correction"):
        news = placed(relation, 0.7, 2)
        assert [a.key for a in alerts(placement=news, posted=(FIRST,))] == [second]
        assert [a.kind for a in alerts(placement=news, posted=(FIRST, second))] == ["reply"]


def test_more_of_the_same_goes_to_the_thread_even_when_the_last_revision_was_not_this_rules() -> None:
    assert [a.kind for a in alerts(placement=placed("same_event", 0.2, 2), posted=(FIRST,))] == ["reply"]


def test_a_rule_that_fires_late_in_a_story_posts() -> None:
    assert [a.kind for a in alerts(placement=placed("same_event", 0.2, 2))] == ["post"]


def test_one_reply_for_each_destination_and_none_beside_a_post() -> None:
    other = MATCH._replace(rule="other")
    elsewhere = MATCH._replace(rule="third", channels=("#desk",))
    known = (
        FIRST,
        post_key("other", "1-0", "i:xiaomi", 1, "#alerts"),
        post_key("third", "1-0", "i:xiaomi", 1, "#desk"),
    )
    found = alerts(MATCH, other, elsewhere, placement=placed("copy", 0.0), posted=known)
    assert [(a.kind, a.destination) for a in found] == [("reply", "#alerts"), ("reply", "#desk")]
    found = alerts(MATCH, other, placement=placed("same_event", 0.2), posted=(FIRST,))
    assert [(a.kind, a.rule) for a in found] == [("post", "other")]


def test_keys_tell_everything_apart() -> None:
    parts = ("rule", "1-0", "i:a", 1, "#a")
    others = [("r", *parts[1:]), ("rule", "2-0", *parts[2:]), (*parts[:2], "i:b", 1, "#a"), (*parts[:3], 2, "#a"),
              (*parts[:4], "#b")]  # fmt: skip
    keys = {post_key(*p) for p in (parts, *others)}
    assert len(keys) == 6
    assert reply_key("1-0", "2-0", "#a") not in keys
    assert post_key(*parts) == post_key(*parts)
