"""How far a registration can be believed, and why: verdict, class, alternatives and grounds."""

import numpy as np
import numpy.typing as npt

from semiview.alignment.evidence import Alternative, Evidence
from semiview.alignment.fit_errors import point_variance
from semiview.alignment.refine import EdgeFit
from semiview.core.registration import Registration, RegistrationClass, Trust, Verdict

SUBPIXEL_PX = 1.0
FEW_PIXEL_PX = 5.0
RESOLVED = 0.3  # of the correlated level's pixel: what correlation cannot tell is no disagreement
AGREED_PX = 0.5  # of two methods at the picture's own pixels
SHEAR_PRIOR = 0.006
LEAST_COVERAGE = 0.35
LEAST_ABOVE_CHANCE = 0.15
FAIR_CORRELATION = 0.4
SIZE_PRIOR = 0.035
ROTATION_PRIOR_DEG = 3.0


def field_error_px(fit: EdgeFit) -> float:
    """95th percentile over the design's points of the 95 % error radius, from the covariance."""
    points = fit.registration.to_px(fit.edges.points_nm)
    variance = point_variance(points, fit.registration.frame.centre_px, fit.covariance, fit.free_axis_px)
    return float(1.96 * np.sqrt(np.percentile(np.maximum(variance, 0), 95)))


def judge(fit: EdgeFit, nominal: Registration, evidence: Evidence) -> Trust:
    """Verdict, class and grounds of one fit."""
    registration = fit.registration
    size = registration.frame.nm_per_px
    left = tuple(
        sorted(
            (place for place in evidence.alternatives if not place.refuted),
            key=lambda place: float(np.hypot(*place.shift_nm)),
        )
    )
    linear = registration.linear_nm() @ np.linalg.inv(nominal.linear_nm())
    stretch = np.abs(np.linalg.svd(linear)[1] - 1).max()
    turned = abs(float(np.rad2deg(np.arctan2(linear[1, 0] - linear[0, 1], linear[0, 0] + linear[1, 1]))))
    beyond_px = max(0.0, evidence.disagreement_px - RESOLVED * evidence.correlation_px)
    if np.isfinite(evidence.fine_disagreement_px):
        beyond_px = max(beyond_px, evidence.fine_disagreement_px - AGREED_PX)
    error_px = float(np.hypot(field_error_px(fit), 0.5 * beyond_px))

    lucky = fit.coverage - evidence.by_chance < LEAST_ABOVE_CHANCE
    doubts = []
    if lucky:
        doubts.append("hardly more edges are found than in wrong places")
    elif fit.coverage < LEAST_COVERAGE:
        doubts.append("most of the design's edges are not found")
    if stretch > SIZE_PRIOR:
        doubts.append(f"the pixel size would be {100 * stretch:.1f} % off, more than {100 * SIZE_PRIOR:.1f} %")
    if turned > ROTATION_PRIOR_DEG:
        doubts.append(f"the picture would be turned by {turned:.1f} deg, more than {ROTATION_PRIOR_DEG:.0f} deg")
    if evidence.disagreement_px > FEW_PIXEL_PX:
        doubts.append("correlation and edges disagree")

    verdict: Verdict
    if lucky and evidence.correlation < FAIR_CORRELATION:
        verdict = "failed"
    elif left:
        verdict = "periodic"
    elif doubts or fit.free_axis_px is not None:
        verdict = "weak"
    else:
        verdict = "unique"

    grounds = _grounds(verdict, fit, evidence, left, doubts, error_px)
    if verdict == "failed":
        # The figures of a place that is not the design's would only mislead.
        return Trust(verdict, "significant", peak_ratio=evidence.peak_ratio, grounds=grounds)
    return Trust(
        verdict=verdict,
        registration_class=_class(verdict, error_px),
        residual_nm=fit.residual_rms_px * size,
        sigma_x_nm=float(np.sqrt(fit.covariance[4, 4])) * size,
        sigma_y_nm=float(np.sqrt(fit.covariance[5, 5])) * size,
        peak_ratio=evidence.peak_ratio,
        free_axis_deg=free_axis_deg(fit),
        covariance=parameter_covariance(fit),
        alternatives=tuple(place.shift_nm for place in left),
        grounds=grounds,
    )


def _grounds(
    verdict: Verdict,
    fit: EdgeFit,
    evidence: Evidence,
    left: tuple[Alternative, ...],
    doubts: list[str],
    error_px: float,
) -> tuple[str, ...]:
    """What decided first, then every figure."""
    size = fit.registration.frame.nm_per_px
    found = f"edges at {100 * fit.coverage:.0f} % of {len(fit.edges)} design points"
    luck = f"{100 * evidence.by_chance:.0f} % in wrong places"
    grounds = []
    if verdict == "failed":
        grounds.append(
            f"the design was not found in the image: correlation {evidence.correlation:.2f}, {found}, {luck}; "
            "check pixel size, stage position, layer and whether the scan is mirrored"
        )
    elif left:
        nearest = min(float(np.hypot(*place.shift_nm)) for place in left)
        fits = "1 other place fits" if len(left) == 1 else f"{len(left)} other places fit"
        grounds.append(f"{fits} as well, the nearest {nearest:.1f} nm away")
    if fit.free_axis_px is not None:
        axis_deg = round(free_axis_deg(fit)) % 180
        grounds.append(f"nothing holds the design along {axis_deg} deg; the nominal place is kept there")
    if verdict != "failed":
        grounds += doubts
    if not grounds:
        grounds.append("no other place fits")
    grounds.append(f"correlation {evidence.correlation:.3f}, next best place {evidence.peak_ratio:.3f} of it")
    refuted = [place for place in evidence.alternatives if place.refuted]
    if refuted:
        closest = min(refuted, key=lambda place: place.votes_against - place.votes_for)
        grounds.append(
            f"against the closest of {len(refuted)} similar places speak {closest.votes_against} stretches of edge, "
            f"{closest.votes_for} for it"
        )
    grounds.append(f"{found}, {luck}")
    rms, mad = fit.residual_rms_px, fit.residual_mad_px
    grounds.append(f"residual {rms:.2f} px RMS, {mad:.2f} px MAD ({rms * size:.2f} nm, {mad * size:.2f} nm)")
    grounds.append(f"observability {fit.observability:.3f} (0.5: all directions alike; below 0.01: one is free)")
    grounds.append(
        f"the coarse search, in pixels of {evidence.correlation_px:.0f} px, and the edges differ by "
        f"{evidence.disagreement_px:.2f} px"
    )
    apart = evidence.fine_disagreement_px
    if np.isfinite(apart):
        agree = "they agree" if apart <= AGREED_PX else f"more than {AGREED_PX} px"
        grounds.append(f"correlation in the picture's own pixels and the edges differ by {apart:.2f} px: {agree}")
    shear = fit.registration.shear
    if verdict != "failed" and abs(shear) > SHEAR_PRIOR:
        grounds.append(f"shear {shear:.4f}: more than scans have; edges of one direction cover little of the field")
    grounds.append(f"95 % error over the field {error_px:.2f} px")
    return tuple(grounds)


def free_axis_deg(fit: EdgeFit) -> float:
    """Direction of the free axis in design nm, counter-clockwise from +x in [0, 180); NaN without one."""
    if fit.free_axis_px is None:
        return float("nan")
    direction = np.linalg.solve(fit.registration.linear_px(), fit.free_axis_px)
    # Rounded first: a hair below 0 is 0, not 180.
    return round(float(np.rad2deg(np.arctan2(direction[1], direction[0]))), 3) % 180


def _class(verdict: Verdict, error_px: float) -> RegistrationClass:
    if verdict in ("periodic", "weak"):
        return "ambiguous"
    if error_px < SUBPIXEL_PX:
        return "subpixel"
    return "few_pixel" if error_px < FEW_PIXEL_PX else "significant"


def parameter_covariance(fit: EdgeFit) -> npt.NDArray[np.float64]:
    """(6, 6) covariance of the registration's PARAMETERS, from that of the affine step in px."""
    base = fit.registration
    jacobian = np.zeros((6, 6))
    for column in range(6):
        step = np.zeros(6)
        step[column] = 1e-4
        jacobian[:, column] = (fit.stepped(step).parameters - base.parameters) / 1e-4
    result: npt.NDArray[np.float64] = jacobian @ fit.covariance @ jacobian.T
    return result
