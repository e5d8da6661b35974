"""Where within its blur an edge lies: one shift for all contours of a picture, read off what its edges look like.

Rim, shadow and beam blur all edges of a picture alike, so a network that looks at each edge for itself places all of
them the same share of a pixel too far out or in. Averaged along all contours, the grey across them has hardly any noise
left, and a Gaussian process (Rasmussen and Williams 2006, chapter 2) tells from it how far off the network was in
pictures that looked alike. What it learned from says what an edge is: in simulated fields where the material ends, on
approved shapes where the approving engineer drew it.
"""

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from semiview.core.outline import Points
from semiview.learning.fine_features import enlarged
from semiview.learning.reading import read
from semiview.learning.samples import Plane
from semiview.learning.seen_edges import inward
from semiview.metrology.contour import half_contours, on_border
from semiview.metrology.crossing import following_point

ACROSS_PX = np.arange(-10, 10.25, 0.5)  # from the contour, inwards: where the grey is read
NEAR, FAR = 2, 7  # of those, counted from the contour: between them the level of either side is read
LEAST_STEP = 0.05  # on the training scale: a step of less is noise
LEAST_POINTS, MOST_POINTS = 20, 10_000
LOOK_SIZE = 3 * len(ACROSS_PX) + 1  # see `look_of`
SPREADS = slice(len(ACROSS_PX), 2 * len(ACROSS_PX))
SPREAD_SHARE = 0.5  # how much the spread of the grey counts beside its mean
LEAST_DEVIATION = 0.01  # of what a look is made of, among examples
LARGEST_SHIFT_PX = 0.6
SMOOTHING_PX = 1.0
# Of the Gaussian processes, on looks in standard deviations: how fast likeness fades with the squared distance, and the
# variance of the noise. Many simulated fields tell more by their neighbours than a handful of approved shapes.
MANY_FADE, MANY_NOISE = 0.02, 0.03
FEW_FADE, FEW_NOISE = 0.003, 0.02
CLEARLY_BETTER = 0.7  # an error against another

Values = npt.NDArray[np.float64]


def look_of(probability: Plane, picture: Plane, factor: int = 1) -> Values | None:
    """(LOOK_SIZE,) what the edges of a picture look like on average; None with too few contours.

    Parameters
    ----------
    probability, picture
        (H, W) what a network says, and of what.
    factor
        By which the network was shown the picture enlarged.
    """
    points, inwards = _edges(probability)
    if len(points) < LEAST_POINTS:
        return None
    if factor != 1:
        probability, picture = enlarged(probability, factor), enlarged(picture, factor)
        points = factor * points + (factor - 1) / 2
    places = points + ACROSS_PX[:, None, None] * inwards
    grey, said = (read(plane, places) for plane in (picture, probability))
    mean, middle = grey.mean(axis=1), len(ACROSS_PX) // 2
    inside, outside = mean[middle + NEAR : middle + FAR].mean(), mean[middle + 1 - FAR : middle + 1 - NEAR].mean()
    step = abs(inside - outside) + LEAST_STEP
    parts = ((mean - (inside + outside) / 2) / step, grey.std(axis=1) / step, said.mean(axis=1), [np.log(step)])
    result: Values = np.concatenate(parts, dtype=np.float64)
    return result


def moved(plane: Plane, probability: Plane, outward_px: float) -> Plane:
    """(H, W) a plane after all contours of a probability went outward by so much; it may be the probability itself."""
    if not outward_px:
        return plane
    slope = cv2.GaussianBlur(probability, (0, 0), SMOOTHING_PX)
    down, right = np.gradient(slope)
    length = np.hypot(down, right) + np.float32(1e-6)
    height, width = plane.shape
    rows, columns = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)
    far = np.float32(outward_px) / length
    places = np.stack((columns + far * right, rows + far * down), axis=-1)
    # Linear interpolation would move a contour by three quarters of what is asked.
    return np.clip(read(plane, places, "bicubic"), plane.min(), plane.max())


class Examples(nn.Module):
    """A Gaussian process: (N, LOOK_SIZE) looks, scaled, and the (N,) shifts in px that were right for them.

    Buffers, so that they lie in a checkpoint beside the weights they belong to.
    """

    looks: Tensor
    pulls: Tensor
    usual: Tensor

    def __init__(self, count: int, fade: float, noise: float) -> None:
        super().__init__()
        self.fade, self.noise = fade, noise
        self.register_buffer("looks", torch.zeros(count, LOOK_SIZE, dtype=torch.float16))
        self.register_buffer("pulls", torch.zeros(count))
        self.register_buffer("usual", torch.zeros(()))

    def learn(self, looks: Values, shifts_px: Values, usual_px: float | None = None) -> None:
        """Remember the right shifts for scaled looks, and what is right where nothing is alike: None, their median."""
        usual = float(np.median(shifts_px)) if usual_px is None else usual_px
        self.looks.copy_(torch.from_numpy(looks))
        self.pulls.copy_(torch.from_numpy(np.linalg.solve(self._among(), shifts_px - usual)))
        self.usual.fill_(usual)

    def shifts_px(self, looks: Values) -> Values:
        """The right shifts (K,) for scaled looks (K, LOOK_SIZE)."""
        result: Values = _array(self.usual) + self._alike(looks) @ _array(self.pulls)
        return result

    def error_px(self) -> float:
        """Mean |error| of what all other examples say of each (Rasmussen and Williams 2006, equation 5.12)."""
        return float(np.abs(_array(self.pulls) / np.diag(np.linalg.inv(self._among()))).mean())

    def known_share(self, look: Values) -> float:
        """How much of what could be right for a scaled look the examples tell: 1 all, 0 nothing."""
        alike = self._alike(look[None])[0]
        return float(np.clip(alike @ np.linalg.solve(self._among(), alike), 0, 1))

    def _among(self) -> Values:
        return self._alike(_array(self.looks)) + self.noise * np.eye(len(self.looks))

    def _alike(self, looks: Values) -> Values:
        """(K, N) how alike K looks are to the examples."""
        known = _array(self.looks)
        squares = (looks**2).sum(axis=1)[:, None] + (known**2).sum(axis=1) - 2 * looks @ known.T
        result: Values = np.exp(-self.fade * np.maximum(squares, 0))
        return result


class EdgePlacement(nn.Module):
    """What a network has learned about its own shifts: from simulated fields, and over it from approved shapes.

    Parameters
    ----------
    simulated, approved
        How many examples there are of either; both 0: contours stay where the network puts them.
    """

    middle: Tensor
    scale: Tensor
    replaced: Tensor

    def __init__(self, simulated: int = 0, approved: int = 0) -> None:
        super().__init__()
        self.simulated = Examples(simulated, MANY_FADE, MANY_NOISE) if simulated else None
        self.approved = Examples(approved, FEW_FADE, FEW_NOISE) if approved else None
        for name in ("middle", "scale") if simulated or approved else ():
            self.register_buffer(name, torch.zeros(LOOK_SIZE))
        if approved:
            self.register_buffer("replaced", torch.zeros(()))

    @property
    def counts(self) -> tuple[int, int]:
        """How many examples there are: of simulated fields, of approved shapes."""
        simulated, approved = (len(of.looks) if of is not None else 0 for of in (self.simulated, self.approved))
        return simulated, approved

    def placed(self, probability: Plane, picture: Plane, factor: int = 1) -> Plane:
        """(H, W) a network's answer with its contours moved by `shift_px`."""
        return moved(probability, probability, self.shift_px(probability, picture, factor))

    def shift_px(self, probability: Plane, picture: Plane, factor: int = 1) -> float:
        """By how many px of a picture the contours of an answer should go outward, as in `look_of`; 0: nobody knows."""
        look = look_of(probability, picture, factor) if any(self.counts) else None
        if look is None:
            return 0.0
        look = self._scaled(look)
        shift = float(self._of_simulated(look[None])[0])
        if self.approved is not None:
            approved_px = float(self.approved.shifts_px(look[None])[0])
            shift += self.approved.known_share(look) * (approved_px - float(self.replaced) * shift)
        return float(np.clip(shift, -LARGEST_SHIFT_PX, LARGEST_SHIFT_PX)) / factor

    def taught_by(self, looks: Values, shifts_px: Values) -> "EdgePlacement":
        """With what (N, LOOK_SIZE) looks of approved shapes teach, instead of what any have taught before.

        An approved edge may be defined otherwise than in the simulated fields: what those say no longer counts if the
        approved shapes foretell each other clearly better than it does. Else they add one number to it, for pictures
        like them: what few pictures lack beyond that is chance.
        """
        result = EdgePlacement(self.counts[0], len(looks))
        if self.simulated is not None and result.simulated is not None:
            result.simulated.load_state_dict(self.simulated.state_dict())
            result.middle.copy_(self.middle)
            result.scale.copy_(self.scale)
        elif len(looks):
            result._scale_by(looks)
        if result.approved is not None:
            looks = result._scaled(looks)
            missing_px = shifts_px - result._of_simulated(looks)
            usual_px = float(np.median(missing_px))
            result.approved.learn(looks, shifts_px)
            is_better = result.approved.error_px() < CLEARLY_BETTER * float(np.abs(missing_px - usual_px).mean())
            if not is_better:
                result.approved.learn(looks, np.full(len(looks), usual_px))
            result.replaced.fill_(float(is_better))
        return result

    @classmethod
    def from_simulated(cls, looks: Values, shifts_px: Values) -> "EdgePlacement":
        """What (N, LOOK_SIZE) looks of simulated fields teach; where nothing is alike, contours stay where they are."""
        result = cls(simulated=len(looks))
        if result.simulated is not None:
            result._scale_by(looks)
            result.simulated.learn(result._scaled(looks), shifts_px, usual_px=0.0)
        return result

    def _of_simulated(self, looks: Values) -> Values:
        return np.zeros(len(looks)) if self.simulated is None else self.simulated.shifts_px(looks)

    def _scaled(self, looks: Values) -> Values:
        result: Values = (looks - _array(self.middle)) / _array(self.scale)
        return result

    def _scale_by(self, looks: Values) -> None:
        scale = looks.std(axis=0) + LEAST_DEVIATION
        scale[SPREADS] /= SPREAD_SHARE
        self.middle.copy_(torch.from_numpy(looks.mean(axis=0)))
        self.scale.copy_(torch.from_numpy(scale))


def _array(of: Tensor) -> Values:
    result: Values = of.cpu().numpy().astype(np.float64)
    return result


def _edges(probability: Plane) -> tuple[Points, Points]:
    """The points of the half contours that are not on the border, or some of many, and unit vectors inwards there."""
    outlines = half_contours(probability)
    if not outlines:
        return np.empty((0, 2)), np.empty((0, 2))
    points, following = np.concatenate(outlines), following_point(outlines)
    there = np.flatnonzero(~on_border(points, probability.shape))
    there = there[:: -(-len(there) // MOST_POINTS)] if len(there) else there
    return points[there], inward(points, following, there)
