"""The watchlist: everything that `config/watchlist.yaml` may say, typed, with defaults."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from alertd.articles import Role, SentimentLabel
from alertd.config.values import Channel, Events, Model, Texts
from alertd.taxonomy import expand

_TICKER: Final = re.compile(r"\$?[A-Z0-9]{1,6}([.-][A-Z0-9]{1,4})?")

Share = Annotated[float, Field(ge=0, le=1)]


def looks_like_ticker(text: str) -> bool:
    """Whether a text is written as symbols are: capitals and digits, at most one dot or dash (1810.HK, BRK-B)."""
    return _TICKER.fullmatch(text) is not None


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _as_company(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return {"symbol": value} if looks_like_ticker(value.strip()) else {"name": value}


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
    channel: Channel = ""
    """Where its alerts go; without one, to `slack.channel`."""
    severity: Literal["normal", "high"] = "normal"
    """High ones are marked as such."""


class RuleSettings(RuleDefaults):
    """A rule: it fires when all the conditions that it names hold; of a list, one is enough."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    """Short name, shown with its alerts. Unique."""
    companies: Annotated[
        tuple[Annotated[WatchedCompany, BeforeValidator(_as_company)], ...], BeforeValidator(_as_list)
    ] = ()
    """Companies: symbols, names, or entries with `symbol` or `name` and `aliases`."""
    events: Events = ()
    """Types of event, or groups of them."""
    sentiment: Annotated[
        tuple[SentimentLabel, ...], BeforeValidator(_as_list), _one_or_many(["negative", "neutral", "positive"])
    ] = ()
    """Sentiment towards the company."""
    keywords: Texts = ()
    """Words or phrases in title or text; whole words, in any case."""
    sources: Texts = ()
    """Outlets."""
    feeds: Texts = ()
    """Feeds, by name."""

    @property
    def event_types(self) -> tuple[str, ...]:
        """The types of event, groups replaced by what they hold."""
        return expand(self.events)

    def with_defaults(self, defaults: RuleDefaults) -> RuleSettings:
        """Give this rule with what it left open taken from the defaults."""
        taken = {name: getattr(defaults, name) for name in defaults.model_fields_set - self.model_fields_set}
        return self.model_copy(update=taken)


def _section(value: Any) -> Any:
    return {} if value is None else value


def _none(value: Any) -> Any:
    # that there are no rules is said once, in words of its own
    return [] if value is None else value


class Watchlist(Model):
    """All of `config/watchlist.yaml`."""

    defaults: Annotated[RuleDefaults, BeforeValidator(_section)] = RuleDefaults()
    """What every rule takes over unless it says otherwise."""
    rules: Annotated[tuple[RuleSettings, ...], BeforeValidator(_none)] = ()
    """What to alert on."""

    @property
    def companies(self) -> tuple[WatchedCompany, ...]:
        """All companies of all rules; one that is written the same way twice comes once."""
        return tuple(dict.fromkeys(company for rule in self.rules for company in rule.companies))
