"""How often Python looks for garbage that reference counts do not find."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_NEW: Final = 20_000
"""Objects more than there were, after which it looks at the newest; Python's own 700 are passed many times a second."""
_OLDER: Final = 20
_OLDEST: Final = 50


def look_seldom() -> None:
    """Have the collector look at new objects less often, and never again at those that are there now.

    To be called once all is built that stays: models, gazetteer, configuration. Looking through them again and again
    took a fifth of the time of polling.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW, _OLDER, _OLDEST)


@contextmanager
def uncollected() -> Iterator[None]:
    """Hold the collector until the block ends; what is not part of a cycle is freed as ever.

    Reading a thousand articles makes some fifty thousand objects without one cycle: looking for cycles among them,
    again and again, takes a fifth of the time.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
