"""`alertd run`, but for one thing: an article with the mark in its title kills the process that tags it, as a fault in
native code would.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

from alertd.articles import Tags
from alertd.cli import main
from alertd.tagging.tagger import Tagger, TagInput

MARK = "Zyxgorp"

_tag = Tagger.tag


def _deadly(self: Tagger, texts: Sequence[TagInput]) -> list[Tags]:
    if any(MARK in text.title for text in texts):
        os.kill(os.getpid(), signal.SIGKILL)
    return _tag(self, texts)


if __name__ == "__main__":
    Tagger.tag = _deadly  # type: ignore[method-assign]
    main()
