"""Reads the folder of the configuration: two YAML files, the environment and the files that hold secrets."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, SecretStr, ValidationError

from alertd.config.checks import (
    Parts,
    Symbols,
    check_settings,
    check_symbols,
    check_symbols_of_feeds,
    check_watchlist,
)
from alertd.config.document import Document, Keys, read
from alertd.config.expansion import STAND_IN, Listed, expanded, for_feeds_of, prepare
from alertd.config.lists import read_lists
from alertd.config.models import FeedDefaults, FeedSettings, Settings
from alertd.config.problems import explain
from alertd.config.watchlist import GroupSettings, RuleDefaults, RuleSettings, Watchlist
from alertd.errors import ConfigError

SETTINGS_FILE: Final = "alertd.yaml"
WATCHLIST_FILE: Final = "watchlist.yaml"
FILES: Final = (SETTINGS_FILE, WATCHLIST_FILE)

_SECRET_FILES: Final = frozenset(["token", "url"])
_LONGEST_SECRET: Final = 10_000

_STAND_INS: Final = {"name": "?", "url": "https://unreadable.invalid/"}

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Configuration:
    """A valid configuration.

    Attributes:
        folder: the folder it was read from, absolute.
        settings: `alertd.yaml`; every feed has the defaults in it, every path is absolute.
        watchlist: `watchlist.yaml`; every rule has the defaults and the companies of its lists in it, and those of
            groups stand among `rules`.
        generation: 12 hex digits of a hash of all files as they were; what comes from the environment or from
            files of secrets does not change it.
        files: names of the files, relative to the folder, that make a new generation when they change.
    """

    folder: Path
    settings: Settings
    watchlist: Watchlist
    generation: str
    files: tuple[str, ...] = FILES

    def secrets(self) -> tuple[str, ...]:
        """All values that no log may show: token, addresses with a password, headers."""
        settings = self.settings
        kept = [settings.slack.token, settings.redis.url]
        for feed in settings.feeds:
            kept.extend(feed.headers.values())
        return tuple(secret.get_secret_value() for secret in kept if isinstance(secret, SecretStr))


def load(
    folder: Path,
    environ: Mapping[str, str],
    resolve: Callable[[str], bool] | None = None,
    suggest: Callable[[str], Sequence[str]] | None = None,
    watchlist_file: Path | None = None,
    listed: Callable[[str], Listed | None] | None = None,
) -> Configuration:
    """Read and check a configuration.

    Args:
        folder: where `alertd.yaml` and `watchlist.yaml` are; named in messages as it is given here.
        environ: the environment that `${NAME}` is taken from.
        resolve: whether a symbol is known; without it symbols are not checked. Names are never checked: a company
            that no exchange lists is watched by name.
        suggest: symbols that are like an unknown one.
        watchlist_file: another file than the folder's `watchlist.yaml`; its lists of companies lie beside it.
        listed: symbols and name of a company by one of them, for the presets of feeds that go by company.

    Raises:
        ConfigError: with every mistake of both files in `problems`, in order.
    """
    paths = (folder / SETTINGS_FILE, watchlist_file or folder / WATCHLIST_FILE)
    found = [_bytes(path) for path in paths]
    documents = [
        read(path, str(path), order, environ, data) for order, (path, data) in enumerate(zip(paths, found, strict=True))
    ]
    first, second = documents
    base = folder.resolve()
    prepare(_items(first, "feeds"))
    _read_secret_files(first, base)
    lists = read_lists(second, paths[1].parent, len(FILES))
    settings = _validate(first, Settings)
    watchlist = _validate(second, Watchlist)
    parts = _parts(first, second)
    _expand(parts, listed or (lambda _key: None))
    check_settings(first, parts)
    symbols = Symbols(resolve, suggest)
    check_symbols_of_feeds(first, symbols)
    names = dict.fromkeys([*_feed_names(first), *(feed.name for _, feed in parts.feeds)])
    check_watchlist(second, parts, names, symbols)
    for several in lists:
        check_symbols(several.document, (), several.document.value, symbols)
    settings = _place(first, settings, base) if settings else None
    problems = _problems(first, second, *(one.document for one in lists))
    if problems or settings is None or watchlist is None:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise ConfigError(f"{problems[0]}{more}", problems=problems)
    found += [more.data for more in lists]
    digest = hashlib.sha256(b"\0".join(hashlib.sha256(data or b"").digest() for data in found))
    return Configuration(
        folder=base,
        settings=settings.model_copy(update={"feeds": tuple(feed for _, feed in parts.feeds)}),
        watchlist=watchlist.model_copy(
            update={"rules": tuple(for_feeds_of(rule, parts.expansions) for _, rule in parts.rules), "groups": ()}
        ),
        generation=digest.hexdigest()[:12],
        files=(*FILES, *(more.name for more in lists)),
    )


def _problems(*documents: Document) -> tuple[str, ...]:
    return tuple(str(problem) for problem in sorted(p for document in documents for p in document.problems))


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise ConfigError(
            "cannot be read", where=str(path), hint=reason, problems=(f"{path}:1:1: cannot be read; {reason}",)
        ) from error


def _validate(document: Document, model: type[M]) -> M | None:
    if document.value is None:
        return model() if not document.problems else None
    try:
        return model.model_validate(document.value)
    except ValidationError as error:
        explain(document, model, error)
        return None


def _lenient(model: type[M], value: Any) -> M | None:
    """Read a part without what is wrong in it; its mistakes were noted when the whole file was validated."""
    rest = dict(value) if isinstance(value, dict) else {}
    if not isinstance(value, dict) and value is not None:
        return None
    for _ in range(2):
        try:
            return model.model_validate(rest)
        except ValidationError as error:
            wrong = {str(details["loc"][0]) for details in error.errors() if details["loc"]}
            rest = {key: given for key, given in rest.items() if key not in wrong}
            rest |= {key: stand_in for key, stand_in in _STAND_INS.items() if key in wrong}
    return None


def _items(document: Document, key: str) -> list[Any]:
    value = document.value.get(key) if isinstance(document.value, dict) else None
    return value if isinstance(value, list) else []


def _parts(first: Document, second: Document) -> Parts:
    """Read each feed and each rule alone, so that one mistake does not hide those between the others."""
    top = first.value if isinstance(first.value, dict) else {}
    parts = Parts(private=_private(top))
    feed_defaults = _lenient(FeedDefaults, top.get("feed_defaults")) or FeedDefaults()
    for index, value in enumerate(_items(first, "feeds")):
        if feed := _lenient(FeedSettings, value):
            parts.feeds.append((index, feed.with_defaults(feed_defaults)))
    rest = second.value if isinstance(second.value, dict) else {}
    watchlist = _lenient(Watchlist, {key: value for key, value in rest.items() if key not in ("rules", "groups")})
    watchlist = watchlist or Watchlist()
    parts.lists = dict.fromkeys(rest["lists"] if isinstance(rest.get("lists"), dict) else ())
    defaults = _lenient(RuleDefaults, rest.get("defaults")) or RuleDefaults()
    whole = ("",) * (watchlist.match == "first")
    for index, value in enumerate(_items(second, "rules")):
        if rule := _lenient(RuleSettings, value):
            found = rule.with_defaults(defaults).at_home(whole, watchlist.lists)
            parts.rules.append((("rules", index), found))
    for number, value in enumerate(_items(second, "groups")):
        own = {key: part for key, part in value.items() if key != "rules"} if isinstance(value, dict) else None
        if (group := _lenient(GroupSettings, own)) is None:
            continue
        scopes = whole + (group.name,) * (group.match == "first")
        inherited = group.with_defaults(defaults)
        rules = value.get("rules")
        for index, given in enumerate(rules if isinstance(rules, list) else ()):
            if rule := _lenient(RuleSettings, given):
                found = rule.with_defaults(inherited).at_home(scopes, watchlist.lists)
                parts.rules.append((("groups", number, "rules", index), found))
    return parts


def _expand(parts: Parts, listed: Callable[[str], Listed | None]) -> None:
    """Replace each feed that names a preset by the feeds that it stands for."""
    companies = [company for _, rule in parts.rules for company in rule.companies]
    found: list[tuple[int, FeedSettings]] = []
    for index, feed in parts.feeds:
        if not feed.preset or not feed.url.startswith(STAND_IN):
            found.append((index, feed))
            continue
        made = expanded(feed, companies, listed)
        parts.expansions[feed.name] = tuple(one.name for one in made)
        parts.empty += [index] * (not made)
        found += [(index, one) for one in made]
    parts.feeds = found


def _private(top: Mapping[str, Any]) -> bool:
    try:
        return Settings.model_validate(
            {"allow_private_addresses": top.get("allow_private_addresses", False)}
        ).allow_private_addresses
    except ValidationError:
        return True  # it has its own message; none of its consequences should follow


def _feed_names(document: Document) -> dict[str, None]:
    return {str(item.get("name")).strip(): None for item in _items(document, "feeds") if isinstance(item, dict)}


def _read_secret_files(document: Document, base: Path) -> None:
    """Replace every `token_file` and `url_file` by what the file holds."""
    if not isinstance(document.value, dict):
        return
    sections: list[tuple[Keys, Any]] = [((key,), document.value.get(key)) for key in ("slack", "redis")]
    sections += [(("feeds", index), item) for index, item in enumerate(_items(document, "feeds"))]
    for path, section in sections:
        if not isinstance(section, dict):
            continue
        for key in _SECRET_FILES:
            name = section.get(f"{key}_file")
            if isinstance(name, str) and name and section.get(key) is None:
                section[key] = _secret(document, (*path, f"{key}_file"), base / name)


def _secret(document: Document, path: Keys, file: Path) -> str:
    """Read a secret; a stand-in that every model takes when it cannot be read, for the mistake is noted."""
    stand_in = "redis://unreadable.invalid" if path[0] == "redis" else _STAND_INS["url"]
    named = document.shown(path)
    try:
        with file.open(encoding="utf-8") as opened:
            text = opened.read(_LONGEST_SECRET + 1).strip()
    except (OSError, UnicodeDecodeError, ValueError) as error:
        reason = (error.strerror or "cannot be read") if isinstance(error, OSError) else "it is no text"
        document.at(path, f"the file {named} cannot be read ({reason}); name a file that holds the secret alone")
        return stand_in
    if not text or len(text) > _LONGEST_SECRET or not text.isprintable():
        document.at(path, f"the file {named} does not hold one line of text; put the secret in it, alone")
        return stand_in
    return text


def _place(document: Document, settings: Settings, base: Path) -> Settings:
    """Make the paths absolute: state beside the folder of the configuration, the user's own files in it."""
    store = settings.store.model_copy(update={"folder": (base.parent / settings.store.folder.expanduser()).resolve()})
    tagging = settings.tagging
    if tagging.gazetteer_overrides:
        file = (base / Path(tagging.gazetteer_overrides).expanduser()).resolve()
        if not file.is_file():
            text = "gazetteer_overrides names no file; write its path relative to this folder"
            document.at(("tagging", "gazetteer_overrides"), text)
        tagging = tagging.model_copy(update={"gazetteer_overrides": str(file)})
    return settings.model_copy(update={"store": store, "tagging": tagging})
