"""How a field was printed and taken."""

from dataclasses import dataclass

import numpy as np

POSITIVE = (
    "nm_per_px",
    "dose",
    "rim_decay_nm",
    "bloom_decay_nm",
    "shadow_decay_nm",
    "roughness_xi_nm",
    "roughness_hurst",
)
NOT_NEGATIVE = (
    "roughness_sigma_nm",
    "beam_sigma_nm",
    "detector_noise",
    "shading",
    "rim_height",
    "bloom_height",
    "ground_yield",
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Process and microscope of a simulated field. Yields are relative to flat standing material.

    Attributes
    ----------
    nm_per_px
        The pixel size that the microscope states.
    bias_nm
        How far printed edges lie outside the drawn polygon on average (negative: inside), hence the mean EPE.
    corner_radius_nm
        Radius of printed corners; a short side halves it. At least |bias_nm|.
    roughness_sigma_nm, roughness_xi_nm, roughness_hurst
        Standard deviation, correlation length and roughness exponent of the printed edge about its mean.
    dose
        Electrons counted per pixel on flat standing material.
    ground_yield
        Signal of the flat ground between standing material.
    rim_height, rim_decay_nm
        Extra signal of standing material at its edge, and the distance over which it falls to 1/e.
    bloom_height, bloom_decay_nm
        The same once more, wide and faint, as detectors in the lens see it.
    shadow_depth, shadow_decay_nm
        Share of the ground's signal that is lost at the foot of a wall, and its decay.
    beam_sigma_nm
        Standard deviation of the Gaussian beam.
    detector_noise
        Standard deviation, in electrons per pixel.
    shading
        Standard deviation of the slow relative change of the signal over the field.
    black, flat
        Grey level, as a share of full scale, of no signal and of flat standing material.
    bits
        8 or 16.
    """

    nm_per_px: float = 2.0
    bias_nm: float = 0.0
    corner_radius_nm: float = 15.0
    roughness_sigma_nm: float = 1.2
    roughness_xi_nm: float = 25.0
    roughness_hurst: float = 0.75
    dose: float = 20.0
    ground_yield: float = 0.4
    rim_height: float = 1.0
    rim_decay_nm: float = 6.0
    bloom_height: float = 0.0
    bloom_decay_nm: float = 100.0
    shadow_depth: float = 0.25
    shadow_decay_nm: float = 30.0
    beam_sigma_nm: float = 2.5
    detector_noise: float = 1.0
    shading: float = 0.04
    black: float = 0.04
    flat: float = 0.38
    bits: int = 8

    def __post_init__(self) -> None:
        for name in POSITIVE:
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} of a recipe must be positive, not {getattr(self, name)}")
        for name in NOT_NEGATIVE:
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} of a recipe must not be negative, but is {getattr(self, name)}")
        if not self.corner_radius_nm >= abs(self.bias_nm):
            raise ValueError(
                f"corner_radius_nm ({self.corner_radius_nm}) must be at least |bias_nm| ({abs(self.bias_nm)})"
            )
        if self.bits not in (8, 16):
            raise ValueError(f"an image has 8 or 16 bits, not {self.bits}")

    @property
    def full_scale(self) -> int:
        """Largest grey value."""
        return int(2**self.bits - 1)


def plausible_recipe(rng: np.random.Generator, nm_per_px: float = 2.0) -> Recipe:
    """A recipe within the ranges that real tools and layers show; lengths of the microscope scale with the pixel."""
    bias = rng.uniform(-1.5, 1.5) * nm_per_px
    return Recipe(
        nm_per_px=nm_per_px,
        bias_nm=bias,
        corner_radius_nm=rng.uniform(4, 12) * nm_per_px,
        roughness_sigma_nm=rng.uniform(0.2, 1.0) * nm_per_px,
        roughness_xi_nm=rng.uniform(6, 20) * nm_per_px,
        roughness_hurst=rng.uniform(0.5, 0.9),
        dose=float(np.exp(rng.uniform(np.log(5), np.log(60)))),
        ground_yield=rng.uniform(0.2, 0.85),
        rim_height=rng.uniform(0.2, 1.4),
        rim_decay_nm=rng.uniform(1.5, 5) * nm_per_px,
        shadow_depth=rng.uniform(0.0, 0.4),
        shadow_decay_nm=rng.uniform(5, 25) * nm_per_px,
        beam_sigma_nm=rng.uniform(0.7, 2.2) * nm_per_px,
        detector_noise=rng.uniform(0.3, 2.0),
        shading=rng.uniform(0.0, 0.1),
        black=rng.uniform(0.0, 0.12),
        flat=rng.uniform(0.28, 0.5),
    )
