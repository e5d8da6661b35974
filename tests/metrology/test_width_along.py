import numpy as np
import pytest

from semiview.core.gauge import Gauge
from semiview.core.registration import nominal_registration
from semiview.core.sem_image import PixelSize
from semiview.metrology.cd import measure_cd
from semiview.metrology.contour import Contours
from semiview.metrology.width_along import width_along

SHAPE = (100, 100)
SIZE = PixelSize(2.0, 2.0, "given")


def test_that_the_widths_of_a_wedge_grow_along_the_gauge_and_their_mean_is_its_cd() -> None:
    # 10 px wide at row 20, 20 px at row 80; inside on the left as seen on the screen.
    wedge = np.array([(45.0, 20.0), (40.0, 80.0), (60.0, 80.0), (55.0, 20.0)])
    registration = nominal_registration(SHAPE, SIZE, (0.0, 0.0))
    gauge = Gauge("g", "line", 1.0, 0.0, 0.0, 60.0, 60.0)
    along, width = width_along(gauge, Contours((wedge,)), registration, SIZE, SHAPE)
    assert len(along) == 30
    row = 49.5 - along / 2  # y counts up, rows down
    assert width == pytest.approx(2 * (10 + (row - 20) / 6), abs=1e-9)
    (cd,) = measure_cd([gauge], Contours((wedge,)), registration, SIZE, SHAPE, "sem", "")
    assert width.mean() == pytest.approx(cd.cd_nm, abs=1e-9)


def test_that_a_row_without_two_edges_has_no_width_and_a_hole_no_rows() -> None:
    short = np.array([(45.0, 49.0), (45.0, 80.0), (55.0, 80.0), (55.0, 49.0)])
    registration = nominal_registration(SHAPE, SIZE, (0.0, 0.0))
    gauge = Gauge("g", "line", 1.0, 0.0, 0.0, 60.0, 60.0)
    along, width = width_along(gauge, Contours((short,)), registration, SIZE, SHAPE)
    assert np.isnan(width[along > 2]).all()
    assert width[along < 0] == pytest.approx(20.0)
    assert len(width_along(Gauge("h", "hole", 0, 0, 0, 60, 60), Contours((short,)), registration, SIZE, SHAPE)[0]) == 0
