from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
import torch
from torch import Tensor

from training.narrow import BLOCK, Pieces, chosen, costs, narrow, narrowed, weigh
from training.network import Network, Shape

SMALL = Shape(hidden=24, inner=4 * BLOCK, heads=4, layers=2)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Products this small take many times as long on two threads when the machine is busy."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def texts(count: int = 3, seed: int = 0) -> list[Pieces]:
    chance = torch.Generator().manual_seed(seed)
    found = []
    for _ in range(count):
        ids = torch.randint(1_000, 20_000, (32, 12), generator=chance)
        ids[::2, 8:] = 0
        found.append((ids, torch.randint(0, 5, (32, 12), generator=chance)))
    return found


def network() -> Network:
    """A network whose neurons differ enough to be told apart."""
    torch.manual_seed(3)
    made: Network = Network(SMALL).eval()
    with torch.no_grad():
        for layer in made.layers:
            layer.up.weight.mul_(4)
            layer.down.weight.mul_(4)
    return made


def apart(one: Network, other: Network) -> float:
    """How far the logits of pieces and documents are apart, on texts that nothing was fitted to."""
    with torch.no_grad():
        ids, kinds = texts(1, seed=9)[0]
        pairs = zip(one(ids, kinds)[:2], other(ids, kinds)[:2], strict=True)
        return sum(float((a - b)[ids[:, 0] > 0].square().mean()) for a, b in pairs)


def test_neurons_that_say_what_others_say_go_and_nothing_changes() -> None:
    whole = network()
    with torch.no_grad():
        up = whole.layers[1].up
        for part in (up.weight, up.bias):  # the second half says what the first says
            part[2 * BLOCK :] = part[: 2 * BLOCK]
    small = narrow(whole, texts(), 2, seed=1)
    assert small.shape.inners == (4 * BLOCK, 2 * BLOCK)
    assert apart(whole, small) < 1e-6


def test_those_that_stay_take_over() -> None:
    whole = network()
    weighed = weigh(whole, texts(), 1)
    fitted = narrowed(whole, texts(), (2 * BLOCK, 2 * BLOCK), weighed)
    torch.manual_seed(0)
    cut = Network(fitted.shape).eval()
    cut.load_state_dict({name: _first(value, cut.state_dict()[name]) for name, value in whole.state_dict().items()})
    assert apart(whole, fitted) < apart(whole, cut) / 3


def _first(value: Tensor, like: Tensor) -> Tensor:
    return value[tuple(slice(size) for size in like.shape)]


def test_the_same_seed_gives_the_same_network_and_leaves_the_old_one() -> None:
    whole = network()
    before = {name: value.clone() for name, value in whole.state_dict().items()}
    one, other = (narrow(whole, texts(2), 1, seed=5).state_dict() for _ in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert all(torch.equal(before[name], value) for name, value in whole.state_dict().items())


def test_the_shape_is_read_from_the_weights() -> None:
    small = Network(Shape(hidden=24, heads=4, layers=2, inners=(64, 192)))
    again = Network(Shape(hidden=24, heads=4, layers=2).of(small.state_dict()))
    again.load_state_dict(small.state_dict())
    assert again.shape.inners == (64, 192)
    assert apart(small.eval(), again.eval()) == 0


def test_an_error_weighs_what_it_costs_in_likelihood() -> None:
    whole, ours = network(), texts(10)
    weights, vectors = torch.linalg.eigh(weigh(whole, ours, 1)[1])
    lost = []
    for at in (-1, 0):  # along what weighs most, and least
        moved = network()
        with torch.no_grad():
            moved.layers[1].down.bias.add_(0.3 * vectors[:, at])
        lost.append(apart(whole, moved))
    assert weights[-1] > 10 * weights[0]
    assert lost[0] > 5 * lost[1]


def test_more_blocks_cost_more() -> None:
    whole = network()
    for path in costs(whole, texts(), [torch.eye(SMALL.hidden)] * SMALL.layers):
        assert len(path) == 2
        assert 0 < path[0] < path[1]


@pytest.mark.parametrize(
    ("prices", "blocks", "gone"),
    [
        ([[1, 5], [2, 3]], 0, [0, 0]),
        ([[1, 5], [2, 3]], 1, [1, 0]),
        ([[1, 5], [2, 3]], 3, [1, 2]),
        ([[1, 5], [2, 3]], 4, [2, 2]),
        ([[], [9, 10]], 1, [0, 1]),
    ],
)
def test_what_costs_least_goes_first(prices: Sequence[Sequence[float]], blocks: int, gone: list[int]) -> None:
    assert chosen(prices, blocks) == gone


def test_more_cannot_go_than_is_there() -> None:
    with pytest.raises(ValueError, match="5 blocks cannot be taken out"):
        chosen([[1, 5], [2, 3]], 5)
