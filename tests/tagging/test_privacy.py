"""The tagger tells nobody that it runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_tagging_leaves_no_trace_outside(tmp_path: Path) -> None:
    """The runtime under the model keeps an id in the home folder and a session in the temporary one when it reports."""
    home, scratch = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    scratch.mkdir()
    code = "from alertd.tagging.tagger import Tagger, TagInput; print(Tagger.load().tag([TagInput('Nvidia rises')]))"
    environ = {**os.environ, "HOME": str(home), "TMPDIR": str(scratch), "XDG_CACHE_HOME": str(home / ".cache")}
    environ.pop("ORT_DISABLE_TELEMETRY", None)
    finished = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    assert "NVDA" in finished.stdout
    assert [*home.rglob("*"), *scratch.rglob("*")] == []
