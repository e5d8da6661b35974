from dataclasses import replace

import numpy as np
import pytest

from semiview.feedback.record import Record
from semiview.learning.chosen_samples import choose, sample_of


def test_that_every_approved_record_lands_in_its_split(toy):
    chosen = choose(toy.store, toy.store.snapshot())
    splits = toy.store.splits()
    assert len(chosen.train) + len(chosen.validation) + len(chosen.test) == 6
    for name in ("train", "validation", "test"):
        for sample in getattr(chosen, name):
            assert splits[sample.group] == name
    assert chosen.left_out == ()


def test_that_a_record_that_is_not_the_one_of_the_snapshot_is_left_out_and_named(toy):
    (first, _), *rest = toy.store.snapshot()
    chosen = choose(toy.store, [(first, "0" * 64), *rest])
    assert [name for name, _ in chosen.left_out] == [first]
    assert "snapshot" in chosen.left_out[0][1]


def test_that_a_damaged_record_is_left_out_and_the_others_train(toy):
    snapshot = toy.store.snapshot()
    path = toy.store.path_of(snapshot[0][0])
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.chmod(0o644)
    path.write_bytes(content)
    chosen = choose(toy.store, snapshot)
    assert [name for name, _ in chosen.left_out] == [snapshot[0][0]]
    assert len(chosen.train) + len(chosen.validation) + len(chosen.test) == 5


def test_that_two_groups_hold_nothing_out_and_it_is_said(tmp_path, toy):
    two = type(toy.store).open(tmp_path / "two")
    for seed in range(2):
        two.append(Record.example(seed, (64, 64)))
    chosen = choose(two, two.snapshot())
    assert len(chosen.train) == 2
    assert "at least three groups" in chosen.note


def test_that_the_ignored_part_has_no_weight_and_the_target_keeps_the_sub_pixel_edge():
    record = Record.example(0, (64, 64))
    approved = record.approved.copy()
    approved[:8] = 2
    ignore = np.zeros((64, 64), np.uint8)
    ignore[-8:] = 1
    outline = record.approved_outlines_px[0] + 0.25
    mask = np.zeros((64, 64), np.uint8)
    mask[8:, 4:8] = 1
    mask[:8] = 2
    sample = sample_of("r", replace(record, approved=mask, ignore=ignore, approved_outlines_px=(outline,)))
    assert not sample.weight[:8].any()
    assert not sample.weight[-8:].any()
    assert sample.weight[8:-8].all()
    np.testing.assert_allclose(sample.target[20, 3:9], [0, 0.75, 1, 1, 1, 0.25], atol=1e-6)


def test_that_outlines_that_are_not_the_mask_are_not_believed():
    record = Record.example(0, (64, 64))
    sample = sample_of("r", record)  # its outline is the first line alone
    np.testing.assert_array_equal(sample.target, record.approved)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"approved": np.full((64, 64), 2, np.uint8)}, "everything in it is ignored"),
        ({"sem": np.full((64, 64), np.nan, np.float32)}, "not finite"),
        ({"approves_shape": False}, "approves no shape"),
    ],
)
def test_that_what_cannot_train_says_why(change, reason):
    assert reason in sample_of("r", replace(Record.example(0, (64, 64)), **change))
