"""The settings: everything that `config/alertd.yaml` may say, typed, with defaults.

Docstrings under the fields are what editors show and what docs/config.md prints. Durations are seconds, sizes bytes.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, WithJsonSchema

from alertd import sentinels
from alertd.config.hours import zone
from alertd.config.presets import PRESETS
from alertd.config.units import Duration, Size
from alertd.config.values import (
    Address,
    Channel,
    HeaderName,
    Model,
    Text,
    Texts,
    nearest,
    none,
    reach,
    redact,
    section,
    split,
)

DAY = 86400.0


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _preset(name: str) -> str:
    if not name or name in PRESETS:
        return name
    like = nearest(name, PRESETS)
    step = f"did you mean {like}?" if like else f"there are {', '.join(PRESETS)}"
    raise ValueError(f"no preset; {step}")


def _optional_address(url: str) -> str:
    if url and split(url) is None:
        raise ValueError("no web address; write one that starts with https:// or http://")
    return url


def _contact(text: str) -> str:
    if text and (not text.isprintable() or not text.isascii() or not ("@" in text or "://" in text)):
        raise ValueError("no contact; write an e-mail or web address of yours")
    return text


def _secret(value: Any) -> Any:
    # an unset ${NAME:-} means that there is none
    return None if value == "" else value


def _line(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().isprintable():
        raise ValueError("spread over several lines or holds control characters; write it on one line")
    return value


def _one_line(value: SecretStr | None) -> SecretStr | None:
    return None if value is None else _line(value)


def _redis(value: SecretStr | None) -> SecretStr | None:
    if value and value.get_secret_value().startswith(sentinels.SCHEMES):
        sentinels.read(value.get_secret_value())
    elif value and not value.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
        raise ValueError(
            "no address of a Redis; write one that starts with redis://, rediss://, unix:// or redis+sentinel://"
        )
    return value


def _ping(value: SecretStr | None) -> SecretStr | None:
    if value is not None and split(value.get_secret_value()) is None:
        raise ValueError("no web address; write one that starts with https:// or http://")
    return value


def _webhook(value: SecretStr | None) -> SecretStr | None:
    if value is None or split(value.get_secret_value()) is None:
        raise ValueError("no address of a webhook; write one that starts with https://, or name a url_file")
    return value


def _token(value: SecretStr | None) -> SecretStr | None:
    if value is not None and len(value.get_secret_value()) < 16:
        raise ValueError(
            "too short; at least 16 characters that nobody guesses, such as those of `openssl rand -hex 24`"
        )
    return _one_line(value)


Secret = Annotated[SecretStr | None, BeforeValidator(_secret)]
HeaderValue = Annotated[SecretStr, AfterValidator(_line)]


class FeedDefaults(Model):
    """What every feed takes over unless it says otherwise."""

    interval: Annotated[float, Duration(0.2, DAY)] = 120.0
    """Time between two polls. At least 5s, but on loopback, where tests and demos run."""
    max_interval: Annotated[float, Duration(0, DAY)] = 0.0
    """Longest time between two polls: up to it a feed is asked by its own habit and by what its publisher says
    (Cache-Control, Expires, ttl, skipHours). 0 asks always at `interval`, so that no quiet feed tells its news late."""
    max_age: Annotated[float, Duration(0, 30 * DAY)] = 21600.0
    """Entries that are older by their own date never alert."""
    timeout: Annotated[float, Duration(0.1, 300)] = 20.0
    """Time that one fetch may take."""
    max_bytes: Annotated[int, Size(1000, 10**9)] = 10_000_000
    """Largest body that is read, before and after decompression."""
    max_items: Annotated[int, Field(ge=1, le=100_000)] = 2000
    """Entries that are read from one document."""
    timezone: Annotated[str, AfterValidator(zone)] = ""
    """Time zone of dates that name none, such as America/New_York."""
    language: Annotated[str, Field(pattern=r"^([a-z]{2})?$")] = ""
    """Two-letter language of the feed, where the feed itself says nothing or something wrong."""
    user_agent: Annotated[str, Field(max_length=500, pattern=r"^[ -~]*$")] = ""
    """User-Agent to send instead of alertd's own."""
    priority: Literal["normal", "low"] = "normal"
    """Low ones are not asked while 500 articles wait for their tags."""
    full_text: bool = False
    """Whether to fetch the pages of new entries, as far as their sites' robots.txt allow it, and to tag their text."""
    full_text_wait: Annotated[float, Duration(0.1, 60)] = 4.0
    """How long new entries wait for their pages; then they go on with what the feed says."""


class FeedSettings(FeedDefaults):
    """A feed to poll: RSS, Atom or JSON Feed."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    """Short name; rules, logs and metrics use it. Unique."""
    url: Address
    """Address of the feed. May hold a key; it is shown without it."""
    url_file: str = ""
    """File that holds the address, instead of `url`."""
    preset: Annotated[str, AfterValidator(_preset), WithJsonSchema({"type": "string", "enum": list(PRESETS)})] = ""
    """A known source, instead of `url` and `name` (docs/feeds.md); some make a feed for each company."""
    symbols: Texts = ()
    """Companies of such a preset, by symbol or name; without them, those of the watchlist."""
    source: Annotated[str, Field(max_length=200)] = ""
    """Outlet to show with its articles; without it, the feed's own title."""
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict)
    """Headers to send to this feed's own host, such as an API key. Never shown."""
    username: Annotated[str, Field(max_length=200, pattern=r"^[^:\x00-\x1f]*$")] = ""
    """Name to log in with at this feed's own host (HTTP Basic)."""
    password: Annotated[Secret, AfterValidator(_one_line)] = None
    """Password for it. Better as ${NAME} or in a file; never shown."""
    password_file: str = ""
    """File that holds the password, instead of `password`."""

    @property
    def redacted_url(self) -> str:
        """The address without user, password, values of the query and fragment: fit for logs and pages."""
        return redact(self.url)

    @property
    def on_loopback(self) -> bool:
        """Whether the address names this very machine."""
        return reach(self.url) == "loopback"

    def with_credentials(self) -> FeedSettings:
        """Give this feed with its name and password among its headers."""
        if not self.username and self.password is None:
            return self
        password = self.password.get_secret_value() if self.password else ""
        basic = base64.b64encode(f"{self.username}:{password}".encode()).decode("ascii")
        return self.model_copy(update={"headers": {**self.headers, "Authorization": SecretStr(f"Basic {basic}")}})

    def with_defaults(self, defaults: FeedDefaults) -> FeedSettings:
        """Give this feed with what it left open taken from the defaults."""
        taken = {name: getattr(defaults, name) for name in defaults.model_fields_set - self.model_fields_set}
        return self.model_copy(update=taken)


class SlackSettings(Model):
    """Where alerts go. Without a token they are printed in the terminal."""

    token: Secret = None
    """The app's bot token (xoxb-…). Better as ${SLACK_BOT_TOKEN} or in a file."""
    token_file: str = ""
    """File that holds the token, instead of `token`."""
    app_token: Secret = None
    """The app-level token (xapp-…) by which buttons and `/alertd` are answered; without it there are none."""
    app_token_file: str = ""
    """File that holds that token, instead of `app_token`."""
    users: Texts = ()
    """Ids (U…) of the members who may silence, label and acknowledge; without any, all who see the messages."""
    editors: Texts = ()
    """Ids (U…) of the members who may add to the watchlist and take away by `/alertd watch` and `unwatch`."""
    base_url: Address = "https://slack.com/api/"
    """Slack's interface; another one for tests."""
    channel: Channel = "#alerts"
    """Channel of rules that name none."""
    pace: Annotated[float, Duration(0, 600)] = 1.0
    """Time between two messages to one channel; Slack allows about one a second."""
    burst: Annotated[int, Field(ge=1, le=10)] = 3
    """Messages that a quiet channel may get at once before the pace holds."""
    workspace_rate: Annotated[float, Field(gt=0, le=1000)] = 15.0
    """Messages a second that all channels together get. Slack publishes no figure ("several hundred a minute")."""
    digest_above: Annotated[int, Field(ge=1, le=1000)] = 10
    """When more messages than this wait for a channel, they are told in one digest."""
    digest_after: Annotated[float, Duration(0, 7 * DAY)] = 900.0
    """When the oldest of several messages has waited this long, they are told in one digest; likewise what the first
    polls bring after no feed could be asked for this long."""
    doubt_grace: Annotated[float, Duration(0, 3600)] = 30.0
    """How long to wait before the second look for a message whose answer was lost."""
    timeout: Annotated[float, Duration(0.1, 300)] = 10.0
    """Time that one call to Slack may take."""


class WebhookSettings(Model):
    """An address that gets messages by HTTP; rules and `slack.channel` name it as `webhook:NAME`."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}$")]
    """Short name. Unique."""
    url: Annotated[Secret, Field(validate_default=True), AfterValidator(_webhook)] = None
    """Its address; never shown, for whoever knows it can post there."""
    url_file: str = ""
    """File that holds the address, instead of `url`."""
    kind: Literal["json", "slack"] = "json"
    """`json`: each alert as JSON, signed. `slack`: an incoming webhook of Slack: no threads, counters or look-ups."""
    secret: Secret = None
    """For `json`: key of the signature (HMAC-SHA256, as standardwebhooks.com has it)."""
    secret_file: str = ""
    """File that holds that key, instead of `secret`."""


class OperatorSettings(Model):
    """Where the daemon speaks about itself: feeds that fail, edits that were refused."""

    channel: Channel = ""
    """Channel for it; without one, the log only."""
    ping_url: Annotated[Secret, AfterValidator(_ping)] = None
    """Address that is asked while all stages work, such as a check of healthchecks.io that alarms when no ping comes
    (dead-man switch). Never shown."""
    ping_url_file: str = ""
    """File that holds that address, instead of `ping_url`."""
    ping_every: Annotated[float, Duration(1, DAY)] = 60.0
    """Time between two such pings."""


class RedisSettings(Model):
    """A Redis server of your own. Without one alertd starts its own."""

    url: Annotated[Secret, AfterValidator(_redis)] = None
    """Address: redis://, rediss:// or unix://, or of Sentinels: redis+sentinel://:PASSWORD@HOST:26379,HOST:26379/MASTER,
    with rediss+sentinel:// through TLS. May hold a password; never shown."""
    url_file: str = ""
    """File that holds the address, instead of `url`."""


class StoreSettings(Model):
    """Where state is kept, and the server that alertd starts for it when `redis.url` is not set."""

    folder: Path = Path("state")
    """Folder for the state; relative to the folder that holds `config/`."""
    redis_server: str = ""
    """A redis-server to start instead of the one that is installed with alertd."""
    linger: Annotated[float, Duration(0.1, 7 * DAY)] = 60.0
    """How long that server outlives its last client."""
    max_mb: Annotated[int, Field(ge=16, le=1_000_000)] = 512
    """Memory that all that is kept in Redis may take, in megabytes; 512 are enough for about 20,000 articles a day
    (docs/scale.md). From 75 % on the operator is warned, from 90 % on polling waits."""


class TaggingSettings(Model):
    """How articles are read."""

    model: Text = "builtin"
    """The shipped model, or the name or path of a Hugging Face sequence classifier (needs `alertd[torch]`)."""
    threads: Annotated[int, Field(ge=0, le=1024)] = 0
    """Threads for the model; 0 takes all cores that the process may use."""
    batch: Annotated[int, Field(ge=1, le=256)] = 16
    """Most articles in one pass; none is waited for."""
    gazetteer_overrides: str = ""
    """YAML file with names of your own for companies; relative to `config/`."""


class StorySettings(Model):
    """How articles are put together into stories."""

    window: Annotated[float, Duration(1, 30 * DAY)] = 3 * DAY
    """How long a story stays open for another article."""
    reorder_ms: Annotated[int, Field(ge=0, le=10_000)] = 100
    """Longest wait for an article that is late among several taggers, or batches of one, in milliseconds."""


class ArchiveSettings(Model):
    """Decided articles that are kept for `alertd backtest`, `explain` and `archive export`."""

    max_mb: Annotated[int, Field(ge=1, le=1_000_000)] = 256
    """Memory for them in Redis, in megabytes, at most 300 bytes an article; beyond it the oldest go."""
    retention: Annotated[float, Duration(3600, 3660 * DAY)] = 30 * DAY
    """How long they are kept."""


class WebSettings(Model):
    """The page, its JSON interface, and /healthz, /readyz and /metrics."""

    host: Text = "127.0.0.1"
    """Address to listen on. Beyond loopback a token is needed, and a proxy in front that speaks HTTPS."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8321
    """Port to listen on; 0 takes any that is free."""
    token: Annotated[Secret, AfterValidator(_token)] = None
    """What a reader has to know to see the page and the metrics; at least 16 characters. Without one, all on this
    machine may. Better as ${ALERTD_WEB_TOKEN} or in a file; never shown."""
    token_file: str = ""
    """File that holds the token, instead of `token`."""


class WebSubSettings(Model):
    """Where the hubs of feeds may push what is new (WebSub)."""

    callback: Annotated[str, AfterValidator(_optional_address)] = ""
    """Public address that leads to `host` and `port`, such as https://alerts.example.org/websub; without one, feeds are
    only polled."""
    host: Text = "127.0.0.1"
    """Address to listen on for it."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8322
    """Port to listen on for it."""


class LogSettings(Model):
    """What is written to stderr."""

    format: Literal["console", "json"] = "console"
    """For a person, or one JSON object a line."""
    level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = "info"
    """The least that is written."""


class Settings(Model):
    """All of `config/alertd.yaml`."""

    contact: Annotated[str, Field(max_length=200), AfterValidator(_contact)] = ""
    """E-mail or web address of yours that publishers see in the User-Agent. The SEC asks for one."""
    allow_private_addresses: bool = False
    """Whether feeds and Slack may be on this machine or in a private network: for tests and demos."""
    feed_defaults: Annotated[FeedDefaults, BeforeValidator(section)] = FeedDefaults()
    """What every feed takes over unless it says otherwise."""
    feeds: Annotated[tuple[FeedSettings, ...], BeforeValidator(none)] = ()
    """The feeds to poll."""
    slack: Annotated[SlackSettings, BeforeValidator(section)] = SlackSettings()
    """Where alerts go."""
    webhooks: Annotated[tuple[WebhookSettings, ...], BeforeValidator(none)] = ()
    """Further places for messages."""
    operator: Annotated[OperatorSettings, BeforeValidator(section)] = OperatorSettings()
    """Where the daemon speaks about itself."""
    redis: Annotated[RedisSettings, BeforeValidator(section)] = RedisSettings()
    """A Redis server of your own."""
    store: Annotated[StoreSettings, BeforeValidator(section)] = StoreSettings()
    """Where state is kept."""
    tagging: Annotated[TaggingSettings, BeforeValidator(section)] = TaggingSettings()
    """How articles are read."""
    stories: Annotated[StorySettings, BeforeValidator(section)] = StorySettings()
    """How articles are put together into stories."""
    archive: Annotated[ArchiveSettings, BeforeValidator(section)] = ArchiveSettings()
    """Decided articles that are kept for looking back."""
    web: Annotated[WebSettings, BeforeValidator(section)] = WebSettings()
    """The page, its JSON interface, health and metrics."""
    websub: Annotated[WebSubSettings, BeforeValidator(section)] = WebSubSettings()
    """Where the hubs of feeds may push what is new."""
    log: Annotated[LogSettings, BeforeValidator(section)] = LogSettings()
    """What is written to stderr."""
