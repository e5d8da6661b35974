import math
import re
from collections.abc import Callable

import numpy as np
import pytest

from semiview.core.case import Case, CaseInfo
from semiview.core.design import Design, DesignLayer
from semiview.core.document import MeasureSettings
from semiview.core.gauge import Gauge
from semiview.core.outline import rectangle
from semiview.core.prediction import Prediction
from semiview.core.registration import nominal_registration
from semiview.core.review import STATE_AFTER, Decision
from semiview.core.sem_image import PictureArea, PixelSize, SemImage


def flat(height: int, width: int, value: float = 0.5) -> Prediction:
    return Prediction(np.full((height, width), value, np.float32), "checkpoint")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: PixelSize(0.0, 1.0), "must be positive and finite, not 0.0 nm"),
        (lambda: PixelSize(math.inf, 1.0), "must be positive and finite, not inf nm"),
        (lambda: PictureArea(5, 0, 5, 4), "an empty or negative picture area"),
        (lambda: PictureArea(-1, 0, 5, 4), "an empty or negative picture area"),
        (
            lambda: SemImage.from_pixels(np.zeros((2, 3, 4))),
            "an SEM image is (H, W) and not empty, this one is (2, 3, 4)",
        ),
        (lambda: SemImage.from_pixels(np.zeros((0, 4))), "an SEM image is (H, W) and not empty, this one is (0, 4)"),
        (
            lambda: SemImage(np.zeros((4, 4)), PixelSize(), PictureArea(0, 0, 5, 4), (4, 5)),
            "pixels are (4, 4) but the picture area is (4, 5)",
        ),
        (lambda: flat(4, 4, 1.5), "a probability lies in [0, 1], this prediction in [1.5, 1.5]"),
        (lambda: flat(4, 4, math.nan), "16 values of the prediction are not finite"),
        (lambda: Prediction(np.zeros((4, 4)), ""), "a prediction is float32, this one is float64"),  # type: ignore[arg-type]
        (lambda: Prediction(np.zeros(4, np.float32), ""), "a prediction is (H, W), this one is (4,)"),
        (lambda: Decision("reject", "me"), "a rejection needs a reason"),
    ],
)
def test_that_a_broken_value_is_refused_in_words(make: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        make()


def test_that_a_pixel_size_is_known_only_with_both_axes() -> None:
    assert not PixelSize().known
    assert not PixelSize(1.0, math.nan).known
    assert PixelSize(1.0, 2.0).known


def test_that_pixels_and_predictions_cannot_be_written_to() -> None:
    sem, prediction = SemImage.from_pixels(np.zeros((3, 4), np.uint8), 2.0), flat(3, 4)
    with pytest.raises(ValueError, match="read-only"):
        sem.pixels[0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        prediction.probability[0, 0] = 1


@pytest.mark.parametrize(("kind", "top"), [(np.uint8, 255), (np.uint16, 65535), (np.float32, math.inf)])
def test_that_saturation_is_the_end_of_the_number_type(kind: type, top: float) -> None:
    assert SemImage.from_pixels(np.zeros((3, 4), kind)).saturated_high == top


def test_that_the_centre_of_a_picture_lies_between_its_corner_pixels() -> None:
    assert SemImage.from_pixels(np.zeros((3, 4), np.uint8)).centre_px == (1.5, 1.0)


def test_that_a_case_takes_only_a_prediction_on_its_own_grid() -> None:
    sem = SemImage.from_pixels(np.zeros((3, 4), np.uint8), 2.0)
    case = Case(CaseInfo("a"), sem, nominal_registration(sem.shape, sem.pixel_size, (0.0, 0.0)))
    better = case.with_prediction(flat(3, 4))
    assert better.sem is case.sem
    assert case.prediction is None
    with pytest.raises(ValueError, match=re.escape("the prediction is (4, 3) but the picture is (3, 4)")):
        case.with_prediction(flat(4, 3))


def test_that_each_role_of_a_layer_serves_its_own_purpose() -> None:
    box = rectangle(0, 0, 1, 1)
    layers = tuple(
        DesignLayer(name, role, (box,))  # type: ignore[arg-type]
        for name, role in (("1/0", "target"), ("2/0", "fill"), ("3/0", "ignore"), ("4/0", "sraf"))
    )
    design = Design((box, box), layers, "raised", (0, 0, 1, 1))
    assert len(design.alignable) == 3
    assert len(design.ignore) == 1
    assert design.edge_count == 8
    assert design.target_bounds_nm() == (0, 0, 1, 1)
    empty = Design((), (), None, (0, 0, 1, 1))
    assert empty.edge_count == 0
    assert np.isnan(empty.target_bounds_nm()).all()


def test_that_every_deciding_kind_leads_to_a_state() -> None:
    assert STATE_AFTER["retract"] == "undecided"
    assert set(STATE_AFTER) == {"accept", "correct", "reject", "skip", "retract"}


def test_that_values_whose_nan_means_unknown_are_equal_and_hash_alike() -> None:
    from_click = {"gauge_id": "g", "mode": "line", "x_nm": 0.0, "y_nm": 0.0, "angle_deg": 0.0}
    for one, other in (
        (PixelSize(), PixelSize()),
        (MeasureSettings(), MeasureSettings()),
        (Gauge(**from_click, length_nm=9.0, width_nm=9.0), Gauge(**from_click, length_nm=9.0, width_nm=9.0)),
    ):
        assert one == other
        assert hash(one) == hash(other)
    assert PixelSize() != PixelSize(1.0, 1.0, "given")
