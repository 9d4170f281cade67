"""What the JSON addresses of the page answer, as models: the handlers make them, /api/openapi.json describes them.

Times are Unix seconds, scores -1 to 1, shares 0 to 1.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel):
    """A part of an answer; nothing else than what it names is in it."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Mood(Answer):
    """A sentiment; the three shares sum to 1."""

    label: Literal["negative", "neutral", "positive"]
    score: float
    positive: float
    neutral: float
    negative: float


class Company(Answer):
    """A company in an article."""

    issuer: str
    """Stable key; what `/api/companies/{company}` takes, too."""
    symbol: str
    """Primary listing, or ""."""
    name: str
    role: Literal["subject", "source", "passing"]
    relevance: float
    sentiment: Mood | None


class Event(Answer):
    """A type of event in an article, with the companies that it concerns."""

    type: str
    confidence: float
    companies: list[str]


class Place(Answer):
    """The place of an article in its story."""

    id: str
    revision: int
    relation: Literal["first", "copy", "update", "correction", "follow", "same_event"]
    novelty: float
    outlets: int


class Article(Answer):
    """A decided article."""

    id: str
    title: str
    summary: str
    url: str
    """http or https, or ""."""
    source: str
    feed: str
    published: float
    arrived: float
    language: str
    copy_of: str
    held: str
    """Why it may not alert, or ""."""
    companies: list[Company]
    events: list[Event]
    sentiment: Mood | None
    facts: dict[str, Any]
    story: Place
    outcome: str
    """alerted, threaded, held, silenced, paced, waiting, copy, stopped, quiet; "" when it is forgotten."""
    why: str
    """Why it alerted or not, in a line; "" when it is forgotten."""


class Now(Answer):
    """Decided articles, the latest first."""

    items: list[Article]
    after: str
    """Pass it as `after` for older ones; "" at the end of the archive."""
    back_to: float
    """How far back this answer has looked, however few it found."""


class Alert(Answer):
    """A delivered alert."""

    key: str
    entry: str
    """Its place among what was delivered; pass it as `before` for older ones."""
    at: float
    channel: str
    kind: str
    how: str
    """posted, or found (it had arrived although Slack's answer was lost)."""
    ts: str
    """Slack's timestamp; several alerts with the same one were told in a digest."""
    rule: str
    severity: str
    reason: str
    story: str
    article: str
    company: str
    symbol: str
    title: str
    url: str
    source: str
    sentiment: float | None
    novelty: float | None
    events: list[str]


class Alerts(Answer):
    """Delivered alerts, the latest first."""

    items: list[Alert]
    before: str
    """Pass it as `before` for older ones; "" at the end."""


class Message(Answer):
    """A message as Slack is asked to show it."""

    text: str
    blocks: list[dict[str, Any]]


class ShownAlert(Answer):
    """An alert with its message and its thread."""

    alert: Alert
    message: Message | None
    """None when neither the message nor its article is remembered any more."""
    exact: bool
    """Whether it is the message as it was posted; else it was composed anew from the archive."""
    together: int
    """How many alerts its message tells: more than one in a digest."""
    thread: list[Alert]
    """What else was told of its story in its channel, the earliest first."""


class StoryRow(Answer):
    """A story."""

    id: str
    title: str
    url: str
    first_seen: float
    last_seen: float
    articles: int
    outlets: list[str]
    revision: int
    companies: list[str]
    events: list[str]
    direction: int
    open: bool


class Stories(Answer):
    """Stories, those with the latest article first."""

    items: list[StoryRow]
    after: str
    """Pass it as `after` for older ones; "" at the end."""


class Report(Answer):
    """An article on the timeline of its story."""

    at: float
    article: str
    source: str
    relation: str
    novelty: float
    title: str
    reason: str


class ToldStory(Answer):
    """A story with its timeline and what was told of it."""

    story: StoryRow
    figures: list[str]
    timeline: list[Report]
    alerts: list[Alert]


class CompanyRow(Answer):
    """A company with what was said of it lately."""

    issuer: str
    symbol: str
    name: str
    watched: bool
    articles: int
    positive: int
    negative: int
    score: float | None
    hours: list[int]
    """Articles by the hour, the latest last, over a day."""


class Companies(Answer):
    """Companies: those of the watchlist, and those of whom most was said."""

    items: list[CompanyRow]


class Point(Answer):
    """What was said of a company within a step of time."""

    at: int
    articles: int
    positive: int
    negative: int
    score: float | None


class Mark(Answer):
    """An event of a company."""

    at: float
    type: str
    article: str
    story: str
    title: str
    score: float | None


class Series(Answer):
    """Volume and sentiment of a company over time, with its events."""

    issuer: str
    symbol: str
    name: str
    watched: bool
    step: int
    """Hours that a point stands for."""
    points: list[Point]
    marks: list[Mark]


class LastMatch(Answer):
    """When a rule last led to an alert."""

    at: float
    article: str
    title: str


class Rule(Answer):
    """A rule of the watchlist."""

    name: str
    asks: str
    """What it asks for, in words."""
    severity: str
    channels: list[str]
    days: list[int]
    """Alerts of each of the latest 14 days, today last."""
    last: LastMatch | None
    health: Literal["fine", "silenced", "noisy", "quiet", "broken"]
    health_words: str


class Watchlist(Answer):
    """The rules in force."""

    generation: str
    event_types: list[str]
    """All types of event that there are."""
    items: list[Rule]


class Verdict(Answer):
    """What a rule says of an article."""

    rule: str
    fires: bool
    near: bool
    why: str


class Told(Answer):
    """A message that would be posted now."""

    rule: str
    destination: str
    message: Message


class Explanation(Answer):
    """What every rule in force says of an article or a text."""

    article: Article
    decided: str
    """What was decided when it arrived, with the generation of the configuration, or ""."""
    verdicts: list[Verdict]
    silences: list[str]


class Replay(Answer):
    """What the rules in force would tell of an article if its story were new; nothing is posted."""

    article: Article
    told: list[Told]
    verdicts: list[Verdict]


class Feed(Answer):
    """How a feed does."""

    name: str
    url: str
    """Its address without user, password and the values of its query."""
    health: Literal["fine", "failing", "stopped", "new", "late"]
    state: str
    """The error in words, or "fine"."""
    polls: int
    failures: int
    failing: int
    last_success: float
    next: float
    interval: float
    why: str
    """Why it is asked again then."""
    per_day: float
    """Entries a day, by its habit."""
    habit: list[float]
    """Entries an hour for each hour of the day (UTC); -1 where nothing is known yet."""
    latency: float
    """Seconds until it answers."""
    delay: float
    """Seconds from an entry's own date to its first sight."""
    outruns: int


class Feeds(Answer):
    """The feeds, those that fail first."""

    items: list[Feed]
    total: int
    after: int
    """Pass it as `after` for more; 0 at the end."""


class Part(Answer):
    """A part of the process that serves the page."""

    name: str
    ok: bool
    detail: str


class Process(Answer):
    """A process of alertd."""

    name: str
    seen: float
    here: bool


class Holder(Answer):
    """A lease: who does what only one process may do at a time, or which part of what several share."""

    name: str
    owner: str
    token: int


class Dead(Answer):
    """What could not be processed."""

    id: str
    stage: str
    article: str
    error: str
    title: str
    at: float


class SystemState(Answer):
    """How alertd itself does."""

    troubles: list[str]
    """What is wrong, worst first."""
    ready: bool
    parts: list[Part]
    stages: dict[str, int]
    """For each stage how many articles wait for it."""
    outboxes: dict[str, int]
    """For each channel how many messages wait for it."""
    later: dict[str, int]
    """Alerts that are held, by the time at which they are told."""
    counts: dict[str, int]
    held: dict[str, int]
    """Why articles were held back, and how many."""
    dead_total: int
    dead: list[Dead]
    leases: list[Holder]
    processes: list[Process]
    versions: dict[str, str]
    generation: str
    archive: dict[str, int]
    """`chunks`, `bytes`, and `since` in Unix seconds."""
    memory_mb: float
    clients: int
    """Browsers that listen to the live stream of this process."""


class Silence(Answer):
    """A silence."""

    id: str
    since: float
    until: float
    why: str
    by: str
    words: str
    """What it silences."""
    holds: bool


class Silences(Answer):
    """Silences that hold, and those that ended within a week."""

    items: list[Silence]


class Done(Answer):
    """It was done."""

    id: str


class Moved(Answer):
    """What putting a dead letter back came to."""

    id: str
    outcome: Literal["back", "gone", "decided", "told", "waits"]
    words: str


class Trouble(Answer):
    """Why something was not done."""

    error: str
    hint: str
    """What to do next, or ""."""


class Asked(BaseModel):
    """What is asked to be done; nothing else than what it names is taken."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True, str_strip_whitespace=True)


class AskExplain(Asked):
    """One of the two."""

    text: str = ""
    """A headline; further lines are its summary. At most 5,000 characters."""
    article: str = ""
    """Id of an article."""


class AskReplay(Asked):
    """One of the two."""

    article: str = ""
    """Id of an article."""
    alert: str = ""
    """Key of an alert; its article is replayed."""


class AskSilence(Asked):
    """What is silenced, and for how long."""

    companies: list[str] = []
    """Symbols or names."""
    rules: list[str] = []
    """Names of rules."""
    match: dict[str, Any] = {}
    """Further conditions, as rules in watchlist.yaml have them."""
    lasts: str = "1h"
    """How long: 30m, 2h, 3d."""
    why: str
    """The reason, for others."""
    by: str = ""
    """Who asks for it."""


class AskSession(Asked):
    """Signs in."""

    token: str
    """`web.token`."""


class Nothing(Asked):
    """Nothing need be said."""
