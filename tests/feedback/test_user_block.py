from pathlib import Path

import h5py
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semiview.feedback.hdf5_parts import new_image
from semiview.feedback.user_block import parse_user_block, read_user_block, user_block_bytes, with_user_block


@given(st.dictionaries(st.text(), st.text(max_size=3000) | st.integers() | st.booleans(), max_size=8), st.binary())
def test_that_facts_come_back_and_the_body_begins_at_a_power_of_two(facts: dict[str, object], body: bytes) -> None:
    facts = {key.encode("utf-8", "ignore").decode(): value for key, value in facts.items()}
    facts = {k: v.encode("utf-8", "ignore").decode() if isinstance(v, str) else v for k, v in facts.items()}
    data = with_user_block("thing", facts, body)
    size = len(data) - len(body)
    assert size >= 2048
    assert size & (size - 1) == 0
    assert data.endswith(body)
    assert parse_user_block(data, "thing")[0] == facts


@pytest.mark.parametrize("length", [0, 1500, 5000, 100_000])
def test_that_hdf5_reads_the_file_behind_a_block_of_any_size(tmp_path: Path, length: int) -> None:
    facts = {"long": "x" * length}
    room = user_block_bytes("thing", facts)
    image = new_image(lambda file: file.create_dataset("answer", data=42), room)
    path = tmp_path / "file.h5"
    path.write_bytes(with_user_block("thing", facts, image))
    assert read_user_block(path, "thing")[0] == facts
    # Readers before HDF5 2.0 insist that the superblock names its own place as the base of all addresses.
    assert int.from_bytes(path.read_bytes()[room + 12 : room + 20], "little") == room
    with h5py.File(path) as file:
        assert file["answer"][()] == 42


def test_that_every_flipped_bit_of_the_facts_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    facts = {"case_id": "A", "state": "accept"}
    data = with_user_block("thing", facts, b"")
    end = data.index(b"\0") - 1
    for position in range(end):
        for bit in range(8):
            broken = bytearray(data)
            broken[position] ^= 1 << bit
            path.write_bytes(broken)
            with pytest.raises(ValueError, match=r"damaged|begin"):
                read_user_block(path, "thing")


@pytest.mark.parametrize(
    "data", [b"", b"semiview", b"semiview thing 99999999 00\n{}", b"\x89HDF\r\n\x1a\n" + bytes(4000)]
)
def test_that_other_files_are_no_blocks(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"damaged|begin"):
        read_user_block(path, "thing")
