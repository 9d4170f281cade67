"""The shipped model in torch, on a GPU: the graph of the ONNX file, computed node by node.

Weights are those that ship, int8; what goes into a product is not rounded here, so that answers differ from those of
onnxruntime by less than int8 costs. An object of this module is used as an onnxruntime session is.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from alertd.errors import ModelError
from alertd.tagging.onnx_file import Node, read_graph

_DEVICES: Final = Path("/dev")


@dataclass(frozen=True, slots=True)
class Named:
    """An input or output, as onnxruntime names them."""

    name: str


def on_gpu(path: Path) -> TorchSession | None:
    """The model on this machine's GPU; None without one, or without torch (`alertd[torch]`).

    Args:
        path: the ONNX file.

    Raises:
        ModelError: the file cannot be read, or holds an operator that is not known here.
    """
    # torch takes seconds to import: not where there is no card
    if not any(_DEVICES.glob("nvidia[0-9]*")) or importlib.util.find_spec("torch") is None:
        return None
    import torch

    return TorchSession(path, "cuda") if torch.cuda.is_available() else None


class TorchSession:
    """A session over the model.

    Args:
        path: the ONNX file.
        device: where torch computes, `cuda` or `cpu`.

    Raises:
        ModelError: the file cannot be read, or holds an operator that is not known here.
    """

    def __init__(self, path: Path, device: str) -> None:
        import torch

        graph = read_graph(path)
        if unknown := sorted({node.kind for node in graph.nodes} - OPERATORS.keys()):
            raise ModelError(f"has operators that torch is not told of: {unknown}", where=str(path))
        self._device = device
        self._graph = graph
        # the few whole numbers that steer (such as axes) stay on the CPU, where they are read
        self._weights = {
            name: torch.from_numpy(value.copy()).to("cpu" if value.dtype == np.int64 else device)
            for name, value in graph.weights.items()
        }
        for node in graph.nodes:
            if node.kind in _WEIGHTS_OF:
                weight, zero = (node.inputs[at] for at in _WEIGHTS_OF[node.kind])
                self._weights[weight] = self._weights[weight].float() - self._weights[zero].float()
        self._last = {name: at for at, node in enumerate(graph.nodes) for name in node.inputs}

    def get_inputs(self) -> list[Named]:
        """The inputs, in order."""
        return [Named(name) for name in self._graph.inputs]

    def get_outputs(self) -> list[Named]:
        """The outputs, in order."""
        return [Named(name) for name in self._graph.outputs]

    def run(self, names: Sequence[str] | None, given: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        """Compute.

        Args:
            names: of the outputs that are wanted; None for all.
            given: the inputs by name.
        """
        import torch

        with torch.inference_mode():
            values = self._weights | {name: torch.from_numpy(v).to(self._device) for name, v in given.items()}
            wanted = tuple(names or self._graph.outputs)
            for at, node in enumerate(self._graph.nodes):
                found = OPERATORS[node.kind](node, *(values[name] if name else None for name in node.inputs))
                values.update(zip(node.outputs, found if isinstance(found, tuple) else (found,), strict=False))
                for name in node.inputs:  # memory of a card is small
                    if name and self._last[name] == at and name not in self._weights and name not in wanted:
                        values.pop(name, None)  # a node may take one twice
            return [np.asarray(values[name].cpu().numpy()) for name in wanted]


def _cast(node: Node, value: Any) -> Any:
    import torch

    kinds = {1: torch.float32, 6: torch.int32, 7: torch.int64, 9: torch.bool}
    return value.to(kinds[node.attributes["to"]])


def _shape(_: Node, value: Any) -> Any:
    import torch

    return torch.tensor(value.shape)


def _gather(node: Node, table: Any, places: Any) -> Any:
    axis = node.attributes.get("axis", 0)
    if axis == 0 and places.dim():
        return table[places.to(table.device)]
    return table.select(axis, int(places)) if not places.dim() else table.index_select(axis, places)


def _range(_: Node, start: Any, end: Any, step: Any) -> Any:
    import torch

    return torch.arange(int(start), int(end), int(step))


def _unsqueeze(_: Node, value: Any, axes: Any) -> Any:
    for axis in axes.tolist():
        value = value.unsqueeze(axis)
    return value


def _reduce_sum(node: Node, value: Any, axes: Any) -> Any:
    return value.sum(axes.tolist(), keepdim=bool(node.attributes.get("keepdims", 1)))


def _norm(node: Node, value: Any, weight: Any, bias: Any) -> Any:
    from torch.nn.functional import layer_norm

    return layer_norm(value, weight.shape, weight, bias, node.attributes["epsilon"])


def _quantise(_: Node, value: Any) -> tuple[Any, Any, Any]:
    """What is to be rounded stays as it is: scale one, zero point zero."""
    import torch

    return value, torch.ones(()), torch.zeros(())


def _product(_: Node, value: Any, weight: Any, *_zeros: Any) -> Any:
    """Nothing is rounded here, and the weights were made numbers when they were loaded."""
    return value @ weight


def _attention(node: Node, value: Any, weight: Any, bias: Any, *more: Any) -> Any:
    """Query, key and value by one product, and attention among them."""
    from torch.nn.functional import scaled_dot_product_attention

    scale, weight_scale, kept, *_ = more
    product = _product(node, value, weight) * (scale.to(weight.device) * weight_scale) + bias
    query, key, values = product.unflatten(-1, (3, node.attributes["num_heads"], -1)).permute(2, 0, 3, 1, 4)
    mask = kept[:, None, None, :].bool()
    return scaled_dot_product_attention(query, key, values, attn_mask=mask).transpose(1, 2).flatten(2)


def _concat(node: Node, *values: Any) -> Any:
    import torch

    return torch.cat(values, node.attributes["axis"])


def _divide(_: Node, one: Any, other: Any) -> Any:
    return one / other if one.is_floating_point() else one // other


OPERATORS: Final[Mapping[str, Callable[..., Any]]] = {
    "Add": lambda _, a, b: a + b,
    "Cast": _cast,
    "Concat": _concat,
    "Div": _divide,
    "DynamicQuantizeLinear": _quantise,
    "Equal": lambda _, a, b: a == b,
    "Erf": lambda _, a: a.erf(),
    "Gather": _gather,
    "LayerNormalization": _norm,
    "MatMulInteger": _product,
    "Mul": lambda _, a, b: a * b,
    "Not": lambda _, a: ~a,
    "QAttention": _attention,
    "Range": _range,
    "ReduceSum": _reduce_sum,
    "Shape": _shape,
    "Unsqueeze": _unsqueeze,
}
"""The operators that our export writes, as onnx and onnxruntime define them."""

_WEIGHTS_OF: Final = {"MatMulInteger": (1, 3), "QAttention": (1, 7)}
"""Where among the inputs of an operator int8 weights stand and their zero point, which are made numbers once."""
