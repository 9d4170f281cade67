"""`alertd`, but for one thing: its model takes a minute to load, in native code that lets go of the interpreter."""

from __future__ import annotations

import time
from typing import Any

from alertd.cli import main
from alertd.tagging.tagger import Tagger


def _slowly(*_: Any, **__: Any) -> Tagger:
    time.sleep(60)
    raise AssertionError


if __name__ == "__main__":
    Tagger.load = _slowly  # type: ignore[method-assign]
    main()
