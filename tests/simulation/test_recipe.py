import dataclasses
import re

import numpy as np
import pytest

from semiview.simulation.recipe import Recipe, plausible_recipe


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dose": 0.0}, "dose of a recipe must be positive"),
        ({"nm_per_px": float("nan")}, "nm_per_px of a recipe must be positive"),
        ({"detector_noise": -1.0}, "detector_noise of a recipe must not be negative"),
        ({"bias_nm": -20.0, "corner_radius_nm": 10.0}, "at least |bias_nm|"),
        ({"bits": 12}, "8 or 16 bits"),
    ],
)
def test_that_an_impossible_recipe_is_refused_in_words(change: dict[str, float], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        Recipe(**change)  # type: ignore[arg-type]


def test_that_plausible_recipes_are_many_and_follow_their_seed() -> None:
    first = [plausible_recipe(np.random.default_rng(seed), 1.5) for seed in range(200)]
    again = [plausible_recipe(np.random.default_rng(seed), 1.5) for seed in range(200)]
    assert first == again
    assert len({dataclasses.astuple(recipe) for recipe in first}) == 200
    assert {recipe.nm_per_px for recipe in first} == {1.5}
