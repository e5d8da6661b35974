"""Points at equal steps along outlines, with their normals and their distance to the next corner."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from semiview.core.outline import Points, bounds
from semiview.metrology.crossing import Booleans, Floats, Integers, SegmentGrid, repeated

CORNER_DEG = 25.0
TIP_TURN_DEG = 45.0
TIP_SHARE = 2 / 3  # of the shorter neighbour: longer sides are no line end


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """N points in the order of the outlines.

    Attributes
    ----------
    points, normals
        (N, 2) in design nm, the normals outward and of unit length.
    outline, side
        (N,) index of the outline, and of the side (the stretch between two corners) over all outlines.
    place, side_length
        (N,) arc length from the side's start, and the side's length.
    to_corner
        (N,) arc length to the nearer end of the side; inf on an outline without corners.
    tip
        (N,) True on the end of a line: a side between two corners that stick out, shorter than both its neighbours.
    """

    points: Points
    normals: Points
    outline: Integers
    side: Integers
    place: Floats
    side_length: Floats
    to_corner: Floats
    tip: Booleans

    def where(self, keep: Booleans) -> "Walk":
        """Only the points at which `keep` (N,) is True."""
        return Walk(*(getattr(self, name)[keep] for name in Walk.__slots__))

    def followed_by(self, other: "Walk") -> "Walk":
        """The points of both."""
        return Walk(*(np.concatenate([getattr(self, name), getattr(other, name)]) for name in Walk.__slots__))


def walk(
    outlines: Sequence[Points], step: float, chord: float, round_corners: bool = False, single_below: float = 0.0
) -> Walk:
    """Points along closed outlines (inside on the left, y up), at most `step` apart and centred on each side.

    Parameters
    ----------
    chord
        The normal is that of the chord from `chord` before to `chord` behind the point: exact on straight sides, and
        steady on curves drawn as short edges on a grid.
    round_corners
        False: chords end at the corners, so each side keeps its own normal. True: they go round, so that normals turn
        steadily from one side to the next.
    single_below
        Sides up to this length have one point, at their middle.
    """
    rings = _rings(outlines)
    if rings is None:
        none, nothing = np.empty(0), np.empty(0, dtype=np.int64)
        return Walk(np.empty((0, 2)), np.empty((0, 2)), nothing, nothing, none, none, none, np.empty(0, dtype=bool))
    ring, base, counts, vertices, units = rings.ring, rings.base, rings.counts, rings.vertices, rings.units
    within = np.arange(len(vertices)) - base[ring]
    corner = np.abs(rings.turn_deg) > CORNER_DEG
    total = np.concatenate([[0.0], np.cumsum(rings.lengths)])
    ring_start, perimeter = total[base], np.bincount(ring, rings.lengths)

    # A ring without corners is one side that begins at its first vertex.
    corners_of = np.bincount(ring, corner, len(base))
    begins = corner | ((within == 0) & (corners_of[ring] == 0))
    side_vertex = np.flatnonzero(begins)
    side_ring = ring[side_vertex]
    side_start = total[side_vertex] - ring_start[side_ring]
    last_of_ring = np.append(side_ring[1:] != side_ring[:-1], True)
    first_of_ring = np.append(True, last_of_ring[:-1])
    ring_first_start = side_start[first_of_ring]
    side_end = np.append(side_start[1:], 0.0)
    side_end[last_of_ring] = ring_first_start + perimeter
    side_length = side_end - side_start

    after = _next_of_ring(side_ring)
    before = np.empty_like(after)
    before[after] = np.arange(len(after))
    sticks_out = rings.turn_deg[side_vertex] > TIP_TURN_DEG
    tip = (
        sticks_out & sticks_out[after] & (TIP_SHARE * np.minimum(side_length[before], side_length[after]) > side_length)
    )

    number = np.maximum(np.ceil(side_length / step - 1e-9), 1).astype(np.int64)
    number[side_length <= single_below] = 1
    side, index = repeated(number)
    spacing = side_length / number
    place = (index + 0.5) * spacing[side]
    owner = side_ring[side]
    position = side_start[side] + place

    def at(arc: Floats) -> Points:
        """Points at an arc length of their ring, which may lie beyond its ends."""
        wrapped = np.mod(arc, perimeter[owner]) + ring_start[owner]
        edge = np.clip(np.searchsorted(total, wrapped, side="right") - 1, base[owner], (base + counts - 1)[owner])
        point: Points = vertices[edge] + (wrapped - total[edge])[:, None] * units[edge]
        return point

    cornered = corners_of[owner] > 0
    room = np.minimum(place, side_length[side] - place)
    back = ahead = np.minimum(chord, perimeter[owner] / 8)
    if not round_corners:
        back = ahead = np.where(cornered, np.minimum(back, room), back)
    tangent = at(position + ahead) - at(position - back)
    size = np.hypot(*tangent.T)
    size[size == 0] = 1.0
    normals = np.column_stack([tangent[:, 1], -tangent[:, 0]]) / size[:, None]
    return Walk(
        at(position),
        normals,
        rings.outline[base][owner],
        side,
        place,
        side_length[side],
        np.where(cornered, room, np.inf),
        tip[side],
    )


def _next_of_ring(ring: Integers) -> Integers:
    """(S,) the following side of the same ring, the sides being sorted by ring."""
    following = np.arange(len(ring)) + 1
    last = np.flatnonzero(np.append(ring[1:] != ring[:-1], True))
    following[last] = np.append(0, last[:-1] + 1)
    return following


def corners(outlines: Sequence[Points]) -> Walk:
    """The corners of closed outlines (inside on the left, y up), each with the normal that halves its angle."""
    rings = _rings(outlines)
    if rings is None:
        return walk((), 1.0, 1.0)
    chosen = np.flatnonzero(np.abs(rings.turn_deg) > CORNER_DEG)
    tangent = rings.units[chosen] + rings.units[rings.previous[chosen]]
    size = np.hypot(*tangent.T)
    tangent[size > 0] /= size[size > 0, None]
    zero = np.zeros(len(chosen))
    return Walk(
        rings.vertices[chosen],
        np.column_stack([tangent[:, 1], -tangent[:, 0]]),
        rings.outline[chosen],
        np.full(len(chosen), -1),
        zero,
        zero,
        zero,
        np.zeros(len(chosen), dtype=bool),
    ).where(size > 0)


@dataclass(frozen=True, slots=True, eq=False)
class _Rings:
    """Vertices of all outlines in one row; `units` and `lengths` are of the edge that begins at each."""

    vertices: Points
    ring: Integers
    outline: Integers
    base: Integers
    counts: Integers
    previous: Integers
    units: Points
    lengths: Floats
    turn_deg: Floats


def _rings(outlines: Sequence[Points]) -> _Rings | None:
    cleaned = [_without_repeats(outline) for outline in outlines]
    kept = [index for index, outline in enumerate(cleaned) if len(outline) >= 3]
    if not kept:
        return None
    counts = np.array([len(cleaned[index]) for index in kept])
    vertices = np.concatenate([cleaned[index] for index in kept])
    ring = np.repeat(np.arange(len(kept)), counts)
    base = np.cumsum(counts) - counts
    within = np.arange(len(vertices)) - base[ring]
    edges = vertices[base[ring] + (within + 1) % counts[ring]] - vertices
    previous = base[ring] + (within - 1) % counts[ring]
    lengths = np.hypot(*edges.T)
    units = edges / lengths[:, None]
    before = units[previous]
    cross = before[:, 0] * units[:, 1] - before[:, 1] * units[:, 0]
    turn = np.rad2deg(np.arctan2(cross, np.einsum("ij,ij->i", before, units)))
    return _Rings(vertices, ring, np.array(kept)[ring], base, counts, previous, units, lengths, turn)


def clearances(way: Walk, outlines: Sequence[Points], limit: float) -> tuple[Floats, Floats, Integers]:
    """How near the next edges lie on each point's normal.

    Returns
    -------
    (N,) distance inward to the far side of the same material, (N,) distance outward to the edge that faces the
    point, and (N,) the outline that edge belongs to; inf and -1 beyond `limit`.
    """
    low, high = np.array(bounds(outlines)).reshape(2, 2)
    grid = SegmentGrid.of(outlines, max(limit / 8, float(np.max(high - low)) / 2048), rows_down=False)
    ends = np.full(len(way.points), limit)
    found = grid.crossings(way.points, way.normals, -ends, ends)
    # The point's own edge is crossed at 0, or a whisker off on a curve; what faces it turns the other way.
    facing = found.where((found.cosine < 0) & (np.abs(found.along) > 1e-4 * limit))
    width = np.full(len(way.points), np.inf)
    space = np.full(len(way.points), np.inf)
    neighbour = np.full(len(way.points), -1)
    inward = facing.where(facing.along < 0).nearest()
    width[inward.line] = -inward.along
    outward = facing.where(facing.along > 0).nearest()
    space[outward.line] = outward.along
    neighbour[outward.line] = outward.owner
    return width, space, neighbour


def _without_repeats(outline: Points) -> Points:
    """Without vertices that equal the next one."""
    different = (outline != np.roll(outline, -1, axis=0)).any(axis=1)
    return outline if different.all() else outline[different]
