"""The training loop: one joint loss over all heads, hard labels and, where a teacher is given, soft ones."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from alertd.tagging.window import CASES
from alertd.taxonomy import EVENT_TYPES
from training.arrays import Corpus
from training.network import MASK, ROLES, TAGS, Network

_EVENTS = len(EVENT_TYPES)
_CHUNK = 50


@dataclass(frozen=True)
class Plan:
    """How to train.

    Attributes:
        batch: examples in a batch, on average.
        rate, head_rate: highest learning rates of the encoder and of the new heads.
        soft: weight of the teacher's probabilities beside the labels.
        guided: weight of staying near a guide, where the feeder has one.
    """

    epochs: int
    seed: int
    batch: int = 48
    rate: float = 1.2e-4
    head_rate: float = 6e-4
    warm_up: float = 0.06
    soft: float = 1.5
    guided: float = 4.0


@dataclass(frozen=True)
class Soft:
    """A teacher's probabilities: of pieces (flat, 9) and of documents (examples, 29)."""

    tokens: NDArray[np.float16]
    documents: NDArray[np.float16]


class Feeder:
    """The corpus on the device, cut into batches of like length there."""

    def __init__(self, corpus: Corpus, device: torch.device, soft: Soft | None = None) -> None:
        def put(array: NDArray[np.generic]) -> Tensor:
            return torch.from_numpy(np.ascontiguousarray(array)).to(device)

        self.device = device
        self.lengths = corpus.lengths
        self.ids, self.kinds = put(corpus.ids.astype(np.int32)), put(corpus.kinds)
        self.tags, self.at = put(corpus.tags), put(corpus.at)
        self.spans, self.events = put(corpus.spans), put(corpus.events)
        self.document, self.topic, self.weight = put(corpus.document), put(corpus.topic), put(corpus.weight)
        self.embedding: Tensor | None = None
        self.guide: Network | None = None
        """A network of as many layers whose states and embeddings are to be met."""
        self.soft_tokens = put(soft.tokens) if soft else None
        self.soft_documents = put(soft.documents) if soft else None

    def batches(self, rows: NDArray[np.int64], size: int, chance: np.random.Generator) -> Iterator[NDArray[np.int64]]:
        """Shuffled batches whose texts are about equally long."""
        order = chance.permutation(rows)
        for start in range(0, len(order), size * _CHUNK):
            part = order[start : start + size * _CHUNK]
            part = part[np.argsort(self.lengths[part], kind="stable")]
            cut = [part[i : i + size] for i in range(0, len(part), size)]
            for i in chance.permutation(len(cut)):
                yield cut[i]

    def drawn(self, rows: NDArray[np.int64], count: int, seed: int, size: int = 64) -> list[tuple[Tensor, Tensor]]:
        """Ids and kinds of at most `count` of the rows, in batches from the shortest to the longest."""
        chosen = np.random.default_rng(seed).choice(rows, min(count, len(rows)), replace=False)
        chosen = chosen[np.argsort(self.lengths[chosen], kind="stable")]
        batches = [chosen[start : start + size] for start in range(0, len(chosen), size)]
        return [
            self.pieces(torch.from_numpy(batch).to(self.device), int(self.lengths[batch].max()))[:2]
            for batch in batches
        ]

    def pieces(self, rows: Tensor, longest: int) -> tuple[Tensor, Tensor, Tensor]:
        """Ids and kinds of the rows, padded, and where they stand in the flat arrays (-1 for padding)."""
        begin, end = self.at[rows], self.at[rows + 1]
        places = begin[:, None] + torch.arange(longest, device=self.device)
        inside = places < end[:, None]
        places = torch.where(inside, places, 0)
        ids = torch.where(inside, self.ids[places].long(), 0)
        kinds = torch.where(inside, self.kinds[places].long(), 0)
        return ids, kinds, torch.where(inside, places, -1)


def disturb(ids: Tensor, kinds: Tensor) -> tuple[Tensor, Tensor]:
    """Some rows without capitals, in Title Case or in UPPER CASE, and a few pieces hidden: capitals must not decide."""
    way = torch.rand(len(ids), 1, device=ids.device)
    field, case = kinds // CASES, kinds % CASES
    letters = case > 0
    case = torch.where((way < 0.08) & letters, 1, case)
    case = torch.where((way > 0.08) & (way < 0.16) & (case == 1), 2, case)
    case = torch.where((way > 0.96) & letters, 3, case)
    hidden = (torch.rand(ids.shape, device=ids.device) < 0.03) & (ids > 999)
    return torch.where(hidden, MASK, ids), field * CASES + case


def span_logits(tokens: Tensor, spans: Tensor) -> Tensor:
    """Mean logits over the pieces of each span: (batch, spans, 6)."""
    place = torch.arange(tokens.shape[1], device=tokens.device)
    inside = ((place >= spans[..., :1]) & (place < spans[..., 1:2])).to(tokens.dtype)
    return inside @ tokens[..., TAGS:] / inside.sum(-1, keepdim=True).clamp(min=1)


def _ce(logits: Tensor, labels: Tensor, weight: Tensor, smooth: float = 0.0) -> Tensor:
    """Weighted mean cross entropy over what is labelled; 0 where nothing is."""
    losses = functional.cross_entropy(
        logits.flatten(0, -2), labels.flatten().long(), ignore_index=-1, reduction="none", label_smoothing=smooth
    )
    weights = (weight.expand_as(labels) * (labels >= 0)).flatten()
    return (losses * weights).sum() / weights.sum().clamp(min=1)


def _soft_ce(logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    losses = -(target * logits.log_softmax(-1)).sum(-1)
    return (losses * weight).sum() / weight.sum().clamp(min=1)


def loss_of(network: Network, feeder: Feeder, rows: NDArray[np.int64], plan: Plan) -> Tensor:
    """The joint loss of one batch."""
    index = torch.from_numpy(rows).to(feeder.device)
    ids, kinds, places = feeder.pieces(index, int(feeder.lengths[rows].max()))
    ids, kinds = disturb(ids, kinds)
    states, kept = network.encode(ids, kinds)
    tokens, documents, embedding, topics = (part.float() for part in network.answers(states[-1], kept))
    weight = feeder.weight[index]
    known = places >= 0
    flat = places.clamp(min=0)
    tags = torch.where(known, feeder.tags[flat], -1)
    spans = feeder.spans[index].long()
    of_spans = span_logits(tokens, spans)
    events = feeder.events[index].float()
    labelled = (events[:, 0] >= 0).float() * weight
    bce = functional.binary_cross_entropy_with_logits(documents[:, :_EVENTS], events.clamp(min=0), reduction="none")
    loss = (
        _ce(tokens[..., :TAGS], tags, weight[:, None])
        + 0.5 * _ce(of_spans[..., :ROLES], spans[..., 2], weight[:, None], smooth=0.05)
        + 1.0 * _ce(of_spans[..., ROLES:], spans[..., 3], weight[:, None], smooth=0.02)
        + 0.6 * _ce(documents[:, _EVENTS:], feeder.document[index], weight)
        + 0.6 * (bce.sum(-1) * labelled).sum() / labelled.sum().clamp(min=1)
        + 0.2 * _ce(topics, feeder.topic[index], weight)
    )
    if feeder.embedding is not None:
        loss = loss + (1 - functional.cosine_similarity(embedding, feeder.embedding[index].float())).mean()
    if feeder.guide is not None:
        with torch.no_grad():
            shown, _ = feeder.guide.encode(ids, kinds)
            wanted = feeder.guide.answers(shown[-1], kept)[2]
        loss = loss + plan.guided * unlike(states, shown, kept, embedding, wanted)
    if feeder.soft_tokens is not None and feeder.soft_documents is not None:
        target, whole = feeder.soft_tokens[flat].float(), feeder.soft_documents[index].float()
        names = known * (1 - target[..., 0]) ** 2
        soft = (
            _soft_ce(tokens[..., :TAGS], target[..., :TAGS], known.float())
            + 0.5 * _soft_ce(tokens[..., TAGS : TAGS + ROLES], target[..., TAGS : TAGS + ROLES], names)
            + _soft_ce(tokens[..., TAGS + ROLES :], target[..., TAGS + ROLES :], names)
            + 0.6 * _soft_ce(documents[:, _EVENTS:], whole[:, _EVENTS:], torch.ones_like(weight))
            + 0.6
            * functional.binary_cross_entropy_with_logits(documents[:, :_EVENTS], whole[:, :_EVENTS], reduction="none")
            .sum(-1)
            .mean()
        )
        loss = loss + plan.soft * soft
    return loss


def unlike(
    states: Sequence[Tensor], shown: Sequence[Tensor], kept: Tensor, embedding: Tensor, wanted: Tensor
) -> Tensor:
    """How far a network is from its guide, as in TinyBERT (Jiao et al. 2020): states after each layer, embeddings.

    Args:
        states, shown: of the network and of the guide, (batch, length, hidden) after each layer.
        kept: which pieces are no padding, (batch, length).
        embedding, wanted: of the network and of the guide, (batch, hidden).

    Returns:
        The squared error of the last states as a share of their square, a quarter of that of each layer before, and
        four times the embeddings' mean cosine distance, which is what stories are told apart by.
    """
    parts = [
        (near - far)[kept].square().sum() / far[kept].square().sum() for near, far in zip(states, shown, strict=True)
    ]
    before = torch.stack(parts[:-1]).sum() if parts[:-1] else torch.zeros_like(parts[-1])
    apart = (1 - functional.cosine_similarity(embedding, wanted)).mean()
    return parts[-1] + 0.25 * before + 4 * apart


def optimizer_of(network: Network, rate: float, head_rate: float) -> torch.optim.AdamW:
    """AdamW with a rate for the encoder and one for what is new; no decay for norms, biases and embeddings."""
    groups: dict[tuple[bool, bool], list[Tensor]] = {}
    for name, parameter in network.named_parameters():
        new = name.split(".")[0] in {"tags", "span", "span_out", "whole", "whole_out", "topic", "kinds"}
        groups.setdefault((new, parameter.ndim < 2 or name == "words.weight"), []).append(parameter)
    return torch.optim.AdamW(
        [
            {"params": p, "lr": head_rate if new else rate, "peak": head_rate if new else rate, "weight_decay": w}
            for (new, plain), p in groups.items()
            for w in [0.0 if plain else 0.01]
        ],
        fused=next(network.parameters()).is_cuda,
    )


def set_rate(optimizer: torch.optim.Optimizer, step: int, steps: int, warm_up: float) -> None:
    """Warm up, then fall to nothing in a line."""
    share = min((step + 1) / max(1, warm_up * steps), (steps - step) / max(1, (1 - warm_up) * steps), 1.0)
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * share


def fit(network: Network, feeder: Feeder, rows: NDArray[np.int64], plan: Plan, part: Path) -> None:
    """Train in place; after each epoch the state goes to `part`, from where an interrupted run goes on."""
    optimizer = optimizer_of(network, plan.rate, plan.head_rate)
    per_epoch = sum(-(-min(plan.batch * _CHUNK, len(rows) - s) // plan.batch)
                    for s in range(0, len(rows), plan.batch * _CHUNK))  # fmt: skip
    done = 0
    if part.exists():
        state = torch.load(part, map_location=feeder.device, weights_only=True)
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        done = state["epochs"]
    for epoch in range(done, plan.epochs):
        torch.manual_seed(plan.seed * 1_000 + epoch)
        chance = np.random.default_rng(plan.seed * 1_000 + epoch)
        network.train()
        started, total = time.monotonic(), torch.zeros((), device=feeder.device)
        for number, batch in enumerate(feeder.batches(rows, plan.batch, chance)):
            set_rate(optimizer, epoch * per_epoch + number, plan.epochs * per_epoch, plan.warm_up)
            loss = loss_of(network, feeder, batch, plan)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            total += loss.detach()
        say(f"{part.stem} epoch {epoch + 1}/{plan.epochs}: loss {total.item() / per_epoch:.4f}, "
            f"{time.monotonic() - started:.0f} s")  # fmt: skip
        keep(
            {"network": network.state_dict(), "optimizer": optimizer.state_dict(), "epochs": epoch + 1},
            part,
        )


def keep(state: object, path: Path) -> None:
    """Write a file whole or not at all."""
    beside = path.with_suffix(".writing")
    torch.save(state, beside)
    beside.replace(path)


def say(text: str) -> None:
    """Tell whoever watches the training."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


@torch.no_grad()  # type: ignore[untyped-decorator]
def predict(
    network: Network, feeder: Feeder, rows: NDArray[np.int64], size: int = 128
) -> tuple[Tensor, Tensor, Tensor]:
    """Logits of all pieces (flat, 9) and documents (examples, 29), and embeddings; rows not asked for are 0."""
    network.eval()
    tokens = torch.zeros((len(feeder.ids), 9), device=feeder.device)
    documents = torch.zeros((len(feeder.lengths), _EVENTS + 3), device=feeder.device)
    embeddings = torch.zeros((len(feeder.lengths), network.shape.hidden), device=feeder.device)
    order = rows[np.argsort(feeder.lengths[rows], kind="stable")]
    for start in range(0, len(order), size):
        batch = order[start : start + size]
        index = torch.from_numpy(batch).to(feeder.device)
        ids, kinds, places = feeder.pieces(index, int(feeder.lengths[batch].max()))
        of_tokens, of_documents, embedding, _ = network(ids, kinds)
        known = places >= 0
        tokens[places[known]] = of_tokens.float()[known]
        documents[index], embeddings[index] = of_documents.float(), embedding.float()
    return tokens, documents, embeddings
