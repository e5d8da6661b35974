import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from semiview.core.coverage import Coverage
from semiview.core.document import Document, MeasureSettings
from semiview.core.outline import rectangle
from semiview.core.sem_image import SemImage
from semiview.metrology.gauge import design_gauges
from semiview.metrology.measurement import measure

DrawField = Callable[..., Any]
SHAPE = (360, 420)


def grey(standing: np.ndarray) -> np.ndarray:
    """Bright material, blurred and noisy."""
    noise = np.random.default_rng(0).normal(0, 4, SHAPE)
    return np.clip(50 + 100 * gaussian_filter(standing, 1.2) + noise, 0, 255).astype(np.uint8)


def test_that_every_source_reads_the_bias_it_was_printed_with(draw_field: DrawField, squares: list[np.ndarray]) -> None:
    drawn = draw_field(squares, rotation_deg=2.0)
    case = drawn.case(gaussian_filter(drawn.printed(4.0), 1.0), grey(drawn.printed(8.0)))
    correction = Coverage.from_probability(gaussian_filter(drawn.printed(-6.0), 1.0))
    measurement = measure(case, Document(drawn.registration, correction))
    means = {source: summary.mean_nm for source, summary in measurement.epe_summary.items()}
    assert means == pytest.approx({"prediction": 4.0, "approved": -6.0, "sem": 8.0}, abs=0.4)
    assert set(measurement.outlines_px) == {"prediction", "approved", "sem"}
    assert measurement.reasons == ()
    widths = {source: np.mean([row.cd_nm for row in measurement.cd if row.source == source and row.mode == "line"])
              for source in means}  # fmt: skip
    assert widths == pytest.approx({"prediction": 128.0, "approved": 108.0, "sem": 136.0}, abs=0.8)


def test_that_the_scores_name_what_they_are_against(draw_field: DrawField, squares: list[np.ndarray]) -> None:
    drawn = draw_field(squares, rotation_deg=2.0)
    case = drawn.case(gaussian_filter(drawn.printed(4.0), 1.0))
    correction = Coverage.from_probability(gaussian_filter(drawn.printed(1.0), 1.0))
    scores = {row.against: row for row in measure(case, Document(drawn.registration, correction)).scores}
    assert scores["design"].epe_mean_nm == pytest.approx(4.0, abs=0.2)
    assert scores["approved"].epe_mean_nm == pytest.approx(3.0, abs=0.2)
    assert scores["design"].cd_bias_nm == pytest.approx(8.0, abs=0.4)
    assert scores["approved"].cd_bias_nm == pytest.approx(6.0, abs=0.4)
    assert 2.8 < scores["approved"].hausdorff95_nm < 3 * np.sqrt(2)  # the corners lie farther apart than the sides
    assert 0.8 < scores["design"].iou < scores["approved"].iou < 1


def test_that_the_cd_bias_of_drawn_openings_is_that_of_the_openings(
    draw_field: DrawField, squares: list[np.ndarray]
) -> None:
    drawn = draw_field(squares, tone="opening")
    (score,) = measure(drawn.case(gaussian_filter(drawn.printed(3.0), 1.0)), Document(drawn.registration)).scores
    # A square hole 6 nm wider has a diameter 6 * 2 / sqrt(pi) nm larger.
    assert 6.0 < score.cd_bias_nm < 6.8


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [(None, "unregistered"), ("failed", "registration failed"), ("periodic", "registration ambiguous"),
     ("weak", "registration ambiguous")],
)  # fmt: skip
def test_that_no_epe_is_read_with_a_registration_nobody_vouches_for(
    draw_field: DrawField, squares: list[np.ndarray], verdict: str | None, reason: str
) -> None:
    drawn = draw_field(squares, verdict=verdict)
    measurement = measure(drawn.case(drawn.printed()), Document(drawn.registration))
    assert len(measurement.epe) == 0
    assert measurement.cd == ()
    assert measurement.epe_summary == {}
    assert measurement.reasons == (f"no EPE and no design gauges: {reason}",)
    assert measurement.outlines_px["prediction"]


def test_that_no_epe_is_read_while_nobody_said_what_the_polygons_are(
    draw_field: DrawField, squares: list[np.ndarray]
) -> None:
    drawn = draw_field(squares, tone=None)
    measurement = measure(drawn.case(drawn.printed()), Document(drawn.registration))
    assert len(measurement.epe) == 0
    assert measurement.reasons == ("no EPE and no design gauges: tone is not set",)


def test_that_no_nanometre_is_read_without_a_pixel_size(draw_field: DrawField, squares: list[np.ndarray]) -> None:
    drawn = draw_field(squares)
    case = replace(drawn.case(drawn.printed()), sem=SemImage.from_pixels(np.zeros(SHAPE, np.uint8)))
    frame = replace(drawn.registration.frame, nm_per_px=float("nan"))
    measurement = measure(case, Document(replace(drawn.registration, frame=frame)))
    assert measurement.reasons == ("no nanometre is shown: the pixel size is unknown",)
    assert len(measurement.epe) == len(measurement.cd) == 0
    assert measurement.outlines_px["prediction"]


def test_that_the_model_reads_the_picture_at_its_bound(draw_field: DrawField, squares: list[np.ndarray]) -> None:
    drawn = draw_field(squares, rotation_deg=2.0)
    case = drawn.case(None, grey(drawn.printed(8.0)))
    document = Document(drawn.registration, settings=MeasureSettings(edge_algorithm="model"))
    measurement = measure(case, document)
    assert measurement.epe_summary["sem"].mean_nm == pytest.approx(8.0, abs=0.3)
    assert measurement.precision is not None
    assert measurement.precision.noise.floor == pytest.approx(16.0, rel=0.2)
    assert measurement.precision.ratio == pytest.approx(1.0)
    assert measurement.precision.snr == pytest.approx(measurement.precision.contrast / 4.0, rel=0.1)
    edges = measurement.epe.where(measurement.epe.state == "valid")
    assert np.median(edges.edge_sigma_nm / edges.edge_bound_nm) == pytest.approx(1.0)
    by_threshold = measure(case, Document(drawn.registration)).precision
    assert by_threshold is not None
    assert 1.0 < by_threshold.ratio < 6.0


def test_that_a_case_without_design_or_prediction_is_measured_by_hand(
    draw_field: DrawField, lines: list[np.ndarray]
) -> None:
    drawn = draw_field(lines, rotation_deg=3.0)
    image = grey(drawn.printed())
    found = design_gauges(drawn.design, drawn.registration, SHAPE)
    gauges = tuple(gauge for gauge in found if gauge.mode == "line")
    case = replace(drawn.case(None, image), design=None)
    measurement = measure(case, Document(drawn.registration, gauges=gauges))
    assert measurement.reasons == ()
    by_hand = [row.cd_nm for row in measurement.cd if row.gauge_id in {gauge.gauge_id for gauge in gauges}]
    assert len(by_hand) == len(gauges)
    assert np.mean(by_hand) == pytest.approx(100.0, abs=0.5)


@pytest.mark.parametrize("verdict", ["periodic", "failed", None])
def test_that_lines_are_read_off_the_picture_where_their_place_in_the_design_is_not_known(
    draw_field: DrawField, lines: list[np.ndarray], verdict: str | None
) -> None:
    drawn = draw_field(lines, verdict=verdict)
    case = drawn.case(None, grey(drawn.printed(3.0)))
    measurement = measure(case, Document(drawn.registration))
    assert len(measurement.epe) == 0
    widths = [row.cd_nm for row in measurement.cd if row.mode == "line"]
    assert len(widths) >= 5
    assert widths == pytest.approx([106.0] * len(widths), abs=1.0)
    assert [row.cd_nm for row in measurement.cd if row.gauge_id == "lattice-1"] == pytest.approx([240.0], rel=0.005)
    assert {row.kind for row in measurement.roughness} == {"LER", "LWR"}
    assert all(row.sigma3_biased_nm < 2.0 for row in measurement.roughness)
    assert all("without the design: " in row.reason for row in (*measurement.cd, *measurement.roughness))
    assert all(np.isnan(row.cd_design_nm) for row in measurement.cd)


def test_that_a_stroke_changes_only_the_approved_rows(draw_field: DrawField, squares: list[np.ndarray]) -> None:
    drawn = draw_field(squares)
    case = drawn.case(drawn.printed(2.0), grey(drawn.printed()))
    first = Document(drawn.registration, Coverage.from_probability(drawn.printed(2.0)))
    before = measure(case, first)
    painted = first.correction
    assert painted is not None
    after = measure(case, replace(first, correction=painted.replaced(60, 80, np.zeros((90, 90), np.uint8))))
    for source in ("sem", "prediction"):
        assert after.outlines_px[source] is before.outlines_px[source]
        assert np.array_equal(
            before.epe.epe_nm[before.epe.source == source], after.epe.epe_nm[after.epe.source == source], equal_nan=True
        )
    assert before.epe_summary["approved"].missing == 0
    assert after.epe_summary["approved"].missing_features == 1


def test_that_a_nudge_moves_every_epe(draw_field: DrawField, squares: list[np.ndarray]) -> None:
    drawn = draw_field(squares)
    case = drawn.case(gaussian_filter(drawn.printed(), 1.0))
    table = measure(case, Document(drawn.registration.moved(4.0, 0.0))).epe
    mine = (table.source == "prediction") & (table.feature_class == "edge")
    assert table.epe_nm[mine & (table.normal_x > 0.9)].mean() == pytest.approx(-4.0, abs=0.05)
    assert table.epe_nm[mine & (table.normal_x < -0.9)].mean() == pytest.approx(4.0, abs=0.05)


def test_that_the_design_s_ignore_layers_are_not_measured(draw_field: DrawField, squares: list[np.ndarray]) -> None:
    drawn = draw_field(squares)
    centre = np.array(drawn.registration.frame.centre_nm)
    region = replace(drawn.design.layers[0], role="ignore", outlines=(rectangle(-900, -900, 0, 900) + centre,))
    case = replace(drawn.case(drawn.printed()), design=replace(drawn.design, layers=(*drawn.design.layers, region)))
    table = measure(case, Document(drawn.registration)).epe
    assert (table.state[table.x_nm < centre[0] - 8] == "unobserved").all()
    assert (table.state[table.x_nm > centre[0] + 70] != "unobserved").all()


def test_that_a_saturated_place_is_ignored_by_itself(draw_field: DrawField, squares: list[np.ndarray]) -> None:
    drawn = draw_field(squares)
    pixels = grey(drawn.printed(4.0))
    pixels[:, :150] = 255
    measurement = measure(drawn.case(drawn.printed(4.0), pixels), Document(drawn.registration))
    column = drawn.registration.to_px(np.column_stack([measurement.epe.x_nm, measurement.epe.y_nm]))[:, 0]
    assert (measurement.epe.state[column < 145] == "unobserved").all()
    assert (measurement.epe.state[column > 165] == "valid").all()
    burnt = [row for row in measurement.cd if drawn.registration.to_px([(row.x_nm, row.y_nm)])[0, 0] < 145]
    assert burnt
    assert all(np.isnan(row.cd_nm) and row.reason for row in burnt)


def test_that_threads_agree(draw_field: DrawField, squares: list[np.ndarray]) -> None:
    drawn = draw_field(squares)
    case, document = drawn.case(drawn.printed(2.0)), Document(drawn.registration)
    answers: list[float] = []
    threads = [
        threading.Thread(target=lambda: answers.append(measure(case, document).epe_summary["prediction"].mean_nm))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(answers)) == 1
    assert len(answers) == 6
