"""The vectors by which `alertd stories` compares articles: the daemon's, from the same encoder in the same way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from alertd.tagging.encoder import Encoder, EncoderInput
from alertd.tagging.language import recognise
from alertd.tagging.layout import lay_out
from alertd.tagging.tagger import READABLE

if TYPE_CHECKING:
    from alertd.stories.jsonl import Embed

DIMENSIONS = 384
"""Of the encoder's vectors."""


def load_embed() -> Embed:
    """Load the encoder as what turns (title, summary or text) pairs into vectors.

    Raises:
        ModelError: the model cannot be loaded.
    """
    encoder = Encoder.load()
    return lambda texts: embed(encoder, texts)


def embed(encoder: Encoder, texts: Sequence[tuple[str, str]]) -> Sequence[Sequence[float]]:
    """Give one vector for each (title, summary or text), in order.

    An article in a language that the encoder cannot read gets zeros, which are like nothing: to the encoder all
    foreign words are the same.
    """
    layouts = [lay_out(title, body) for title, body in texts]
    readable = [at for at, x in enumerate(layouts) if recognise(f"{x.title} {x.body}") in READABLE]
    encoded = encoder.encode([EncoderInput(layouts[at].title, layouts[at].body) for at in readable])
    vectors: NDArray[np.float32] = np.zeros((len(texts), DIMENSIONS), np.float32)
    for at, article in zip(readable, encoded, strict=True):
        vectors[at] = article.embedding
    return cast(Sequence[Sequence[float]], vectors)
