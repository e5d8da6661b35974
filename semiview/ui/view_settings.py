"""How a case is looked at: nothing here changes a number, and undo does not cover it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from semiview.ui.compare_modes import COMPARE_MODES, PAIRS, CompareMode, Pair

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
    opacities
        Of single overlays by name, times `opacity`; one that is not named has 1.
    design_fill
        The design is filled; else its outlines are drawn.
    hidden_layers
        Names of the design's layers that are not drawn as overlays.
    blink
        What blinks does so by itself, twice a second; else while a key is held.
    still
        Nothing moves by itself, `blink` or not.
    compare_mode, pair
        How the views compare, and which two pictures.
    divider
        Where the curtain hangs, in shares of the view's width from the left.
    blend
        How strongly the second picture lies over the first, 0 to 1.
    checker_px
        Side of a field of the checkerboard in screen px.
    span
        The difference drawn in the strongest colour, as a share of all that the pictures can differ by.
    epe_source
        Whose EPE is drawn; auto: the approved shape's if there is one, else the prediction's, else the SEM's.
    levels
        Grey values drawn black and white, of the SEM's own number type; None: chosen from the picture.
    brush_radius_px
        Radius of the brush's cursor in image px.
    snap
        What is brushed or drawn moves onto the edges of the SEM image nearby.
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
    uncertainty: bool = False
    opacity: float = 0.9
    opacities: Mapping[str, float] = field(default_factory=dict)
    design_fill: bool = False
    hidden_layers: frozenset[str] = frozenset()
    blink: bool = False
    still: bool = False
    compare_mode: CompareMode = "three"
    pair: Pair = "sem_prediction"
    divider: float = 0.5
    blend: float = 0.5
    checker_px: int = 96
    span: float = 0.5
    epe_source: EpeSource = "auto"
    levels: tuple[float, float] | None = None
    brush_radius_px: float = 8.0
    snap: bool = False
    mouse: MousePreset = "semiview"

    def __post_init__(self) -> None:
        for name in ("opacity", "divider", "blend"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is between 0 and 1, not {getattr(self, name)!r}")
        if not all(0 <= value <= 1 for value in self.opacities.values()):
            raise ValueError(f"opacities are between 0 and 1, not {dict(self.opacities)!r}")
        if self.compare_mode not in COMPARE_MODES or self.pair not in PAIRS or self.mouse not in MOUSE_PRESETS:
            raise ValueError(f"there is no {self.compare_mode!r} of {self.pair!r} with a mouse like {self.mouse!r}")
        if not self.brush_radius_px > 0:
            raise ValueError(f"a brush needs a positive radius, not {self.brush_radius_px!r} px")
        if not 0 < self.span <= 1:
            raise ValueError(f"the span of a difference lies above 0 and up to 1, not at {self.span!r}")
        if not self.checker_px > 0:
            raise ValueError(f"the fields of a checkerboard are larger than {self.checker_px!r} px")

    def opacity_of(self, overlay: str) -> float:
        """How strongly one overlay is drawn beside the others, 0 to 1."""
        return self.opacities.get(overlay, 1.0)


# Of one picture, or of one moment: not remembered.
_PASSING = ("levels", "hidden_layers", "blink")


def to_json(view: ViewSettings) -> str:
    """What is remembered until the next time."""
    kept = {one.name: getattr(view, one.name) for one in fields(view) if one.name not in _PASSING}
    return json.dumps(kept | {"opacities": dict(view.opacities)})


def from_json(text: str) -> ViewSettings:
    """What was remembered; a value that is of no use (any more) is left out."""
    view = ViewSettings()
    try:
        stored = json.loads(text)
    except json.JSONDecodeError:
        return view
    for one in fields(view) if isinstance(stored, dict) else ():
        value: Any = stored.get(one.name)
        if one.name in _PASSING or type(value) is not type(getattr(view, one.name)):
            continue
        try:
            view = replace(view, **{one.name: value})
        except (ValueError, TypeError):
            continue
    return view
