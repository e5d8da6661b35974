from dataclasses import replace

import numpy as np
import pytest

from semiview.alignment.align import align
from semiview.alignment.design_edges import design_edges
from semiview.alignment.edge_search import Sight
from semiview.alignment.refine import EdgeFit, refine
from semiview.alignment.second_opinion import correlation_shift_px
from tests.alignment.formed_fields import CENTRE_NM, Field, formed_field, lines, logic


def fitted(field: Field) -> tuple[Sight, EdgeFit]:
    assert field.case.design is not None
    sight = Sight.of(field.case.sem.pixels)
    box = (CENTRE_NM[0] - 700, CENTRE_NM[1] - 700, CENTRE_NM[0] + 700, CENTRE_NM[1] + 700)
    edges = design_edges(field.case.design.target, box, 4.0, 20.0, 80.0)
    fit = refine(sight, field.truth, edges, "affine", field.case.nominal)
    assert fit is not None
    return sight, fit


@pytest.mark.parametrize("off_px", [(0.0, 0.0), (1.5, -0.75), (-3.25, 2.0)])
def test_that_correlation_says_how_far_the_edges_are_off(off_px: tuple[float, float]) -> None:
    field = formed_field(logic(3, 1700), shift_nm=(30.0, -20.0), rotation_deg=0.7, seed=3)
    sight, fit = fitted(field)
    moved = replace(fit, registration=fit.registration.moved(2.0 * off_px[0], -2.0 * off_px[1]))
    assert field.case.design is not None
    shift = correlation_shift_px(
        sight, field.case.sem.pixels, moved, moved.registration.outlines_to_px(field.case.design.target)
    )
    np.testing.assert_allclose(shift, -np.array(off_px), atol=0.15)


def test_that_a_region_to_ignore_and_a_small_picture_have_no_say() -> None:
    field = formed_field(logic(3, 1700), seed=3)
    sight, fit = fitted(field)
    assert field.case.design is not None
    placed = fit.registration.outlines_to_px(field.case.design.target)
    hidden = Sight(sight.image, np.ones(sight.image.shape, bool))
    assert correlation_shift_px(hidden, field.case.sem.pixels, fit, placed) is None
    small = Sight(sight.image[:150, :150])
    assert correlation_shift_px(small, field.case.sem.pixels, fit, placed) is None


def test_that_every_ground_is_told_with_its_number() -> None:
    told = " ".join(align(formed_field(logic(3, 1700), seed=3).case).trust.grounds)
    for ground in ("next best place", "edges at", "px RMS", "px MAD", "observability", "they agree", "95 % error over"):
        assert ground in told
    free = " ".join(align(formed_field(lines(200.0, 2600), seed=3).case).trust.grounds)
    assert "nothing holds the design along 0 deg" in free
    assert "they agree" in free
