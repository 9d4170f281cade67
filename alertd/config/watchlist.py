"""The watchlist: everything that `config/watchlist.yaml` may say, typed, with defaults."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, WithJsonSchema, model_validator

from alertd.articles import Role, SentimentLabel
from alertd.config.conditions import Countries, Facts, Keywords, Languages, Mentions, Sectors, Text
from alertd.config.hours import Digest, HoursSettings
from alertd.config.kinds import ShiftSettings, SpikeSettings
from alertd.config.units import Duration
from alertd.config.values import Channel, Events, Model, Texts, none, section
from alertd.expressions import Comparison, read_fact
from alertd.taxonomy import expand

_TICKER: Final = re.compile(
    r"\$?[A-Z0-9]{1,6}([.-][A-Z0-9]{1,4})?|[A-Z][A-Z0-9 ]{1,11}: ?[A-Z0-9]{1,6}([.-][A-Z0-9]{0,4})?"
)

DAY: Final = 86400.0

Share = Annotated[float, Field(ge=0, le=1)]
Score = Annotated[float, Field(ge=-1, le=1)]
Severity = Literal["low", "normal", "high"]


KINDS: Final = ("spike", "sentiment_shift", "quiet", "new_event")
"""Keys that make a rule one of another kind than "an article matches"."""
_TELLING: Final = frozenset(
    [
        "name",
        "lists",
        "channel",
        "channels",
        "severity",
        "mentions",
        "cooldown",
        "cooldown_max",
        "per_hour",
        "once",
        "hours",
        "outside",
        "digest",
    ]
)


def looks_like_ticker(text: str) -> bool:
    """Whether a text is written as symbols are: capitals and digits, at most one dot or dash (1810.HK, BRK-B).

    An exchange may stand before one (LSE:VOD).
    """
    return _TICKER.fullmatch(text) is not None


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _as_company(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return {"symbol": value} if looks_like_ticker(value.strip()) else {"name": value}


def _as_companies(value: Any) -> Any:
    return [value] if isinstance(value, str | dict) else value


def _some(roles: tuple[Role, ...]) -> tuple[Role, ...]:
    if not roles:
        raise ValueError("empty; name at least one, or remove it")
    return roles


def _one_or_many(choice: list[str]) -> WithJsonSchema:
    one = {"type": "string", "enum": choice}
    return WithJsonSchema({"anyOf": [one, {"type": "array", "items": one}]})


class WatchedCompany(Model):
    """A company of a rule: by symbol, or by name."""

    symbol: str = ""
    """Any of its symbols: US bare (BRK-B), elsewhere with Yahoo's suffix (1810.HK). One stands for all listings."""
    name: str = ""
    """Its name; the way to watch a company that no exchange lists."""
    aliases: Texts = ()
    """Other names that count as this company."""

    @property
    def key(self) -> str:
        """The symbol, or the name when there is none."""
        return self.symbol or self.name

    @model_validator(mode="after")
    def _identified(self) -> WatchedCompany:
        if not self.key:
            raise ValueError("without a symbol and a name; write one of them")
        return self


Companies = Annotated[
    tuple[Annotated[WatchedCompany, BeforeValidator(_as_company)], ...], BeforeValidator(_as_companies)
]
"""Companies: symbols, names or entries; one may be written without the list."""
Channels = Annotated[tuple[Channel, ...], BeforeValidator(_as_list), WithJsonSchema(
    {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
)]  # fmt: skip
"""Channels; one may be written without the list."""


class RuleDefaults(Model):
    """What every rule takes over unless it says otherwise."""

    roles: Annotated[
        tuple[Role, ...],
        BeforeValidator(_as_list),
        AfterValidator(_some),
        _one_or_many(["subject", "source", "passing"]),
    ] = ("subject",)
    """What the company may be in the article: its subject, a source that only speaks, or mentioned in passing."""
    min_relevance: Share = 0.5
    """How much the article must be about the company, 0 to 1."""
    min_confidence: Share = 0.5
    """How sure the tagger must be of the event, 0 to 1."""
    min_novelty: Share = 0.0
    """How new the article must be to its story, 0 to 1."""
    not_sources: Texts = ()
    """Outlets that never fire the rule."""
    not_feeds: Texts = ()
    """Feeds, by name, that never fire the rule."""
    not_keywords: Keywords = ()
    """Words or phrases that keep the rule quiet; written as `keywords` are."""
    languages: Languages = ()
    """Languages of the article by two letters, such as en; without them, all."""
    channel: Channels = ()
    """Where its alerts go, one channel or several; without one, to `slack.channel`."""
    channels: dict[Severity, Channels] = Field(default_factory=dict)
    """Where they go by `severity`, before `channel`: `{high: "#urgent"}`."""
    severity: Severity = "normal"
    """How much it matters: low, normal or high. High ones are marked as such."""
    mentions: Mentions = ()
    """Whom its alerts mention: members (U…), user groups (S…), `here`, `channel`."""

    cooldown: Annotated[float, Duration(0, 30 * DAY)] = 0.0
    """How long a rule keeps quiet about a company after a post; what comes meanwhile goes to its story's thread."""
    cooldown_max: Annotated[float, Duration(0, 30 * DAY)] = 0.0
    """Longest cooldown: it doubles each time that news comes again soon after; without it, it stays the same."""
    per_hour: Annotated[int, Field(ge=0, le=1000)] = 0
    """Most posts of the rule within an hour; 0 for any number."""
    once: bool = False
    """Only the first match in a story is posted; what follows, however new, goes to its thread."""
    hours: HoursSettings | None = None
    """When its alerts are told: `{timezone: Europe/London, open: 07:00, close: 19:00, days: mon-fri}`, or
    `{exchange: HKEX}`. Without it, always."""
    outside: Literal["hold", "digest", "drop"] = "hold"
    """What becomes of alerts outside `hours`: held to the opening one by one, in one digest then, or dropped."""
    digest: Digest = ""
    """Tells its alerts together, as one message for each channel: `hourly`, at a time of day (`08:00`, perhaps with a
    time zone: `08:00 Asia/Tokyo`), or at the `opening` of its hours."""

    def with_defaults(self, defaults: RuleDefaults) -> Self:
        """Give this with what it left open taken from the defaults; `channel` and `channels` are taken as one."""
        given = set(self.model_fields_set)
        if given & {"channel", "channels"}:
            given |= {"channel", "channels"}
        inherited = set(RuleDefaults.model_fields) & (defaults.model_fields_set - given)
        return self.model_copy(update={name: getattr(defaults, name) for name in inherited})

    @property
    def destinations(self) -> tuple[str, ...]:
        """The channels of its severity; none for the default one."""
        return self.channels.get(self.severity, self.channel)


class RuleSettings(RuleDefaults):
    """A rule: it fires when all the conditions that it names hold; of a list, one is enough."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    """Short name, shown with its alerts. Unique."""
    companies: Companies = ()
    """Companies: symbols, names, or entries with `symbol` or `name` and `aliases`."""
    lists: Texts = ()
    """Lists of companies, by their names under `lists:`; added to `companies`."""
    not_companies: Companies = ()
    """Companies that it leaves out of a sector, a country or a list."""
    sectors: Sectors = ()
    """Sectors of the company, in the words of GICS."""
    countries: Countries = ()
    """Countries of the company."""
    events: Events = ()
    """Types of event, or groups of them."""
    sentiment: Annotated[
        tuple[SentimentLabel, ...], BeforeValidator(_as_list), _one_or_many(["negative", "neutral", "positive"])
    ] = ()
    """Sentiment towards the company."""
    min_sentiment: Score | None = None
    """Least score of that sentiment, -1 to 1."""
    max_sentiment: Score | None = None
    """Highest score of that sentiment, -1 to 1."""
    keywords: Keywords = ()
    """Words, phrases or expressions in title or text; whole words, in any case."""
    sources: Texts = ()
    """Outlets."""
    feeds: Texts = ()
    """Feeds, by name."""
    min_sources: Annotated[int, Field(ge=0, le=1000)] = 0
    """Outlets that must carry the story; the rule posts once, when so many do."""
    stories: Annotated[int, Field(ge=0, le=1000)] = 0
    """Different stories about the company that must match within `within`; then the rule posts and counts anew."""
    within: Annotated[float, Duration(60, 30 * DAY)] = 3600.0
    """The time in which `stories` are counted."""
    facts: Facts = Field(default_factory=dict)
    """Facts that the article must state: `{move_pct: ">5"}`."""
    spike: SpikeSettings | None = None
    """Fires when more articles match about a company than its own past says: `{}`, or what differs from defaults."""
    sentiment_shift: ShiftSettings | None = None
    """Fires when the mean sentiment of what matches about a company shifts: `{below: -0.2}`."""
    quiet: Annotated[float, Duration(0, 91 * DAY)] = 0.0
    """Fires when nothing matches about a company for so long, although its feeds were polled throughout."""
    new_event: Annotated[float, Duration(0, 366 * DAY)] = 0.0
    """Fires on the first event of its type about a company within this time."""

    _scopes: tuple[str, ...] = PrivateAttr(default=())

    @cached_property
    def event_types(self) -> tuple[str, ...]:
        """The types of event, groups replaced by what they hold."""
        return expand(self.events)

    @cached_property
    def fact_tests(self) -> Mapping[str, tuple[Comparison, ...]]:
        """The tests of `facts`, ready to use."""
        return {name: read_fact(name, text) for name, text in self.facts.items()}

    @property
    def scopes(self) -> tuple[str, ...]:
        """Where only the first rule that fires for a company counts: "" is the whole watchlist, else a group.

        A rule of another kind than "an article matches" stands outside: it fires on what came before, too.
        """
        return () if self.kinds else self._scopes

    @property
    def kinds(self) -> tuple[str, ...]:
        """The keys by which it is of another kind; at most one in a valid watchlist."""
        return tuple(name for name in KINDS if getattr(self, name) not in (None, 0.0))

    @cached_property
    def definition(self) -> str:
        """What the rule asks for, as a text; not how, when and where it tells."""
        return self.model_dump_json(exclude=set(_TELLING), exclude_defaults=True)

    def at_home(self, scopes: tuple[str, ...], lists: Mapping[str, tuple[WatchedCompany, ...]]) -> RuleSettings:
        """Give this rule with the companies of its lists, and with where only the first counts."""
        more = (company for name in self.lists for company in lists.get(name, ()))
        found = self.model_copy(update={"companies": tuple(dict.fromkeys([*self.companies, *more]))})
        found._scopes = scopes
        return found


class GroupSettings(RuleDefaults):
    """Rules that share defaults; what a group does not say it takes over from `defaults`."""

    name: Text
    """Short name. Unique among groups."""
    match: Literal["all", "first"] = "all"
    """Whether all its rules may fire for a company in an article, or only the first that does."""
    rules: Annotated[tuple[RuleSettings, ...], BeforeValidator(none)] = ()
    """Its rules."""


class Watchlist(Model):
    """All of `config/watchlist.yaml`."""

    defaults: Annotated[RuleDefaults, BeforeValidator(section)] = RuleDefaults()
    """What every rule takes over unless it says otherwise."""
    lists: dict[Text, Companies] = Field(default_factory=dict)
    """Lists of companies by name: the companies, or one text that names a file of them, a line each."""
    include: Texts = ()
    """More files of this form beside this one; they take over its `defaults` and may use its `lists`."""
    match: Literal["all", "first"] = "all"
    """Whether all rules may fire for a company in an article, or only the first that does."""
    rules: Annotated[tuple[RuleSettings, ...], BeforeValidator(none)] = ()
    """What to alert on."""
    groups: Annotated[tuple[GroupSettings, ...], BeforeValidator(none)] = ()
    """Groups of rules that share defaults; their rules come after those of `rules`."""

    @property
    def companies(self) -> tuple[WatchedCompany, ...]:
        """All companies of all rules; one that is written the same way twice comes once."""
        return tuple(dict.fromkeys(company for rule in self.rules for company in rule.companies))
