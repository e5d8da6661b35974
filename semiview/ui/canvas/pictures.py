"""Which picture stands in which view, and what two of them together look like."""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QTransform

from semiview.core.case import Case
from semiview.core.prediction import Prediction
from semiview.ui.canvas.composed import DesignSource, PictureSource, Source
from semiview.ui.canvas.difference import DifferenceScale
from semiview.ui.canvas.layers import DrawnDesign, Layers
from semiview.ui.canvas.pyramid import Pyramid
from semiview.ui.canvas.pyramid_item import PyramidItem
from semiview.ui.canvas.view import ImageView
from semiview.ui.compare_modes import COMPARE_MODES, GUESTS, KIND_TITLES, PAIRS, VIEWS, Kind, composed, guest, shown
from semiview.ui.grey_levels import automatic_levels
from semiview.ui.view_settings import ViewSettings

NO_CASE = "Open a project, then choose a case in the list."
NO_DESIGN = "This case has no design.\nName a GDS, OASIS or mask file in the column “design” of cases.csv."
NO_PIXEL_SIZE = "The pixel size is unknown, so the design cannot be laid over the picture.\nSet the pixel size."
AWAITED = "It is being predicted…"
NO_PREDICTION = "There is no prediction yet.\nRun Predict, or name a file in the column “prediction” of cases.csv."
GENERATED = "Generated from the design: no CD is ever read off it"


@dataclass(frozen=True, slots=True, eq=False)
class Guests:
    """Pictures of a case that are not its own, and why there is none.

    Attributes
    ----------
    other
        What another checkpoint predicts.
    expected
        (H, W) float32 grey levels that the picture should have, by the design.
    expected_by
        The checkpoint that says so.
    """

    other: Prediction | None = None
    expected: npt.NDArray[np.float32] | None = None
    expected_by: str = ""
    why_no_other: str = ""
    why_no_expected: str = ""


class Pictures:
    """Fills the views by case, guests and settings; the view of the SEM also shows two pictures together."""

    def __init__(self, views: Mapping[Kind, ImageView], layers: Mapping[Kind, Layers]) -> None:
        self._views, self._layers = views, layers
        self._drawn_design = DesignSource()
        self._guest_items: dict[Kind, PyramidItem] = {kind: PyramidItem() for kind in GUESTS}
        self._sources: dict[Kind, Source] = {
            "sem": PictureSource(layers["sem"].picture),
            "design": self._drawn_design,
            "prediction": PictureSource(layers["prediction"].picture),
        }
        for kind, item in self._guest_items.items():
            self._sources[kind] = PictureSource(item)
        self._case: Case | None = None
        self._guests = Guests()
        self._settings = ViewSettings()
        self._levels = (0.0, 255.0)
        self._doubt = ""
        self._awaited = False

    def set_awaited(self, awaited: bool) -> None:
        """Whether a prediction of this case is on its way."""
        if awaited != self._awaited:
            self._awaited = awaited
            self.refresh()

    def set_doubt(self, words: str) -> None:
        """How far the prediction's contour may be off, in words; empty: that is not known."""
        self._doubt = words
        self.refresh()

    def shown(self) -> tuple[ImageView, ...]:
        """The views that stand in the window, in order; a guest is in the design's view."""
        kinds = shown(self._settings.compare_mode, self._settings.pair)
        return tuple(self._views["design" if kind in GUESTS else kind] for kind in kinds)

    def show_case(self, old: Case | None, case: Case | None) -> None:
        """Draw what is not the same object in both."""
        self._case = case
        if case is None:
            self._clear()
            return
        if old is None or case.sem is not old.sem:
            self._layers["sem"].picture.set_image(drawable(case.sem.pixels))
            for view in self._views.values():
                view.set_pixel_size(case.sem.pixel_size.x_nm)
            self._apply_levels()
        if old is None or case.prediction is not old.prediction:
            probability = None if case.prediction is None else _probability(case.prediction)
            self._layers["prediction"].picture.set_pyramid(probability)
            for layers in self._layers.values():
                layers.heat.set_pyramid(probability)
        if old is None or case.design is not old.design or case.sem is not old.sem:
            drawn = DrawnDesign.of(case.design, case.nominal.frame.centre_nm)
            for layers in self._layers.values():
                layers.set_design(drawn, case.sem.shape)
            self._drawn_design.set_design(drawn.outlines, drawn.opening)
        if old is None or case.case_id != old.case_id:
            self.show_guests(Guests())
        else:
            self.refresh()

    def show_guests(self, guests: Guests) -> None:
        """Other pictures of the case."""
        self._guests = guests
        self._guest_items["other"].set_pyramid(None if guests.other is None else _probability(guests.other))
        self._guest_items["expected"].set_image(guests.expected)
        self.refresh()

    def set_registration(self, transform: QTransform | None) -> None:
        """Lay the design there; None: there is no pixel size."""
        self._drawn_design.set_registration(transform)
        self._layers["sem"].composed.refresh()

    def set_settings(self, settings: ViewSettings) -> None:
        """Compare by these settings."""
        old, self._settings = self._settings, settings
        if settings.levels != old.levels:
            self._apply_levels()
        if (settings.compare_mode, settings.pair, settings.uncertainty) != (
            old.compare_mode,
            old.pair,
            old.uncertainty,
        ):
            self.refresh()
        else:
            self._show_scale()

    def refresh(self) -> None:
        """The two pictures that are compared, titles, and what to do where there is nothing to see."""
        settings, case = self._settings, self._case
        first, second = PAIRS[settings.pair]
        together = composed(settings.compare_mode)
        missing = {kind: self._missing(kind) for kind in KIND_TITLES}
        here = together and case is not None and not missing[first] + missing[second]
        sem = self._layers["sem"]
        sem.composed.set_pair(sem.picture.pyramid if here else None, self._sources[first], self._sources[second])
        visitor = guest(settings.pair) if COMPARE_MODES[settings.compare_mode].views == () else None
        self._show_guest(visitor)
        title = KIND_TITLES["sem"]
        if together:
            mode = COMPARE_MODES[settings.compare_mode].title.lower()
            title = f"{self._title(first)} | {self._title(second)}: {mode}"
        self._views["sem"].surround.set_title(title)
        doubt = self._doubt if settings.uncertainty else ""
        self._views["sem"].surround.set_note(GENERATED if here and guest(settings.pair) == "expected" else doubt)
        self._views["prediction"].surround.set_note("" if self._views["sem"] in self.shown() else doubt)
        self._views["design"].surround.set_title(self._title(visitor or "design"))
        for kind in VIEWS:
            self._views[kind].set_message(missing[kind])
        self._views["design"].set_message(missing[visitor or "design"])
        if case is None:
            self._views["sem"].set_message(NO_CASE)
        elif together:
            self._views["sem"].set_message(missing[first] or missing[second])
        self._show_scale()

    def _show_guest(self, visitor: Kind | None) -> None:
        """A guest in the design's view; None: the design itself."""
        item = self._layers["design"].picture
        if visitor == "expected":
            item.set_levels(*self._levels)
        elif visitor is not None:
            item.set_levels(0.0, 255.0)
        pyramid = None if visitor is None else self._guest_items[visitor].pyramid
        self._layers["design"].set_guest(pyramid, generated=visitor == "expected")
        self._views["design"].surround.set_note(GENERATED if visitor == "expected" and pyramid is not None else "")

    def _title(self, kind: Kind) -> str:
        """What a picture is called, with the checkpoint that made it where there may be several."""
        guests = self._guests
        if kind == "other" and guests.other is not None:
            return f"{KIND_TITLES['prediction']} by {guests.other.checkpoint_id}"
        if kind == "expected" and guests.expected_by:
            return f"{KIND_TITLES[kind]} by {guests.expected_by}"
        return KIND_TITLES[kind]

    def _show_scale(self) -> None:
        """The bar of a difference: in the unit that both pictures have."""
        settings = self._settings
        scale = None
        if settings.compare_mode == "difference" and self._layers["sem"].composed.pyramid is not None:
            first, second = (KIND_TITLES[kind] for kind in PAIRS[settings.pair])
            scale = DifferenceScale(first, second)
            if guest(settings.pair) == "other":
                scale = DifferenceScale(first, second, 1.0)
            elif guest(settings.pair) == "expected":
                scale = DifferenceScale(first, second, self._levels[1] - self._levels[0], " grey")
        self._views["sem"].surround.set_difference(scale, settings.span)

    def _missing(self, kind: Kind) -> str:
        """Why one of the pictures cannot be seen, and what to do; empty: it can."""
        case, guests = self._case, self._guests
        if case is None or kind == "sem":
            return ""
        if kind == "other":
            return "" if guests.other is not None else guests.why_no_other
        if kind == "expected":
            return "" if guests.expected is not None else guests.why_no_expected
        if kind == "prediction":
            return "" if case.prediction is not None else AWAITED if self._awaited else NO_PREDICTION
        if case.design is None:
            return NO_DESIGN
        return "" if np.isfinite(case.nominal.frame.nm_per_px) else NO_PIXEL_SIZE

    def _apply_levels(self) -> None:
        if self._case is not None:
            self._levels = self._settings.levels or automatic_levels(self._case.sem)
            for item in (self._layers["sem"].picture, self._guest_items["expected"]):
                item.set_levels(*self._levels)
            if guest(self._settings.pair) == "expected":
                self._layers["design"].picture.set_levels(*self._levels)
            self._layers["sem"].composed.refresh()

    def _clear(self) -> None:
        for layers in self._layers.values():
            layers.picture.set_pyramid(None)
            layers.heat.set_pyramid(None)
            layers.set_design(DrawnDesign.of(None, (0.0, 0.0)), (0, 0))
        self.show_guests(Guests())


def _probability(prediction: Prediction) -> Pyramid:
    return Pyramid(cv2.convertScaleAbs(prediction.probability, alpha=255.0))


def drawable(pixels: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """The pixels in a number type the canvas draws."""
    return pixels if pixels.dtype in (np.uint8, np.uint16, np.float32) else pixels.astype(np.float32)
