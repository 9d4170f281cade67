"""Weights to what ships: int8 ONNX, tokenizer, description and model card."""

from __future__ import annotations

import hashlib
import json
import logging
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from alertd.tagging.encoder import DESCRIPTION, FORMAT, WEIGHTS, session
from alertd.taxonomy import EVENT_TYPES
from training.arrays import Corpus
from training.card import card
from training.fit import say
from training.network import Network
from training.score import Calibration, calibrate, figures, gather

MODEL = Path(__file__).parents[1] / "alertd" / "tagging" / "model"
_USUAL = 0.97
"""The share of a product's inputs that count as usual: the others are scaled down to the largest of these."""
_WORTH_IT = 2.0
"""How far the largest input must lie above the usual for its scaling to be worth a multiplication."""


class Rows(nn.Module):  # type: ignore[misc]
    """Word embeddings as int8 with a scale for each row: a quarter of the size, and off by less than one per cent."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        scale = weight.abs().amax(1, keepdim=True).clamp(min=1e-8) / 127
        self.register_buffer("table", torch.round(weight / scale).to(torch.int8))
        self.register_buffer("scale", scale)

    def forward(self, ids: Tensor) -> Tensor:
        """The embeddings of pieces."""
        rows: Tensor = nn.functional.embedding(ids, self.table).float() * nn.functional.embedding(ids, self.scale)
        return rows


class Evened(nn.Module):  # type: ignore[misc]
    """A matrix product whose outlying inputs are made smaller and their weights larger by as much.

    One scale serves all activations of a product in int8, and a few channels of a transformer are many times as large
    as the others (SmoothQuant, Xiao et al. 2023, arXiv:2211.10438); only those few are scaled here.

    Args:
        product: what it stands for.
        scales: how many times smaller each input becomes, (inputs,).
    """

    def __init__(self, product: nn.Linear, scales: Tensor) -> None:
        super().__init__()
        self.product = nn.Linear(product.in_features, product.out_features)
        self.product.weight = nn.Parameter(product.weight.detach() * scales)
        self.product.bias = product.bias
        self.register_buffer("shares", 1 / scales)

    def forward(self, states: Tensor) -> Tensor:
        """The same as the product gave."""
        found: Tensor = self.product(states * self.shares)
        return found


class Shipped(nn.Module):  # type: ignore[misc]
    """The network as it is exported: without what only training needs."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, ids: Tensor, kinds: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits of tokens and documents, and embeddings."""
        tokens, documents, embedding, _ = self.network(ids, kinds)
        return tokens, documents, embedding


def export(network: Network, corpus: Corpus, base: Path, recipe: str) -> None:
    """Write everything into the package and say what it is worth.

    Args:
        network: the one to ship, on the CPU.
        corpus: the held-out part measures int8 against fp32.
        base: folder of the base model, for its tokenizer.
        recipe: how it was trained, for the card.
    """
    MODEL.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        whole, small = Path(folder, "whole.onnx"), Path(folder, "small.onnx")
        write_onnx(network, whole)
        even(network, corpus)
        network.words = Rows(network.words.weight.detach())
        write_onnx(network, Path(folder, "rows.onnx"))
        quantise(Path(folder, "rows.onnx"), small)
        join_attention(small)
        exact = gather(corpus, *logits(whole, corpus))
        answers = gather(corpus, *logits(small, corpus))
        (MODEL / WEIGHTS).write_bytes(small.read_bytes())
    calibration = calibrate(answers)
    describe(calibration)
    copy_tokenizer(base)
    scores, before = figures(answers, calibration), figures(exact, calibrate(exact))
    text = card(scores, before, calibration, corpus, recipe, network.shape.inners)
    (MODEL / "MODEL_CARD.md").write_text(text, encoding="utf-8")
    total = sum(f.stat().st_size for f in MODEL.iterdir())
    say(f"exported {total / 1e6:.1f} MB; events {scores['events']}, fp32 {before['events']}")


def write_onnx(network: Network, path: Path) -> None:
    """The network in fp32, with batch and length open."""
    ids = torch.tensor([[101, 2_000, 2_001, 102], [101, 2_002, 102, 0]])
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Shipped(network).eval(),
            (ids, torch.ones_like(ids)),
            str(path),
            input_names=["ids", "kinds"],
            output_names=["tokens", "documents", "embedding"],
            dynamic_axes={
                "ids": {0: "batch", 1: "length"},
                "kinds": {0: "batch", 1: "length"},
                "tokens": {0: "batch", 1: "length"},
                "documents": {0: "batch"},
                "embedding": {0: "batch"},
            },
            opset_version=17,
            dynamo=False,
        )


def even(network: Network, corpus: Corpus) -> None:
    """Make the outliers small before matrix products, by what 512 texts of the training part show of them."""
    network.eval()
    largest: dict[tuple[int, str], Tensor] = {}

    def note(place: tuple[int, str], given: Tensor) -> None:
        seen = given.detach().abs().amax((0, 1))
        largest[place] = torch.maximum(largest.get(place, seen), seen)

    places = [(i, name) for i in range(len(network.layers)) for name in ("qkv", "up", "down")]
    hooks = [
        getattr(network.layers[i], name).register_forward_pre_hook(lambda _, given, at=(i, name): note(at, given[0]))
        for i, name in places
    ]
    rows = np.random.default_rng(0).choice(np.flatnonzero(~corpus.held), 512, replace=False)
    with torch.no_grad():
        for _, ids, kinds in batches(corpus, rows):
            network(torch.from_numpy(ids), torch.from_numpy(kinds))
    for hook in hooks:
        hook.remove()
    for i, name in places:
        scales = (largest[i, name] / largest[i, name].quantile(_USUAL)).clamp(min=1)
        if scales.max() >= _WORTH_IT:
            setattr(network.layers[i], name, Evened(getattr(network.layers[i], name), scales))


def quantise(source: Path, target: Path) -> None:
    """Weights of all matrix products to int8; activations are quantised as they come."""
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    ready = source.with_suffix(".ready.onnx")
    quant_pre_process(str(source), str(ready), skip_symbolic_shape=True)
    quantize_dynamic(
        str(ready),
        str(target),
        weight_type=QuantType.QInt8,
        per_channel=True,
        op_types_to_quantize=["MatMul", "Gemm"],
    )


def join_attention(path: Path) -> None:
    """Make one operator of each attention and the int8 product that gives its query, key and value.

    The numbers stay the same to the last bit; onnxruntime is spared the cutting and turning of them.

    Args:
        path: the quantised model, rewritten in place.
    """
    import onnx

    model = onnx.load(path)
    made = {output: node for node in model.graph.node for output in node.output}
    nodes = []
    for node in model.graph.node:
        if node.op_type == "MultiHeadAttention":
            biased = made[made[node.input[0]].input[0]]
            scaled = made[biased.input[1]]
            product, scales = made[made[scaled.input[0]].input[0]], made[scaled.input[1]]
            value, weight, zero, weight_zero = product.input
            heads = next(onnx.helper.get_attribute_value(a) for a in node.attribute if a.name == "num_heads")
            inputs = [value, weight, biased.input[0], *scales.input, node.input[4], zero, weight_zero]
            node = onnx.helper.make_node(  # noqa: PLW2901 - the one that stands in its place
                "QAttention", inputs, list(node.output), domain="com.microsoft", num_heads=heads
            )
        nodes.append(node)
    wanted = {output.name for output in model.graph.output}
    kept: list[onnx.NodeProto] = []
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            wanted.update(node.input)
            kept.insert(0, node)
    weights = [weight for weight in model.graph.initializer if weight.name in wanted]
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(kept)
    model.graph.initializer.extend(weights)
    onnx.save(model, path)


def logits(path: Path, corpus: Corpus) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What a model file says of the held-out part: (all pieces, 9) and (all examples, 29); the rest is 0."""
    run = session(path)
    tokens = np.zeros((len(corpus.ids), 9))
    documents = np.zeros((len(corpus.lengths), len(EVENT_TYPES) + 3))
    for batch, ids, kinds in batches(corpus, np.flatnonzero(corpus.held)):
        of_tokens, of_documents, _ = run.run(None, {"ids": ids, "kinds": kinds})
        documents[batch] = of_documents
        for i, row in enumerate(batch):
            tokens[corpus.at[row] : corpus.at[row + 1]] = of_tokens[i, : corpus.lengths[row]]
    return tokens, documents


def batches(
    corpus: Corpus, rows: NDArray[np.intp]
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.int64]]]:
    """Examples by 16 of like length: which, their pieces and kinds (16, longest)."""
    rows = rows[np.argsort(corpus.lengths[rows], kind="stable")]
    for start in range(0, len(rows), 16):
        batch = rows[start : start + 16]
        longest = int(corpus.lengths[batch].max())
        ids, kinds = np.zeros((len(batch), longest), np.int64), np.zeros((len(batch), longest), np.int64)
        for i, row in enumerate(batch):
            begin, end = corpus.at[row], corpus.at[row + 1]
            ids[i, : end - begin], kinds[i, : end - begin] = corpus.ids[begin:end], corpus.kinds[begin:end]
        yield batch, ids, kinds


def describe(calibration: Calibration) -> None:
    """The description that the encoder checks its weights against."""
    digest = hashlib.sha256((MODEL / WEIGHTS).read_bytes()).hexdigest()
    description: dict[str, Any] = {
        "format": FORMAT,
        "version": f"minilm-l6-{digest[:10]}",
        "weights_sha256": digest,
        "weights_bytes": (MODEL / WEIGHTS).stat().st_size,
        "events": list(EVENT_TYPES),
        "temperatures": calibration.temperatures,
        "thresholds": calibration.thresholds,
    }
    (MODEL / DESCRIPTION).write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")


def copy_tokenizer(base: Path) -> None:
    """The base's tokenizer, which shall neither cut nor pad: `window` does."""
    plain = json.loads((base / "tokenizer.json").read_text(encoding="utf-8"))
    plain["truncation"] = plain["padding"] = None
    (MODEL / "tokenizer.json").write_text(json.dumps(plain, ensure_ascii=False), encoding="utf-8")
    settings = {
        "tokenizer_class": "BertTokenizer",
        "do_lower_case": True,
        "model_max_length": 512,
        **{f"{n}_token": f"[{n.upper()}]" for n in ("unk", "sep", "pad", "cls", "mask")},
    }
    (MODEL / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
