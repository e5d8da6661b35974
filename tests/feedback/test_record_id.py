import threading
import time
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semiview.feedback.record_id import (
    holds_its_name,
    is_record_id,
    make_record_id,
    relative_path,
    timestamp_ms,
    uuid7,
)


def test_that_identifiers_are_version_7_of_the_standard_and_carry_the_time() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid.UUID(uuid7())
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert before <= timestamp_ms(str(made)) <= time.time_ns() // 1_000_000 + 1000


def test_that_identifiers_sort_in_the_order_of_their_making_across_threads() -> None:
    made: list[list[str]] = [[] for _ in range(4)]
    threads = [threading.Thread(target=lambda mine=mine: mine.extend(uuid7() for _ in range(200))) for mine in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    everything = [identifier for mine in made for identifier in mine]
    assert all(mine == sorted(mine) for mine in made)
    assert len(set(everything)) == 800


def test_that_an_identifier_sorts_behind_one_from_a_clock_that_runs_ahead() -> None:
    tomorrow = f"{time.time_ns() // 1_000_000 + 86_400_000:012x}"
    ahead = f"{tomorrow[:8]}-{tomorrow[8:]}-7fff-bfff-ffffffffffff"
    assert uuid7(after=ahead) > ahead
    assert uuid7() < ahead, "and pulls no others along"


@given(st.binary())
def test_that_a_name_tells_its_own_bytes_from_others(data: bytes) -> None:
    name = make_record_id(uuid7(), data)
    assert is_record_id(name)
    assert holds_its_name(name, data)
    assert not holds_its_name(name, data + b"\0")


def test_that_the_folder_follows_from_the_name() -> None:
    name = "01a20a32-635f-7623-bbcc-50df7e139d80-0123456789abcdef"
    assert relative_path(name).as_posix() == f"records/2026-11/{name}.h5"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "../../etc/passwd",
        "01a20a32-635f-4623-bbcc-50df7e139d80-0123456789abcdef",
        "ffffff00-0000-7000-8000-000000000000-0123456789abcdef",
    ],
)
def test_that_other_text_names_no_record(text: str) -> None:
    assert not is_record_id(text)
    with pytest.raises(ValueError, match="no record id"):
        relative_path(text)
