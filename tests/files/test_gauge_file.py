import math
from pathlib import Path

import pytest

from semiview.core.gauge import Gauge
from semiview.files.gauge_file import read_gauges, read_template, write_gauges
from semiview.files.problem import FileProblem

TEMPLATE = """
delimiter = ";"
mode = "space"
[columns]
gauge_id = "Name"
case_id = "Site"
mode = "Kind"
x1_nm = { column = "X1", unit = "um" }
y1_nm = { column = "Y1", unit = "um" }
x2_nm = { column = "X2", unit = "um" }
y2_nm = { column = "Y2", unit = "um" }
cd_reference_nm = { column = "SEM", unit = "A" }
[modes]
"1D_LINE" = "line"
"""
HEADER = "gauge_id,mode,x_nm,y_nm,angle_deg,length_nm,width_nm,cd_design_nm"


def written(folder: Path, text: str, name: str = "gauges.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_that_the_middle_or_the_two_edges_tell_the_same_gauge(tmp_path: Path) -> None:
    middle = written(tmp_path, f"{HEADER}\ng1,line,-13294220.5,1000,90,140,80,40\n")
    edges = written(
        tmp_path, "gauge_name,x1,y1,x2,y2,length_nm,width_nm\ng1,-13294220.5,980,-13294220.5,1020,140,80\n", "o.csv"
    )
    for path in (middle, edges):
        (listed,) = read_gauges(path)
        gauge = listed.gauge
        assert (gauge.x_nm, gauge.y_nm, gauge.angle_deg, gauge.cd_design_nm) == pytest.approx(
            (-13294220.5, 1000, 90, 40)
        )
        assert (gauge.length_nm, gauge.width_nm, gauge.mode, listed.case_id) == (140, 80, "line", "")


def test_that_a_box_that_is_not_told_holds_both_edges(tmp_path: Path) -> None:
    listed = read_gauges(written(tmp_path, "gauge_id,x1,y1,x2,y2\na,0,0,40,0\nb,0,0,900,0\n"))
    assert [(each.gauge.length_nm, each.gauge.width_nm) for each in listed] == [(80, 40), (1100, 900)]


def test_that_rows_of_several_sources_are_one_gauge_and_a_reference_is_kept(tmp_path: Path) -> None:
    text = "case_id,gauge_id,x_nm,y_nm,length_nm,width_nm,source,cd_reference_nm\n"
    text += "a,g,1,2,80,40,sem,41.5\na,g,1,2,80,40,prediction,\nb,g,5,2,80,40,sem,\n"
    first, second = read_gauges(written(tmp_path, text))
    assert (first.case_id, first.gauge.reference_nm) == ("a", 41.5)
    assert second.case_id == "b"
    assert math.isnan(second.gauge.reference_nm)


def test_that_a_template_maps_columns_units_and_words_both_ways(tmp_path: Path) -> None:
    template = read_template(written(tmp_path, TEMPLATE, "calibre.toml"))
    text = "Name;Site;Kind;X1;Y1;X2;Y2;SEM;Note\nA;s1;1D_LINE;1.0;2.0;1.05;2.0;512;x\nB;s1;;1;2;1;2.1;;y\n"
    first, second = read_gauges(written(tmp_path, text), template)
    assert (first.gauge.mode, second.gauge.mode) == ("line", "space")
    assert (first.gauge.x_nm, first.gauge.cd_design_nm, first.gauge.reference_nm) == pytest.approx((1025, 50, 51.2))
    assert second.gauge.angle_deg == pytest.approx(90)
    row = {
        "case_id": "s1",
        "gauge_id": "A",
        "mode": "line",
        "x_nm": 1025.0,
        "y_nm": 2000.0,
        "angle_deg": 0.0,
        "cd_design_nm": 50.0,
        "cd_reference_nm": 51.2,
    }
    path = tmp_path / "out.csv"
    write_gauges(path, [row], template)
    assert path.read_text().splitlines() == ["Name;Site;Kind;X1;Y1;X2;Y2;SEM", "A;s1;1D_LINE;1;2;1.05;2;512"]
    assert read_gauges(path, template)[0].gauge == first.gauge


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("a,b\n1,2\n", "no gauges: the columns are a, b"),
        (f"{HEADER}\ng1,line,1\n", "line 2: the place is not told"),
        (f"{HEADER}\ng1,line,1,2,0,,,\n", "line 2: the box is not told"),
        (f"{HEADER}\ng1,wave,1,2,0,9,9,9\n", 'line 2: the mode "wave" is not known'),
        (f"{HEADER}\n,line,1,2,0,9,9,9\n", "line 2: the cell gauge_id is blank"),
        (f"{HEADER}\ng1,line,nan,2,0,9,9,9\n", "line 2: x_nm is a number"),
        (f'{HEADER}\ng1,line,"1,5",2,0,9,9,9\n', "with a decimal point"),
        (f"{HEADER}\ng1,line,1,2,0,9,9,9\ng1,line,2,2,0,9,9,9\n", "line 3: the gauge g1 stands there already"),
        (f'{HEADER}\n"g1,line\n', "no CSV"),
    ],
)
def test_that_a_line_that_cannot_be_used_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(FileProblem, match=said):
        read_gauges(written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[columns", "cannot be read"),
        ("[columns]\nnonsense = 'a'", "column nonsense is not known"),
        ("[columns]\nx_nm = {column = 'X', unit = 'parsec'}", "unit parsec"),
        ("[columns]\nx_nm = {unit = 'um'}", "column"),
        ("mode = 'wave'", 'mode "wave"'),
    ],
)
def test_that_a_template_that_cannot_be_used_says_why(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(FileProblem, match=said):
        read_template(written(tmp_path, text, "t.toml"))


def test_that_a_column_that_a_template_names_must_be_there(tmp_path: Path) -> None:
    template = read_template(written(tmp_path, "[columns]\ngauge_id = 'Name'", "t.toml"))
    with pytest.raises(FileProblem, match="column Name"):
        read_gauges(written(tmp_path, f"{HEADER}\ng1,line,1,2,0,9,9,9\n"), template)


def test_that_a_gauge_equals_the_one_that_was_written(tmp_path: Path) -> None:
    gauge = Gauge("g", "hole", -1e7, 2e7, 45.0, 120.0, 60.0, 7, 55.5)
    line = "g,hole,-10000000,20000000,45,120,60,55.5,7"
    (listed,) = read_gauges(written(tmp_path, f"{HEADER},feature_id\n{line}\n"))
    assert listed.gauge == gauge
