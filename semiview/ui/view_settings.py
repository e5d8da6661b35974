"""How a case is looked at: nothing here changes a number, and undo does not cover it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

CompareMode = Literal["three", "two", "single"]
EpeSource = Literal["auto", "sem", "prediction", "approved"]
MousePreset = Literal["semiview", "klayout"]

# Title and, in words, what the wheel does; the buttons do the same in all.
MOUSE_PRESETS: Mapping[MousePreset, tuple[str, str]] = {
    "semiview": ("SemiView", "Wheel zooms, Shift+wheel moves the divider, Ctrl+wheel changes the brush."),
    "klayout": (
        "KLayout",
        "Wheel zooms, Shift+wheel pans sideways, Ctrl+wheel up and down; Alt: the divider, Ctrl+Alt: the brush.",
    ),
}


@dataclass(frozen=True, slots=True)
class ViewSettings:
    """Which overlays are drawn, how strongly, and how the views are laid out.

    Attributes
    ----------
    opacity
        Of all overlays, 0 to 1.
    blink
        Overlays go off and on by themselves, twice a second.
    compare_mode
        three: SEM, design and prediction; two: SEM and prediction; single: SEM alone.
    epe_source
        Whose EPE is drawn; auto: the approved shape's if there is one, else the prediction's, else the SEM's.
    levels
        Grey values drawn black and white, of the SEM's own number type; None: chosen from the picture.
    brush_radius_px
        Radius of the brush's cursor in image px.
    mouse
        What the wheel does together with Shift, Ctrl and Alt.
    """

    design: bool = True
    prediction_contour: bool = True
    prediction_heat: bool = False
    sem_contour: bool = False
    correction: bool = True
    epe_vectors: bool = True
    gauges: bool = False
    ignore: bool = True
    residuals: bool = False
    opacity: float = 0.9
    blink: bool = False
    compare_mode: CompareMode = "three"
    epe_source: EpeSource = "auto"
    levels: tuple[float, float] | None = None
    brush_radius_px: float = 8.0
    mouse: MousePreset = "semiview"

    def __post_init__(self) -> None:
        if not 0 <= self.opacity <= 1:
            raise ValueError(f"opacity is between 0 and 1, not {self.opacity!r}")
        if not self.brush_radius_px > 0:
            raise ValueError(f"a brush needs a positive radius, not {self.brush_radius_px!r} px")
