from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from alertd.tagging.encoder import FOLDER
from training.arrays import Corpus, build
from training.bases import pack, unpack
from training.examples import parse_written
from training.fit import Feeder, Plan, disturb, fit, predict, span_logits, unlike
from training.mlm import hide
from training.network import MASK, Network, Shape, buckets
from training.score import calibrate, figures, gather

SMALL = Shape(hidden=24, inner=48, heads=4, layers=2, buckets=8)
LINES = (
    "analyst_rating | + | [Foo|s+] up as [Bar|b0] says buy",
    "macro | - | Oil falls || Brent lost 2%",
    "insolvency | - | [Baz|s-] files for bankruptcy",
    "? | 0 | [Qux|p0] makes paint",
)


def corpus(count: int = 40) -> Corpus:
    from transformers import PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast.from_pretrained(str(FOLDER), local_files_only=True).backend_tokenizer
    examples = [parse_written(LINES[i % len(LINES)]) for i in range(count)]
    return build(examples, [i % 5 == 0 for i in range(count)], tokenizer)


def trained(path: Path, epochs: int, stop_after: int | None = None) -> Network:
    torch.manual_seed(1)
    network, data = Network(SMALL), corpus()
    feeder, rows = Feeder(data, torch.device("cpu")), np.flatnonzero(~data.held)
    if stop_after:
        # The plan's length decides the rates, so that an interrupted run must be the same run.
        saved = Plan(epochs, seed=3, batch=8)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("training.fit.keep", _stopping(stop_after))
            with pytest.raises(KeyboardInterrupt):
                fit(network, feeder, rows, saved, path)
        network = Network(SMALL)
    fit(network, feeder, rows, Plan(epochs, seed=3, batch=8), path)
    return network


def _stopping(after: int):  # type: ignore[no-untyped-def]
    from training.fit import keep

    def keep_and_stop(state: dict[str, object], path: Path) -> None:
        keep(state, path)
        if state["epochs"] == after:
            raise KeyboardInterrupt

    return keep_and_stop


def test_training_lowers_the_loss_and_an_interrupted_run_ends_the_same(tmp_path: Path) -> None:
    whole = trained(tmp_path / "a.pt", 3)
    parted = trained(tmp_path / "b.pt", 3, stop_after=2)
    for name, value in whole.state_dict().items():
        assert torch.allclose(value, parted.state_dict()[name], atol=1e-6), name


def test_a_network_comes_near_its_guide_and_what_is_frozen_stays(tmp_path: Path) -> None:
    data = corpus()
    feeder, rows = Feeder(data, torch.device("cpu")), np.flatnonzero(~data.held)
    torch.manual_seed(2)
    guide = Network(SMALL).requires_grad_(False).eval()
    ids, kinds, _ = feeder.pieces(torch.from_numpy(rows), int(data.lengths.max()))

    def apart(network: Network) -> float:
        with torch.no_grad():
            (states, kept), (shown, _) = (n.eval().encode(ids, kinds) for n in (network, guide))
            own, wanted = (n.answers(s[-1], kept)[2] for n, s in ((network, states), (guide, shown)))
            return float(unlike(states, shown, kept, own, wanted))

    found = []
    for name, shown in (("alone", None), ("guided", guide)):
        torch.manual_seed(1)
        network, feeder.guide = Network(SMALL), shown
        network.words.requires_grad_(False)
        words = network.words.weight.clone()
        fit(network, feeder, rows, Plan(6, seed=3, batch=8, rate=3e-3, head_rate=3e-3), tmp_path / f"{name}.pt")
        assert torch.equal(network.words.weight, words)
        found.append(apart(network))
    assert found[1] < 0.6 * found[0]


def test_nothing_is_unlike_itself_and_padding_does_not_count() -> None:
    states = [torch.randn(2, 5, 8, generator=torch.Generator().manual_seed(n)) for n in range(3)]
    kept = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    embedding = torch.randn(2, 8, generator=torch.Generator().manual_seed(9))
    padded = [s + 100 * ~kept[..., None] for s in states]
    assert unlike(states, padded, kept, embedding, 3 * embedding) == pytest.approx(0, abs=1e-6)
    # a last state that is twice as far off counts four times as much, one before a quarter of that
    last, first = ([s * (1.0 + 0.1 * (at == n)) for n, s in enumerate(states)] for at in (2, 0))
    assert unlike(last, states, kept, embedding, embedding) == pytest.approx(0.01, rel=1e-4)
    assert unlike(first, states, kept, embedding, embedding) == pytest.approx(0.0025, rel=1e-4)
    assert unlike(states, states, kept, -embedding, embedding) == pytest.approx(8.0)


def test_drawn_texts_are_the_same_for_a_seed_and_of_like_length() -> None:
    data = corpus()
    feeder, rows = Feeder(data, torch.device("cpu")), np.flatnonzero(~data.held)
    batches = feeder.drawn(rows, 20, seed=4, size=8)
    assert [len(ids) for ids, _ in batches] == [8, 8, 4]
    lengths = [int(n) for ids, _ in batches for n in (ids > 0).sum(1)]
    assert lengths == sorted(lengths)
    again = feeder.drawn(rows, 20, seed=4, size=8)
    assert all(
        torch.equal(a, b) for one, other in zip(batches, again, strict=True) for a, b in zip(one, other, strict=True)
    )
    assert sum(len(ids) for ids, _ in feeder.drawn(rows, 900, seed=4)) == len(rows)


def test_the_figures_cover_every_head() -> None:
    data = corpus()
    network = Network(SMALL)
    tokens, documents, embeddings = predict(network, Feeder(data, torch.device("cpu")), np.flatnonzero(data.held))
    assert embeddings.shape == (40, 24)
    answers = gather(data, tokens.double().numpy(), documents.double().numpy())
    found = figures(answers, calibrate(answers))
    assert {"company", "role", "sentiment", "document", "events", "events by type"} <= set(found)


def test_padding_changes_nothing() -> None:
    network = Network(SMALL).eval()
    ids = torch.tensor([[101, 2_000, 2_001, 102, 0, 0], [101, 2_000, 2_001, 2_002, 2_003, 102]])
    both = network(ids, torch.zeros_like(ids))[1][0]
    alone = network(ids[:1, :4], torch.zeros(1, 4, dtype=torch.long))[1][0]
    assert torch.allclose(both, alone, atol=1e-5)


def test_span_logits_are_means_over_pieces() -> None:
    tokens = torch.arange(4 * 9, dtype=torch.float).view(1, 4, 9)
    means = span_logits(tokens, torch.tensor([[[1, 3, 0, 0], [-1, -1, -1, -1]]]))
    assert means[0, 0].tolist() == tokens[0, 1:3, 3:].mean(0).tolist()
    assert means[0, 1].tolist() == [0] * 6


def test_disturbed_kinds_keep_their_field_and_ids_their_names_mostly() -> None:
    torch.manual_seed(0)
    ids = torch.full((500, 8), 2_000)
    kinds = torch.tensor([0, 1, 2, 3, 5, 6, 7, 8]).repeat(500, 1)
    other_ids, other = disturb(ids, kinds)
    assert (other // 5 == kinds // 5).all()
    assert (other[:, 0] == 0).all()
    assert 0.01 < (other_ids == MASK).float().mean() < 0.05
    assert 0.05 < (other != kinds).any(1).float().mean() < 0.4


def test_hidden_pieces_are_asked_for() -> None:
    torch.manual_seed(0)
    ids = torch.full((200, 20), 2_000)
    ids[:, 0] = 101
    hidden, labels = hide(ids, 30_522)
    asked = labels != -100
    assert 0.15 < asked.float().mean() < 0.25
    assert not asked[:, 0].any()
    assert (hidden[~asked] == ids[~asked]).all()


def test_near_distances_have_buckets_of_their_own() -> None:
    found = buckets(torch.arange(200), 32)
    assert found.min() >= 0 and found.max() < 32
    assert len(set(found[0, :8].tolist())) == 8
    assert found[0, 5] != found[5, 0]
    assert found[0, 150] == found[0, 199]


def test_packed_weights_come_back_nearly_whole(tmp_path: Path) -> None:
    state = Network(Shape(hidden=96, inner=128, heads=4, layers=2)).state_dict()
    pack(state, range(500), tmp_path, "x", layers=1)
    again = unpack(tmp_path, "x")
    assert again is not None and set(again) == set(state)
    for name, value in state.items():
        expected = value[:500] if name == "words.weight" else value
        found = again[name][:500] if name == "words.weight" else again[name]
        assert torch.allclose(found, expected, atol=0.02 * float(expected.abs().max()) + 1e-6), name
    assert unpack(tmp_path, "y") is None
