"""No damaged file ends the program or is misread in silence. The long run: `python -m benchmarks.fuzz_readers`."""

import os
import random
from pathlib import Path

import pytest

from benchmarks.fuzz_readers import KINDS, Kind, damaged, digest, fuzzed, read_apart
from semiview.files.gds_structure import check_gds

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="each file is read in a forked child")
FILES = {"OASIS": 3, "safetensors": 3, "HDF5 record": 8}  # those that take long
BY_NAME = {kind.name: kind for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_that_a_damaged_file_ends_nothing_and_is_not_read_wrongly_in_silence(kind: Kind, tmp_path: Path) -> None:
    outcomes, faults = fuzzed(kind, FILES.get(kind.name, 10), 1, tmp_path)
    assert not faults
    assert outcomes["named"] > 0


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_that_a_whole_file_is_read_unharmed(kind: Kind, tmp_path: Path) -> None:
    path = tmp_path / f"whole{kind.suffix}"
    path.write_bytes(kind.make(tmp_path))
    expected = digest(kind.read(path))
    again = tmp_path / f"again{kind.suffix}"
    again.write_bytes(path.read_bytes())
    assert read_apart(kind, again, expected)[0] == "unharmed"


def test_that_a_cut_layout_is_named_at_every_length(tmp_path: Path) -> None:
    whole = BY_NAME["GDS"].make(tmp_path)
    check_gds(whole)
    ends = [length for length in range(len(whole)) if _passes(whole[:length])]
    assert not ends


def _passes(data: bytes) -> bool:
    try:
        check_gds(data)
    except ValueError:
        return False
    return True


def test_that_damage_is_the_same_for_the_same_seed() -> None:
    whole = bytes(range(256)) * 8
    assert [damaged(whole, random.Random(3)) for _ in range(5)] == [damaged(whole, random.Random(3)) for _ in range(5)]
