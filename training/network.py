"""The network: MiniLM's encoder with a head for each thing that is asked of it, all read in one pass."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.onnx import symbolic_helper

from alertd.tagging.window import CLS, KINDS, PAD, PIECES, SEP
from alertd.taxonomy import EVENT_TYPES

MASK = 103
"""The vocabulary's [MASK]."""
TAGS, ROLES, FEELINGS, TOPICS = 3, 3, 3, 20
TOKEN_OUT = TAGS + ROLES + FEELINGS
DOCUMENT_OUT = len(EVENT_TYPES) + FEELINGS


@dataclass(frozen=True)
class Shape:
    """The encoder's size."""

    vocabulary: int = 30_522
    hidden: int = 384
    inner: int = 1_536
    heads: int = 12
    layers: int = 6
    dropout: float = 0.1
    epsilon: float = 1e-12
    buckets: int = 0
    """Buckets of relative distance that bias attention, as in MPNet; 0 for none."""
    inners: tuple[int, ...] = ()
    """Neurons of each layer where they are not `inner` in all."""

    def of(self, state: Mapping[str, Tensor]) -> Shape:
        """This shape with as many neurons in each layer as the weights have."""
        return replace(self, inners=tuple(len(state[f"layers.{i}.up.weight"]) for i in range(self.layers)))


LARGER = Shape(hidden=768, inner=3_072, layers=12, epsilon=1e-5, buckets=32)
"""MPNet-base, a teacher."""


class _Fused(torch.autograd.Function):  # type: ignore[misc]
    """Attention as one operator of onnxruntime, which spares it four transpositions and the scores as a tensor."""

    @staticmethod
    def symbolic(graph: Any, query: Any, key: Any, value: Any, kept: Any, heads: int) -> Any:
        """The operator: query, key, value, (no bias), which keys count."""
        nothing = symbolic_helper._optional_input_placeholder_tensor(graph)
        found = graph.op("com.microsoft::MultiHeadAttention", query, key, value, nothing, kept, num_heads_i=heads)
        return found.setType(query.type())

    @staticmethod
    def forward(_: Any, query: Tensor, key: Tensor, value: Tensor, kept: Tensor, heads: int) -> Tensor:
        """The same, computed."""
        query, key, value = (t.unflatten(-1, (heads, -1)).transpose(1, 2) for t in (query, key, value))
        mask = kept[:, None, None, :].bool()
        return functional.scaled_dot_product_attention(query, key, value, attn_mask=mask).transpose(1, 2).flatten(2)


class Layer(nn.Module):  # type: ignore[misc]
    """A layer of BERT; query, key and value are one matrix, which saves quantising the same input three times."""

    def __init__(self, shape: Shape, at: int = 0) -> None:
        super().__init__()
        self.heads, self.dropout = shape.heads, shape.dropout
        inner = shape.inners[at] if shape.inners else shape.inner
        self.qkv = nn.Linear(shape.hidden, 3 * shape.hidden)
        self.out = nn.Linear(shape.hidden, shape.hidden)
        self.norm = nn.LayerNorm(shape.hidden, eps=shape.epsilon)
        self.up = nn.Linear(shape.hidden, inner)
        self.down = nn.Linear(inner, shape.hidden)
        self.norm_out = nn.LayerNorm(shape.hidden, eps=shape.epsilon)
        self.drop = nn.Dropout(shape.dropout)

    def forward(self, states: Tensor, bias: Tensor) -> Tensor:
        states = self.norm(states + self.drop(self.out(self.mixed(states, bias))))
        inner: Tensor = self.norm_out(states + self.drop(self.down(functional.gelu(self.up(states)))))
        return inner

    def mixed(self, states: Tensor, bias: Tensor) -> Tensor:
        """What the heads give, one after the other."""
        if torch.onnx.is_in_onnx_export():
            found: Tensor = _Fused.apply(*self.qkv(states).chunk(3, -1), bias, self.heads)
            return found
        parts = self.qkv(states).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        share = self.dropout if self.training else 0.0
        mixed = functional.scaled_dot_product_attention(parts[0], parts[1], parts[2], attn_mask=bias, dropout_p=share)
        return mixed.transpose(1, 2).flatten(2)


class Network(nn.Module):  # type: ignore[misc]
    """Encoder and heads.

    `tokens` gives each piece its logits: 3 for O, B, I of a company's name, 3 for the role and 3 for the sentiment of
    the company whose name it is part of; a span's logits are the mean over its pieces. `document` gives 26 logits for
    events and 3 for the sentiment of the whole. The embedding is a mean over pieces, kept near that of the base model.
    """

    def __init__(self, shape: Shape | None = None) -> None:
        super().__init__()
        self.shape = shape = shape or Shape()
        self.words = nn.Embedding(shape.vocabulary, shape.hidden)
        self.positions = nn.Embedding(PIECES, shape.hidden)
        self.kinds = nn.Embedding(KINDS, shape.hidden)
        self.norm = nn.LayerNorm(shape.hidden, eps=shape.epsilon)
        self.drop = nn.Dropout(shape.dropout)
        self.distances = nn.Embedding(shape.buckets, shape.heads) if shape.buckets else None
        self.layers = nn.ModuleList(Layer(shape, at) for at in range(shape.layers))
        self.tags = nn.Linear(shape.hidden, TAGS)
        self.span = nn.Sequential(nn.Linear(shape.hidden, shape.hidden), nn.GELU(), nn.Dropout(0.1))
        self.span_out = nn.Linear(shape.hidden, ROLES + FEELINGS)
        self.whole = nn.Sequential(nn.Linear(2 * shape.hidden, shape.hidden), nn.GELU(), nn.Dropout(0.1))
        self.whole_out = nn.Linear(shape.hidden, DOCUMENT_OUT)
        self.topic = nn.Linear(shape.hidden, TOPICS)
        self.project = nn.Linear(shape.hidden, shape.hidden, bias=False)
        nn.init.eye_(self.project.weight)

    def encode(self, ids: Tensor, kinds: Tensor) -> tuple[list[Tensor], Tensor]:
        """The states of all pieces after each layer, and which of them are no padding."""
        states, bias, kept = self.begin(ids, kinds)
        found = []
        for layer in self.layers:
            states = layer(states, bias)
            found.append(states)
        return found, kept

    def begin(self, ids: Tensor, kinds: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What the first layer is given: states and the bias of attention; and which pieces are no padding."""
        kept = ids != PAD
        places = torch.arange(ids.shape[1], device=ids.device)
        states = self.drop(self.norm(self.words(ids) + self.positions(places) + self.kinds(kinds)))
        if torch.onnx.is_in_onnx_export():
            bias = kept.int()
        else:
            bias = torch.zeros(kept.shape, dtype=states.dtype, device=ids.device).masked_fill(~kept, -1e4)
            bias = bias[:, None, None, :]
        if self.distances is not None:
            bias = bias + self.distances(buckets(places, self.shape.buckets)).permute(2, 0, 1)
        return states, bias, kept

    def forward(self, ids: Tensor, kinds: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Logits of tokens (batch, length, 9) and documents (batch, 29), embeddings, logits of topics."""
        states, kept = self.encode(ids, kinds)
        return self.answers(states[-1], kept)

    def answers(self, states: Tensor, kept: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """What the heads read from the last layer's states; see `forward`."""
        weights = kept.to(states.dtype).unsqueeze(-1)
        mean = (states * weights).sum(1) / weights.sum(1)
        tokens = torch.cat([self.tags(states), self.span_out(self.span(states))], -1)
        whole = self.whole(torch.cat([states[:, 0], mean], -1))
        return tokens, self.whole_out(whole), self.project(mean), self.topic(whole)


def buckets(places: Tensor, count: int, farthest: int = 128) -> Tensor:
    """Which bucket each pair of places falls into: (length, length), exact nearby and by logarithm far away."""
    distance = places[:, None] - places[None, :]
    half, exact = count // 2, count // 4
    away = distance.abs()
    far = exact + (away.clamp(min=1).float() / exact).log() / math.log(farthest / exact) * (half - exact)
    return (distance < 0).long() * half + torch.where(away < exact, away, far.long().clamp(max=half - 1))


def base_state(old: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of all-MiniLM-L6-v2 under this network's names; every kind of piece starts as the one it knew."""
    names = {"attention.self.query": "q", "attention.self.key": "k", "attention.self.value": "v"}
    names |= {"attention.output.dense": "out", "attention.output.LayerNorm": "norm"}
    state = _layers(old, names)
    state["words.weight"] = old["embeddings.word_embeddings.weight"]
    state["positions.weight"] = old["embeddings.position_embeddings.weight"][:PIECES]
    state["kinds.weight"] = old["embeddings.token_type_embeddings.weight"][:1].repeat(KINDS, 1)
    return state


def larger_state(old: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of all-mpnet-base-v2, its vocabulary in BERT's order: the same one, four places on."""
    names = {"attention.attn.q": "q", "attention.attn.k": "k", "attention.attn.v": "v", "attention.attn.o": "out"}
    names |= {"attention.LayerNorm": "norm"}
    state = _layers(old, names)
    words = old["embeddings.word_embeddings.weight"]
    order = torch.arange(Shape().vocabulary) + 4
    order[PAD], order[CLS], order[SEP], order[MASK] = 1, 0, 2, len(words) - 1
    state["words.weight"] = words[order]
    state["positions.weight"] = old["embeddings.position_embeddings.weight"][2 : PIECES + 2]
    state["kinds.weight"] = torch.zeros(KINDS, words.shape[1])
    state["distances.weight"] = old["encoder.relative_attention_bias.weight"]
    return state


def _layers(old: Mapping[str, Tensor], names: Mapping[str, str]) -> dict[str, Tensor]:
    names = {**names, "intermediate.dense": "up", "output.dense": "down", "output.LayerNorm": "norm_out"}
    state = {f"norm.{end}": old[f"embeddings.LayerNorm.{end}"] for end in ("weight", "bias")}
    for name, value in old.items():
        parts = name.split(".")
        if parts[:2] == ["encoder", "layer"]:
            state[f"layers.{parts[2]}.{names['.'.join(parts[3:-1])]}.{parts[-1]}"] = value
    for i in range(len({k.split(".")[1] for k in state if k.startswith("layers.")})):
        for end in ("weight", "bias"):
            state[f"layers.{i}.qkv.{end}"] = torch.cat([state.pop(f"layers.{i}.{p}.{end}") for p in "qkv"])
    return state
