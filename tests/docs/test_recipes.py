"""Every recipe of docs/recipes.md is a watchlist that `alertd check` takes, and tells what it says that it tells."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from .recipes import DOCUMENT, Kitchen, Recipe, drawn, recipes
from .varying import FRAME, unsure

RECIPES = recipes()


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory: pytest.TempPathFactory) -> Kitchen:
    return Kitchen(tmp_path_factory.mktemp("recipes"))


def skeleton(message: str) -> str:
    """A message without what another model may say otherwise, and without how it is broken into lines."""
    return FRAME.sub(" ", unsure(message)).strip()


def test_there_are_recipes_enough_and_each_needs_another_name() -> None:
    assert len(RECIPES) >= 20
    assert len({recipe.name for recipe in RECIPES}) == len(RECIPES)
    # every heading of the document is a recipe
    assert len(re.findall(r"^## ", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)) == len(RECIPES)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_the_check_finds_nothing_wrong(recipe: Recipe, kitchen: Kitchen) -> None:
    found = kitchen.read(recipe)
    assert found.warnings == ()


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_it_tells_what_it_says(recipe: Recipe, kitchen: Kitchen) -> None:
    alerts = kitchen.alerts(recipe, tells=True)
    assert alerts, "it keeps quiet"
    # `python -m tests.docs.recipes` draws them anew
    assert skeleton(recipe.shown) == skeleton(drawn(alerts[0]))


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_it_keeps_quiet_on_what_it_says(recipe: Recipe, kitchen: Kitchen) -> None:
    assert kitchen.alerts(recipe, tells=False) == []


@pytest.mark.parametrize(
    ("name", "comes", "told"),
    [
        ("Macro prints at quiet hours", "2026-11-25T03:12", "2026-11-25T07:00"),
        ("Macro prints at quiet hours", "2026-11-28T12:00", "2026-11-30T07:00"),
        ("Chinese companies in Hong Kong's hours", "2026-11-25T14:00", "2026-11-26T00:30"),
        ("Insider trades", "2026-11-25T14:00", "2026-11-25T23:00"),
        ("One digest a day for an index", "2026-11-25T14:00", "2026-11-25T22:30"),
        ("An IR team and its three rivals", "2026-11-25T14:05", "2026-11-25T15:00"),
    ],
)
def test_what_waits_is_told_together_when_the_recipe_says(name: str, comes: str, told: str, kitchen: Kitchen) -> None:
    [recipe] = [recipe for recipe in RECIPES if recipe.name == name]
    at, then = (datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() for text in (comes, told))
    assert [float(alert.digest or 0) for alert in kitchen.alerts(recipe, tells=True, at=at)] == [then]
