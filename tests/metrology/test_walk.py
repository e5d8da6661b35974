import numpy as np
import pytest
import shapely

from semiview.core.outline import rectangle
from semiview.metrology.walk import clearances, corners, walk


def circle(radius: float, count: int = 400) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return radius * np.column_stack([np.cos(angle), np.sin(angle)])


def test_that_points_are_centred_on_each_side_with_its_outward_normal() -> None:
    way = walk([rectangle(0, 0, 100, 40)], step=10, chord=10)
    assert len(way.points) == 28
    assert np.allclose(way.points[:2], [[5, 0], [15, 0]])
    assert np.allclose(way.normals[:10], [0, -1])
    outward = way.points + way.normals
    assert ((outward < 0) | (outward > (100, 40))).any(axis=1).all()
    assert way.to_corner.min() == pytest.approx(5)


def test_that_a_hole_s_normals_point_into_the_hole() -> None:
    way = walk([circle(50)[::-1]], step=2, chord=3)
    assert (np.hypot(*(way.points + way.normals).T) < 49.1).all()
    assert np.isinf(way.to_corner).all()


def test_that_the_normals_of_a_circle_are_radial() -> None:
    way = walk([circle(50)], step=2, chord=5)
    radial = way.points / np.hypot(*way.points.T)[:, None]
    assert np.einsum("ij,ij->i", radial, way.normals).min() > np.cos(np.deg2rad(0.6))
    assert len(way.points) == int(np.ceil(shapely.Polygon(circle(50)).length / 2))


def test_that_each_corner_has_the_normal_that_halves_its_angle() -> None:
    way = corners([rectangle(0, 0, 10, 10)])
    assert np.allclose(way.normals, np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) / np.sqrt(2))


def test_that_widths_and_spaces_are_those_drawn() -> None:
    outlines = [rectangle(0, 0, 30, 400), rectangle(80, 0, 110, 400)]
    way = walk(outlines, step=20, chord=20)
    width, space, facing = clearances(way, outlines, limit=200)
    right = (way.outline == 0) & (way.normals[:, 0] > 0.9)
    assert np.allclose(width[right], 30)
    assert np.allclose(space[right], 50)
    assert (facing[right] == 1).all()
    left = (way.outline == 0) & (way.normals[:, 0] < -0.9)
    assert np.isinf(space[left]).all()
    assert (facing[left] == -1).all()


def test_that_repeated_vertices_change_nothing() -> None:
    square = rectangle(0, 0, 10, 10)
    repeated = np.repeat(square, 3, axis=0)
    assert np.allclose(walk([repeated], 2, 2).points, walk([square], 2, 2).points)
    assert len(walk([np.zeros((5, 2))], 2, 2).points) == 0
