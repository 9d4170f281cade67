"""The shipped model: one pass of one small transformer that says what every head of it sees in an article."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from alertd.errors import ModelError
from alertd.tagging.layout import EncoderField
from alertd.tagging.torch_session import on_gpu
from alertd.tagging.window import FIELDS, Reader, Window
from alertd.taxonomy import EVENT_TYPES

FORMAT = 1
"""Version of the description and of the model's inputs and outputs."""
WEIGHTS = "model.int8.onnx"
DESCRIPTION = "description.json"
FOLDER = Path(__file__).parent / "model"
_HEADS = ("company", "role", "sentiment", "document", "events")
_TOKEN_HEADS = ("company", "role", "sentiment")
_ROLES, _FEELINGS = slice(3, 6), slice(6, 9)
"""Places of the logits of role and sentiment in a piece's row; before them are O, B and I of a name."""
_OUTPUTS = ["tokens", "documents", "embedding"]
_BATCH = 16
_FEW, _MANY = 4, 128
"""Articles up to which a GPU takes as long as two cores or longer, and those that go to it together."""
_NAMED = 0.5
"""From which P(company) a word is part of a name that the encoder finds itself."""
_SHORTEST_HASH = 10
"""Hexadecimal digits of the weights' hash that a version ends with."""
_HINT = "install alertd again; the model is part of its package"

Three = tuple[float, float, float]
Temperatures = Mapping[str, float]
Floats = NDArray[np.float32]
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class EncoderInput:
    """What is read of an article: its title, and summary and text as one body; both may be empty."""

    title: str
    body: str = ""


@dataclass(frozen=True, slots=True)
class SpanScores:
    """Of one span: P(company), P(subject, source, passing), P(negative, neutral, positive)."""

    company: float
    role: Three
    sentiment: Three


@dataclass(frozen=True, slots=True)
class FoundSpan:
    """A company's name that the encoder found itself: code points of the title or body as given."""

    field: EncoderField
    start: int
    end: int
    probability: float


class Encoded:
    """What the encoder says of one article.

    Attributes:
        events: type to probability, for every type.
        sentiment: P(negative, neutral, positive) of the whole.
        embedding: the article's meaning, 384 numbers; only the direction counts.
    """

    def __init__(
        self,
        window: Window,
        tokens: Floats,
        named: list[float],
        events: list[float],
        sentiment: list[float],
        embedding: Floats,
    ) -> None:
        # A span has few pieces: lists of that size cost a hundredth of arrays to add up.
        self._window, self._tokens, self._named = window, tokens, named
        self.events: Mapping[str, float] = dict(zip(EVENT_TYPES, events, strict=True))
        self.sentiment: Three = (sentiment[0], sentiment[1], sentiment[2])
        self.embedding = embedding

    def span(self, field: EncoderField, start: int, end: int) -> SpanScores | None:
        """What is said of the span from `start` to `end` of a field; None where the encoder did not read it all."""
        pieces = self._window.inside(field, start, end)
        if pieces is None:
            return None
        first, last = pieces[0], pieces[-1] + 1
        rows = self._tokens[first:last].tolist()
        return SpanScores(sum(self._named[first:last]) / len(rows), _three(rows, _ROLES), _three(rows, _FEELINGS))

    def mentions(self) -> list[FoundSpan]:
        """The names of companies that the encoder sees, in order: whole words, one after the other."""
        window, named = self._window, self._named
        hot = {window.words[at] for at, p in enumerate(named) if p >= _NAMED}
        groups: list[list[range]] = []
        last = -2
        for word, pieces in window.by_word(hot):
            if sum([named[at] for at in pieces]) < _NAMED * len(pieces):
                continue
            row = self._tokens[pieces[0]]
            if word != last + 1 or row[1] > row[2] or window.fields[pieces[0]] != window.fields[groups[-1][0][0]]:
                groups.append([])
            groups[-1].append(pieces)
            last = word
        return [self._found(group) for group in groups]

    def _found(self, group: Sequence[range]) -> FoundSpan:
        window, first, last = self._window, group[0][0], group[-1][-1]
        means = [sum([self._named[at] for at in pieces]) / len(pieces) for pieces in group]
        return FoundSpan(FIELDS[window.fields[first]], window.starts[first], window.ends[last], sum(means) / len(means))


class Encoder:
    """The model with its tokenizer. Not for use from two threads at once.

    Args:
        tokenizer: a `tokenizers.Tokenizer`.
        run: a session over the weights, of one thread: these matrices are so small that two batches side by side gain
            more from two cores than one batch from both (measured, also for a single headline).
        threads: how many batches are computed side by side.
        description: as written beside the weights.
        many: a session for more than a few articles at once, as on a GPU; None for none.
    """

    def __init__(
        self, tokenizer: Any, run: Any, threads: int, description: Mapping[str, Any], many: Any = None
    ) -> None:
        self._reader, self._run, self._threads, self._many = Reader(tokenizer), run, threads, many
        # kept, for the first pass of a thread takes twice as long as the next
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="encoder")
        heads: Temperatures = description["temperatures"]
        self._token_heads = np.repeat(np.array([heads[h] for h in _TOKEN_HEADS], np.float32), 3)
        self._document_heads = np.repeat(
            np.array([heads["events"], heads["document"]], np.float32), [len(EVENT_TYPES), 3]
        )
        self.version: str = description["version"]
        self.thresholds: Mapping[str, float] = description["thresholds"]
        """Type of event to the probability from which it counts."""

    @classmethod
    def load(cls, threads: int | None = None, folder: Path = FOLDER) -> Encoder:
        """Load the shipped model; where there is a GPU and torch is installed, more than a few articles go there.

        Args:
            threads: how many are used; None for as many as the process may use.
            folder: where weights, description and tokenizer are.

        Raises:
            ModelError: a file is missing, or the weights are not those that the description tells of, by their hash.
        """
        description = _described(folder)
        _check_weights(folder / WEIGHTS, description)
        threads = threads or len(os.sched_getaffinity(0))
        try:
            run = session(folder / WEIGHTS)
            found = [i.name for i in run.get_inputs()], [o.name for o in run.get_outputs()]
        except Exception as error:  # onnxruntime's errors have no common root of their own
            raise ModelError(f"cannot be loaded: {error}", where=str(folder / WEIGHTS), hint=_HINT) from error
        if found != (["ids", "kinds"], _OUTPUTS):
            raise ModelError(f"has other inputs and outputs: {found}", where=str(folder / WEIGHTS), hint=_HINT)
        return cls(_tokenizer(folder), run, threads, description, on_gpu(folder / WEIGHTS))

    def beside(self, work: Callable[[], Made]) -> Callable[[], Made]:
        """Begin work that needs no model, to be done while an article is read; returns what waits for its outcome.

        The model computes one article in one thread and leaves the interpreter to others meanwhile. With one thread in
        all, the work is done when its outcome is asked for.
        """
        return work if self._threads == 1 else self._pool.submit(work).result

    def encode(self, inputs: Sequence[EncoderInput]) -> list[Encoded]:
        """Read articles, in order: at most 256 word pieces each."""
        made = dict(self.each(inputs))
        return [made[i] for i in range(len(inputs))]

    def each(self, inputs: Sequence[EncoderInput]) -> Iterator[tuple[int, Encoded]]:
        """Read articles and give each with its number as soon as its batch is done, texts of like length together.

        Whoever takes them can work on one batch while the next is being computed.
        """
        windows = [self._reader.read(given.title, given.body) for given in inputs]
        order = sorted(range(len(windows)), key=lambda i: -len(windows[i].ids))
        many = self._many is not None and len(order) > _FEW
        run = self._many if many else self._run
        # several for each thread, the longest first, so that none waits long for another at the end
        size = _MANY if many else min(_BATCH, -(-len(order) // (4 * self._threads)))
        batches = [order[start : start + size] for start in range(0, len(order), max(size, 1))]
        if many or len(batches) <= 1 or self._threads == 1:
            for batch in batches:
                yield from zip(batch, self._batch([windows[i] for i in batch], run), strict=True)
            return
        jobs = {self._pool.submit(self._batch, [windows[i] for i in batch], run): batch for batch in batches}
        for job in as_completed(jobs):
            yield from zip(jobs[job], job.result(), strict=True)

    def _batch(self, windows: Sequence[Window], run: Any) -> list[Encoded]:
        """One batch through a session."""
        lengths = [len(w.ids) for w in windows]
        given = np.zeros((2, len(windows), max(lengths)), np.int64)
        for row, window in enumerate(windows):
            given[:, row, : lengths[row]] = window.ids, window.kinds
        tokens, documents, embeddings = run.run(_OUTPUTS, {"ids": given[0], "kinds": given[1]})
        tokens /= self._token_heads
        documents = documents / self._document_heads
        # In rows of their own, which costs a sixth of going over columns, and the sentiment of the whole as one more
        # piece: a call of numpy costs more than what it computes here.
        threes = np.empty((3, max(lengths) + 1, len(windows)), np.float32)
        threes[:, :-1], threes[:, -1] = tokens.T[:3], documents.T[len(EVENT_TYPES) :]
        likely = _softmax(threes)
        named = (1 - likely[0]).T.tolist()
        wholes = likely[:, -1].T.tolist()
        events = _sigmoid(documents[:, : len(EVENT_TYPES)]).tolist()
        return [
            Encoded(w, tokens[i], named[i][: lengths[i]], events[i], wholes[i], embeddings[i])
            for i, w in enumerate(windows)
        ]


def session(path: Path) -> Any:
    """An onnxruntime session on the CPU, of one thread and for several at once."""
    # set before the import: it reports its use over the network and leaves an id in the home folder otherwise
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        str(path),
        options,
        providers=["CPUExecutionProvider"],
        # fused, a sum and its norm take four times as long as one after the other (measured with 1.32)
        disabled_optimizers=["SkipLayerNormFusion"],
    )


def _described(folder: Path) -> dict[str, Any]:
    path = folder / DESCRIPTION
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        size = (folder / WEIGHTS).stat().st_size
    except (OSError, ValueError) as error:
        raise ModelError(f"cannot be read: {error}", where=str(path), hint=_HINT) from error
    fits = (
        isinstance(plain, dict)
        and plain.get("format") == FORMAT
        and plain.get("events") == list(EVENT_TYPES)
        and plain.get("weights_bytes") == size
        and isinstance(plain.get("version"), str)
        and _positive(plain.get("temperatures"), _HEADS)
        and _positive(plain.get("thresholds"), EVENT_TYPES)
    )
    if not fits:
        raise ModelError("does not describe the weights beside it", where=str(path), hint=_HINT)
    return dict(plain)


def _check_weights(path: Path, description: Mapping[str, Any]) -> None:
    """Make sure, before anything reads the weights, that they are those that were described.

    Raises:
        ModelError: they are not.
    """
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    stated = str(description.get("weights_sha256") or description["version"].rpartition("-")[2])
    if len(stated) < _SHORTEST_HASH or not found.startswith(stated):
        raise ModelError(
            f"is not the file that was shipped: its SHA-256 is {found[:12]}…, it should be {stated[:12]}…",
            where=str(path),
            hint="it is damaged or was replaced: install alertd again",
        )


def _positive(numbers: Any, names: Sequence[str]) -> bool:
    return isinstance(numbers, dict) and all(isinstance(numbers.get(n), float | int) and numbers[n] > 0 for n in names)


def _tokenizer(folder: Path) -> Any:
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # that torch is not there is as it should be
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    # The package itself takes two seconds to import, this module of it less than half.
    from transformers.tokenization_utils_tokenizers import PreTrainedTokenizerFast

    try:
        tokenizer = PreTrainedTokenizerFast.from_pretrained(str(folder), local_files_only=True)
    except (OSError, ValueError) as error:
        raise ModelError(f"the tokenizer cannot be loaded: {error}", where=str(folder), hint=_HINT) from error
    return tokenizer.backend_tokenizer


def _sigmoid(logits: Floats) -> Floats:
    likely: Floats = np.reciprocal(1 + np.exp(-np.minimum(np.maximum(logits, -40), 40)))
    return likely


def _softmax(rows: Floats) -> Floats:
    """Over the first axis."""
    powers = np.exp(rows - np.maximum.reduce(rows))
    likely: Floats = powers / np.add.reduce(powers)
    return likely


def _three(rows: Sequence[list[float]], part: slice) -> Three:
    """The probabilities of three logits, those of the pieces' mean."""
    first, second, third = rows[0][part]
    for row in rows[1:]:
        more = row[part]
        first, second, third = first + more[0], second + more[1], third + more[2]
    count = len(rows)
    first, second, third = first / count, second / count, third / count
    most = max(first, second, third)
    powers = math.exp(first - most), math.exp(second - most), math.exp(third - most)
    total = sum(powers)
    return powers[0] / total, powers[1] / total, powers[2] / total
