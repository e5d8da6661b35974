from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter, QTransform
from PySide6.QtWidgets import QApplication, QStyleOptionGraphicsItem

from semiview.core.outline import rectangle
from semiview.core.registration import Frame, Registration
from semiview.ui.canvas.overlays import (
    CHUNK_POINTS,
    WIDE_LINE_POINTS,
    WIDE_LINE_PX,
    EpeItem,
    EpeLines,
    EpeVectors,
    Lines,
    LinesItem,
    ShapesItem,
    registration_transform,
)

FAR = (14e6, -13e6)


@given(
    shift=st.tuples(st.floats(-5000, 5000), st.floats(-5000, 5000)),
    rotation=st.floats(-180, 180),
    scale=st.tuples(st.floats(0.9, 1.1), st.floats(0.9, 1.1)),
    shear=st.floats(-0.05, 0.05),
    mirrored=st.booleans(),
    offset=st.tuples(st.floats(-20000, 20000), st.floats(-20000, 20000)),
)
def test_that_an_overlay_is_drawn_where_the_registration_says(
    shift: tuple[float, float],
    rotation: float,
    scale: tuple[float, float],
    shear: float,
    mirrored: bool,
    offset: tuple[float, float],
) -> None:
    frame = Frame((1023.5, 684.5), FAR, 3.2813, mirrored)
    registration = Registration(frame, *shift, rotation, *scale, shear, "affine")
    transform = registration_transform(registration, FAR)
    assert transform is not None
    expected = registration.to_px(np.array([[FAR[0] + offset[0], FAR[1] + offset[1]]]))[0]
    drawn = transform.map(QPointF(*offset))
    assert (drawn.x(), drawn.y()) == pytest.approx(tuple(expected), abs=1e-6)


def test_that_without_a_pixel_size_there_is_no_place_to_draw_a_design() -> None:
    assert registration_transform(Registration(Frame((1.0, 1.0), FAR, float("nan"))), FAR) is None


def test_that_chunks_hold_every_edge_once() -> None:
    outlines = [rectangle(x, 0, x + 5, 8) for x in range(0, 9000, 10)]
    lines = Lines.of(outlines)
    drawn: list[set[tuple[tuple[float, float], tuple[float, float]]]] = [set(), set()]
    for chunk in lines.chunks:
        elements = [chunk.path.elementAt(i) for i in range(chunk.path.elementCount())]
        path = [((a.x, a.y), (b.x, b.y)) for a, b in pairwise(elements) if b.isLineTo() and (a.x, a.y) != (b.x, b.y)]
        single = [(line.p1().toTuple(), line.p2().toTuple()) for line in chunk.single]
        for edges, found in zip(drawn, (path, single), strict=True):
            assert edges.isdisjoint(found)
            edges.update(found)
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == 4 * len(outlines)
    assert len(lines.chunks) == -(-(6 * len(outlines) - 1) // CHUNK_POINTS)
    assert lines.bounds == QRectF(QPointF(0, 0), QPointF(8995, 8))


def painted(item: LinesItem | ShapesItem | EpeItem, transform: QTransform, seen: QRectF) -> np.ndarray:
    image = QImage(100, 100, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(QColor("black"))
    painter = QPainter(image)
    painter.setTransform(transform)
    option = QStyleOptionGraphicsItem()
    option.exposedRect = seen
    item.paint(painter, option)
    painter.end()
    return np.frombuffer(image.constBits(), np.uint8).reshape(100, 100, 4).copy()


def test_that_lines_out_of_sight_are_not_drawn_and_straight_ones_in_sight_are(qapp: QApplication) -> None:
    item = LinesItem(QColor(255, 255, 255))
    item.set_lines(Lines.of([np.array([[50.5, 10.0], [50.5, 90.0], [50.5, 50.0]])]))  # its box has no width
    assert painted(item, QTransform(), QRectF(0, 0, 100, 100))[50, 50, 0] > 200
    assert not painted(item, QTransform(), QRectF(0, 0, 40, 100))[..., :3].any()


def test_that_few_lines_are_drawn_wider_than_many(qapp: QApplication) -> None:
    widths = []
    for others in (10, WIDE_LINE_POINTS):
        item = LinesItem(QColor(255, 255, 255))
        item.set_lines(Lines.of([rectangle(20, 20, 80, 80)] + [rectangle(1, 90, 2, 91)] * (others // 5)))
        widths.append(painted(item, QTransform(), QRectF(0, 0, 100, 100))[50, :50, 0].sum() / 255)
    assert widths == [pytest.approx(WIDE_LINE_PX, abs=0.3), pytest.approx(1, abs=0.2)]


def test_that_a_hole_in_a_filled_design_stays_open(qapp: QApplication) -> None:
    item = ShapesItem()
    item.set_outlines([rectangle(10, 10, 90, 90), rectangle(40, 40, 60, 60)[::-1]], QColor(255, 255, 255))
    drawn = painted(item, QTransform(), QRectF(0, 0, 100, 100))[..., 0]
    assert (drawn[20, 20], drawn[50, 50], drawn[5, 5]) == (255, 0, 0)


def vectors(epe_nm: list[float]) -> EpeVectors:
    count = len(epe_nm)
    places = np.column_stack([np.full(count, 50.0), np.arange(count) * 20.0 + 10])
    return EpeVectors(places, np.tile([1.0, 0.0], (count, 1)), np.array(epe_nm), 10.0)


def test_that_every_vector_has_one_class_by_sign_and_size() -> None:
    classes = vectors([25.0, 7.0, 2.0, -2.0, -7.0, -25.0, float("nan")]).classes()
    names = list(classes)
    np.testing.assert_array_equal(np.stack([classes[name] for name in names]), np.eye(7, dtype=bool))
    assert names == [
        "far outside",
        "outside",
        "slightly outside",
        "slightly inside",
        "inside",
        "far inside",
        "missing",
    ]


def test_that_vectors_are_true_to_scale_red_outwards_and_blue_inwards(qapp: QApplication) -> None:
    item = EpeItem()
    item.set_lines(EpeLines.of(vectors([20.0, -20.0, float("nan")])))
    drawn = painted(item, QTransform(), QRectF(0, 0, 100, 100)).astype(int)
    blue, red = drawn[..., 0], drawn[..., 2]
    outwards, inwards = np.nonzero((red > blue + 50)[10])[0], np.nonzero((blue > red + 50)[30])[0]
    assert (outwards.min(), outwards.max()) == (pytest.approx(50, abs=2), pytest.approx(70, abs=2))
    assert (inwards.min(), inwards.max()) == (pytest.approx(30, abs=2), pytest.approx(50, abs=2))
    assert drawn[50, 50, :3].max() > 200  # a dot where nothing was found


def test_that_no_epe_draws_nothing(qapp: QApplication) -> None:
    item = EpeItem()
    item.set_lines(EpeLines.of(vectors([5.0])))
    item.set_lines(EpeLines.of(None))
    assert item.boundingRect().isEmpty()
    assert not painted(item, QTransform(), QRectF(0, 0, 100, 100))[..., :3].any()
