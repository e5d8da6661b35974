"""A field of lines with its design and prediction, 14 mm from the design's origin, and the views that show it."""

from collections.abc import Callable

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from semiview.core.case import Case, CaseInfo
from semiview.core.design import Design, DesignLayer
from semiview.core.document import Document
from semiview.core.outline import rectangle
from semiview.core.prediction import Prediction
from semiview.core.registration import nominal_registration
from semiview.core.sem_image import PixelSize, SemImage
from semiview.ui.canvas.linked_views import LinkedViews
from semiview.ui.canvas.pictures import Guests

CENTRE_NM = (14e6, -13e6)
NM_PER_PX = 2.0

MakeCase = Callable[..., Case]


def _line_case(case_id: str = "lines", shape: tuple[int, int] = (200, 300), nm_per_px: float = NM_PER_PX) -> Case:
    height, width = shape
    inside = np.broadcast_to((np.arange(width) % 50) < 20, shape)
    pixels = np.where(inside, 200, 60).astype(np.uint8)
    size = PixelSize() if np.isnan(nm_per_px) else PixelSize(nm_per_px, nm_per_px, "given")
    left = CENTRE_NM[0] - (width - 1) / 2 * NM_PER_PX
    bottom, top = CENTRE_NM[1] - height * NM_PER_PX, CENTRE_NM[1] + height * NM_PER_PX
    outlines = tuple(
        rectangle(left + (first - 0.5) * NM_PER_PX, bottom, left + (first + 19.5) * NM_PER_PX, top)
        for first in range(0, width, 50)
    )
    design = Design(outlines, (DesignLayer("1/0", "target", outlines),), "raised", (0.0, 0.0, 1.0, 1.0))
    return Case(
        CaseInfo(case_id),
        SemImage.from_pixels(pixels, nm_per_px),
        nominal_registration(shape, size, CENTRE_NM),
        design,
        Prediction(inside.astype(np.float32), "starter"),
    )


@pytest.fixture
def line_case() -> MakeCase:
    """Makes a case of vertical lines 20 px wide every 50 px, drawn beyond the picture at top and bottom."""
    return _line_case


@pytest.fixture
def views(qtbot: QtBot) -> LinkedViews:
    """Three empty views, shown."""
    widget = LinkedViews()
    qtbot.addWidget(widget)
    widget.resize(1202, 400)
    with qtbot.waitExposed(widget):
        widget.show()
    return widget


@pytest.fixture
def shown(views: LinkedViews, line_case: MakeCase) -> LinkedViews:
    """The views with the case of lines, nominally registered, and guests that agree with it."""
    case = line_case()
    views.show_case(case, Document(case.nominal))
    other = Prediction(case.prediction.probability.copy(), "another")
    views.show_guests(Guests(other, case.sem.pixels.astype(np.float32), "a generator"))
    return views
