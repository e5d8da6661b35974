"""What was found for one case, carried over to the next."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semiview.core.registration import PARAMETERS, Registration, nominal_registration
from semiview.core.sem_image import PixelSize
from semiview.ui.registering import carried_over

small = st.floats(-0.05, 0.05)


def nominal(x_nm: float = 2.0, y_nm: float = 2.0, rotation_deg: float = 0.0, mirrored: bool = False) -> Registration:
    return nominal_registration((64, 96), PixelSize(x_nm, y_nm, "given"), (5e6, -3e6), rotation_deg, mirrored)


@given(turn=small, factor=small, up=st.floats(-500, 500))
def test_that_onto_the_same_nominal_it_is_the_same_registration(turn: float, factor: float, up: float) -> None:
    found = nominal().turned(100 * turn).scaled(1 + factor).moved(3.0, up)
    copied = carried_over(found, nominal(), nominal())
    for name in PARAMETERS:
        assert getattr(copied, name) == pytest.approx(getattr(found, name), abs=1e-9)


@pytest.mark.parametrize("mirrored", [False, True])
def test_that_the_image_moves_alike_over_another_rotation_pixel_size_and_mirrored_scan(mirrored: bool) -> None:
    onto = nominal(1.0, 1.1, 90.0, mirrored)
    found = nominal().turned(2.0).scaled(1.01).moved(30.0, -20.0)
    copied = carried_over(found, nominal(), onto)
    change = found.linear_nm()
    assert np.allclose(copied.linear_nm() @ np.linalg.inv(onto.linear_nm()), change, atol=1e-12)
    assert (copied.shift_x_nm, copied.shift_y_nm) == (found.shift_x_nm, found.shift_y_nm)
    assert copied.frame == onto.frame
