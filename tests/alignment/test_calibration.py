from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semiview.alignment.calibration import PixelReading, calibrate, read_pixel, unfit_because
from semiview.core.registration import Registration, Trust, nominal_registration, with_linear_nm
from semiview.core.sem_image import PixelSize


def seen_by(x_nm: float, y_nm: float, skew: float, turn_deg: float, mirrored: bool = False) -> Registration:
    """A perfect registration of a field that a microscope with these pixels took turned by `turn_deg`."""
    nominal = nominal_registration((400, 600), PixelSize(2.0, 2.0, "stated"), (0.0, 0.0), mirrored=mirrored)
    angle = np.deg2rad(turn_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = np.diag([2.0 / x_nm, 2.0 / y_nm]) @ np.array([[1.0, skew], [0.0, 1.0]]) @ turn
    mirror = np.diag([-1.0, 1.0]) if mirrored else np.eye(2)
    return with_linear_nm(nominal, linear @ mirror, (5.0, -3.0), "affine")


@given(
    x_nm=st.floats(1.9, 2.1),
    y_nm=st.floats(1.9, 2.1),
    skew=st.floats(-0.02, 0.02),
    turn_deg=st.floats(-180, 180),
    mirrored=st.booleans(),
)
def test_that_pixel_sizes_come_back_whatever_the_turn(
    x_nm: float, y_nm: float, skew: float, turn_deg: float, mirrored: bool
) -> None:
    reading = read_pixel("a", "", seen_by(x_nm, y_nm, skew, turn_deg, mirrored))
    assert (reading.x_nm, reading.y_nm, reading.skew) == pytest.approx((x_nm, y_nm, skew), abs=1e-9)


def test_that_the_covariance_is_carried_over() -> None:
    found = seen_by(2.0, 2.0, 0.0, 0.0)
    covariance = np.diag([0.0, 0.0, 0.0, 1e-6, 4e-6, 9e-8])
    reading = read_pixel("a", "", replace(found, trust=Trust("unique", covariance=covariance)))
    assert reading.sigma_x_nm == pytest.approx(2e-3, rel=1e-3)
    assert reading.sigma_y_nm == pytest.approx(4e-3, rel=1e-3)
    assert reading.sigma_skew == pytest.approx(3e-4, rel=1e-3)


def reading(case_id: str, tool: str, stated: float, x: float, sigma: float) -> PixelReading:
    return PixelReading(case_id, tool, stated, x, x * 0.995, 0.001, sigma, sigma, 1e-4)


def test_that_tools_and_magnifications_are_kept_apart() -> None:
    proposals = calibrate(
        [
            reading("a", "SEM 1", 2.0, 2.01, 1e-3),
            reading("b", "SEM 1", 2.001, 2.012, 1e-3),
            reading("c", "SEM 1", 4.0, 4.02, 1e-3),
            reading("d", "SEM 2", 2.0, 1.98, 1e-3),
        ]
    )
    assert [(each.tool, each.stated_nm, each.case_ids) for each in proposals] == [
        ("SEM 1", 2.0, ("a", "b")),
        ("SEM 1", 4.0, ("c",)),
        ("SEM 2", 2.0, ("d",)),
    ]
    assert proposals[0].x_nm == pytest.approx(2.011, abs=1e-6)
    assert proposals[0].anisotropy == pytest.approx(1 / 0.995)


def test_that_the_error_bar_grows_with_what_readings_differ_by() -> None:
    alike = calibrate([reading(str(i), "", 2.0, 2.01, 1e-4) for i in range(4)])[0]
    scattered = calibrate([reading(str(i), "", 2.0, 2.01 + 0.01 * (-1) ** i, 1e-4) for i in range(4)])[0]
    assert alike.sigma_x_nm == pytest.approx(5e-5, rel=1e-6)
    assert scattered.sigma_x_nm == pytest.approx(np.sqrt(4 / 3) * 0.01 / 2, rel=0.01)
    assert scattered.x_nm == pytest.approx(2.01, abs=1e-9)


def test_that_only_sure_affine_registrations_count() -> None:
    sure = Trust("unique", "subpixel", covariance=np.eye(6))
    found = replace(seen_by(2.0, 2.0, 0.0, 0.0), trust=sure)
    assert unfit_because(found) is None
    for worse, words in (
        (replace(found, trust=replace(sure, verdict="periodic")), "ambiguous"),
        (replace(found, trust=replace(sure, registration_class="few_pixel")), "not below a pixel"),
        (replace(found, transform="similarity"), "only a similarity"),
        (replace(found, trust=replace(sure, covariance=None)), "covariance"),
        (replace(found, trust=Trust()), "unregistered"),
    ):
        assert words in (unfit_because(worse) or "")
