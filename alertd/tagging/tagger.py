"""The tagger: companies, roles, sentiment, events and facts of articles, in one pass of one encoder."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from alertd.articles import Company, Event, Sentiment, Tags
from alertd.errors import GazetteerError
from alertd.tagging import facts
from alertd.tagging.companies import Given, gather, sentiment
from alertd.tagging.encoder import Encoded, Encoder, EncoderInput
from alertd.tagging.evidence import Linked, Thresholds, find, given_names, linked
from alertd.tagging.gazetteer import Gazetteer, Issuer
from alertd.tagging.hf import DocumentClassifier
from alertd.tagging.language import recognise
from alertd.tagging.layout import Layout, lay_out
from alertd.tagging.linker import Spelling, Spellings, unlisted
from alertd.vectors import pack

if TYPE_CHECKING:
    from alertd.config import TaggingSettings

READABLE = frozenset(["en"])
"""Languages that the model reads; of others it says nothing."""


@dataclass(frozen=True, slots=True)
class TagInput:
    """An article to tag.

    Attributes:
        entities: (name, symbol or "") of names that count as companies besides what the gazetteer finds.
    """

    title: str
    summary: str = ""
    text: str = ""
    entities: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Plain:
    """What an article says without the model."""

    linked: Sequence[Linked]
    facts: dict[str, Any]


class Tagger:
    """Tags articles; one call at a time goes through the encoder, whatever the thread.

    Args:
        gazetteer: the companies.
        encoder: the shipped model.
        watched: names of the user that always count, as (issuer, names).
        classifier: a model of the user's own for the sentiment of whole articles.
    """

    def __init__(
        self,
        gazetteer: Gazetteer,
        encoder: Encoder,
        *,
        watched: Sequence[tuple[Issuer, Sequence[str]]] = (),
        classifier: DocumentClassifier | None = None,
    ) -> None:
        self.gazetteer = gazetteer
        self._encoder = encoder
        self._classifier = classifier
        self._watched = Spellings([Spelling(name, issuer) for issuer, names in watched for name in names])
        self._thresholds = Thresholds()
        self._lock = threading.Lock()

    def rewatched(self, settings: TaggingSettings | None, watched: Sequence[tuple[str, Sequence[str]]]) -> Tagger:
        """The same tagger with other watched names; model, gazetteer and their lock are shared.

        Args:
            settings, watched: as for `load`.

        Raises:
            GazetteerError: the user's overrides cannot be read.
        """
        issuers = _watched(self.gazetteer, settings, watched)
        other = Tagger(self.gazetteer, self._encoder, watched=issuers, classifier=self._classifier)
        other._lock = self._lock
        return other

    @classmethod
    def load(cls, settings: TaggingSettings | None = None, watched: Sequence[tuple[str, Sequence[str]]] = ()) -> Tagger:
        """Load model and gazetteer.

        Args:
            settings: the tagging part of the configuration; None for the defaults.
            watched: (name or symbol, aliases) as in the watchlist; an alias always counts, and so does the name of
                a company that the gazetteer does not know.

        Raises:
            ModelError: the model cannot be loaded.
            GazetteerError: the gazetteer or the user's overrides cannot be read.
        """
        gazetteer = Gazetteer.open()
        issuers = _watched(gazetteer, settings, watched)
        threads = settings.threads if settings else 0
        named = settings.model if settings else "builtin"
        classifier = None if named == "builtin" else DocumentClassifier.load(named, threads=threads)
        return cls(gazetteer, Encoder.load(threads=threads or None), watched=issuers, classifier=classifier)

    @property
    def versions(self) -> dict[str, str]:
        """Component to version: what made a tag."""
        versions = {"encoder": self._encoder.version, "gazetteer": self.gazetteer.version}
        if self._classifier:
            versions["classifier"] = self._classifier.name
        return versions

    def resolve(self, symbol_or_name: str) -> Issuer | None:
        """The issuer of a symbol or name, if the gazetteer knows it."""
        return self.gazetteer.resolve(symbol_or_name)

    def tag(self, texts: Sequence[TagInput]) -> list[Tags]:
        """Tag articles, in order. Blocks while the model computes: call it in a thread.

        Nothing in a text is an error: one that cannot be read gives an empty result. Titles are read up to 1,000
        code points, summaries up to 4,000, texts up to 20,000.
        """
        layouts = [lay_out(t.title, t.summary, t.text) for t in texts]
        languages = [recognise(f"{x.title} {x.body}") for x in layouts]
        readable = [i for i, language in enumerate(languages) if language in READABLE]
        made: dict[int, Tags] = {}
        with self._lock:
            own = self._classifier and self._classifier.sentiments(
                [f"{layouts[i].title} {layouts[i].body}".strip() for i in readable]
            )
            inputs = [EncoderInput(layouts[i].title, layouts[i].body) for i in readable]
            # of many, one is finished while the next is read
            alone = self._encoder.beside(partial(self._plain, layouts[readable[0]])) if len(readable) == 1 else None
            for at, encoded in self._encoder.each(inputs):
                i = readable[at]
                plain = alone() if alone else self._plain(layouts[i])
                document = own[at] if own else encoded.sentiment
                made[i] = self._finish(texts[i], layouts[i], languages[i], plain, encoded, document)
        return [
            made.get(i) or self._finish(given, layouts[i], languages[i], self._plain(layouts[i]), None, None)
            for i, given in enumerate(texts)
        ]

    def _plain(self, layout: Layout) -> _Plain:
        return _Plain(linked(layout, self.gazetteer, self._watched), facts.read(layout.title, layout.fields["summary"]))

    def _finish(
        self,
        given: TagInput,
        layout: Layout,
        language: str,
        plain: _Plain,
        encoded: Encoded | None,
        document: Sequence[float] | None,
    ) -> Tags:
        names: list[Given] = given_names(given.entities, self.gazetteer)
        found = find(layout, plain.linked, names, encoded, self._thresholds)
        companies = gather(found, names, read=encoded is not None)
        whole: Sentiment | None = sentiment(document) if document else None
        return Tags(
            companies=companies,
            events=self._events(encoded, companies) if encoded else (),
            sentiment=whole,
            language=language,
            facts=plain.facts,
            versions=self.versions,
            scores={k: round(float(v), 4) for k, v in encoded.events.items()} if encoded else {},
            embedding=pack(encoded.embedding) if encoded else "",
        )

    def _events(self, encoded: Encoded, companies: Iterable[Company]) -> tuple[Event, ...]:
        limits = self._encoder.thresholds
        over = {k: p for k, p in encoded.events.items() if p >= limits.get(k, 0.5)}
        if len(over) > 1:
            over.pop("commentary", None)
        subjects = tuple(c.symbol or c.name for c in companies if c.role == "subject")
        return tuple(Event(k, round(float(over[k]), 4), subjects) for k in sorted(over, key=lambda k: -over[k]))


def _watched(
    gazetteer: Gazetteer, settings: TaggingSettings | None, watched: Sequence[tuple[str, Sequence[str]]]
) -> list[tuple[Issuer, Sequence[str]]]:
    """The names that always count, of the watchlist and of the user's file, with whom they stand for."""
    more = _own_names(settings.gazetteer_overrides) if settings and settings.gazetteer_overrides else []
    issuers: list[tuple[Issuer, Sequence[str]]] = []
    for name, aliases in (*watched, *more):
        issuer = gazetteer.resolve(name)
        issuers.append((issuer or unlisted(name), aliases if issuer else (name, *aliases)))
    return issuers


def _own_names(path: str) -> list[tuple[str, Sequence[str]]]:
    """The user's file of names: a mapping of symbol to names, in YAML."""
    try:
        plain = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise GazetteerError(f"cannot be read: {error}", where=path, hint="see tagging.gazetteer_overrides") from error
    if not isinstance(plain, dict) or not all(isinstance(names, list) for names in plain.values()):
        raise GazetteerError(
            "is no mapping of symbols to lists of names", where=path, hint="write for example: 1810.HK: [小米]"
        )
    return [(str(symbol), [str(n) for n in names]) for symbol, names in plain.items()]
