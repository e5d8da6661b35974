"""Pixel sizes in words."""

from semiview.core.sem_image import PixelSize


def pixel_size_in_words(size: PixelSize) -> str:
    """Size and source: "1.8 nm/px (FEI tag)"; both axes where they differ."""
    if not size.known:
        return "pixel size unknown"
    if size.x_nm == size.y_nm:
        return f"{size.x_nm:.5g} nm/px ({size.source})"
    return f"{size.x_nm:.5g} × {size.y_nm:.5g} nm/px ({size.source})"
