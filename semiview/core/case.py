"""One field of view as loaded. It never changes; a new prediction is a new Case."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, replace

from semiview.core.design import Design
from semiview.core.prediction import Prediction
from semiview.core.registration import Registration
from semiview.core.sem_image import PixelSize, SemImage


@dataclass(frozen=True, slots=True)
class CaseInfo:
    """What the case list says of a field of view, apart from its files.

    `group` is what a held-out split keeps together. `metadata` holds every column the program does not know.
    """

    case_id: str
    pattern_type: str = ""
    group: str = ""
    tool: str = ""
    recipe: str = ""
    layer_name: str = ""
    lot: str = ""
    wafer: str = ""
    field: str = ""
    acquired_at: str = ""
    metadata: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """SEM image, design and prediction of one field, and where the stage says it lies.

    `warnings` are sentences about doubtful input that did not prevent loading (two pixel sizes that differ, several
    layers unioned, a tone nobody set, a prediction that could not be read). `calibrated` is the pixel size that the
    project's calibration of this tool and magnification gives, None without one; the registration's frame stays the
    nominal one.
    """

    info: CaseInfo
    sem: SemImage
    nominal: Registration
    design: Design | None = None
    prediction: Prediction | None = None
    warnings: tuple[str, ...] = ()
    calibrated: PixelSize | None = None

    def __post_init__(self) -> None:
        if self.prediction is not None and self.prediction.probability.shape != self.sem.shape:
            raise ValueError(
                f"the prediction is {self.prediction.probability.shape} but the picture is {self.sem.shape}"
            )

    @property
    def case_id(self) -> str:
        """The case's unique name."""
        return self.info.case_id

    def with_prediction(self, prediction: Prediction | None) -> "Case":
        """The same field with another prediction."""
        return replace(self, prediction=prediction)
