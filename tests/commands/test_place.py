"""Where the daemon of a configuration is, also while its files are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from alertd.commands.place import locate
from alertd.errors import ConfigError
from tests.commands.world import SETTINGS, write


def test_a_right_configuration_is_given_whole(tmp_path: Path) -> None:
    place = locate(write(tmp_path))
    assert place.refused is None
    assert len(place.configuration.watchlist.rules) == 1


@pytest.mark.parametrize(
    ("settings", "state"),
    [
        (SETTINGS + "store: {folder: elsewhere}\nnonsense: 1\n", "elsewhere"),
        (SETTINGS + "store: {folder: ../up}\nfeeds: 3\n", "../up"),
        (SETTINGS + "nonsense: 1\n", "state"),
        ("feeds: [", "state"),
        ("", "state"),
    ],
)
def test_a_wrong_one_still_says_where_state_is(settings: str, state: str, tmp_path: Path) -> None:
    place = locate(write(tmp_path, settings))
    assert place.refused
    assert place.refused.problems
    assert place.configuration.settings.store.folder == (tmp_path / state).resolve()


def test_the_address_of_redis_is_read_from_its_file(tmp_path: Path) -> None:
    config = write(tmp_path, SETTINGS + "redis: {url_file: redis.secret}\nnonsense: 1\n")
    (config / "redis.secret").write_text("redis://:hunter2@localhost\n")
    url = locate(config).configuration.settings.redis.url
    assert url is not None
    assert url.get_secret_value() == "redis://:hunter2@localhost"


@pytest.mark.parametrize(
    "more", ["store: {folder: [x]}\n", "store: 3\n", "redis: {url: nonsense}\n", "redis: {url_file: missing}\n"]
)
def test_mistakes_in_that_very_place_are_told(more: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        locate(write(tmp_path, SETTINGS + more))


def test_without_files_there_is_no_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no configuration is here"):
        locate(tmp_path)
