"""The shipped model computed by torch gives the answers that it gives in onnxruntime."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alertd.errors import ModelError
from alertd.tagging import torch_session
from alertd.tagging.encoder import FOLDER, WEIGHTS, session
from alertd.tagging.onnx_file import read_graph
from alertd.tagging.torch_session import OPERATORS, TorchSession, on_gpu

MODEL = FOLDER / WEIGHTS
_PIECES = 30_000


@pytest.fixture(scope="module")
def ours() -> TorchSession:
    return TorchSession(MODEL, "cpu")


@pytest.fixture(scope="module")
def theirs() -> Any:
    return session(MODEL)


def windows(rows: int, length: int, seed: int) -> dict[str, Any]:
    """Pieces with a special one at their ends, the last row padded."""
    chance = np.random.default_rng(seed)
    ids = chance.integers(1_000, _PIECES, (rows, length))
    ids[:, 0], ids[:, -1] = 101, 102
    kinds = chance.integers(0, 5, (rows, length))
    if length > 4:
        ids[-1, length // 2 :], kinds[-1, length // 2 :] = 0, 0
    return {"ids": ids.astype(np.int64), "kinds": kinds.astype(np.int64)}


@pytest.mark.parametrize(("rows", "length"), [(1, 2), (1, 24), (3, 40), (2, 256)])
def test_both_give_the_same_but_for_rounding(ours: TorchSession, theirs: Any, rows: int, length: int) -> None:
    given_ = windows(rows, length, rows * length)
    found, wanted = ours.run(None, given_), theirs.run(None, given_)
    assert [f.shape for f in found] == [w.shape for w in wanted]
    kept = given_["ids"] != 0
    for f, w in zip(found, wanted, strict=True):
        apart = np.abs(f - w)[kept if f.ndim == 3 else ...]
        # logits of up to 13; int8 rounds what goes into each product, and torch does not
        assert apart.max() < 0.5
        assert apart.mean() < 0.15
    assert [i.name for i in ours.get_inputs()] == [i.name for i in theirs.get_inputs()]
    assert [o.name for o in ours.get_outputs()] == [o.name for o in theirs.get_outputs()]


def test_a_part_of_the_outputs_can_be_asked_for(ours: TorchSession) -> None:
    given_ = windows(2, 12, 1)
    whole, [documents] = ours.run(None, given_), ours.run(["documents"], given_)
    np.testing.assert_allclose(documents, whole[1], rtol=1e-5, atol=1e-5)


def test_nothing_mixes_the_card_with_the_cpu() -> None:
    """A device that computes only shapes refuses a large tensor of another one, as a card does."""
    there = TorchSession(MODEL, "meta")
    given_ = {name: torch.zeros((3, 9), dtype=torch.int64, device="meta") for name in ("ids", "kinds")}
    values: dict[str, Any] = there._weights | given_
    for node in there._graph.nodes:
        found = OPERATORS[node.kind](node, *(values[name] if name else None for name in node.inputs))
        values.update(zip(node.outputs, found if isinstance(found, tuple) else (found,), strict=False))
    assert {str(values[o.name].device) for o in there.get_outputs()} == {"meta"}


@pytest.mark.parametrize(("card", "cuda"), [(False, True), (True, False)])
def test_without_a_card_there_is_none(card: bool, cuda: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if card:
        (tmp_path / "nvidia0").touch()
    monkeypatch.setattr(torch_session, "_DEVICES", tmp_path)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    assert on_gpu(MODEL) is None


def test_without_torch_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nvidia0").touch()
    monkeypatch.setattr(torch_session, "_DEVICES", tmp_path)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert on_gpu(MODEL) is None


def test_an_operator_that_is_not_known_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {name: found for name, found in OPERATORS.items() if name != "Erf"}
    monkeypatch.setattr(torch_session, "OPERATORS", known)
    with pytest.raises(ModelError, match="Erf"):
        TorchSession(MODEL, "cpu")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        read_graph(tmp_path / "none.onnx")


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=200), at=st.integers(0, 4000))
def test_a_damaged_file_is_an_error_of_ours(data: bytes, at: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.getbasetemp() / "damaged.onnx"
    whole = MODEL.read_bytes()[:5_000] if at else b""
    file.write_bytes(whole[:at] + data)
    with pytest.raises(ModelError):
        read_graph(file)
