"""The metrics object: ages at scrape time, one generation at a time, no state shared between daemons."""

from __future__ import annotations

from prometheus_client import generate_latest

from alertd.web.metrics import Metrics


def text(metrics: Metrics) -> str:
    return generate_latest(metrics.registry).decode()


def test_a_feeds_age_grows_until_it_succeeds_again_and_goes_with_the_feed() -> None:
    now = 1000.0
    metrics = Metrics(clock=lambda: now)
    metrics.feed_succeeded("wire", 990.0)
    assert 'alertd_feed_last_success_age_seconds{feed="wire"} 10.0' in text(metrics)
    now = 1060.0
    assert 'alertd_feed_last_success_age_seconds{feed="wire"} 70.0' in text(metrics)
    metrics.feed_succeeded("wire", 1061.0)
    assert 'alertd_feed_last_success_age_seconds{feed="wire"} 0.0' in text(metrics)
    metrics.forget_feed("wire")
    metrics.forget_feed("wire")
    assert 'feed="wire"' not in text(metrics)


def test_only_the_generation_in_force_is_shown() -> None:
    metrics = Metrics()
    for generation in ("aaa", "bbb", "bbb"):
        metrics.configured(generation)
    assert 'alertd_config_info{generation="bbb"} 1.0' in text(metrics)
    assert "aaa" not in text(metrics)


def test_two_daemons_in_one_process_do_not_share_counts() -> None:
    one, other = Metrics(), Metrics()
    one.polls.labels(outcome="document").inc()
    assert 'alertd_polls_total{outcome="document"} 1.0' in text(one)
    assert "alertd_polls_total{" not in text(other)


def test_the_build_is_shown() -> None:
    assert "alertd_build_info{" in text(Metrics())
