"""Masked-language training on all texts: the base has never seen so many headlines."""

from __future__ import annotations

import time

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from training.fit import Feeder, say, set_rate
from training.network import MASK, Network

_SHARE = 0.2
_IGNORE = -100


def hide(ids: Tensor, vocabulary: int) -> tuple[Tensor, Tensor]:
    """BERT's game: of a fifth of the pieces 80 % become [MASK], 10 % another piece; labels are what stood there."""
    chosen = (torch.rand(ids.shape, device=ids.device) < _SHARE) & (ids > 999)
    labels = torch.where(chosen, ids, _IGNORE)
    way = torch.rand(ids.shape, device=ids.device)
    ids = torch.where(chosen & (way < 0.8), MASK, ids)
    other = torch.randint(1_000, vocabulary, ids.shape, device=ids.device)
    return torch.where(chosen & (way > 0.9), other, ids), labels


def learn_language(
    network: Network, feeder: Feeder, rows: NDArray[np.int64], *, epochs: int, seed: int, batch: int, rate: float
) -> None:
    """Train the encoder in place; the head for it shares the word embeddings and is thrown away."""
    torch.manual_seed(seed)
    width = network.shape.hidden
    head = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.LayerNorm(width)).to(feeder.device)
    bias = nn.Parameter(torch.zeros(network.shape.vocabulary, device=feeder.device))
    optimizer = torch.optim.AdamW(
        [
            {"params": list(network.parameters()), "peak": rate, "lr": rate},
            {"params": [*head.parameters(), bias], "peak": 5 * rate, "lr": rate},
        ],
        weight_decay=0.01,
        fused=bias.is_cuda,
    )
    steps = epochs * -(-len(rows) // batch)
    step = 0
    network.train()
    for epoch in range(epochs):
        chance = np.random.default_rng(seed + epoch)
        started, total, seen = time.monotonic(), torch.zeros((), device=feeder.device), 0
        for cut in feeder.batches(rows, batch, chance):
            set_rate(optimizer, min(step, steps - 1), steps, 0.1)
            index = torch.from_numpy(cut).to(feeder.device)
            ids, kinds, _ = feeder.pieces(index, int(feeder.lengths[cut].max()))
            hidden, labels = hide(ids, network.shape.vocabulary)
            states, _ = network.encode(hidden, kinds)
            asked = labels != _IGNORE
            logits = head(states[-1][asked]) @ network.words.weight.T + bias
            loss = functional.cross_entropy(logits.float(), labels[asked])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            total += loss.detach()
            step, seen = step + 1, seen + 1
        say(f"language epoch {epoch + 1}/{epochs}: loss {total.item() / seen:.3f}, {time.monotonic() - started:.0f} s")
