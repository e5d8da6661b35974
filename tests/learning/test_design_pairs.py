from dataclasses import replace

import numpy as np
import pytest

from semiview.core.registration import Trust
from semiview.feedback.record import Record
from semiview.learning.design_pairs import pair_of
from semiview.learning.samples import Sample, scaled


def with_class(record: Record, registration_class: str | None) -> Record:
    trust = Trust("unique", registration_class)
    return replace(record, registration=replace(record.registration, trust=trust))


def test_that_a_registered_record_is_a_pair_of_design_and_picture():
    record = Record.example(0, (64, 64))
    pair = pair_of("r", record)
    assert isinstance(pair, Sample)
    np.testing.assert_array_equal(pair.pixels, record.design_raster / np.float32(127.5) - 1)
    np.testing.assert_array_equal(pair.target, scaled(record.sem))
    assert pair.weight.all()


@pytest.mark.parametrize("registration_class", ["few_pixel", "significant", "ambiguous", None])
def test_that_only_registrations_finer_than_a_pixel_make_pairs(registration_class):
    said = pair_of("r", with_class(Record.example(0, (64, 64)), registration_class))
    assert isinstance(said, str)
    assert (registration_class or "not known") in said


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"approves_registration": False}, "approved its registration"),
        ({"design_raster": None}, "no design"),
        ({"sem": np.full((64, 64), np.nan, np.float32)}, "not finite"),
        ({"ignore": np.ones((64, 64), np.uint8)}, "everything in it is ignored"),
    ],
)
def test_that_what_is_no_pair_says_why(changed, why):
    said = pair_of("r", replace(Record.example(0, (64, 64)), **changed))
    assert isinstance(said, str)
    assert why in said


def test_that_ignored_pixels_of_a_pair_have_no_weight():
    record = Record.example(0, (64, 64))
    approved, ignore = record.approved.copy(), np.zeros((64, 64), np.uint8)
    approved[:8], ignore[:, :4] = 2, 1
    pair = pair_of("r", replace(record, approved=approved, ignore=ignore))
    assert not pair.weight[:8].any()
    assert not pair.weight[:, :4].any()
    assert pair.weight[8:, 4:].all()
