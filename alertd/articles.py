"""What flows through alertd: plain frozen dataclasses, and their JSON form for Redis and for `--jsonl`.

An Entry is what a feed said; an Article is an entry that was accepted (it has an id and its fingerprint);
Tags are what the tagger found in it; a Placement says which story it belongs to; an Alert is what a rule
wants posted. Times are Unix seconds (float, UTC) unless said otherwise; offsets are code points.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, TypeVar

import msgspec

SCHEMA = 1
"""Version of the records below; written into every one, so that an upgrade can tell what it reads."""

Role = Literal["subject", "source", "passing"]
SentimentLabel = Literal["negative", "neutral", "positive"]
FieldName = Literal["title", "summary", "text"]
DateSource = Literal["published", "updated", "fetched", "unsure"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of a feed as we read it: plain text, absolute link.

    Attributes:
        feed: name of the feed in the configuration.
        guid: the feed's own id for the item, or "" when it gives none.
        url: absolute link, or "" when it has none; not canonicalised.
        title: plain text (tags stripped, entities unescaped, whitespace collapsed).
        summary: plain text, may be empty.
        text: full plain text if the feed carries it (`content`), else "".
        source: name of the outlet for a reader ("Reuters"); the feed's title when the item names none.
        published: the item's own time, or the time of the fetch when it has none or an impossible one.
        date_source: where `published` comes from; `fetched` means that the item has no date of its own.
        language: two-letter code as the feed says, or "".
    """

    feed: str
    guid: str
    url: str
    title: str
    summary: str = ""
    text: str = ""
    source: str = ""
    published: float = 0.0
    date_source: DateSource = "fetched"
    language: str = ""


@dataclass(frozen=True, slots=True)
class Article:
    """An accepted entry. `id` is its id in the `articles` stream and the correlation id up to Slack.

    Attributes:
        id: "<milliseconds>-<sequence>"; orders articles by arrival.
        entry: what the feed said.
        arrived: Redis time at the poll; rules use this, so that a replay repeats.
        may_alert: False for a baseline entry (kept for stories, never alerts).
        held: why it may not alert ("too old", …); "" when it may.
        copy_of: id of the article that this one repeats, or "".
        update_of: id of the earlier form of the same entry when its title or figures changed, or "".
        unlike: ids of articles that it contradicts in nearly the same words, which report other events.
    """

    id: str
    entry: Entry
    arrived: float
    may_alert: bool = True
    held: str = ""
    copy_of: str = ""
    update_of: str = ""
    unlike: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mention:
    """A span of the input as given: `text == input[field][start:end]`, in code points."""

    field: FieldName
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Sentiment:
    """A calibrated sentiment; the three probabilities sum to 1, `score` is positive minus negative (-1..1)."""

    label: SentimentLabel
    score: float
    positive: float
    neutral: float
    negative: float


@dataclass(frozen=True, slots=True)
class Company:
    """A company found in an article.

    Attributes:
        symbol: primary listing (US bare, elsewhere with Yahoo's suffix), or None for an unlisted company.
        symbols: all listings of the issuer, primary first.
        name: short readable name, or the name as given for an entity of the input.
        role: subject, source (a broker or paper that only speaks) or passing.
        relevance: 0..1, how much the article is about it.
        sentiment: towards this company, or None where the model cannot read the text.
        issuer: stable key of the issuer ("i:…" for listed ones, "n:<normalised name>" for others).
    """

    symbol: str | None
    symbols: tuple[str, ...]
    name: str
    role: Role
    relevance: float
    sentiment: Sentiment | None
    mentions: tuple[Mention, ...] = ()
    issuer: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """A type of event of EVENTS.md with its calibrated probability and the companies (symbols) it concerns."""

    type: str
    confidence: float
    companies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tags:
    """All that the tagger says about one article.

    Attributes:
        facts: stated facts by name: rating, rating_action, price_target, currency, move_pct, amounts …
        versions: component → version (encoder, heads, gazetteer) that made these tags.
        scores: every event type's probability; kept only when asked for.
        embedding: the encoder's mean-pooled vector, int8 quantised, base64; "" when there is none.
    """

    companies: tuple[Company, ...] = ()
    events: tuple[Event, ...] = ()
    sentiment: Sentiment | None = None
    language: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    embedding: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """What is remembered of a story while its window is open.

    Attributes:
        id: id of the story: the id of its first article.
        title: best title so far.
        sources: outlets in order of their first report, without repeats.
        articles: number of articles in it, copies included.
        revision: rises only with new figures, a new direction, a new event type or a correction.
        issuers: issuer keys of its subjects.
        events: event types reported so far.
        figures: normalised figures of its articles ("5.5e9 usd", "6 %").
        direction: -1 falling or negative, 1 rising or positive, 0 undecided.
        first_seen, last_seen: arrival of its first and latest article.
        first_url: link of the first report.
    """

    id: str
    title: str
    sources: tuple[str, ...]
    articles: int
    revision: int
    issuers: tuple[str, ...]
    events: tuple[str, ...]
    figures: tuple[str, ...]
    direction: int
    first_seen: float
    last_seen: float
    first_url: str = ""


Relation = Literal["first", "copy", "update", "correction", "follow", "same_event"]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an article belongs: its story after the article was added, how it relates to it, and how new it is.

    Attributes:
        story: the story with this article in it.
        relation: `first` opens the story; `copy` is the same text; `update` the same entry edited;
            `correction` one that supersedes; `same_event` another report of it; `follow` one with something new.
        novelty: 0..1.
        reason: the evidence in words ("the text that Reuters had first").
    """

    story: Story
    relation: Relation
    novelty: float
    reason: str


@dataclass(frozen=True, slots=True)
class Alert:
    """What a rule wants said, complete enough to compose the message without looking anything up.

    Attributes:
        key: identity of the post: hash of (rule, story, company, story revision, destination).
        kind: `post` opens a message, `reply` goes to the thread of the story's first message,
            `operator` is the daemon speaking about itself.
        destination: channel as configured ("#alerts"), or "terminal".
        reason: why the rule fired, one line.
        text: the sentence to say, where there is no article: of the daemon, or of a rule that waited for silence.
        severity: low, normal or high.
        mentions: whom a post mentions: ids of members (U…) and user groups (S…), `here`, `channel`.
        digest: alerts of a channel with the same digest are told in one message; "" for one that is told by itself.
    """

    key: str
    kind: Literal["post", "reply", "operator"]
    rule: str
    destination: str
    reason: str
    created: float
    article: Article | None = None
    tags: Tags | None = None
    company: Company | None = None
    placement: Placement | None = None
    generation: str = ""
    text: str = ""
    severity: str = "normal"
    mentions: tuple[str, ...] = ()
    digest: str = ""


T = TypeVar("T")


def to_plain(value: Any) -> Any:
    """Turn a record into JSON-ready plain data (dataclass → dict, tuple → list)."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: to_plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if isinstance(value, list | tuple):
        return [to_plain(v) for v in value]
    if isinstance(value, dict):
        return {k: to_plain(v) for k, v in value.items()}
    return value


def dumps(value: Any) -> str:
    """Write a record as one line of JSON with its schema version.

    Raises:
        TypeError: a field holds what JSON has no form for.
    """
    return (_BEGINNING + _encoder.encode(value)[1:]).decode()


_BEGINNING_TEXT = f'{{"v":{SCHEMA},'
_BEGINNING = _BEGINNING_TEXT.encode()


def _plain_number(value: Any) -> float:
    """A number of a kind of its own, such as numpy's, as a plain one."""
    if isinstance(value, float):
        return float(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


_encoder = msgspec.json.Encoder(enc_hook=_plain_number)


class _Version(msgspec.Struct):
    v: int = 0


_version = msgspec.json.Decoder(_Version)


def loads(cls: type[T], data: str | bytes) -> T:
    """Read what `dumps` wrote; unknown keys are ignored (a newer minor writer may add some).

    Raises:
        ValueError: the data is not JSON, is no such record, or was written under a newer schema.
    """
    try:
        # as `dumps` writes it; elsewhere the version may stand anywhere
        usual = data.startswith(_BEGINNING) if isinstance(data, bytes) else data.startswith(_BEGINNING_TEXT)
        if not usual and (version := _version.decode(data).v) > SCHEMA:
            raise ValueError(f"record of schema {version}, this version reads up to {SCHEMA}")
        kind: Any = cls
        found: T = _decoder(kind).decode(data)
    except msgspec.DecodeError as error:
        raise ValueError(f"no record of {cls.__name__}: {error}") from error
    return found


@cache
def _decoder(cls: type[Any]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(cls)
