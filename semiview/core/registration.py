"""Where the design lies in the image: the one place that converts between design nm and image px.

Design: nm, x right, y up. Image: px, u right, v down, integers are pixel centres.

    p_px = c_px + F [ R(theta) K(k) diag(s_x, s_y) M (p_nm - c_nm) + t_nm ] / nm_per_px
    F = diag(1, -1), K(k) = [[1, k], [0, 1]], M = diag(-1, 1) if mirrored else the identity

Positive shift_x: the pattern lies right of nominal; positive shift_y: above. theta counts counter-clockwise as seen
on the screen and holds the nominal rotation too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from semiview.core.equality import same_values
from semiview.core.outline import Points, as_outline
from semiview.core.sem_image import PixelSize

Transform = Literal["shift", "similarity", "affine"]
Verdict = Literal["unique", "periodic", "weak", "failed", "manual"]
RegistrationClass = Literal["subpixel", "few_pixel", "significant", "ambiguous"]

PARAMETERS = ("shift_x_nm", "shift_y_nm", "rotation_deg", "scale_x", "scale_y", "shear")


@dataclass(frozen=True, slots=True)
class Frame:
    """What a registration is relative to: the picture's centre, its nominal place in the design, the nominal scale.

    `nm_per_px` is NaN while the pixel size is unknown; every conversion then gives NaN.
    """

    centre_px: tuple[float, float]
    centre_nm: tuple[float, float]
    nm_per_px: float
    mirrored: bool = False

    def __eq__(self, other: object) -> bool:
        return same_values(self, other)


@dataclass(frozen=True, slots=True, eq=False)
class Trust:
    """What the alignment says of its own result, and why.

    Attributes
    ----------
    verdict
        None: nobody has looked, the frame is nominal.
    residual_nm
        RMS distance along the normals between design edges and image edges.
    sigma_x_nm, sigma_y_nm
        Standard deviation of the shift from the covariance.
    peak_ratio
        Second over first correlation peak outside one blur; 1 means two places fit equally well.
    free_axis_deg
        Direction, counter-clockwise from +x in design nm, along which the field cannot be located; NaN if none.
    covariance
        (6, 6) of PARAMETERS in their units (nm, deg, 1), or None.
    alternatives
        (M, 2) shifts in nm, relative to this registration, that fit as well.
    grounds
        Sentences for a person, each with its number.
    """

    verdict: Verdict | None = None
    registration_class: RegistrationClass | None = None
    residual_nm: float = float("nan")
    sigma_x_nm: float = float("nan")
    sigma_y_nm: float = float("nan")
    peak_ratio: float = float("nan")
    free_axis_deg: float = float("nan")
    covariance: npt.NDArray[np.float64] | None = None
    alternatives: tuple[tuple[float, float], ...] = ()
    grounds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """The transform design nm -> image px with its origin and its trust. Compared by identity.

    Attributes
    ----------
    transform
        Which parameters were free: shift; similarity (s_x = s_y, k = 0); affine.
    method
        Who found it: nominal, manual, or the name of an alignment method.
    """

    frame: Frame
    shift_x_nm: float = 0.0
    shift_y_nm: float = 0.0
    rotation_deg: float = 0.0
    scale_x: float = 1.0
    scale_y: float = 1.0
    shear: float = 0.0
    transform: Transform = "shift"
    method: str = "nominal"
    trust: Trust = field(default_factory=Trust)

    def __post_init__(self) -> None:
        if not np.isfinite(self.parameters).all():
            raise ValueError(f"a registration parameter is not finite: {self.parameters}")
        if self.scale_x <= 0 or self.scale_y <= 0:
            raise ValueError(
                "registration scales must be positive; a mirrored scan is `mirrored`, not a negative scale"
            )

    @property
    def parameters(self) -> npt.NDArray[np.float64]:
        """(6,) values in the order of PARAMETERS."""
        return np.array([getattr(self, name) for name in PARAMETERS], dtype=np.float64)

    @property
    def unusable_because(self) -> str | None:
        """Why no EPE may be read with this registration, in one word, or None if it may."""
        verdict = self.trust.verdict
        if verdict is None:
            return "unregistered"
        if verdict == "failed":
            return "registration failed"
        if verdict in ("periodic", "weak"):
            return "registration ambiguous"
        return None

    def linear_nm(self) -> npt.NDArray[np.float64]:
        """(2, 2) R K diag(s) M: design nm about the centre to nominal nm about the picture's centre, y up."""
        angle = np.deg2rad(self.rotation_deg)
        cosine, sine = np.cos(angle), np.sin(angle)
        rotation = np.array([[cosine, -sine], [sine, cosine]])
        shear_scale = np.array([[self.scale_x, self.shear * self.scale_y], [0.0, self.scale_y]])
        mirror = np.diag([-1.0, 1.0]) if self.frame.mirrored else np.eye(2)
        linear: npt.NDArray[np.float64] = rotation @ shear_scale @ mirror
        return linear

    def linear_px(self) -> npt.NDArray[np.float64]:
        """(2, 2) design nm -> image px, without the shift."""
        linear: npt.NDArray[np.float64] = np.diag([1.0, -1.0]) @ self.linear_nm() / self.frame.nm_per_px
        return linear

    def matrix(self) -> npt.NDArray[np.float64]:
        """(3, 3) homogeneous design nm -> image px. For 14 mm from the origin `to_px` is the more exact way."""
        result = np.eye(3)
        result[:2, :2] = self.linear_px()
        result[:2, 2] = self.to_px(np.zeros((1, 2)))[0]
        return result

    def pixel_axes(self) -> tuple[float, float, float]:
        """Size of a pixel in design nm along the image's rows and columns, and its skew, as this registration has them.

        The linear part written as diag(s_u, s_v) [[1, k'], [0, 1]] R(theta') M; the sizes are nm_per_px over s_u and
        s_v, the skew k' is the tangent of the angle that the image's axes miss 90 deg by.
        """
        mirror = np.diag([-1.0, 1.0]) if self.frame.mirrored else np.eye(2)
        first, second = self.linear_nm() @ mirror
        s_v = float(np.hypot(*second))
        up = second / s_v
        s_u = float(first @ np.array([up[1], -up[0]]))
        return self.frame.nm_per_px / s_u, self.frame.nm_per_px / s_v, float(first @ up) / s_u

    def to_px(self, points_nm: npt.ArrayLike) -> Points:
        """(N, 2) design nm -> (N, 2) image px.

        Examples
        --------
        >>> frame = Frame(centre_px=(10.0, 10.0), centre_nm=(0.0, 0.0), nm_per_px=2.0)
        >>> Registration(frame, shift_x_nm=4.0, shift_y_nm=2.0).to_px([[0.0, 0.0]]).tolist()
        [[12.0, 9.0]]
        """
        points = np.asarray(points_nm, dtype=np.float64)
        offset = np.array([self.shift_x_nm, -self.shift_y_nm]) / self.frame.nm_per_px
        centred = points - np.array(self.frame.centre_nm)
        result: Points = np.array(self.frame.centre_px) + offset + centred @ self.linear_px().T
        return result

    def to_nm(self, points_px: npt.ArrayLike) -> Points:
        """(N, 2) image px -> (N, 2) design nm: the inverse of `to_px`."""
        points = np.asarray(points_px, dtype=np.float64)
        offset = np.array([self.shift_x_nm, -self.shift_y_nm]) / self.frame.nm_per_px
        centred = points - np.array(self.frame.centre_px) - offset
        result: Points = np.array(self.frame.centre_nm) + centred @ np.linalg.inv(self.linear_px()).T
        return result

    def outline_to_px(self, outline_nm: Points) -> Points:
        """An outline in image px, inside still on the left as seen on the screen."""
        points = self.to_px(outline_nm)
        return as_outline(points[::-1] if self.frame.mirrored else points)

    def outlines_to_px(self, outlines_nm: Sequence[Points]) -> tuple[Points, ...]:
        """Many outlines at once, each as `outline_to_px` gives it."""
        if not outlines_nm:
            return ()
        points = self.to_px(np.concatenate(outlines_nm))
        parts = np.split(points, np.cumsum([len(outline) for outline in outlines_nm])[:-1])
        return tuple(as_outline(part[::-1] if self.frame.mirrored else part) for part in parts)

    def outline_to_nm(self, outline_px: Points) -> Points:
        """An outline in design nm, inside still on the left."""
        points = self.to_nm(outline_px)
        return as_outline(points[::-1] if self.frame.mirrored else points)

    def directions_to_px(self, normals_nm: Points) -> Points:
        """(N, 2) unit normals of design edges -> unit normals of the same edges in the image (inverse transpose)."""
        normals = np.asarray(normals_nm, dtype=np.float64) @ np.linalg.inv(self.linear_px())
        result: Points = normals / np.linalg.norm(normals, axis=1, keepdims=True)
        return result

    def moved(self, right_nm: float, up_nm: float) -> "Registration":
        """The pattern shifted right and up in the image, by nominal nm."""
        return replace(self, shift_x_nm=self.shift_x_nm + right_nm, shift_y_nm=self.shift_y_nm + up_nm)

    def turned(self, degrees: float) -> "Registration":
        """The pattern turned counter-clockwise about the middle of the picture."""
        angle = np.deg2rad(degrees)
        cosine, sine = np.cos(angle), np.sin(angle)
        return replace(
            self,
            rotation_deg=self.rotation_deg + degrees,
            shift_x_nm=cosine * self.shift_x_nm - sine * self.shift_y_nm,
            shift_y_nm=sine * self.shift_x_nm + cosine * self.shift_y_nm,
            transform=self.transform if self.transform == "affine" else "similarity",
        )

    def scaled(self, factor: float) -> "Registration":
        """The pattern enlarged about the middle of the picture."""
        return replace(
            self,
            scale_x=self.scale_x * factor,
            scale_y=self.scale_y * factor,
            shift_x_nm=self.shift_x_nm * factor,
            shift_y_nm=self.shift_y_nm * factor,
            transform=self.transform if self.transform == "affine" else "similarity",
        )

    def by_hand(self) -> "Registration":
        """The same transform, vouched for by a person."""
        return replace(self, method="manual", trust=Trust(verdict="manual", grounds=("set by hand",)))


def nominal_registration(
    shape: tuple[int, int],
    pixel_size: PixelSize,
    centre_nm: tuple[float, float],
    rotation_deg: float = 0.0,
    mirrored: bool = False,
) -> Registration:
    """What the stage and the microscope claim: the picture's centre lies on `centre_nm`.

    The frame's nm_per_px is the pixel's x size. A pixel that is not square becomes scale and shear.
    """
    height, width = shape
    frame = Frame(((width - 1) / 2, (height - 1) / 2), centre_nm, pixel_size.x_nm, mirrored)
    square = Registration(frame, rotation_deg=rotation_deg)
    if not pixel_size.known or pixel_size.x_nm == pixel_size.y_nm:
        return square
    aspect = np.diag([1.0, pixel_size.x_nm / pixel_size.y_nm])
    return with_linear_nm(square, aspect @ square.linear_nm(), (0.0, 0.0), "affine")


def with_linear_nm(
    registration: Registration,
    linear_nm: npt.NDArray[np.float64],
    shift_nm: tuple[float, float],
    transform: Transform,
) -> Registration:
    """The registration whose `linear_nm()` is the given (2, 2) matrix, split into R K diag(s).

    Raises
    ------
    ValueError
        If the matrix mirrors (relative to the frame) or is singular.
    """
    mirror = np.diag([-1.0, 1.0]) if registration.frame.mirrored else np.eye(2)
    matrix = linear_nm @ mirror
    scale_x = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    determinant = float(np.linalg.det(matrix))
    if not np.isfinite(determinant) or determinant <= 0 or scale_x == 0:
        raise ValueError("the matrix is singular or mirrors the design")
    cosine, sine = matrix[0, 0] / scale_x, matrix[1, 0] / scale_x
    scale_y = determinant / scale_x
    shear = float((cosine * matrix[0, 1] + sine * matrix[1, 1]) / scale_y)
    return replace(
        registration,
        shift_x_nm=float(shift_nm[0]),
        shift_y_nm=float(shift_nm[1]),
        rotation_deg=float(np.rad2deg(np.arctan2(sine, cosine))),
        scale_x=scale_x,
        scale_y=scale_y,
        shear=shear,
        transform=transform,
    )
