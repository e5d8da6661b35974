"""What a reviewer said of a place that the measurement points out."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MarkedPlace:
    """A place on the design with its marks.

    Attributes
    ----------
    source
        Whose contour was measured there: sem, prediction or approved.
    feature_id
        Index of the outline in `Design.target`; -1 for a contour that no design edge claims.
    x_nm, y_nm
        Design nm.
    visited, important, waived
        It was looked at; somebody should look again; it is known and may stay.
    """

    source: str
    feature_id: int
    x_nm: float
    y_nm: float
    visited: bool = False
    important: bool = False
    waived: bool = False

    @property
    def marked(self) -> bool:
        """False if nothing is said."""
        return self.visited or self.important or self.waived
