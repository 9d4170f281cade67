"""The examples of docs/extending.md run as they stand, each in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"^## ([^\n]+)\n(?:(?!^## ).)*?^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL))


def test_every_part_has_an_example() -> None:
    assert list(EXAMPLES) == re.findall(r"^## (.+)$", TEXT, re.MULTILINE)
    assert len(EXAMPLES) == 3


@pytest.mark.parametrize("part", EXAMPLES)
def test_its_example_runs(part: str) -> None:
    assert "assert " in EXAMPLES[part]
    command = [sys.executable, "-c", EXAMPLES[part]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
