"""Reads the graph of an ONNX file: nodes, weights, inputs and outputs, of the parts that our own export writes.

The format is Protocol Buffers (field numbers from onnx.proto3); this spares every installation the `onnx` package.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from alertd.errors import ModelError

_TYPES: Final[dict[int, Any]] = {
    1: np.float32, 2: np.uint8, 3: np.int8, 5: np.int16, 6: np.int32, 7: np.int64, 9: np.bool_, 10: np.float16,
    11: np.float64,
}  # fmt: skip
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
Message = dict[int, list[Any]]


@dataclass(frozen=True, slots=True)
class Node:
    """One operator: its kind, the names of what goes in ("" for what is left out) and out, and its attributes."""

    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes in an order in which they can be computed, weights by name, names of inputs and outputs."""

    nodes: tuple[Node, ...]
    weights: dict[str, NDArray[Any]]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def read_graph(path: Path) -> Graph:
    """Read a model's graph.

    Raises:
        ModelError: the file cannot be read, or is none of ours.
    """
    try:
        graph = _message(_message(memoryview(path.read_bytes()))[7][0])
        weights = dict(_tensor(_message(data)) for data in graph[5])
        nodes = tuple(_node(_message(data)) for data in graph[1])
        inputs, outputs = (tuple(_text(_message(data)[1][0]) for data in graph[field]) for field in (11, 12))
        if not (nodes and outputs):
            raise ValueError("it is no ONNX file")
    except (OSError, ValueError, TypeError, LookupError, OverflowError, struct.error) as error:
        raise ModelError(f"cannot be read: {error}", where=str(path), hint="install alertd again") from error
    return Graph(nodes, weights, tuple(name for name in inputs if name not in weights), outputs)


def _message(data: memoryview) -> Message:
    """The fields of a message by their number; what stands in them is not read further."""
    found: Message = defaultdict(list)
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        field, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            found[field].append(value)
            continue
        if wire == _BYTES:
            size, at = _varint(data, at)
        elif wire in (_FIXED32, _FIXED64):
            size = 4 if wire == _FIXED32 else 8
        else:
            raise ValueError("it is no ONNX file")
        if at + size > len(data):
            raise ValueError("it is cut off")
        found[field].append(data[at : at + size])
        at += size
    return found


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _numbers(parts: list[Any]) -> list[int]:
    """Repeated whole numbers, packed or not."""
    found = []
    for part in parts:
        if isinstance(part, int):
            found.append(_signed(part))
            continue
        at = 0
        while at < len(part):
            value, at = _varint(part, at)
            found.append(_signed(value))
    return found


def _text(data: memoryview) -> str:
    return bytes(data).decode()


def _tensor(message: Message) -> tuple[str, NDArray[Any]]:
    kind = _TYPES[message[2][0]]
    shape = _numbers(message[1])
    if message[9]:
        values = np.frombuffer(message[9][0], kind)
    elif message[4]:
        values = np.frombuffer(b"".join(message[4]), np.float32)
    else:
        values = np.array(_numbers(message[5] or message[7]), kind)
    return _text(message[8][0]) if message[8] else "", values.reshape(shape)


def _node(message: Message) -> Node:
    attributes = {}
    for data in message[5]:
        field = _message(data)
        attributes[_text(field[1][0])] = _value(field)
    inputs, outputs = (tuple(_text(name) for name in message[number]) for number in (1, 2))
    return Node(_text(message[4][0]), inputs, outputs, attributes)


def _value(field: Message) -> Any:
    if field[5]:
        return _tensor(_message(field[5][0]))[1]
    if field[2]:
        return struct.unpack("<f", field[2][0])[0]
    if field[3]:
        return _signed(field[3][0])
    if field[8]:
        return _numbers(field[8])
    return _text(field[4][0]) if field[4] else None
