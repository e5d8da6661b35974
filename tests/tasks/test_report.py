import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import gdstk
import numpy as np
import pytest
import shapely

from semiview.files.problem import FileProblem
from semiview.files.registration_table import update_registrations
from semiview.tasks.measure import MeasureOptions
from semiview.tasks.progress import CaseDone, CaseFailed, Progress, result_of
from semiview.tasks.report import report_project
from semiview.tasks.workspace import Workspace, open_workspace

ONE_PROCESS = MeasureOptions(jobs=1)


@pytest.fixture
def aligned(make_project: Callable[..., Path]) -> Workspace:
    """Two fields; only the first is registered."""
    folder = make_project(2, lot="L <7> & 中")
    workspace = open_workspace(folder)
    case = workspace.project.load("site/0")
    registration = case.nominal.moved(10.0, -6.0).by_hand()
    update_registrations(workspace.project.registrations_path, {"site/0": (registration, case)})
    return workspace


def test_that_a_page_stands_alone_and_tells_numbers_pictures_and_where_they_come_from(
    aligned: Workspace, tmp_path: Path
) -> None:
    out = tmp_path / "report.html"
    events = list(report_project(aligned, out, ONE_PROCESS))
    assert {type(event) for event in events} <= {CaseDone, CaseFailed, Progress}
    page = out.read_text(encoding="utf-8")
    assert not re.findall(r'(?:src|href)="(?!#|data:image/jpeg;base64,)', page)
    assert "@media screen and (prefers-color-scheme: dark)" in page
    assert "L &lt;7&gt; &amp; 中" in page
    assert page.count("data:image/jpeg;base64,") == 3  # each field's picture once, and the worst place of the first
    for told in ("no EPE and no design gauges: unregistered", "manual", "EPE, nm", "CD, nm", "sha256", "case list"):
        assert told in page
    sha256 = aligned.project.load("site/0").sem.sha256
    assert sha256 in page
    # Every drawing is well-formed and stays within its frame's numbers.
    drawings = re.findall(r"<svg.*?</svg>", page)
    assert len(drawings) >= 6
    for drawing in drawings:
        ET.fromstring(drawing)
    assert "nan" not in "".join(re.sub(r"base64,[^\"]*", "", drawing) for drawing in drawings)


def test_that_a_pdf_is_written_without_a_display_and_its_pages_are_numbered(
    aligned: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    out = tmp_path / "report.pdf"
    result = result_of(report_project(aligned, out, ONE_PROCESS))
    data = out.read_bytes()
    assert data.startswith(b"%PDF-")
    assert data.rstrip().endswith(b"%%EOF")
    assert len(re.findall(rb"/Type /Page\b", data)) >= 4
    assert result.size_bytes == len(data) < 1_000_000
    assert result.failed == {"site/1": "no EPE and no design gauges: unregistered"}


def test_that_markers_and_contours_lie_where_the_design_does(aligned: Workspace, tmp_path: Path) -> None:
    markers = result_of(report_project(aligned, tmp_path / "epe.lyrdb", ONE_PROCESS))
    assert set(markers.failed) == {"site/1"}
    assert "unregistered" in markers.failed["site/1"]
    root = ET.parse(tmp_path / "epe.lyrdb").getroot()
    assert root.findtext("top-cell") == "TOP"
    assert (root.findtext("original-file") or "").endswith("design.gds")
    assert len(root.findall("items/item")) == markers.items

    contours = result_of(report_project(aligned, tmp_path / "contours.oas", ONE_PROCESS))
    assert (contours.cases, set(contours.failed)) == (1, {"site/1"})
    cells = {cell.name: cell for cell in gdstk.read_oas(tmp_path / "contours.oas", unit=1e-9).cells}
    polygons = cells["site_0"].polygons
    drawn = shapely.union_all([shapely.LinearRing(each.points) for each in polygons if each.layer == 1010])
    printed = np.concatenate([each.points for each in polygons if each.layer == 1000])
    assert len(printed) > 500
    assert np.median(shapely.distance(drawn, shapely.points(printed))) < 1.5


@pytest.mark.parametrize("name", ["report.docx", "report", "no such folder/report.html"])
def test_that_a_kind_or_place_that_is_not_known_is_refused_before_anything_is_measured(
    aligned: Workspace, tmp_path: Path, name: str
) -> None:
    with pytest.raises(FileProblem):
        next(report_project(aligned, tmp_path / name, ONE_PROCESS))


def test_that_only_accepted_of_none_still_gives_a_page_that_says_so(aligned: Workspace, tmp_path: Path) -> None:
    result = result_of(report_project(aligned, tmp_path / "a.html", MeasureOptions(only_accepted=True, jobs=1)))
    assert result.cases == 0
    assert "No field could be shown." in (tmp_path / "a.html").read_text()
    result_of(report_project(aligned, tmp_path / "a.pdf", MeasureOptions(only_accepted=True, jobs=1)))
