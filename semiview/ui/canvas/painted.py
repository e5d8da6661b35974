"""The correction and the ignore region as the views draw them: only what an edit changed is laid in."""

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from semiview.core.coverage import Coverage
from semiview.core.document import Document
from semiview.ui.canvas.layers import Layers
from semiview.ui.canvas.pyramid import Pyramid


class Painted:
    """Follows the painted shapes of a document; all views share the pyramids."""

    def __init__(self, layers: Collection[Layers]) -> None:
        self._layers = layers
        self._correction: Pyramid | None = None
        self._ignore: Pyramid | None = None

    def show(self, old: Document | None, new: Document | None) -> None:
        """Draw what is not the same object in both; `old` None: everything."""
        before, after = _shapes(old), _shapes(new)
        self._correction = self._followed(self._correction, before[0], after[0], "correction")
        self._ignore = self._followed(self._ignore, before[1], after[1], "ignore")
        for layers in self._layers:
            layers.share_coverage(self._correction, self._ignore)

    def _followed(
        self, pyramid: Pyramid | None, old: Coverage | None, new: Coverage | None, name: str
    ) -> Pyramid | None:
        if new is None:
            return None
        if pyramid is None or old is None or old.shape != new.shape:
            return Pyramid(new.to_array())
        if new is not old:
            for top, left, tile in changed_tiles(old, new):
                pyramid.replace(top, left, tile)
            for layers in self._layers:
                (layers.correction if name == "correction" else layers.ignore).refresh()
        return pyramid


def _shapes(document: Document | None) -> tuple[Coverage | None, Coverage | None]:
    return (None, None) if document is None else (document.correction, document.ignore)


def changed_tiles(old: Coverage, new: Coverage) -> list[tuple[int, int, npt.NDArray[np.uint8]]]:
    """(top, left, tile) of every tile of `new` that `old` does not share."""
    found = []
    top = 0
    for before, after in zip(old.tiles, new.tiles, strict=True):
        left = 0
        for first, second in zip(before, after, strict=True):
            if first is not second:
                found.append((top, left, second))
            left += second.shape[1]
        top += after[0].shape[0]
    return found
