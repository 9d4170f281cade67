"""One folder per mistake in tests/config_mistakes: the file that holds it, and the messages that must come of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from alertd.config import load
from alertd.errors import ConfigError
from tests.config.folders import SETTINGS, WATCHLIST, known, like, profile

MISTAKES = Path(__file__).parent.parent / "config_mistakes"
FOLDERS = sorted(folder for folder in MISTAKES.iterdir() if folder.is_dir())
SECRET = "hunter2"


def problems(folder: Path, work: Path) -> tuple[str, ...]:
    config = work / "config"
    shutil.copytree(folder, config)
    for name, text in (("alertd.yaml", SETTINGS), ("watchlist.yaml", WATCHLIST)):
        if not (config / name).exists():
            (config / name).write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(config, {}, known, like, profile=profile)
    error = caught.value
    assert SECRET not in str(error)
    return tuple(problem.removeprefix(f"{config}/") for problem in error.problems)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_mistake_has_its_messages(folder: Path, tmp_path: Path) -> None:
    found = problems(folder, tmp_path)
    assert "\n".join(found) + "\n" == (folder / "expected").read_text(encoding="utf-8")
    assert not any(SECRET in problem for problem in found)


def test_there_are_many_mistakes() -> None:
    assert len(FOLDERS) >= 40
