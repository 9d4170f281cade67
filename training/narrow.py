"""Makes a trained network narrower: the neurons that add least are taken out, those that stay take over their part.

What a layer gives is linear in its neurons. Over texts of the training part, least squares say how well some of them
can give what all gave, and with which weights (optimal brain surgeon, Hassibi & Stork 1993). How much an error weighs
is told by how the likelihood of the answers hangs on what the layer gives (Fisher's information by Kronecker factors,
Martens & Grosse 2015), so that one measure serves all layers; the last may lose most. Layers are narrowed from the
first to the last, each from what the narrower ones before it give and towards what the whole network gave there. What
it loses is won back by training on (`training.train`).
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from alertd.tagging.window import PAD
from training.fit import say
from training.network import FEELINGS, ROLES, TAGS, Layer, Network

BLOCK = 64
"""Neurons that are taken out together: int8 products are cut into as many, fewer would save little time."""
_MOST = 2 / 3
"""The share of a layer's blocks that may go."""
_FEWER = 2
"""Of how many batches one tells what errors weigh and what each layer can spare."""
_HOLD = 1e-4
"""How strongly weights are held where they are, as a share of the mean square of what they weigh."""

Pieces = tuple[Tensor, Tensor]
"""Ids and kinds of a batch of texts."""
Pairs = Iterable[tuple[Tensor, Tensor]]
"""What a product is given and what it shall give, of some pieces each."""


@dataclass(frozen=True)
class Sums:
    """What least squares need of a product: over all pieces, of its inputs x (the last is a 1) and outputs y.

    Attributes:
        gram: sum of x x', held a little towards the old weights, (inputs + 1, inputs + 1).
        cross: sum of x y', likewise, (inputs + 1, outputs).
        pieces: how many.
    """

    gram: Tensor
    cross: Tensor
    pieces: int


@dataclass(frozen=True)
class Left:
    """What is left of a product after some of its inputs were taken out.

    Attributes:
        places: the inputs that stay.
        weights: theirs and, last, the bias, (places + 1, outputs).
        costs: what each block of inputs added to the weighed squared error of a piece.
    """

    places: Tensor
    weights: Tensor
    costs: tuple[float, ...]


def narrow(network: Network, texts: Sequence[Pieces], blocks: int, seed: int) -> Network:
    """A network that computes less and says nearly the same.

    Args:
        network: stays as it is.
        texts: batches of the training part, with more pieces by far than a layer has neurons.
        blocks: of 64 neurons, to take out of all layers together.
        seed: of the answers that tell what errors weigh.

    Raises:
        ValueError: there are not so many blocks.
    """
    network.eval()
    # what is chosen by hangs on fewer texts than the weights do
    weighed = weigh(network, texts[::_FEWER], seed)
    gone = chosen(costs(network, texts[::_FEWER], weighed), blocks)
    inners = tuple(layer.up.out_features - BLOCK * g for layer, g in zip(network.layers, gone, strict=True))
    say(f"neurons that stay: {inners}")
    found: Network = narrowed(network, texts, inners, weighed)
    return found


def weigh(network: Network, texts: Sequence[Pieces], seed: int) -> list[Tensor]:
    """Of each layer, what an error of its output weighs: mean of g g' over pieces, (hidden, hidden).

    g is the gradient, for the layer's output before its last norm, of the log likelihood of answers that are drawn as
    probable as the network says. Answers on companies count as far as a piece is part of a name; the embedding is an
    answer too, of a direction.
    """
    device = network.words.weight.device
    chance = torch.Generator(device).manual_seed(seed)
    found = [torch.zeros(network.shape.hidden, network.shape.hidden, device=device) for _ in network.layers]
    outputs: list[Tensor] = []
    hooks = [
        layer.norm_out.register_forward_pre_hook(lambda _, given: outputs.append(given[0])) for layer in network.layers
    ]
    count = 0
    for ids, kinds in texts:
        outputs.clear()
        kept = ids != PAD
        said = _drawn(network(ids, kinds), kept, chance)
        for total, slope in zip(found, torch.autograd.grad(said, outputs), strict=True):
            total.add_(slope[kept].T @ slope[kept])
        count += int(kept.sum())
    for hook in hooks:
        hook.remove()
    return [total / count for total in found]


@torch.no_grad()  # type: ignore[untyped-decorator]
def costs(network: Network, texts: Sequence[Pieces], weighed: Sequence[Tensor]) -> list[tuple[float, ...]]:
    """What each block costs that is taken out of each layer after those before it, each layer for itself."""
    found = []
    batches = [_Batch(*network.begin(*pieces)) for pieces in texts]
    for number, (layer, weight) in enumerate(zip(network.layers, weighed, strict=True)):
        for b in batches:
            b.whole = layer.norm(b.whole + layer.out(layer.mixed(b.whole, b.bias)))
        neurons = (functional.gelu(layer.up(b.whole[b.kept])) for b in batches)
        sums = sums_of(layer.down, ((given, layer.down(given)) for given in neurons))
        found.append(taken_out(sums, int(layer.up.out_features // BLOCK * _MOST), weight).costs)
        say(f"layer {number + 1}: blocks cost " + " ".join(f"{cost:.1e}" for cost in found[-1]))
        for b in batches:
            b.whole = layer.norm_out(_inner(layer, b.whole))
    return found


def chosen(prices: Sequence[Sequence[float]], blocks: int) -> list[int]:
    """How many blocks go from each layer: always the one that costs least.

    Args:
        prices: of each layer, what its first, second … block costs.
        blocks: that go together.

    Raises:
        ValueError: there are not so many.
    """
    if blocks > sum(map(len, prices)):
        raise ValueError(f"{blocks} blocks cannot be taken out of a network that can spare {sum(map(len, prices))}")
    gone = [0] * len(prices)
    for _ in range(blocks):
        ahead = [(path[gone[i]], i) for i, path in enumerate(prices) if gone[i] < len(path)]
        gone[min(ahead)[1]] += 1
    return gone


@torch.no_grad()  # type: ignore[untyped-decorator]
def narrowed(network: Network, texts: Sequence[Pieces], inners: Sequence[int], weighed: Sequence[Tensor]) -> Network:
    """The network with so many neurons in each layer, every product fitted to what the whole one gives."""
    small: Network = Network(replace(network.shape, inners=tuple(inners))).to(network.words.weight.device).eval()
    cut = tuple(f"layers.{i}.{name}." for i in range(len(inners)) for name in ("up", "down"))
    small.load_state_dict({k: v for k, v in network.state_dict().items() if not k.startswith(cut)}, strict=False)
    batches = [_Batch(*network.begin(*pieces)) for pieces in texts]
    for layer, less, weight in zip(network.layers, small.layers, weighed, strict=True):
        _refit(less.qkv, ((b.own[b.kept], layer.qkv(b.whole[b.kept])) for b in batches))
        for b in batches:
            b.whole = b.whole + layer.out(layer.mixed(b.whole, b.bias))
        _refit(less.out, ((less.mixed(b.own, b.bias)[b.kept], (b.whole - b.own)[b.kept]) for b in batches))
        for b in batches:
            b.whole, b.own = layer.norm(b.whole), less.norm(b.own + less.out(less.mixed(b.own, b.bias)))
        up = copy.deepcopy(layer.up)
        _refit(up, ((b.own[b.kept], layer.up(b.whole[b.kept])) for b in batches))
        for b in batches:
            b.whole = _inner(layer, b.whole)
        neurons = ((functional.gelu(up(b.own[b.kept])), (b.whole - b.own)[b.kept]) for b in batches)
        left = taken_out(sums_of(layer.down, neurons), (up.out_features - less.up.out_features) // BLOCK, weight)
        less.up.weight.copy_(up.weight[left.places])
        less.up.bias.copy_(up.bias[left.places])
        _put(less.down, left.weights)
        for b in batches:
            b.whole, b.own = layer.norm_out(b.whole), less.norm_out(_inner(less, b.own))
    return small


def sums_of(product: nn.Linear, pairs: Pairs) -> Sums:
    """Add up what least squares need; the product's weights as they are hold a little."""
    old = torch.cat([product.weight.T, product.bias[None]]).double()
    gram = old.new_zeros(len(old), len(old))
    cross = torch.zeros_like(old)
    pieces = 0
    for given, wanted in pairs:
        inputs = functional.pad(given, (0, 1), value=1.0)
        gram += inputs.T @ inputs
        cross += inputs.T @ wanted
        pieces += len(inputs)
    held = _HOLD * gram.diagonal()[:-1].mean()
    gram.diagonal().add_(held)
    return Sums(gram, cross + held * old, pieces)


def taken_out(sums: Sums, blocks: int, weight: Tensor) -> Left:
    """Take inputs out of a product, always those that cost least, and let the others take over their part.

    Args:
        sums: of the product.
        blocks: of inputs to take out.
        weight: what an error of its outputs weighs, (outputs, outputs).
    """
    inverse = torch.linalg.inv(sums.gram)
    sizes, ways = torch.linalg.eigh(weight.double())
    # in these coordinates an error weighs its square
    weighed = inverse @ sums.cross @ (ways * sizes.clamp(min=0).sqrt())
    stay = torch.ones(len(inverse), dtype=torch.bool, device=inverse.device)
    paid = []
    for _ in range(blocks):
        cost = 0.0
        for _ in range(BLOCK):
            worth = (weighed.square().sum(1) / inverse.diagonal())[:-1]
            drop = int(torch.where(stay[:-1], worth, torch.inf).argmin())
            cost += float(worth[drop])
            stay[drop] = False
            share = inverse[drop] / inverse[drop, drop]
            weighed.addr_(share, weighed[drop].clone(), alpha=-1)
            inverse.addr_(share, inverse[drop].clone(), alpha=-1)
        paid.append(cost / sums.pieces)
    weights = torch.linalg.solve(sums.gram[stay][:, stay], sums.cross[stay])
    return Left(stay[:-1].nonzero()[:, 0], weights, tuple(paid))


class _Batch:
    """Texts on their way through the layers: states of the whole network and of the narrower one."""

    def __init__(self, states: Tensor, bias: Tensor, kept: Tensor) -> None:
        self.whole = self.own = states
        self.bias, self.kept = bias, kept


def _drawn(said: tuple[Tensor, Tensor, Tensor, Tensor], kept: Tensor, chance: torch.Generator) -> Tensor:
    """The log likelihood of answers that are drawn as probable as they are said to be."""
    tokens, documents, embedding, _ = said
    tags, *others = tokens.split([TAGS, ROLES, FEELINGS], -1)
    named = kept * (1 - tags.detach().softmax(-1)[..., 0])
    found = (_picked(tags, chance) * kept).sum()
    for part in others:  # a gradient goes in squared
        found = found + (_picked(part, chance) * named.sqrt()).sum()
    events, feeling = documents.split([documents.shape[1] - FEELINGS, FEELINGS], -1)
    seen = torch.bernoulli(events.detach().sigmoid(), generator=chance)
    found = found - functional.binary_cross_entropy_with_logits(events, seen, reduction="sum")
    found = found + _picked(feeling, chance).sum()
    direction = functional.normalize(embedding, dim=-1)
    return found + (direction * torch.randn(direction.shape, generator=chance, device=direction.device)).sum()


def _picked(logits: Tensor, chance: torch.Generator) -> Tensor:
    """The log likelihood of one class of each, drawn."""
    said = logits.log_softmax(-1)
    which = torch.multinomial(said.detach().exp().flatten(0, -2), 1, generator=chance)
    return said.flatten(0, -2).gather(1, which).view(logits.shape[:-1])


def _inner(layer: Layer, states: Tensor) -> Tensor:
    """What a layer's last norm is given."""
    found: Tensor = states + layer.down(functional.gelu(layer.up(states)))
    return found


def _refit(product: nn.Linear, pairs: Pairs) -> None:
    """Give a product the weights of least squares."""
    sums = sums_of(product, pairs)
    _put(product, torch.linalg.solve(sums.gram, sums.cross))


def _put(product: nn.Linear, weights: Tensor) -> None:
    product.weight.copy_(weights[:-1].T)
    product.bias.copy_(weights[-1])
