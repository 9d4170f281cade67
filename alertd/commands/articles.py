"""`alertd tag` and `alertd stories`: the tagger and the stories alone, for measuring and for pipes."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, cast

import typer

from alertd.commands.common import WRONG_INPUT, command, configuration, write
from alertd.commands.interrupts import waiting_for

if TYPE_CHECKING:
    from alertd.stories.jsonl import Tagging
    from alertd.tagging.tagger import Tagger

_CHUNK: Final = 1 << 20
_MARK: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    command(
        app,
        "tag",
        'alertd tag "Jefferies reiterates Buy on Xiaomi, price target HK$63.25"',
        "alertd tag --jsonl < articles.jsonl | jq .companies",
    )(tag)
    command(app, "stories", "alertd stories --jsonl < articles.jsonl > stories.jsonl")(stories)


def tag(
    text: Annotated[str | None, typer.Argument(metavar="TEXT", help="A headline.")] = None,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="Read articles from stdin, one JSON object a line, and write one a line.")
    ] = False,
    scores: Annotated[bool, typer.Option("--scores", help="Add the probability of every type of event.")] = False,
    config: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Configuration whose model and names count; none is needed."),
    ] = None,
) -> None:
    """Say which companies, events and sentiment are in a text.

    No daemon and no configuration are needed. With --jsonl, stdin holds one {"id", "title", "summary"?, "text"?,
    "url"?, "source"?, "published"?, "entities"?} a line. A line that is no article is answered by {"id", "error"} in
    its place, and the exit code is 2 at the end.
    """
    if jsonl == (text is not None):
        raise typer.BadParameter("give either a text, or --jsonl and articles on stdin", param_hint="TEXT")
    tagger = load_tagger(config)
    if text is not None:
        write(tag_words(text, tagger, scores))
        return
    from alertd.tagging.jsonl import tag_lines

    # what is waiting is tagged at once: a batch is never waited for
    _answer(answer for lines in waiting(_stdin()) for answer in tag_lines(lines, tagger, scores))


def load_tagger(folder: Path | None) -> Tagger:
    """Load model and companies, with the names of the watchlist when a configuration is given.

    Raises:
        ConfigError: the configuration is wrong.
        ModelError: the model cannot be loaded.
        GazetteerError: the companies cannot be read.
    """
    from alertd.collecting import look_seldom
    from alertd.tagging.tagger import Tagger

    if folder is None:
        tagger = Tagger.load()
    else:
        from alertd.configured import retagged
        from alertd.tagging.updated import open_companies

        found = configuration(folder)
        tagger = retagged(Tagger.load(found.settings.tagging), found, open_companies(found.settings.store.folder))
    # the collector's looks through model and companies took a fourteenth of the time of tagging
    look_seldom()
    return tagger


def tag_words(text: str, tagger: Tagger, scores: bool) -> Iterator[str]:
    """Say in lines what is in a text; with `scores` also how probable each type of event is, highest first."""
    from alertd.tagging.jsonl import tag_text
    from alertd.tagging.tagger import TagInput

    yield from tag_text(text, tagger).split("\n")
    if scores:
        [tags] = tagger.tag([TagInput(title=text)])
        for name, probability in sorted(tags.scores.items(), key=lambda pair: -pair[1]):
            yield f"score      {name} {probability:.4f}"


def stories(
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="Read articles from stdin, one JSON object a line, and write one a line.")
    ] = False,
    words: Annotated[bool, typer.Option("--words", help="Join by words alone, without the model.")] = False,
    config: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Configuration whose model and names count; none is needed."),
    ] = None,
) -> None:
    """Put articles together into stories.

    No daemon is needed. Reads articles in the order of time and writes {"id", "story", "novelty", "duplicate_of"} a
    line. A line that is no article is answered by {"id", "error"} in its place, and the exit code is 2 at the end.
    """
    if not jsonl:
        raise typer.BadParameter("give --jsonl, and articles on stdin", param_hint="--jsonl")
    from alertd.stories.jsonl import story_lines

    tagging = None if words else _tagging(load_tagger(config))
    # what is waiting is placed at once: a batch is never waited for
    _answer(story_lines(waiting(_stdin()), tagging))


def _tagging(tagger: Tagger) -> Tagging:
    """The tagger as stories use it: of entries, in order."""
    from alertd.tagging.tagger import TagInput

    return lambda entries: tagger.tag([TagInput(e.title, e.summary, e.text) for e in entries])


def waiting(stream: io.BufferedIOBase) -> Iterator[list[str]]:
    """Give the lines of a stream as they come: all that are there each time, without waiting for more.

    Bytes that are not UTF-8 become U+FFFD; a byte order mark is dropped.
    """
    parts: list[bytes] = []
    first = True
    with waiting_for(stream) as wait:
        while chunk := _read(stream, wait):
            head, newline, rest = chunk.rpartition(b"\n")
            if not newline:
                parts.append(chunk)
                continue
            yield _decoded(b"".join([*parts, head]), first=first)
            parts, first = [rest], False
    if last := b"".join(parts):
        yield _decoded(last, first=first)


def _read(stream: io.BufferedIOBase, wait: Callable[[], None]) -> bytes:
    # so much at once leaves nothing in the stream's own buffer, which the wait would not see
    wait()
    return stream.read1(_CHUNK)


def _stdin() -> io.BufferedIOBase:
    return cast(io.BufferedIOBase, sys.stdin.buffer)


def _decoded(lines: bytes, *, first: bool) -> list[str]:
    text = lines.decode("utf-8", "replace")
    return (text.removeprefix(_MARK) if first else text).split("\n")


def _answer(answers: Iterable[tuple[str, bool]]) -> None:
    """Write every answer, and exit with 2 when a line was no article."""
    bad = 0

    def lines() -> Iterator[str]:
        nonlocal bad
        for line, fine in answers:
            bad += not fine
            yield line

    write(lines())
    if bad:
        raise typer.Exit(WRONG_INPUT)
