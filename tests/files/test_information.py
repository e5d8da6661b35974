import json
from pathlib import Path

import cv2
import gdstk
import numpy as np
import pytest

from semiview.files.information import describe
from semiview.files.problem import FileProblem


def test_that_an_unknown_pixel_size_is_null(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((20, 30), np.uint16))
    told = json.loads(json.dumps(describe(tmp_path / "a.png"), allow_nan=False))
    assert (told["shape"], told["bits"], told["nm_per_px"], told["nm_per_px_source"]) == ([20, 30], 16, None, "unknown")
    assert told["picture_area"] == {"left": 0, "top": 0, "right": 30, "bottom": 20}


def test_that_a_design_tells_its_cells_and_layers(tmp_path: Path) -> None:
    layout = gdstk.Library(unit=1e-6, precision=1e-9)
    layout.new_cell("TOP").add(gdstk.rectangle((0, 0), (1, 2), layer=3, datatype=4))
    layout.write_oas(tmp_path / "a.oas")
    told = json.loads(json.dumps(describe(tmp_path / "a.oas"), allow_nan=False))
    assert (told["top_cells"], told["layers"], told["bounds_nm"]) == (["TOP"], ["3/4"], {"TOP": [0, 0, 1000, 2000]})


def test_that_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match=r"not read here. It may be .tif"):
        describe(tmp_path / "a.docx")


def test_that_real_files_tell_their_pixel_size(shared_data: Path) -> None:
    told = describe(shared_data / "vendor" / "fei-sem-rbc.tif")
    assert told["nm_per_px"] == pytest.approx(7.708, abs=1e-3)
    assert told["picture_area"]["bottom"] == 1024
    assert describe(shared_data / "openebl" / "LL_136.jpg")["nm_per_px"] is None
    assert describe(shared_data / "siepic_pdk" / "ebeam_y_1550.gds")["top_cells"]
