import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from semiview.core.gauge import Gauge
from semiview.core.registration import Frame, Registration, Trust
from semiview.feedback.hdf5_parts import chunk_places, opened_image, sha256_of, skeleton_sha256
from semiview.feedback.record import SCHEMA_VERSION, Record
from semiview.feedback.record_file import (
    WHAT,
    NewerRecordError,
    from_bytes,
    parse_header,
    read_header,
    salvaged_header,
    to_bytes,
)
from semiview.feedback.record_id import make_record_id, uuid7
from semiview.feedback.user_block import parse_user_block

SHAPE = (7, 9)
IDENTIFIER = uuid7()

text = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12)
filled = text.filter(str.strip)
plain_name = st.text("abcdefghij_ é", min_size=1, max_size=8)
number = st.floats(-1e9, 1e9)
maybe = st.floats(0, 1e6) | st.just(float("nan"))
outline = st.builds(
    lambda x, y, size: np.array([(x, y), (x + size, y), (x, y + size)]), number, number, st.floats(1.0, 1e6)
)
outlines = st.lists(outline, max_size=3).map(tuple)
registration = st.builds(
    Registration,
    frame=st.builds(Frame, st.tuples(number, number), st.tuples(number, number), st.floats(0.01, 100), st.booleans()),
    shift_x_nm=number,
    shift_y_nm=number,
    rotation_deg=number,
    scale_x=st.floats(0.5, 2),
    scale_y=st.floats(0.5, 2),
    shear=st.floats(-0.1, 0.1),
    transform=st.sampled_from(["shift", "similarity", "affine"]),
    method=text,
    trust=st.builds(
        Trust,
        verdict=st.sampled_from([None, "unique", "periodic", "manual"]),
        registration_class=st.sampled_from([None, "subpixel", "ambiguous"]),
        residual_nm=maybe,
        peak_ratio=maybe,
        free_axis_deg=maybe,
        covariance=st.none() | hnp.arrays(np.float64, (6, 6), elements=number),
        alternatives=st.lists(st.tuples(number, number), max_size=3).map(tuple),
        grounds=st.lists(text, max_size=3).map(tuple),
    ),
)
gauge = st.builds(
    Gauge, text, st.sampled_from(["line", "hole"]), number, number, number, number, number, st.integers(-1, 99), maybe
)


@st.composite
def tables(draw: st.DrawFn) -> dict[str, dict[str, np.ndarray]]:
    result = {}
    for name in draw(st.lists(plain_name, max_size=2, unique=True)):
        rows = draw(st.integers(0, 4))
        columns = st.one_of(
            hnp.arrays(np.float64, rows),
            hnp.arrays(np.int64, rows),
            hnp.arrays(np.bool_, rows),
            st.lists(text, min_size=rows, max_size=rows).map(lambda words: np.array(words, dtype=np.str_)),
        )
        result[name] = draw(st.dictionaries(plain_name, columns, max_size=3))
    return result


@st.composite
def records(draw: st.DrawFn) -> Record:
    approved = draw(hnp.arrays(np.uint8, SHAPE, elements=st.integers(0, 2)))
    dtype = draw(st.sampled_from([np.uint8, np.uint16, np.float32]))
    said = draw(st.fixed_dictionaries(dict.fromkeys(("note", "tool", "design_tone", "group", "split"), text)))
    return Record(
        kind=draw(st.sampled_from(["accept", "correct"])),
        case_id=draw(filled),
        reviewer=draw(filled),
        time_utc="2026-02-03T04:05:06.789+00:00",
        approves_shape=draw(st.booleans()),
        approves_measurements=draw(st.booleans()),
        sem=draw(hnp.arrays(dtype, SHAPE)),
        nm_per_px_x=draw(maybe),
        design_outlines_nm=draw(outlines),
        design_raster=draw(st.none() | hnp.arrays(np.uint8, SHAPE)),
        prediction=draw(st.none() | hnp.arrays(np.float16, SHAPE, elements=st.floats(0, 1, width=16))),
        approved=approved,
        approved_outlines_px=draw(outlines),
        free_share=draw(st.floats(0, 1) | st.just(float("nan"))),
        registration=draw(st.none() | registration),
        ignore=draw(st.none() | hnp.arrays(np.uint8, SHAPE, elements=st.integers(0, 1))),
        gauges=draw(st.lists(gauge, max_size=3).map(tuple)),
        tables=draw(tables()),
        metadata=draw(st.dictionaries(filled, text, max_size=3)),
        **said,
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(record=records())
def test_that_any_record_comes_back_as_it_was(record: Record, same: Callable[[Any, Any], bool]) -> None:
    data = to_bytes(record, IDENTIFIER)
    assert same(from_bytes(data), record)
    header = parse_header(make_record_id(IDENTIFIER, data), data)
    for name in ("kind", "case_id", "reviewer", "note", "group", "approves_shape", "supersedes", "shape", "trains"):
        assert getattr(header, name) == getattr(record, name)


def test_that_a_record_without_a_picture_comes_back(same: Callable[[Any, Any], bool]) -> None:
    record = Record(kind="skip", case_id="A", reviewer="Ada", time_utc="2026-01-01T00:00:00Z", supersedes=("x", "y"))
    assert same(from_bytes(to_bytes(record, IDENTIFIER)), record)


def test_that_long_words_and_many_columns_come_back(
    same: Callable[[Any, Any], bool], small: Callable[..., Record]
) -> None:
    long = "é" * 100_000
    columns = {f"column {number:03d}": np.arange(2000.0) for number in range(60)}
    record = small(note=long, metadata={"long": long, "l" * 3000: "x"}, tables={"epe": columns})
    assert same(from_bytes(to_bytes(record, IDENTIFIER)), record)


def test_that_the_layout_is_the_documented_one() -> None:
    record = replace(Record.example(5, (64, 80)), ignore=np.zeros((64, 80), np.uint8))
    page = (Path(__file__).parents[2] / "docs" / "feedback-record.md").read_text("utf-8")
    with h5py.File(io.BytesIO(to_bytes(record, IDENTIFIER))) as file:
        names: list[str] = []
        file.visit(names.append)
        assert file.userblock_size == 2048
        for name in names:
            item = file[name]
            generic = name if not name.startswith(("measurements/", "gauges/")) else name.split("/")[0]
            assert f"/{generic}" in page, f"{name} is not in the docs"
            for key in () if name == "metadata" else item.attrs:
                assert f"`{key}`" in page, f"attribute {key} of {name} is not in the docs"
        for key in file.attrs:
            assert f"`{key}`" in page, f"attribute {key} is not in the docs"
        assert file["sem/image"].dtype == np.uint8
        assert file["prediction/probability"].dtype == np.float16
        assert file["prediction/probability"].fletcher32
        assert file["prediction/probability"].compression == "gzip"
        assert file["approved/mask"].shape == (64, 80)
        assert file["registration/matrix"].shape == (3, 3)


def test_that_every_dataset_carries_the_hash_of_its_values() -> None:
    checked = 0

    def check(name: str, item: h5py.Group | h5py.Dataset) -> None:
        nonlocal checked
        if isinstance(item, h5py.Dataset) and h5py.check_string_dtype(item.dtype) is None:
            assert item.attrs["sha256"] == sha256_of(item[()]), name
            checked += 1

    with h5py.File(io.BytesIO(to_bytes(Record.example(5), IDENTIFIER))) as file:
        file.visititems(check)
    assert checked > 15


def test_that_noise_is_stored_plain_and_masks_small() -> None:
    with h5py.File(io.BytesIO(to_bytes(Record.example(5), IDENTIFIER))) as file:
        assert file["sem/image"].compression is None
        assert file["sem/image"].fletcher32
        assert file["approved/mask"].id.get_storage_size() < 65536 / 30


def test_that_a_newer_schema_is_told_from_damage(tmp_path: Path, small: Callable[..., Record]) -> None:
    data = to_bytes(small(schema_version=SCHEMA_VERSION + 1, program_version="9.9"), IDENTIFIER)
    path = tmp_path / f"{make_record_id(IDENTIFIER, data)}.h5"
    path.write_bytes(data)
    for read in (lambda: from_bytes(data), lambda: read_header(path)):
        with pytest.raises(NewerRecordError, match=r"written by version 9\.9"):
            read()


def test_that_a_header_under_another_name_is_refused(small: Callable[..., Record]) -> None:
    data = to_bytes(small(), IDENTIFIER)
    with pytest.raises(ValueError, match="not the one it was given"):
        parse_header(make_record_id(uuid7(), data), data)


@pytest.mark.parametrize("length", [0, 100, 3000, 9000])
def test_that_a_cut_record_is_a_value_error(length: int, small: Callable[..., Record]) -> None:
    with pytest.raises(ValueError, match="cannot be read as a record"):
        from_bytes(to_bytes(small(), IDENTIFIER)[:length])


def test_that_a_record_with_a_broken_first_line_still_tells_its_case(small: Callable[..., Record]) -> None:
    data = bytearray(to_bytes(small(3), IDENTIFIER))
    data[300] ^= 1
    header = salvaged_header(make_record_id(IDENTIFIER, bytes(data)), bytes(data))
    assert header is not None
    assert header.case_id == "example-000003"
    assert salvaged_header("x", b"nothing") is None


def test_that_a_record_that_was_read_is_written_again_byte_for_byte() -> None:
    record, identifier = Record.example(3, (40, 50)), uuid7()
    tables = {"z": {"b": np.arange(3), "a": np.array(["x", "y", "z"])}, "a": {"v": np.array([1.5, np.nan])}}
    data = to_bytes(replace(record, tables=tables, metadata={"wafer": "7", "lot": "L"}), identifier)
    assert to_bytes(from_bytes(data), identifier) == data


def test_that_the_hash_of_a_header_stands_for_every_array_and_attribute() -> None:
    record, identifier = Record.example(1, (80, 96)), uuid7()
    data = to_bytes(record, identifier)
    facts, sha256 = parse_user_block(data, WHAT)
    with opened_image(data) as file:
        assert skeleton_sha256(data[file.userblock_size :], chunk_places(file)) == facts["skeleton_sha256"]
        chunk = file["sem/image"].id.get_chunk_info(0)
        raw = data[chunk.byte_offset : chunk.byte_offset + chunk.size]
        # Behind the values stands their Fletcher-32.
        assert raw[:-4] == record.sem.tobytes(), "a chunk lies where the skeleton leaves it out"
    assert record.sem is not None
    pixels = record.sem.copy()
    pixels[3, 5] ^= 1
    for other in (replace(record, sem=pixels), replace(record, free_share=0.25), replace(record, gauges=())):
        assert parse_user_block(to_bytes(other, identifier), WHAT)[1] != sha256
    assert parse_user_block(to_bytes(record, identifier), WHAT)[1] == sha256
