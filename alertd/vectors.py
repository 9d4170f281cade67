"""A vector of meaning as it travels and is kept: int8 in base64; its length is lost, its direction kept."""

from __future__ import annotations

import binascii

import numpy as np
from numpy.typing import NDArray


def pack(vector: NDArray[np.float32]) -> str:
    """Write a vector; one of zeros stays one."""
    most = float(np.maximum.reduce(np.abs(vector), initial=0.0))
    scaled = np.rint(vector * (127 / most if most else 0.0))
    return binascii.b2a_base64(scaled.astype(np.int8), newline=False).decode()
