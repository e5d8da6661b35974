"""Where the views stand: in rows and columns in which each is largest for the picture's shape."""

from collections.abc import Iterable, Sequence

from PySide6.QtWidgets import QGridLayout, QWidget


class Arrangement:
    """The grid of a widget, and what fills a place that the views leave free."""

    def __init__(self, widget: QWidget) -> None:
        self._widget = widget
        self._grid = QGridLayout(widget)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(1)
        self._placed: tuple[int, tuple[QWidget, ...]] | None = None
        self._corner: QWidget | None = None

    def set_corner(self, corner: QWidget) -> None:
        """What fills the place that three views leave free when they stand two in a row."""
        self._corner, self._placed = corner, None

    def place(self, here: Sequence[QWidget], others: Iterable[QWidget], shape: tuple[int, int]) -> None:
        """Show these in this order, and hide the others; they show a picture (H, W)."""
        columns = best_columns(len(here), shape, self._widget.width(), self._widget.height())
        if self._placed == (columns, tuple(here)):
            return
        self._placed = (columns, tuple(here))
        everything = [*here, *(other for other in others if other not in here)]
        cells = -(-len(here) // columns) * columns
        for number in range(max(len(everything), cells)):
            self._grid.setColumnStretch(number, int(number < columns))
            self._grid.setRowStretch(number, int(number * columns < cells))
        for number, view in enumerate(here):
            self._grid.addWidget(view, number // columns, number % columns)
        for view in here:
            view.show()
        for view in everything[len(here) :]:
            if view.hasFocus():  # or Qt passes it on to any box, which then takes the letters of keys
                here[0].setFocus()
            view.hide()
        if self._corner is not None:
            if cells > len(here):
                self._grid.addWidget(self._corner, len(here) // columns, len(here) % columns)
            self._corner.setVisible(cells > len(here))


def best_columns(count: int, shape: tuple[int, int], width: int, height: int) -> int:
    """In how many columns `count` views of a picture (H, W) show it largest within width x height screen px.

    Examples
    --------
    >>> [best_columns(3, (512, 512), width, 600) for width in (400, 800, 1600)]
    [1, 2, 3]
    """

    def zoom(columns: int) -> float:
        rows = -(-count // columns)
        return min(width / columns / shape[1], height / rows / shape[0])

    return max(range(count, 0, -1), key=zoom)
