"""What the tests of the store share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alertd.store import embedded


@pytest.fixture
async def state(tmp_path: Path) -> AsyncIterator[Path]:
    """A state folder whose server is ended after the test."""
    path = tmp_path / "state"
    yield path
    await embedded.stop(path)
