"""False alarms and detection of the drift monitor on simulated pictures, with its own limits.

Independent pictures: reference of 100, windows of 20, contrast varying by at most 6 % from picture to picture. Lots: a
reference of ten pictures of each of ten lots, each window from a lot of its own. Runs draw from a pool of simulated
pictures without replacement; the pictures of a run are all different.

Run: python -m benchmarks.drift [RUNS]
"""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from semiview.core.registration import Frame, Registration
from semiview.monitoring.drift import WINDOW, StratumDrift, smallest_change, watch
from semiview.monitoring.features import FEATURES, GreyRange, image_features
from semiview.monitoring.reference import Observation, Profile, Stratum
from semiview.simulation.patterns import line_space
from semiview.simulation.recipe import Recipe
from semiview.simulation.sem import simulate

SIDE_PX, NM_PER_PX, CD_NM = 128, 2.0, 32.0
BINS = GreyRange(0.0, 256.0)
REFERENCE, WINDOWS = 100, 3
CONTRAST_SD, LOT_SD, WITHIN_LOT_SD = 0.045, 0.035, 0.025
LOT_BLUR_SD_PX = 0.05
LOTS, OF_LOT = 10, 10
POOL, POOL_LOTS = 700, 60
# Recipe changes: contrast in share, blur of the beam in px, noise as a factor.
SHIFTS = {
    "none": (0.0, 0.0, 1.0),
    "contrast -10 %": (-0.1, 0.0, 1.0),
    "blur +0.3 px": (0.0, 0.3, 1.0),
    "noise x1.3": (0.0, 0.0, 1.3),
    "contrast -20 %": (-0.2, 0.0, 1.0),
    "contrast -30 %": (-0.3, 0.0, 1.0),
}
INDEPENDENT = ("none", "contrast -10 %", "blur +0.3 px", "noise x1.3")
OF_LOTS = ("none", "blur +0.3 px", "noise x1.3", "contrast -20 %", "contrast -30 %")


def picture(seed: int, group: str, contrast: float, blur_px: float, noise: float) -> Observation:
    """The numbers of one simulated picture of lines."""
    rng = np.random.default_rng((seed, 1))
    plain = Recipe(nm_per_px=NM_PER_PX, shading=0.02)
    recipe = replace(
        plain,
        flat=plain.black + (plain.flat - plain.black) * contrast,
        beam_sigma_nm=plain.beam_sigma_nm + blur_px * NM_PER_PX,
        dose=plain.dose / noise**2,
        detector_noise=plain.detector_noise / noise,
    )
    field = 1.5 * SIDE_PX * NM_PER_PX
    shift = rng.uniform(-CD_NM, CD_NM, 2)
    registration = Registration(
        Frame(((SIDE_PX - 1) / 2,) * 2, (0.0, 0.0), NM_PER_PX), shift_x_nm=float(shift[0]), shift_y_nm=float(shift[1])
    )
    outlines = line_space((field, field), CD_NM, 0)
    pixels = simulate(outlines, "raised", registration, (SIDE_PX, SIDE_PX), recipe, seed).pixels
    return Observation(str(seed), group, image_features(pixels, BINS))


def independent_pool(shift: str, count: int, first: int) -> list[Observation]:
    contrast, blur_px, noise = SHIFTS[shift]
    rng = np.random.default_rng(first)
    factors = (1 + contrast) * (1 + CONTRAST_SD * rng.standard_normal(count))
    return [picture(first + i, str(first + i), factor, blur_px, noise) for i, factor in enumerate(factors)]


def lot_pool(shift: str, lots: int, first: int) -> list[list[Observation]]:
    contrast, blur_px, noise = SHIFTS[shift]
    rng = np.random.default_rng(first)
    pool = []
    for lot in range(lots):
        level = (1 + contrast) * (1 + LOT_SD * rng.standard_normal())
        blur = blur_px + LOT_BLUR_SD_PX * rng.standard_normal()
        factors = level * (1 + WITHIN_LOT_SD * rng.standard_normal(WINDOW))
        begin = first + lot * WINDOW
        pool.append([picture(begin + i, f"lot {first}-{lot}", f, blur, noise) for i, f in enumerate(factors)])
    return pool


def independent_runs(
    base: Sequence[Observation], shifted: Sequence[Observation], runs: int
) -> Iterator[tuple[Profile, StratumDrift]]:
    for run in range(runs):
        rng = np.random.default_rng((run, 7))
        order = rng.permutation(len(base))
        profile = Profile.of(Stratum(), BINS, [base[i] for i in order[:REFERENCE]])
        if shifted is base:
            seen = [base[i] for i in order[REFERENCE : REFERENCE + WINDOWS * WINDOW]]
        else:
            seen = [shifted[i] for i in rng.permutation(len(shifted))[: WINDOWS * WINDOW]]
        yield profile, watch(profile, seen, run)


def lot_runs(
    base: Sequence[Sequence[Observation]], shifted: Sequence[Sequence[Observation]], runs: int
) -> Iterator[tuple[Profile, StratumDrift]]:
    for run in range(runs):
        rng = np.random.default_rng((run, 8))
        order = rng.permutation(len(base))
        profile = Profile.of(Stratum(), BINS, [one for lot in order[:LOTS] for one in base[lot][:OF_LOT]])
        if shifted is base:
            chosen = [base[lot] for lot in order[LOTS : LOTS + WINDOWS]]
        else:
            chosen = [shifted[lot] for lot in rng.permutation(len(shifted))[:WINDOWS]]
        yield profile, watch(profile, [one for lot in chosen for one in lot], run)


def line(name: str, shift: str, found: Sequence[tuple[Profile, StratumDrift]]) -> None:
    """One row: alarms by window, alarms in a run by the third window, which feature moved."""
    states = [[window.state for window in drift.windows] for _, drift in found]
    windows = [state for run in states for state in run]
    drifts, slow = (sum(state == wanted for state in windows) for wanted in ("drift", "slow change"))
    seen = sum(any(state != "steady" for state in run) for run in states)
    moved: list[str] = [drift.feature for _, drift in found if drift.feature]
    most = Counter(moved).most_common(1)[0][0] if moved else ""
    print(
        f"{name:12} {shift:15} {len(states):5} {100 * drifts / len(windows):8.2f} {100 * slow / len(windows):8.2f} "
        f"{100 * seen / len(states):9.1f}  {most}"
    )


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print(f"pictures of {SIDE_PX} px; reference of {REFERENCE}; {WINDOWS} windows of {WINDOW} a run")
    head = ("pictures", "change", "runs", "drift %", "slow %", "found %", "feature")
    print("{:12} {:15} {:>5} {:>8} {:>8} {:>9}  {}".format(*head))
    base = independent_pool("none", 2 * POOL, 1_000_000)
    for number, shift in enumerate(INDEPENDENT):
        shifted = base if shift == "none" else independent_pool(shift, POOL, 2_000_000 + 10_000 * number)
        # Where there is no change, twice the runs: false alarms are rare.
        line("independent", shift, list(independent_runs(base, shifted, 2 * runs if shift == "none" else runs)))
    spread = np.std([one.features.contrast for one in base]) / np.mean([one.features.contrast for one in base])
    lots = lot_pool("none", POOL_LOTS, 3_000_000)
    for number, shift in enumerate(OF_LOTS):
        shifted_lots = lots if shift == "none" else lot_pool(shift, POOL_LOTS // 2, 4_000_000 + 10_000 * number)
        found = list(lot_runs(lots, shifted_lots, 2 * runs if shift == "none" else runs))
        line("one lot each", shift, found)
    print(f"contrast varies by {100 * spread:.1f} % from picture to picture (independent)")
    for name, groups, profiles in (
        ("independent", WINDOW, [Profile.of(Stratum(), BINS, base[:REFERENCE])]),
        ("one lot", 1, [profile for profile, _ in found[:100]]),
    ):
        changes = [smallest_change(profile, WINDOW, groups) / profile.mean for profile in profiles]
        words = ", ".join(
            f"{feature} {100 * value:.1f} %"
            for feature, value in zip(FEATURES, np.median(changes, axis=0), strict=True)
        )
        print(f"seen in 19 of 20 windows, {name}: {words}")


if __name__ == "__main__":
    main()
