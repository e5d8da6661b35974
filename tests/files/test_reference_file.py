"""References are written once, and what is remembered of pictures is disposable."""

from pathlib import Path

import numpy as np
import pytest

from semiview.files.problem import FileProblem
from semiview.files.reference_file import (
    SEEN_FILE,
    SeenPicture,
    read_reference,
    read_seen,
    reference_numbers,
    write_reference,
    write_seen,
)
from semiview.monitoring.features import BINS, GreyRange, ImageFeatures
from semiview.monitoring.reference import Observation, Profile, Reference, Stratum

RANGE = GreyRange(0, 256)


def features(seed: int) -> ImageFeatures:
    rng = np.random.default_rng(seed)
    return ImageFeatures.of(rng.uniform(1, 2, 6).tolist(), rng.dirichlet(np.ones(BINS)).tolist())


def reference(number: int) -> Reference:
    profile = Profile.of(Stratum("T"), RANGE, [Observation(str(i), str(i), features(i)) for i in range(3)])
    return Reference(number, "2026-01-01T00:00:00+00:00", ("r",), {profile.stratum: profile})


def test_that_the_newest_reference_counts_and_the_older_ones_stay(tmp_path: Path):
    assert read_reference(tmp_path) is None
    for number in (1, 2, 10):
        write_reference(tmp_path, reference(number))
    assert reference_numbers(tmp_path) == (1, 2, 10)
    newest, first = read_reference(tmp_path), read_reference(tmp_path, 1)
    assert newest is not None
    assert first is not None
    assert (newest.number, first.number) == (10, 1)


def test_that_a_reference_is_never_written_over(tmp_path: Path):
    path = write_reference(tmp_path, reference(1))
    before = path.read_bytes()
    with pytest.raises(FileProblem, match="never changed"):
        write_reference(tmp_path, reference(1))
    assert path.read_bytes() == before


def test_that_a_damaged_reference_is_named_and_not_passed_over(tmp_path: Path):
    path = write_reference(tmp_path, reference(1))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(FileProblem, match="damaged"):
        read_reference(tmp_path)


def test_that_remembered_pictures_come_back_and_damage_only_forgets_them(tmp_path: Path):
    one = SeenPicture(Stratum("T", "M1", "sram", "2"), RANGE, features(4))
    write_seen(tmp_path, {"key": one})
    back = read_seen(tmp_path)["key"]
    assert (back.stratum, back.bins) == (one.stratum, one.bins)
    assert back.features.values().tolist() == one.features.values().tolist()
    assert back.features.histogram.tolist() == one.features.histogram.tolist()
    for content in (b"", b"[]", b'{"format": 1}', b'{"format": 99, "features": [], "pictures": {}}'):
        (tmp_path / SEEN_FILE).write_bytes(content)
        assert read_seen(tmp_path) == {}
