"""What is remembered of a look, and what is not."""

from dataclasses import replace

import numpy as np
import pytest

from semiview.core.sem_image import SemImage
from semiview.ui.grey_levels import automatic_levels, grey_histogram
from semiview.ui.view_settings import ViewSettings, from_json, to_json


def test_that_a_look_comes_back_but_for_what_belongs_to_one_picture() -> None:
    view = ViewSettings(
        compare_mode="curtain", pair="prediction_design", divider=0.25, opacities={"design": 0.4}, still=True,
        mouse="klayout", snap=True, levels=(3.0, 90.0), hidden_layers=frozenset({"2/0"}), blink=True,
    )  # fmt: skip
    kept = replace(view, levels=None, hidden_layers=frozenset(), blink=False)
    assert from_json(to_json(view)) == kept


@pytest.mark.parametrize("text", ["", "[1]", "nonsense", '{"compare_mode": "sideways", "opacity": 7, "pair": 3}'])
def test_that_what_cannot_be_used_is_left_out(text: str) -> None:
    assert from_json(text) == ViewSettings()


def test_that_one_bad_value_does_not_cost_the_others() -> None:
    assert from_json('{"divider": 5.0, "blend": 0.2}') == ViewSettings(blend=0.2)


def test_that_every_grey_value_is_counted_once() -> None:
    pixels = np.random.default_rng(0).integers(7, 250, (60, 80), dtype=np.uint8)
    edges, counts = grey_histogram(SemImage.from_pixels(pixels, 1.0))
    assert counts.sum() == pixels.size
    assert np.array_equal(counts, np.histogram(pixels, edges)[0])
    assert edges[0] <= 7 < 249 <= edges[-1]


def test_that_levels_and_histogram_leave_the_pixels_alone() -> None:
    pixels = np.random.default_rng(0).normal(100, 9, (60, 80)).astype(np.float32)
    pixels[3, 4] = np.nan
    sem = SemImage.from_pixels(pixels.copy(), 1.0)
    low, high = automatic_levels(sem)
    _, counts = grey_histogram(sem)
    assert low < 100 < high
    assert counts.sum() == pixels.size - 1
    assert np.array_equal(sem.pixels, pixels, equal_nan=True)
