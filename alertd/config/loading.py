"""Reads the folder of the configuration: YAML files, the environment and the files that hold secrets and lists."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, SecretStr, ValidationError

from alertd.config.checks import check_settings
from alertd.config.document import Document, Keys, read
from alertd.config.expansion import Listed, for_feeds_of, prepare
from alertd.config.included import read_included
from alertd.config.listfiles import ListFile, builtin_lists, read_lists
from alertd.config.models import Settings, StoreSettings
from alertd.config.parts import STAND_INS, expand, feed_names, items, lenient, read_parts, top_of
from alertd.config.problems import explain
from alertd.config.rulechecks import Symbols, check_symbols, check_symbols_of_feeds, check_watchlists
from alertd.config.watchlist import Watchlist
from alertd.errors import ConfigError

SETTINGS_FILE: Final = "alertd.yaml"
WATCHLIST_FILE: Final = "watchlist.yaml"
FILES: Final = (SETTINGS_FILE, WATCHLIST_FILE)

_SECRET_FILES: Final = ("token", "url", "app_token", "secret", "password", "ping_url")
_LONGEST_SECRET: Final = 10_000

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Configuration:
    """A valid configuration.

    Attributes:
        folder: the folder it was read from, absolute.
        settings: `alertd.yaml`; every feed has the defaults in it, every path is absolute.
        watchlist: `watchlist.yaml` and the files that it includes; every rule has the defaults and the companies of
            its lists in it, and those of groups stand among `rules`.
        generation: 12 hex digits of a hash of all files as they were; what comes from the environment or from
            files of secrets does not change it.
        files: names of the files, relative to the folder, that make a new generation when they change.
        warnings: what is no mistake and yet should be changed, a line each (`file:line:column: …`).
    """

    folder: Path
    settings: Settings
    watchlist: Watchlist
    generation: str
    files: tuple[str, ...] = FILES
    warnings: tuple[str, ...] = ()

    def secrets(self) -> tuple[str, ...]:
        """All values that no log may show: token, addresses with a password, headers."""
        settings = self.settings
        kept = [settings.slack.token, settings.slack.app_token, settings.redis.url, settings.operator.ping_url]
        kept.append(settings.web.token)
        kept += [secret for webhook in settings.webhooks for secret in (webhook.url, webhook.secret)]
        for feed in settings.feeds:
            kept.extend([*feed.headers.values(), feed.password])
        return tuple(secret.get_secret_value() for secret in kept if isinstance(secret, SecretStr))


def load(
    folder: Path,
    environ: Mapping[str, str],
    resolve: Callable[[str], bool] | None = None,
    suggest: Callable[[str], Sequence[str]] | None = None,
    watchlist_file: Path | None = None,
    listed: Callable[[str], Listed | None] | None = None,
    profile: Callable[[str], tuple[str, str]] | None = None,
    outdated: Callable[[str], str] | None = None,
    at_state: Callable[[Path], None] | None = None,
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
        profile: sector and country of a symbol, "" for what is not known.
        outdated: what to write instead of a known symbol that is of the past, or "".
        at_state: is told the folder of the state before any company is looked up.

    Raises:
        ConfigError: with every mistake of all files in `problems`, in order.
    """
    paths = (folder / SETTINGS_FILE, watchlist_file or folder / WATCHLIST_FILE)
    found = [_bytes(path) for path in paths]
    if not any(data is not None for data in found):
        raise _nothing_at(folder)
    documents = [
        read(path, str(path), order, environ, data) for order, (path, data) in enumerate(zip(paths, found, strict=True))
    ]
    first, second = documents
    base = folder.resolve()
    prepare(items(first, "feeds"))
    _read_secret_files(first, base)
    if at_state:
        at_state(_state(first, base))
    beside = paths[1].parent
    included = read_included(second, beside, environ, len(FILES), _bytes)
    watchlists = [second, *(document for _, _, document in included)]
    lists: list[ListFile] = []
    for document in watchlists:
        lists += read_lists(document, beside, len(FILES) + len(included) + len(lists))
    settings = _validate(first, Settings)
    valid = [_validate(document, Watchlist) for document in watchlists]
    parts = read_parts(first, watchlists, builtin_lists())
    expand(parts, listed or (lambda _key: None))
    check_settings(first, parts)
    symbols = Symbols(resolve, suggest, profile, outdated)
    check_symbols_of_feeds(first, symbols)
    names = dict.fromkeys([*feed_names(first), *(feed.name for _, feed in parts.feeds)])
    check_watchlists(watchlists, parts, names, symbols)
    for several in lists:
        check_symbols(several.document, (), several.document.value, symbols)
    settings = _place(first, settings, base) if settings else None
    problems = _problems(first, *watchlists, *(several.document for several in lists))
    if problems or settings is None or None in valid:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise ConfigError(f"{problems[0]}{more}", problems=problems)
    found += [*(data for _, data, _ in included), *(several.data for several in lists)]
    digest = hashlib.sha256(b"\0".join(hashlib.sha256(data or b"").digest() for data in found))
    return Configuration(
        folder=base,
        settings=settings.model_copy(update={"feeds": tuple(feed for _, feed in parts.feeds)}),
        watchlist=(valid[0] or Watchlist()).model_copy(
            update={"rules": tuple(for_feeds_of(one.rule, parts.expansions) for one in parts.rules), "groups": ()}
        ),
        generation=digest.hexdigest()[:12],
        files=(*FILES, *(name for name, _, _ in included), *(several.name for several in lists)),
        warnings=_warnings(first, *watchlists, *(several.document for several in lists)),
    )


def _nothing_at(folder: Path) -> ConfigError:
    what = "no configuration is here" if folder.is_dir() else "there is no such folder"
    hint = "write a configuration with `alertd init`, or say where yours is: --config DIR, or ALERTD_CONFIG"
    return ConfigError(what, where=str(folder), hint=hint)


def _problems(*documents: Document) -> tuple[str, ...]:
    return tuple(str(problem) for problem in sorted(p for document in documents for p in document.problems))


def _warnings(*documents: Document) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(w) for w in sorted(w for document in documents for w in document.warnings)))


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


def _read_secret_files(document: Document, base: Path) -> None:
    """Replace every `token_file`, `url_file`, `password_file` and their like by what the file holds."""
    if not isinstance(document.value, dict):
        return
    named = ("slack", "redis", "operator", "web")
    sections: list[tuple[Keys, Any]] = [((key,), document.value.get(key)) for key in named]
    for part in ("feeds", "webhooks"):
        sections += [((part, index), item) for index, item in enumerate(items(document, part))]
    for path, section in sections:
        if not isinstance(section, dict):
            continue
        for key in _SECRET_FILES:
            name = section.get(f"{key}_file")
            if isinstance(name, str) and name and section.get(key) is None:
                section[key] = _secret(document, (*path, f"{key}_file"), base / name)


def _secret(document: Document, path: Keys, file: Path) -> str:
    """Read a secret; a stand-in that every model takes when it cannot be read, for the mistake is noted."""
    stand_in = "redis://unreadable.invalid" if path[0] == "redis" else STAND_INS["url"]
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


def _state(document: Document, base: Path) -> Path:
    """The folder of the state, as far as it can be read."""
    return _beside(base, lenient(StoreSettings, top_of(document).get("store")) or StoreSettings())


def _beside(base: Path, store: StoreSettings) -> Path:
    return (base.parent / store.folder.expanduser()).resolve()


def _place(document: Document, settings: Settings, base: Path) -> Settings:
    """Make the paths absolute: state beside the folder of the configuration, the user's own files in it."""
    store = settings.store.model_copy(update={"folder": _beside(base, settings.store)})
    tagging = settings.tagging
    if tagging.gazetteer_overrides:
        file = (base / Path(tagging.gazetteer_overrides).expanduser()).resolve()
        if not file.is_file():
            text = "gazetteer_overrides names no file; write its path relative to this folder"
            document.at(("tagging", "gazetteer_overrides"), text)
        tagging = tagging.model_copy(update={"gazetteer_overrides": str(file)})
    return settings.model_copy(update={"store": store, "tagging": tagging})
