"""Simulated fields to learn from before anything was approved, and to replay so that it is not forgotten.

A field follows from its seed alone, so that the set to replay is shipped as its seeds: the checkpoint's card holds them
and a hash of the pictures that they give. Recipes, doses, polarities, pixel sizes and pattern types vary as real tools
and layers do; lengths are drawn in px, because that is what the network sees.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import shapely
from shapely import affinity

from semiview.core.design import Tone
from semiview.core.outline import Points
from semiview.core.registration import Frame, Registration
from semiview.learning.samples import Sample, scaled
from semiview.simulation.patterns import PATTERNS, outlines_of
from semiview.simulation.recipe import Recipe, plausible_recipe
from semiview.simulation.sem import SimulatedField, simulate

FREEFORM = "freeform"
SPARSE = ("isolated", FREEFORM)
PATTERN_TYPES = (*PATTERNS, FREEFORM)
FIELD_PX = 256
SMALLEST_PX = 5.0
LARGEST_SHARE = 0.25  # of the field's side
LEAST_DOSE = 5.0
REPLAY_SEEDS = range(20_000_000, 20_000_064)
WIDEST_BEAM = 6.0  # smallest drawn width over the beam's standard deviation, at least


def simulated_sample(
    seed: int, pattern_type: str = "", least_dose: float = LEAST_DOSE, side_px: int = FIELD_PX
) -> Sample:
    """The field of a seed, as a sample whose approved shape is exactly what was printed."""
    field, pattern_type = _field(seed, pattern_type, least_dose, side_px)
    name = f"simulated-{seed}"
    weight = np.ones(field.coverage.shape, np.float32)
    size = field.registration.frame.nm_per_px
    return Sample(name, name, name, pattern_type, scaled(field.pixels), field.coverage, weight, (size, size))


def smallest_width_px(seed: int, pattern_type: str = "", side_px: int = FIELD_PX) -> float:
    """Smallest drawn width of the field of a seed."""
    return _sizes(np.random.default_rng(seed), pattern_type, side_px)[2]


def simulated_samples(seeds: Sequence[int]) -> Iterator[Sample]:
    """One sample per seed, the pattern types in turn."""
    for number, seed in enumerate(seeds):
        yield simulated_sample(seed, PATTERN_TYPES[number % len(PATTERN_TYPES)])


def freeform(size_nm: tuple[float, float], cd_nm: float, seed: int) -> tuple[Points, ...]:
    """Rounded islands, plates with holes, curved wires, of very different sizes in one field."""
    rng = np.random.default_rng(seed)
    shapes: list[shapely.Geometry] = []
    for _ in range(int(rng.integers(3, 40))):
        size = cd_nm * float(np.exp(rng.uniform(np.log(0.6), np.log(8))))
        middle = rng.uniform(-0.5, 0.5, 2) * np.array(size_nm)
        kind = rng.random()
        if kind < 0.4:
            shape = _blob(rng, size)
        elif kind < 0.7:
            shape = shapely.box(-size / 2, -size / 2 * rng.uniform(0.3, 2), size / 2, size / 2)
            holes = [
                affinity.translate(_blob(rng, size * rng.uniform(0.08, 0.25)), *(rng.uniform(-0.35, 0.35, 2) * size))
                for _ in range(int(rng.integers(0, 8)))
            ]
            shape = shape.difference(shapely.union_all(holes))
        else:
            bend = np.linspace(-3, 3, 60)
            course = np.column_stack([np.tanh(bend) * rng.uniform(0, 4) * cd_nm, bend * rng.uniform(1, 6) * cd_nm])
            shape = shapely.LineString(course).buffer(cd_nm * rng.uniform(0.4, 0.8))
        shape = affinity.translate(affinity.rotate(shape, float(rng.choice([0, 90, rng.uniform(0, 360)]))), *middle)
        if not shapes or shapely.distance(shape, shapely.union_all(shapes)) >= 0.4 * cd_nm:
            shapes.append(shape)
    return outlines_of(shapely.union_all(shapes).simplify(cd_nm / 100))


def _blob(rng: np.random.Generator, size: float) -> shapely.Geometry:
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    waves = sum(rng.normal(0, 0.12 / k) * np.cos(k * angle + rng.uniform(0, 2 * np.pi)) for k in range(2, 6))
    radius = size / 2 * np.clip(1 + waves, 0.5, 1.5)
    stretch = rng.uniform(0.5, 1.0)
    return shapely.Polygon(np.column_stack([radius * np.cos(angle), stretch * radius * np.sin(angle)])).buffer(0)


def replay_samples() -> tuple[Sample, ...]:
    """What a fine-tuning run is shown beside the new, every pattern type equally often."""
    return tuple(simulated_samples(REPLAY_SEEDS))


def replay_sha256() -> str:
    """Of the grey values of the fields to replay, one after the other."""
    digest = hashlib.sha256()
    for number, seed in enumerate(REPLAY_SEEDS):
        field, _ = _field(seed, PATTERN_TYPES[number % len(PATTERN_TYPES)])
        digest.update(field.pixels.tobytes())
    return digest.hexdigest()


def _field(
    seed: int, pattern_type: str, least_dose: float = LEAST_DOSE, side_px: int = FIELD_PX
) -> tuple[SimulatedField, str]:
    """The field of a seed and its pattern type."""
    rng = np.random.default_rng(seed)
    pattern_type, nm_per_px, cd_px = _sizes(rng, pattern_type, side_px)
    recipe = _recipe(rng, nm_per_px, cd_px, least_dose)
    # One hole in a wide plane and one island on it look alike where neither has an edge: openings come in crowds.
    tone: Tone = "opening" if pattern_type not in SPARSE and rng.random() < 0.3 else "raised"
    across = side_px * 1.5  # so that a turned field has no empty corners
    # Patterns round to whole nanometres: they are drawn a hundred times larger and shrunk.
    draw = freeform if pattern_type == FREEFORM else PATTERNS[pattern_type]
    drawn = draw((100 * across, 100 * across), 100 * cd_px, int(rng.integers(2**31)))
    outlines = [outline * (nm_per_px / 100) for outline in drawn]
    registration = Registration(
        Frame(((side_px - 1) / 2,) * 2, (0.0, 0.0), nm_per_px),
        rotation_deg=float(rng.uniform(-180, 180)) if rng.random() < 0.3 else float(rng.normal(0, 0.3)),
        shift_x_nm=float(rng.uniform(-0.2, 0.2) * side_px * nm_per_px),
        shift_y_nm=float(rng.uniform(-0.2, 0.2) * side_px * nm_per_px),
        transform="similarity",
    )
    return simulate(outlines, tone, registration, (side_px, side_px), recipe, seed), pattern_type


def _sizes(rng: np.random.Generator, pattern_type: str, side_px: int) -> tuple[str, float, float]:
    """Pattern type, nm per px and smallest drawn width in px: the first that is drawn for a field."""
    pattern_type = pattern_type or PATTERN_TYPES[int(rng.integers(len(PATTERN_TYPES)))]
    nm_per_px = float(np.exp(rng.uniform(np.log(0.5), np.log(70))))
    cd_px = float(np.exp(rng.uniform(np.log(SMALLEST_PX), np.log(LARGEST_SHARE * side_px))))
    return pattern_type, nm_per_px, cd_px


def _recipe(rng: np.random.Generator, nm_per_px: float, cd_px: float, least_dose: float) -> Recipe:
    """Like `plausible_recipe`, and farther out: sharper rims, deep wide shadows, grounds as bright as tops.

    Every second material blooms: detectors in the lens see wide plates bright along their edges, often darker in their
    middle than the ground far away. Then only the edge tells which side is which, and how far that reaches.

    The beam is at most a sixth of the smallest drawn width: of a dot no wider than the beam a picture shows how much
    there is of it, not where it ends, and nobody measures at that magnification.
    """
    plausible = plausible_recipe(rng, nm_per_px)
    bright_ground, blooms = rng.random() < 0.03, rng.random() < 0.5
    ground = float(rng.uniform(1.05, 1.4) if bright_ground else rng.uniform(0.15, 1.25 if blooms else 0.95))
    # The foot of a wall is darker than its top.
    shadow = float(rng.uniform(max(0.1, 1 - 0.7 / ground) if blooms else 0.1, 0.7))
    bias_px = float(np.clip(rng.normal(0, 1), -0.15 * cd_px, 0.15 * cd_px))
    corner_px = float(rng.uniform(0.1, 0.6) * min(cd_px, 40))
    return replace(
        plausible,
        bias_nm=bias_px * nm_per_px,
        corner_radius_nm=max(corner_px, abs(bias_px)) * nm_per_px,
        roughness_sigma_nm=float(rng.uniform(0.1, 0.06 * min(cd_px, 20))) * nm_per_px,
        dose=float(np.exp(rng.uniform(np.log(least_dose), np.log(200)))),
        ground_yield=ground,
        rim_height=float(rng.uniform(0.6, 1.5) if bright_ground else rng.uniform(0.1, 1.5)),
        rim_decay_nm=float(np.exp(rng.uniform(np.log(1.0), np.log(8)))) * nm_per_px,
        bloom_height=float(rng.uniform(0.1, 1.0)) if blooms else 0.0,
        bloom_decay_nm=float(np.exp(rng.uniform(np.log(10), np.log(100)))) * nm_per_px,
        shadow_depth=shadow,
        shadow_decay_nm=float(np.exp(rng.uniform(np.log(4), np.log(120 if blooms else 60)))) * nm_per_px,
        beam_sigma_nm=min(float(rng.uniform(0.5, 2.0)), cd_px / WIDEST_BEAM) * nm_per_px,
        shading=float(rng.uniform(0, 0.2)),
    )
