"""A checkpoint holds the hash of its own content, so that a changed bit in a weight is named."""

import random
from pathlib import Path

import pytest

from semiview.files.problem import FileProblem
from semiview.learning.checkpoint_file import load_network, to_bytes
from semiview.learning.registry import CONTENT, check_content, read_reference
from tests.learning.conftest import fresh_checkpoint


def test_that_any_flipped_bit_of_a_checkpoint_is_named(tmp_path: Path) -> None:
    path = fresh_checkpoint(tmp_path / "fresh.safetensors")
    network, reference = load_network(path)
    assert len(reference.card[CONTENT]) == 64
    whole, rng = path.read_bytes(), random.Random(1)
    for place in [rng.randrange(8, len(whole)) for _ in range(30)]:
        data = bytearray(whole)
        data[place] ^= 1 << rng.randrange(8)
        path.write_bytes(data)
        with pytest.raises(FileProblem):
            check_content(read_reference(path))
    path.write_bytes(to_bytes(network, reference.card))
    assert load_network(path)[1].card[CONTENT] == reference.card[CONTENT]
