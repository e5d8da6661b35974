"""What is worth a look: grounds add up, they are said in words, and chance keeps its fifth."""

import zlib
from pathlib import Path

import numpy as np
import tifffile

from semiview.tasks.workspace import open_workspace
from semiview.ui.case_filter import filter_of
from semiview.ui.case_line import COLUMNS, CaseLine, metadata_columns, natural
from semiview.ui.desk import case_lines
from semiview.ui.look_value import AT_RANDOM, ENOUGH_SAMPLES, RANDOM_EVERY, look_value, ranked

ENOUGH = [CaseLine(f"approved {n}", "logic", "accepted") for n in range(ENOUGH_SAMPLES)]


def places(*lines: CaseLine, reviewer: str = "") -> list[str]:
    return [case_id for case_id, _ in ranked((*lines, *ENOUGH), reviewer)]


def test_that_a_worse_registration_a_larger_epe_and_a_rare_type_come_first() -> None:
    assert places(
        CaseLine("fine", "logic", registration="subpixel"),
        CaseLine("far", "logic", registration="subpixel", worst_epe_nm=25.0),
        CaseLine("lost", "logic", registration="failed"),
    ) == ["lost", "far", "fine"]
    assert places(CaseLine("a", "logic"), CaseLine("b", "contact")) == ["b", "a"]


def test_that_disputes_and_wanted_second_looks_stand_above_all_but_ones_own_wish_is_for_others() -> None:
    lines = (
        CaseLine("lost", "logic", registration="failed", missing=9),
        CaseLine("flagged", "logic", "accepted", second_look="anna"),
        CaseLine("disputed", "logic", "disputed", reason="anna: accepted; ben: rejected"),
    )
    assert places(*lines, reviewer="ben") == ["disputed", "flagged", "lost"]
    assert places(*lines, reviewer="anna") == ["disputed", "lost"]


def test_that_decided_cases_and_those_being_saved_are_worth_no_look() -> None:
    assert places(CaseLine("a", state="rejected"), CaseLine("b", saving="saving"), CaseLine("c", state="skipped")) == []


def test_that_the_reason_names_every_ground_the_heaviest_first() -> None:
    line = CaseLine(
        "x", "contact", registration="ambiguous", missing=3, worst_epe_nm=15.0, uncertainty=0.5, novelty=0.9
    )
    assert look_value(line, 0)[1] == (
        "registration ambiguous, no contact approved yet, unlike the training images, "
        "3 EPE points have no contour, the network is unsure, worst EPE 15 nm"
    )
    assert look_value(CaseLine("x", registration="subpixel"), ENOUGH_SAMPLES) == (
        0,
        "undecided, with nothing against it",
    )


def test_that_every_fifth_place_is_filled_by_chance_and_the_same_one_each_time() -> None:
    lines = [CaseLine(f"case {n}", "logic", registration="failed" if n < 50 else "subpixel") for n in range(100)]
    order = ranked((*lines, *ENOUGH))
    by_chance = [place for place, (_, why) in enumerate(order, 1) if why == AT_RANDOM]
    assert by_chance == list(range(RANDOM_EVERY, 101, RANDOM_EVERY))
    assert order == ranked((*ENOUGH, *lines))[:100]
    first = min(
        lines, key=lambda line: zlib.crc32(line.case_id.encode()) if line.case_id not in places(*lines)[:4] else 2**33
    )
    assert order[RANDOM_EVERY - 1][0] == first.case_id
    assert len({case_id for case_id, _ in order}) == 100


def test_that_a_filter_takes_words_columns_and_numbers() -> None:
    lines = [
        CaseLine("a1", "logic", "accepted", worst_epe_nm=3.0, metadata={"lot": "A1", "dose": "20"}),
        CaseLine("b2", "contact", worst_epe_nm=12.0, registration="failed", metadata={"lot": "B7", "dose": "9.5"}),
    ]
    columns = (*COLUMNS, *metadata_columns(lines))

    def found(text: str) -> list[str]:
        return [line.case_id for line in lines if all(test(line) for test in filter_of(text, columns))]

    assert found("") == ["a1", "b2"]
    assert found("logic accep") == ["a1"]
    assert found("lot:b") == ["b2"]
    assert found("epe>10") == ["b2"]
    assert found("epe<=3 dose>=20") == ["a1"]
    assert found("dose<10") == ["b2"]
    assert found("registration:failed lot:a") == []
    assert found("nonsense:x") == []


def test_that_numbers_sort_by_size_and_blanks_last() -> None:
    assert sorted(["10", "9", "", "b", "-1"], key=natural) == ["-1", "9", "10", "b", ""]


def test_that_what_has_no_design_is_not_said_to_wait_for_a_registration(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "field.tif", np.zeros((64, 64), np.uint8))
    (tmp_path / "cases.csv").write_text("case_id,image,design\nbare,field.tif,\nother,field.tif,chip.gds\n")
    bare, other = case_lines(open_workspace(tmp_path))
    assert (bare.registration, other.registration) == ("no design", "")
    assert "registered" not in look_value(bare, 0)[1]
    assert "not registered yet" in look_value(other, 0)[1]
