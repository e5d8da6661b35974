"""A power cut anywhere in an append loses nothing acknowledged. The long run is `python -m benchmarks.store_faults`."""

from pathlib import Path

from benchmarks.store_faults import power_cuts


def test_that_a_power_cut_at_any_call_loses_nothing_acknowledged(tmp_path: Path) -> None:
    row = power_cuts(tmp_path, 32)
    assert (row.trials, row.lost, row.unopenable) == (32, 0, 0)
    assert row.acknowledged > 32


def test_that_the_simulated_power_cut_catches_a_writer_that_does_not_sync(tmp_path: Path) -> None:
    assert power_cuts(tmp_path, 16, ("fsync", "fsync_folder")).lost > 0
