"""Small SEM-like pictures of a known design under a known registration, formed here from exact-area rasters."""

from dataclasses import dataclass

import cv2
import numpy as np
import shapely
from shapely.geometry import Polygon, box

from semiview.core.case import Case, CaseInfo
from semiview.core.design import Design, DesignLayer, Tone
from semiview.core.outline import Points, as_outline
from semiview.core.raster import coverage
from semiview.core.registration import Registration, nominal_registration, with_linear_nm
from semiview.core.sem_image import PixelSize, SemImage

NM_PER_PX = 2.0
CENTRE_NM = (14_000_000.0, -12_000_000.0)


@dataclass(frozen=True)
class Field:
    case: Case
    truth: Registration

    def error_px(self, found: Registration) -> np.ndarray:
        """(N,) distance between found and true places of the design's points that lie in the picture."""
        points = np.concatenate([densified(outline) for outline in self.case.design.target])
        true = self.truth.to_px(points)
        height, width = self.case.sem.shape
        inside = (true > 0).all(axis=1) & (true < [width - 1, height - 1]).all(axis=1)
        return np.hypot(*(found.to_px(points[inside]) - true[inside]).T)


def densified(outline: Points, step_nm: float = 10.0) -> Points:
    ring = shapely.segmentize(shapely.LinearRing(outline), step_nm)
    return np.array(ring.coords)[:-1]


def outlines_of(shape: shapely.Geometry) -> tuple[Points, ...]:
    polygons = [part for part in getattr(shape, "geoms", [shape]) if isinstance(part, Polygon) and not part.is_empty]
    result = []
    for polygon in polygons:
        oriented = shapely.geometry.polygon.orient(polygon)
        result += [as_outline(ring.coords) for ring in (oriented.exterior, *oriented.interiors)]
    return tuple(result)


def logic(seed: int, extent_nm: float) -> shapely.Geometry:
    """Aperiodic wires, pads and islands about the field's centre."""
    rng = np.random.default_rng(seed)
    parts = []
    for _ in range(int((extent_nm / 110) ** 2 / 2.4)):
        x, y = rng.uniform(-extent_nm / 2, extent_nm / 2, 2)
        long, wide = rng.uniform(80, 420), rng.choice([40.0, 50.0, 60.0, 90.0])
        w, h = (long, wide) if rng.random() < 0.5 else (wide, long)
        new = box(x, y, x + w, y + h)
        if all(new.distance(old) > 34 for old in parts):
            parts.append(new)
    return shapely.affinity.translate(shapely.union_all(parts), *CENTRE_NM)


def contacts(pitch_nm: float, extent_nm: float) -> shapely.Geometry:
    centres = np.arange(-extent_nm / 2, extent_nm / 2, pitch_nm)
    side = pitch_nm / 2
    parts = [box(x, y, x + side, y + side) for x in centres for y in centres]
    return shapely.affinity.translate(shapely.union_all(parts), *CENTRE_NM)


def lines(pitch_nm: float, extent_nm: float, angle_deg: float = 0.0) -> shapely.Geometry:
    starts = np.arange(-extent_nm / 2, extent_nm / 2, pitch_nm)
    parts = [box(-extent_nm, y, extent_nm, y + pitch_nm / 2) for y in starts]
    turned = shapely.affinity.rotate(shapely.union_all(parts), angle_deg, origin=(0, 0))
    return shapely.affinity.translate(turned, *CENTRE_NM)


def formed_field(
    drawn: shapely.Geometry,
    *,
    shift_nm: tuple[float, float] = (0.0, 0.0),
    rotation_deg: float = 0.0,
    scale: tuple[float, float] = (1.0, 1.0),
    shear: float = 0.0,
    tone: Tone = "raised",
    mirrored: bool = False,
    size: tuple[int, int] = (512, 512),
    dose: float = 20.0,
    bias_nm: float = 2.0,
    rim: float = 0.9,
    material: float = 1.0,
    radius_nm: float = 14.0,
    seed: int = 0,
) -> Field:
    """Print the drawn shape (bias, rounding), raster it under the truth, add rim, beam and shot noise."""
    rng = np.random.default_rng(seed)
    nominal = nominal_registration(size, PixelSize(NM_PER_PX, NM_PER_PX, "case list"), CENTRE_NM, mirrored=mirrored)
    angle = np.deg2rad(rotation_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ np.array([[scale[0], shear * scale[1]], [0, scale[1]]])
    mirror = np.diag([-1.0, 1.0]) if mirrored else np.eye(2)
    truth = with_linear_nm(nominal, linear @ mirror, shift_nm, "affine")
    printed = drawn.buffer(-radius_nm).buffer(2 * radius_nm).buffer(-radius_nm + bias_nm)
    shape = coverage([truth.outline_to_px(outline) for outline in outlines_of(printed)], size)
    standing = shape if tone == "raised" else 1 - shape
    # The rim: bright on the material's side, decaying inwards, none in the space.
    near_space = cv2.GaussianBlur(1 - standing, (0, 0), 4.0)
    yields = 1 + material * standing + 2 * rim * standing * near_space
    mean = cv2.GaussianBlur(yields.astype(np.float32), (0, 0), 1.2)
    pixels = rng.poisson(dose * mean) / dose * 60 + rng.normal(0, 2, size)
    sem = SemImage.from_pixels(np.clip(pixels, 0, 255).astype(np.uint8), NM_PER_PX)
    target = outlines_of(drawn)
    half = np.array(size[::-1]) * NM_PER_PX * 0.75
    box_nm = (*(np.array(CENTRE_NM) - half), *(np.array(CENTRE_NM) + half))
    design = Design(target, (DesignLayer("1/0", "target", target),), tone, tuple(float(v) for v in box_nm))
    return Field(Case(CaseInfo("formed"), sem, nominal, design), truth)
