"""Small cases for the window's parts, and the law that nothing is left behind."""

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from semiview.core.case import Case, CaseInfo
from semiview.core.document import Document
from semiview.core.prediction import Prediction
from semiview.core.registration import nominal_registration
from semiview.core.review import Review
from semiview.core.sem_image import SemImage
from semiview.tasks.open import OpenedCase
from semiview.ui.garbage import Garbage

MakeCase = Callable[..., OpenedCase]


@pytest.fixture
def make_case() -> MakeCase:
    """Opened cases of 64 x 96 px at 2 nm/px; with a prediction on demand."""

    def make(case_id: str = "one", predicted: bool = False) -> OpenedCase:
        pixels = np.zeros((64, 96), np.uint8)
        pixels[16:48, 32:64] = 200
        sem = SemImage.from_pixels(pixels, 2.0)
        nominal = nominal_registration(sem.shape, sem.pixel_size, (0.0, 0.0))
        prediction = Prediction((pixels > 100).astype(np.float32), "starter") if predicted else None
        case = Case(CaseInfo(case_id), sem, nominal, prediction=prediction)
        return OpenedCase(case, Document(nominal), Review())

    return make


@pytest.fixture(autouse=True)
def nothing_is_left(qapp: QApplication) -> Iterator[None]:
    """No window stays open and no thread of the window's goes on; what is left goes on this thread."""
    garbage = Garbage()
    yield
    qapp.processEvents()
    garbage.stop()
    left = [widget for widget in qapp.topLevelWidgets() if widget.isVisible()]
    assert not left
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("errand")]
