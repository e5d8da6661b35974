"""Time of measure() on a 2048 x 1370 field: first reading, a brush stroke, a nudge; and its growth with EPE points.

Three sources (picture, prediction, correction) and both scores; processor time, so that a busy machine does not count.
One field goes before them, so that loading the libraries is told apart: once in a program, not once a case.

Run: python -m benchmarks.measure_case
"""

import time
from dataclasses import replace

import numpy as np
from scipy.ndimage import gaussian_filter

from semiview.core.case import Case, CaseInfo
from semiview.core.coverage import Coverage
from semiview.core.design import Design
from semiview.core.document import Document, MeasureSettings
from semiview.core.outline import rectangle
from semiview.core.prediction import Prediction
from semiview.core.raster import coverage
from semiview.core.registration import Trust, nominal_registration
from semiview.core.sem_image import SemImage
from semiview.metrology.measurement import Measurement, measure

SHAPE = (1370, 2048)
NM_PER_PX = 3.3
STROKES = 3
# Columns and rows of rectangles, and nm between EPE points: the named field, then one layout ever more densely read.
FIELDS = ((5, 3, 20.0), (5, 3, 5.0), (30, 20, 20.0), (30, 20, 8.0), (30, 20, 4.0), (30, 20, 2.0))


def main() -> None:
    once_s = timed(*field(1, 1, 1000.0))[1]
    again_s = timed(*field(1, 1, 1000.0))[1]
    print(f"loading the libraries, once: {1e3 * (once_s - again_s):.0f} ms")
    print(f"{'points':>8} {'gauges':>7} {'first ms':>9} {'stroke ms':>10} {'nudge ms':>9}")
    for columns, rows, step_nm in FIELDS:
        case, document = field(columns, rows, step_nm)
        first, first_s = timed(case, document)
        points = int(np.sum(first.epe.source == "approved"))
        gauges = len({row.gauge_id for row in first.cd})
        strokes, nudges = [], []
        assert document.correction is not None
        for number in range(STROKES):
            patch = np.full((30, 30), 255 * (number % 2), np.uint8)
            painted = replace(document, correction=document.correction.replaced(300 + number, 400, patch))
            strokes.append(timed(case, painted)[1])
            moved = replace(document, registration=document.registration.moved(0.1 * (number + 1), 0.0))
            nudges.append(timed(case, moved)[1])
        print(
            f"{points:8d} {gauges:7d} {1e3 * first_s:9.0f} {1e3 * float(np.median(strokes)):10.0f} "
            f"{1e3 * float(np.median(nudges)):9.0f}"
        )


def timed(case: Case, document: Document) -> tuple[Measurement, float]:
    """The measurement and the processor time it took, in s."""
    begun = time.process_time()
    answer = measure(case, document)
    return answer, time.process_time() - begun


def field(columns: int, rows: int, step_nm: float) -> tuple[Case, Document]:
    """Rectangles on a grid with their prediction, a correction and a noisy picture; EPE points every `step_nm`."""
    width, height = SHAPE[1] * NM_PER_PX, SHAPE[0] * NM_PER_PX
    pitch_x, pitch_y = width / (columns + 1), height / (rows + 1)
    outlines = tuple(
        rectangle(x - 0.25 * pitch_x, y - 0.3 * pitch_y, x + 0.25 * pitch_x, y + 0.3 * pitch_y)
        for x in (np.arange(columns) - (columns - 1) / 2) * pitch_x
        for y in (np.arange(rows) - (rows - 1) / 2) * pitch_y
    )
    design = Design(outlines, (), "raised", (-0.7 * width, -0.7 * height, 0.7 * width, 0.7 * height))
    generator = np.random.default_rng(1)
    blank = SemImage.from_pixels(np.zeros(SHAPE, np.uint8), NM_PER_PX)
    placed = replace(nominal_registration(SHAPE, blank.pixel_size, (0.0, 0.0), 0.5), trust=Trust(verdict="unique"))
    standing = gaussian_filter(coverage([placed.outline_to_px(outline) for outline in outlines], SHAPE), 1.2)
    grey = np.clip(50 + 100 * standing + generator.normal(0, 6, SHAPE), 0, 255).astype(np.uint8)
    prediction = Prediction(np.clip(standing, 0, 1), "benchmark")
    case = Case(CaseInfo("benchmark"), SemImage.from_pixels(grey, NM_PER_PX), placed, design, prediction)
    settings = MeasureSettings(epe_step_nm=step_nm)
    return case, Document(placed, Coverage.from_probability(prediction.probability), settings=settings)


if __name__ == "__main__":
    main()
