"""What `alertd init` writes for companies, feeds and a channel of the user's own. Pure but for the questions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from alertd.commands.finding import with_scheme
from alertd.config import SETTINGS_FILE, WATCHLIST_FILE, default_text
from alertd.config.presets import PRESETS
from alertd.config.values import reach, split
from alertd.config.watchlist import looks_like_ticker
from alertd.errors import ConfigError
from alertd.feeds.opml import Subscription, names_for
from alertd.tagging.gazetteer import Gazetteer
from alertd.tagging.suggest import is_symbol, suggest

_FEEDS: Final = re.compile(r"^# `alertd feeds check` fetches.*?^(?=# redis:)", re.MULTILINE | re.DOTALL)
_RULES: Final = re.compile(r"^rules:\n.*\Z", re.MULTILINE | re.DOTALL)
_EXAMPLE: Final = "  # - preset: prnewswire\n"
_FOLLOWS: Final = "  # This one is a search for each company of the watchlist.\n  - preset: google-news\n"
_PLAIN: Final = re.compile(r"[A-Z0-9]{1,6}([.-][A-Z0-9]{1,4})?")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a user wants to begin with; where nothing is said, the default configuration's part stays.

    Attributes:
        companies: as the watchlist wants them, a line of YAML each.
        feeds: addresses, or names of presets.
        channel: of Slack, "" for the default one.
        contact: for the User-Agent, "" for none.
    """

    companies: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    channel: str = ""
    contact: str = ""


def texts(wishes: Wishes) -> dict[str, str]:
    """The two files by their names."""
    settings, watchlist = default_text(SETTINGS_FILE), default_text(WATCHLIST_FILE)
    if wishes.feeds:
        settings = _FEEDS.sub(lambda _: _feeds(wishes.feeds), settings)
    elif wishes.companies:
        settings = settings.replace(_EXAMPLE, _FOLLOWS)
    if wishes.channel:
        settings = settings.replace('channel: "#alerts"', f"channel: {_quoted(wishes.channel)}")
    if wishes.contact:
        settings = settings.replace("# contact: you@example.org", f"contact: {_quoted(wishes.contact)}")
    if wishes.companies:
        watchlist = _RULES.sub(lambda _: _rule(wishes.companies), watchlist)
    return {SETTINGS_FILE: settings, WATCHLIST_FILE: watchlist}


def _quoted(text: str) -> str:
    # a JSON text is a YAML text, as long as no sign is written as two
    return json.dumps(text, ensure_ascii=False)


def _rule(companies: Sequence[str]) -> str:
    rows = "".join(f"      - {company}\n" for company in companies)
    return (
        "rules:\n  # Everything about these companies. `events:`, `sentiment:` and `keywords:` narrow it;\n"
        f"  # docs/recipes.md has examples.\n  - name: my companies\n    companies:\n{rows}"
    )


def _feeds(feeds: Sequence[str]) -> str:
    addresses = [feed for feed in feeds if feed not in PRESETS]
    titles = ("" if reach(feed) == "public" else "local" for feed in addresses)
    names = iter(names_for(map(Subscription, titles, addresses), PRESETS))
    rows = "".join(
        f"  - preset: {feed}\n" if feed in PRESETS else f"  - name: {next(names)}\n    url: {_quoted(feed)}\n"
        for feed in feeds
    )
    private = any(reach(feed) != "public" for feed in addresses)
    lead = "# A feed is on this machine or in a private network.\nallow_private_addresses: true\n\n" if private else ""
    return f"{lead}# `alertd feeds check` fetches each once and says how it went.\nfeeds:\n{rows}\n"


def company(text: str, gazetteer: Gazetteer) -> tuple[str, str]:
    """How the watchlist names a company, and a sentence about it where one is needed.

    Args:
        text: a symbol or a name.

    Raises:
        ConfigError: it is written as a symbol, and no company has it.
    """
    text = readable(text, "--company")
    issuer = gazetteer.resolve(text)
    if issuer is not None and issuer.symbol:
        symbol = text if is_symbol(gazetteer, text) and _PLAIN.fullmatch(text) else issuer.symbol
        return f"{symbol if _PLAIN.fullmatch(symbol) else _quoted(symbol)} # {issuer.name}", ""
    if not text or looks_like_ticker(text):
        like = " or ".join(suggest(gazetteer, text)) if text else ""
        raise ConfigError(
            f"no company has the symbol {text!r}" if text else "no company is named",
            where="--company",
            hint=f"did you mean {like}?" if like else 'alertd symbols search finds one; or write its name: "Acme Corp"',
        )
    return f"{{name: {_quoted(text)}}}", f"{text} is watched by its name: no exchange lists it"


def feed(text: str) -> str:
    """An address or the name of a preset as the configuration takes it; `https://` may be left out.

    Raises:
        ConfigError: it is neither.
    """
    text = readable(text, "--feed")
    if text in PRESETS:
        return text
    address = with_scheme(text)
    if split(address) is None:
        raise ConfigError(
            f"{text!r} is no web address",
            where="--feed",
            hint=f"write one that starts with https://, or a preset: {', '.join(PRESETS)}",
        )
    return address


def readable(text: str, where: str) -> str:
    """A text that a file can hold as it is.

    Raises:
        ConfigError: it holds control characters.
    """
    text = text.strip()
    if not text.isprintable():
        raise ConfigError("a sign in it cannot be printed", where=where, hint="type it anew")
    return text


def asked(question: Callable[[str], str], refused: Callable[[ConfigError], None], gazetteer: Gazetteer) -> Wishes:
    """Ask for everything, each again until it can be read.

    Args:
        question: puts a question, and gives the answer.
        refused: is told what is wrong with an answer.
    """

    def ask(text: str, read: Callable[[str], T]) -> tuple[T, ...]:
        while True:
            try:
                return tuple(read(part) for part in question(text).split(",") if part.strip())
            except ConfigError as error:
                refused(error)

    companies = ask("Companies, by symbol or name, commas between them", lambda text: company(text, gazetteer)[0])
    feeds = ask("Feeds, by address, commas between them (nothing for the dozen that come along)", feed)
    channels = ask("Slack channel for alerts (nothing for #alerts)", channel)
    return Wishes(companies, feeds, channels[0] if channels else "")


def channel(text: str) -> str:
    """A channel as the configuration takes it; the # may be left out.

    Raises:
        ConfigError: it is none.
    """
    from pydantic import TypeAdapter, ValidationError

    from alertd.config.values import Channel

    adapter: TypeAdapter[str] = TypeAdapter(Channel)
    text = readable(text, "--channel")
    for written in (text, f"#{text}"):
        try:
            return adapter.validate_python(written)
        except ValidationError as error:
            why = str(error.errors()[0].get("ctx", {}).get("error", "no channel"))
    raise ConfigError(f"{text!r} is {why}", where="--channel")
