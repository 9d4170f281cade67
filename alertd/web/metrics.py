"""Every metric of the daemon, in one place; docs/metrics.md explains each (a test compares the two).

Labels hold names from the configuration and values of small fixed sets, never addresses or article texts.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.process_collector import ProcessCollector

import alertd

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for every counter, which nobody reads

_QUICK: Final = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
_NETWORK: Final = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
_INFERENCE: Final = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
_END_TO_END: Final = (0.1, 0.3, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0)
_BATCH: Final = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """The metrics of one daemon, in a registry of its own.

    Args:
        clock: gives the current time in Unix seconds; used for ages at the moment of a scrape.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.registry = CollectorRegistry()
        self._clock = clock
        self._last_success: dict[str, float] = {}
        self._generation = ""
        self._polling()
        self._processing()
        self._posting()
        self._running()

    def _polling(self) -> None:
        self.polls = Counter(
            "alertd_polls",
            "Polls of feeds by outcome: document, unchanged, or the kind of the error.",
            ["outcome"],
            registry=self.registry,
        )
        self.poll_seconds = Histogram(
            "alertd_poll_seconds",
            "Seconds from the start of a poll to its commit.",
            buckets=_NETWORK,
            registry=self.registry,
        )
        self.entries = Counter(
            "alertd_entries",
            "Feed entries by verdict: new, seen, update, baseline, held.",
            ["verdict"],
            registry=self.registry,
        )
        self.articles = Counter("alertd_articles", "Articles accepted, copies included.", registry=self.registry)
        self.copies = Counter("alertd_copies", "Articles recognised as copies before tagging.", registry=self.registry)
        self.pages = Counter(
            "alertd_pages",
            "Pages of new entries, where a feed asks for full text, by outcome.",
            ["outcome"],
            registry=self.registry,
        )
        self.pushes = Counter(
            "alertd_pushes",
            "Pushes of hubs by outcome: taken, forged, unknown, busy.",
            ["outcome"],
            registry=self.registry,
        )
        self.feed_age = Gauge(
            "alertd_feed_last_success_age_seconds",
            "Seconds since a feed was last fetched and read without error.",
            ["feed"],
            registry=self.registry,
        )

    def _processing(self) -> None:
        self.tagged = Counter("alertd_tagged", "Articles tagged.", registry=self.registry)
        self.tag_seconds = Histogram(
            "alertd_tag_seconds", "Seconds to tag one batch.", buckets=_INFERENCE, registry=self.registry
        )
        self.tag_batch = Histogram(
            "alertd_tag_batch_articles", "Articles in a batch.", buckets=_BATCH, registry=self.registry
        )
        self.decided = Counter(
            "alertd_decided",
            "Articles decided, by their relation to their story.",
            ["relation"],
            registry=self.registry,
        )
        self.decide_seconds = Histogram(
            "alertd_decide_seconds",
            "Seconds to place one article and match the watchlist.",
            buckets=_QUICK,
            registry=self.registry,
        )
        self.stories = Counter("alertd_stories", "Stories opened.", registry=self.registry)
        self.alerts = Counter(
            "alertd_alerts", "Alerts by rule and kind: post, reply, operator.", ["rule", "kind"], registry=self.registry
        )
        self.stage_lag = Gauge(
            "alertd_stage_lag_articles",
            "Entries of a stage's stream that are waiting or unacknowledged.",
            ["stage"],
            registry=self.registry,
        )
        self.dead_letters = Gauge(
            "alertd_dead_letters", "Entries in the dead-letter stream, by stage.", ["stage"], registry=self.registry
        )

    def _posting(self) -> None:
        self.page_clients = Gauge(
            "alertd_page_clients", "Browsers that listen to the live stream of the page.", registry=self.registry
        )
        self.page_dropped = Counter(
            "alertd_page_dropped", "Browsers that were let go, for they did not keep up.", registry=self.registry
        )
        self.posts = Counter(
            "alertd_posts",
            "Messages to Slack by outcome: posted, found, dropped, withdrawn, dead, or the kind of the error.",
            ["outcome"],
            registry=self.registry,
        )
        self.post_seconds = Histogram(
            "alertd_post_seconds", "Seconds that Slack took to answer a post.", buckets=_NETWORK, registry=self.registry
        )
        self.outbox_depth = Gauge(
            "alertd_outbox_depth", "Messages waiting for a channel.", ["channel"], registry=self.registry
        )
        self.alert_latency = Histogram(
            "alertd_alert_latency_seconds",
            "Seconds from an article's arrival to its message's record as posted.",
            buckets=_END_TO_END,
            registry=self.registry,
        )

    def _running(self) -> None:
        self.store_used = Gauge(
            "alertd_store_used_bytes", "Memory that the data in Redis takes.", registry=self.registry
        )
        self.store_limit = Gauge(
            "alertd_store_limit_bytes", "Memory that it may take; at 90 % of it polling waits.", registry=self.registry
        )
        self.disk_free = Gauge(
            "alertd_disk_free_bytes", "Free on the disk of the embedded server.", registry=self.registry
        )
        self.pings = Counter(
            "alertd_pings",
            "Dead-man pings by outcome: sent, withheld, failed.",
            ["outcome"],
            registry=self.registry,
        )
        self.config = Gauge(
            "alertd_config_info", "The configuration in force; always 1.", ["generation"], registry=self.registry
        )
        self.config_refused = Gauge(
            "alertd_config_refused", "1 while an edit of the configuration is refused, else 0.", registry=self.registry
        )
        build = Gauge(
            "alertd_build_info", "The version that runs; always 1.", ["version", "python"], registry=self.registry
        )
        build.labels(version=alertd.__version__, python=platform.python_version()).set(1)
        ProcessCollector(registry=self.registry)

    def room(self, used_mb: float, limit_mb: float, free_mb: float | None) -> None:
        """Note the memory of the store and its limit, and what is free on its disk where that is known; megabytes."""
        self.store_used.set(used_mb * 1e6)
        self.store_limit.set(limit_mb * 1e6)
        if free_mb is not None:
            self.disk_free.set(free_mb * 1e6)

    def feed_succeeded(self, feed: str, at: float) -> None:
        """Note that a feed was fetched and read at `at` (Unix seconds); its age counts from there."""
        if feed not in self._last_success:
            self.feed_age.labels(feed=feed).set_function(lambda: max(0.0, self._clock() - self._last_success[feed]))
        self._last_success[feed] = at

    def forget_feed(self, feed: str) -> None:
        """Drop a feed that is no longer configured."""
        if feed in self._last_success:
            self.feed_age.remove(feed)
            del self._last_success[feed]

    def configured(self, generation: str) -> None:
        """Note which generation of the configuration is in force."""
        if self._generation and self._generation != generation:
            self.config.remove(self._generation)
        self.config.labels(generation=generation).set(1)
        self._generation = generation
