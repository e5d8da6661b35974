import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semiview.core.outline import rectangle, signed_area
from semiview.core.registration import Frame, Registration, nominal_registration, with_linear_nm
from semiview.core.sem_image import PixelSize

DATA = Path(__file__).parents[2] / "../shared/data"
FAR_NM = (-13_294_220.0, -12_176_370.0)  # a field 14 mm from the origin


def registrations() -> st.SearchStrategy[Registration]:
    frame = st.builds(
        Frame,
        centre_px=st.just((1023.5, 684.5)),
        centre_nm=st.just(FAR_NM),
        nm_per_px=st.floats(0.3, 80),
        mirrored=st.booleans(),
    )
    return st.builds(
        Registration,
        frame,
        shift_x_nm=st.floats(-1e4, 1e4),
        shift_y_nm=st.floats(-1e4, 1e4),
        rotation_deg=st.floats(-180, 180),
        scale_x=st.floats(0.9, 1.1),
        scale_y=st.floats(0.9, 1.1),
        shear=st.floats(-0.02, 0.02),
    )


@given(registrations(), st.integers(0, 2**32))
def test_that_a_point_comes_back_from_the_image_within_a_millionth_of_a_nanometre(
    registration: Registration, seed: int
) -> None:
    points = np.array(FAR_NM) + np.random.default_rng(seed).uniform(-3e4, 3e4, (20, 2))
    assert np.abs(registration.to_nm(registration.to_px(points)) - points).max() < 1e-6


def test_that_positive_shifts_move_the_pattern_right_and_up() -> None:
    at_rest = nominal_registration((101, 201), PixelSize(2.0, 2.0, "given"), (500.0, 300.0))
    assert at_rest.to_px([[500.0, 300.0]]).tolist() == [[100.0, 50.0]]
    assert at_rest.moved(4.0, 0.0).to_px([[500.0, 300.0]]).tolist() == [[102.0, 50.0]]
    assert at_rest.moved(0.0, 4.0).to_px([[500.0, 300.0]]).tolist() == [[100.0, 48.0]]


def test_that_a_positive_rotation_turns_counter_clockwise_on_the_screen() -> None:
    turned = nominal_registration((101, 101), PixelSize(1.0, 1.0, "given"), (0.0, 0.0), rotation_deg=90.0)
    assert turned.to_px([[10.0, 0.0]]) == pytest.approx(np.array([[50.0, 40.0]]))


def test_that_mirrored_acts_before_everything_else() -> None:
    frame = Frame((0.0, 0.0), (0.0, 0.0), 1.0, mirrored=True)
    assert Registration(frame, shift_x_nm=5.0).to_px([[10.0, 2.0]]).tolist() == [[-5.0, -2.0]]


@pytest.mark.skipif(not (DATA / "openebl/pairs.json").exists(), reason="the real data is not beside the project")
def test_that_the_worked_example_agrees_with_the_independent_mapping_of_the_same_pair() -> None:
    pairs = json.loads((DATA / "openebl/pairs.json").read_text())["pairs"]
    pair = next(pair for pair in pairs if pair["image"] == "LL_136.jpg")
    truth = pair["truth"]
    centre_nm = tuple(1000 * value for value in pair["stage_target_um"])
    registration = Registration(
        Frame((1023.5, 684.5), centre_nm, 4.375),
        shift_x_nm=35.56,
        shift_y_nm=-195.21,
        rotation_deg=-0.132471,
        scale_x=0.991951,
        scale_y=0.997583,
        shear=-2.6e-5,
    )
    design_um = np.array(centre_nm) / 1000 + np.random.default_rng(1).uniform(-4, 4, (50, 2))
    dx, dy = (design_um - (truth["cx_um"], truth["cy_um"])).T
    angle = truth["rot_mrad"] / 1000
    u = np.cos(angle) * dx + np.sin(angle) * dy
    v = -np.sin(angle) * dx + np.cos(angle) * dy
    expected = np.column_stack([1023.5 + 1000 * u / truth["px_x_nm"], 684.5 - 1000 * v / truth["px_y_nm"]])
    # The example is printed with two decimals of a nanometre: a few thousandths of a pixel.
    assert np.abs(registration.to_px(design_um * 1000) - expected).max() < 0.02


@given(registrations())
def test_that_a_matrix_splits_into_the_parameters_it_was_made_of(registration: Registration) -> None:
    again = with_linear_nm(registration, registration.linear_nm(), (1.0, 2.0), "affine")
    assert np.abs(again.linear_nm() - registration.linear_nm()).max() < 1e-12
    assert again.scale_y == pytest.approx(registration.scale_y, rel=1e-12)
    assert again.shear == pytest.approx(registration.shear, abs=1e-12)


def test_that_a_matrix_that_mirrors_is_refused() -> None:
    registration = Registration(Frame((0.0, 0.0), (0.0, 0.0), 1.0))
    with pytest.raises(ValueError, match="mirrors"):
        with_linear_nm(registration, np.diag([-1.0, 1.0]), (0.0, 0.0), "affine")


@pytest.mark.parametrize("angle", [0.0, 30.0, 90.0])
def test_that_unequal_pixel_sizes_give_each_axis_its_own(angle: float) -> None:
    registration = nominal_registration((100, 100), PixelSize(2.0, 4.0, "given"), (0.0, 0.0), rotation_deg=angle)
    square = nominal_registration((100, 100), PixelSize(1.0, 1.0, "given"), (0.0, 0.0), rotation_deg=angle)
    offset = square.to_px([[30.0, 10.0]]) - 49.5
    assert registration.to_px([[30.0, 10.0]]) - 49.5 == pytest.approx(offset / [2.0, 4.0])


@given(registrations(), st.floats(-5, 5), st.floats(0.9, 1.1))
def test_that_turning_and_scaling_by_hand_leave_the_middle_of_the_picture_in_place(
    registration: Registration, degrees: float, factor: float
) -> None:
    middle_nm = registration.to_nm([[1023.5, 684.5]])
    for moved in (registration.turned(degrees), registration.scaled(factor)):
        assert np.abs(moved.to_px(middle_nm) - (1023.5, 684.5)).max() < 1e-6


@given(registrations())
def test_that_inside_stays_on_the_left_through_any_registration(registration: Registration) -> None:
    box = rectangle(FAR_NM[0], FAR_NM[1], FAR_NM[0] + 500, FAR_NM[1] + 300)
    in_px = registration.outline_to_px(box)
    assert signed_area(in_px) < 0  # rows run down
    assert signed_area(registration.outline_to_nm(in_px)) > 0


@given(registrations())
def test_that_a_normal_stays_across_its_edge(registration: Registration) -> None:
    along = np.array([[3.0, 1.0]]) / np.sqrt(10)
    across = np.array([[-1.0, 3.0]]) / np.sqrt(10)
    edge_px = along @ registration.linear_px().T
    normal_px = registration.directions_to_px(across)
    assert abs(float((edge_px @ normal_px.T)[0, 0])) < 1e-9 * float(np.linalg.norm(edge_px))
    assert float((across @ registration.linear_px().T @ normal_px.T)[0, 0]) > 0


def test_that_an_unknown_pixel_size_gives_no_coordinates_instead_of_wrong_ones() -> None:
    registration = nominal_registration((10, 10), PixelSize(), (0.0, 0.0))
    assert np.isnan(registration.to_px([[1.0, 1.0]])).all()


@pytest.mark.parametrize("change", [{"scale_x": 0.0}, {"scale_y": -1.0}, {"shear": float("nan")}])
def test_that_an_impossible_registration_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="registration"):
        replace(Registration(Frame((0.0, 0.0), (0.0, 0.0), 1.0)), **change)
