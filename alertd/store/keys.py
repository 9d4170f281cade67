"""Names of all keys in Redis. One hash tag holds them in one slot, so that a script may touch any of them together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final
from zlib import crc32

PREFIX: Final = "alertd:{main}:"

ARTICLES: Final = PREFIX + "articles"
"""Stream: accepted entries, copies included, waiting for tags."""
TAGGED: Final = PREFIX + "tagged"
"""Stream: tagged articles and released copies, waiting for a decision."""
ALERTS: Final = PREFIX + "alerts"
"""Stream: alerts on their way into the outboxes."""
DEAD: Final = PREFIX + "dead"
"""Stream: what could not be processed, with its error."""

SEQUENCE: Final = PREFIX + "seq"
"""Counter: number of accepted articles; gives each its place in the order."""
DECIDED_UP_TO: Final = PREFIX + "decided"
"""Highest place in the order that was decided."""
COUNTS: Final = PREFIX + "counts"
"""Hash: what happened so far, for `alertd status`."""
RECENT: Final = PREFIX + "recent"
"""List: the latest decisions in words, newest first."""
PASSED: Final = PREFIX + "passed"
"""Stream: the latest decided articles, for whoever watches them live: `row` as in the archive, `recent` in words."""
STORIES: Final = PREFIX + "stories"
"""Sorted set: stories by the arrival of their latest article; the oldest go."""
RULE_LAST: Final = PREFIX + "rule-last"
"""Hash: for each rule when it last led to an alert, and on which article, as JSON."""
META: Final = PREFIX + "meta"
"""Hash: schema and version of what wrote this state."""
GENERATION: Final = PREFIX + "generation"
"""Generation of the configuration in force."""
PROCESSES: Final = PREFIX + "processes"
"""Sorted set: processes by the Redis time at which they were last seen."""
WORKS: Final = PREFIX + "works"
"""Hash: a counter for each stage, which rises while one of its processes works."""
CHANNELS: Final = PREFIX + "channels"
"""Set: channels that ever had an outbox."""
FEEDS: Final = PREFIX + "feeds"
"""Set: feeds that were ever polled."""
HUBS: Final = PREFIX + "hubs"
"""Hash: subscriptions to the hubs of feeds, by feed."""
PUSHED: Final = PREFIX + "pushed"
"""Set: feeds of which a hub pushed something to a process that does not poll them; who does asks them at once."""

DELIVERED: Final = PREFIX + "delivered"
"""Stream: what was delivered, one row of JSON for each alert; the oldest go."""
PACE: Final = PREFIX + "pace"
"""Hash: the pace of all messages together."""
UPDATES: Final = PREFIX + "pace-of-updates"
"""Hash: the pace of all edits of messages together."""

CATCHING_UP: Final = PREFIX + "catching-up"
"""Unix seconds until which what comes after an outage is kept, to be told together."""

FEEDBACK: Final = PREFIX + "feedback"
"""Hash: labelled examples, by alert and who labelled it."""
STANDING: Final = PREFIX + "standing"
"""Hash: the rules of the files in force, each with the mark of what it asks for; under "" the version of this list."""
RENAMED: Final = PREFIX + "renamed"
"""Hash: names that rules of the files had before, each with the name that the same rule has now."""
WATCHED: Final = PREFIX + "watched"
"""Hash: companies watched from within Slack, by channel and symbol."""
AUDIT: Final = PREFIX + "audit"
"""Stream: what was asked for in Slack, by whom, and what came of it."""

SILENCES: Final = PREFIX + "silences"
"""Hash: silences by their ids."""

RULES: Final = PREFIX + "rules"
"""Hash: for each rule that remembers what matched, the mark of what it asks for and the time from which it counts."""
DUE: Final = PREFIX + "due"
"""Sorted set: what time alone brings up, by its time: "quiet␟rule␟issuer␟mark" or "held␟time" (␟ is 0x1f)."""
QUIET, HELD = "quiet", "held"
"""What its members begin with: rules that wait for silence, alerts that wait for their time."""

ARCHIVE_OPEN: Final = PREFIX + "archive:open"
"""List: rows of the archive that are in no chunk yet, oldest first."""
ARCHIVE_CHUNKS: Final = PREFIX + "archive:chunks"
"""Sorted set: names of chunks ("day:number") by the arrival of their last article."""
ARCHIVE_BYTES: Final = PREFIX + "archive:bytes"
"""Counter: bytes of all chunks."""
ARCHIVE_DAYS: Final = PREFIX + "archive:days"
"""Hash: number of the latest chunk of each day."""

GROUPS: Final = {ARTICLES: "tag", TAGGED: "decide", ALERTS: "notify"}
"""Each stream's one consumer group."""


def feed(name: str) -> str:
    """Hash: what is remembered of a feed (validators, health)."""
    return f"{PREFIX}feed:{name}"


def seen(feed_name: str) -> str:
    """Hash: entries of a feed that are known."""
    return f"{PREFIX}seen:{feed_name}"


def seen_at(feed_name: str) -> str:
    """Sorted set: the same entries by the time at which a document last held them."""
    return f"{PREFIX}seen-at:{feed_name}"


def twins(feed_name: str) -> str:
    """String: by what the entries of a feed's last document are known again under new guids (`alertd.feeds.twins`)."""
    return f"{PREFIX}twins:{feed_name}"


def fingerprint(seq: str | int) -> str:
    """String: `article|original|fingerprint` of the article with this place in the order."""
    return f"{PREFIX}fp:{seq}"


BANDS: Final = PREFIX + "band:"
"""Prefix of hashes, `ERA:TABLE`: band → places in the order of the articles of an era that have it."""
BAND_TABLES: Final = 32_768
"""Tables over which the bands of an era are spread: few fields in each, so that Redis keeps them small."""


def band_table(band: str) -> str:
    """The table of a band, the same in every era."""
    [number] = _tables_of([band])
    return f"{number:x}"


def _tables_of(bands: Iterable[str]) -> list[int]:
    return [crc32(band) % BAND_TABLES for band in map(str.encode, bands)]


def placed(entries: Iterable[Sequence[str]], lasting: bytearray) -> tuple[str, list[str]]:
    """The bands of entries with their tables, as `look.lua` reads them: first the tables that may lack their life.

    Args:
        lasting: by the numbers of tables, 1 where one is known to have its life; from now on those of these bands, too.
    """
    fresh: list[int] = []
    said = []
    for bands in entries:
        numbers = _tables_of(bands)
        said.append("".join([f"{number:x} {band};" for number, band in zip(numbers, bands, strict=True)]))
        for number in numbers:
            if not lasting[number]:
                lasting[number] = 1
                fresh.append(number)
    return " ".join([f"{number:x}" for number in fresh]), said


def root(article: str) -> str:
    """String: the copy that took the place of a dead original."""
    return f"{PREFIX}root:{article}"


def tags(article: str) -> str:
    """String: an article's tags, or "copy"; there once the article left the tag stage."""
    return f"{PREFIX}tags:{article}"


def parked(article: str) -> str:
    """List: copies that wait for this article's decision."""
    return f"{PREFIX}parked:{article}"


def opened(article: str) -> str:
    """String: there from an article's acceptance to its decision or death; never expires."""
    return f"{PREFIX}open:{article}"


def decision(article: str) -> str:
    """String: what was decided about an article."""
    return f"{PREFIX}decision:{article}"


def story(ident: str) -> str:
    """String: an open story."""
    return f"{PREFIX}story:{ident}"


def told(story_id: str) -> str:
    """List: rows about a story's articles, oldest first, for its timeline."""
    return f"{PREFIX}told:{story_id}"


def posts(story_id: str) -> str:
    """Set: keys of the alerts that a story raised."""
    return f"{PREFIX}posts:{story_id}"


def listed(key: str) -> str:
    """Sorted set: the latest open stories under a key by which they are sought, by their latest article's place."""
    return f"{PREFIX}listed:{key}"


def alert(key: str) -> str:
    """String: an alert that waits in an outbox."""
    return f"{PREFIX}alert:{key}"


def sent(key: str) -> str:
    """String: where and when an alert was delivered."""
    return f"{PREFIX}sent:{key}"


def outbox(channel: str) -> str:
    """List: keys of the alerts that wait for a channel, in order."""
    return f"{PREFIX}outbox:{channel}"


def sending(channel: str) -> str:
    """String: what a channel's sender is about to post; left behind by a crash, it is in doubt."""
    return f"{PREFIX}sending:{channel}"


def thread(story_id: str, channel: str) -> str:
    """String: timestamp of the first message about a story in a channel."""
    return f"{PREFIX}thread:{channel}:{story_id}"


def opening(story_id: str, channel: str) -> str:
    """String: what the first message about a story in a channel says, for its later edits."""
    return f"{PREFIX}opening:{channel}:{story_id}"


def recount(channel: str) -> str:
    """Hash: stories whose first message in a channel shows an old count, with their sources."""
    return f"{PREFIX}recount:{channel}"


def pace(channel: str) -> str:
    """Hash: the pace of a channel, and until when Slack asked it to wait; in ms of the server's clock."""
    return f"{PREFIX}pace:{channel}"


def answered(ident: str) -> str:
    """String: there when a request of Slack was done."""
    return f"{PREFIX}answered:{ident}"


def rule_state(key: str) -> str:
    """String: what is remembered of a rule (`alertd.watchlist.pacing` and `.kinds`), as long as it matters."""
    return f"{PREFIX}rule:{key}"


def held(member: str) -> str:
    """List: alerts that are told when this member of the due-set is due."""
    return f"{PREFIX}held:{member}"


def archive_chunk(name: str) -> str:
    """String: a chunk of the archive, binary."""
    return f"{PREFIX}archive:chunk:{name}"


def archive_companies(day: str) -> str:
    """Hash: for each issuer the numbers of the day's chunks that name it."""
    return f"{PREFIX}archive:companies:{day}"


def rule_days(day: str) -> str:
    """Hash: for each rule its posts of a day (`YYYYMMDD`)."""
    return f"{PREFIX}rule-days:{day}"


def heard(day: str) -> str:
    """Sorted set: issuers by their articles of a day (`YYYYMMDD`)."""
    return f"{PREFIX}heard:{day}"


def pulse(issuer: str, week: int) -> str:
    """Hash: what was said of an issuer in a week (since 1970), hour by hour; see `alertd.watchlist.pulse`."""
    return f"{PREFIX}pulse:{issuer}:{week}"


def shown(key: str) -> str:
    """String: an alert as it was delivered, for its preview."""
    return f"{PREFIX}shown:{key}"


def lease(name: str) -> str:
    """Hash: owner, fencing token and beat of a lease."""
    return f"{PREFIX}lease:{name}"


def shards(name: str) -> str:
    """Hash: for each shard of a work that is shared who holds it, with the fencing token; see `share.lua`."""
    return f"{PREFIX}shards:{name}"


def members(name: str) -> str:
    """Hash: the processes that share a work, with their beats."""
    return f"{PREFIX}members:{name}"


def tries(stage: str) -> str:
    """Hash: lone tries of entries that failed, by entry."""
    return f"{PREFIX}tries:{stage}"


def kept(name: str) -> str:
    """String: the text of a page (`page:…`) or of a robots.txt (`robots:…`), by a hash of its address; it expires."""
    return f"{PREFIX}kept:{name}"
