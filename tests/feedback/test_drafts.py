import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semiview.core.coverage import Coverage
from semiview.core.document import Document, MeasureSettings
from semiview.core.registration import Registration
from semiview.feedback import drafts
from semiview.feedback.drafts import Draft, draft_path, drop_draft, list_drafts, load_draft, save_draft
from semiview.feedback.record import Record
from semiview.feedback.store import FeedbackStore
from semiview.files.durable_file import SystemCalls
from semiview.files.problem import FileProblem

ODD = ("A", "a/b", "..", "C:\\x", "ü ñ", "long " * 80, "CON")


def document(seed: int = 0) -> Document:
    rng = np.random.default_rng(seed)
    record = Record.example(seed, (300, 400))
    assert isinstance(record.registration, Registration)
    return Document(
        registration=record.registration,
        correction=Coverage.from_array(rng.integers(0, 256, (300, 400), dtype=np.uint8)),
        ignore=None if seed else Coverage.from_array(np.zeros((300, 400), np.uint8)),
        gauges=record.gauges,
        settings=MeasureSettings(edge_algorithm="sigmoid", rows_averaged=7, tolerance_nm=3.5),
    )


def flat(draft: Draft | None) -> Any:
    """A draft with its tiles as arrays."""
    assert draft is not None
    d = draft.document
    layers = {name: getattr(d, name) for name in ("correction", "ignore")}
    arrays = {name: None if layer is None else layer.to_array() for name, layer in layers.items()}
    said = (draft.case_id, draft.checkpoint_id, draft.image_sha256, draft.saved_at)
    return (said, d.registration, d.gauges, d.settings, arrays)


@pytest.mark.parametrize("case_id", ODD)
def test_that_a_draft_comes_back_as_it_was(tmp_path: Path, case_id: str, same: Callable[[Any, Any], bool]) -> None:
    for seed in range(2):
        draft = Draft(case_id, document(seed), "checkpoint", "ab" * 32, "2026-01-01T00:00:00+00:00")
        save_draft(tmp_path, draft)
        assert same(flat(load_draft(tmp_path, case_id)), flat(draft))
    assert list_drafts(tmp_path) == (case_id,)
    drop_draft(tmp_path, case_id)
    drop_draft(tmp_path, case_id)
    assert load_draft(tmp_path, case_id) is None
    assert list_drafts(tmp_path) == ()


def test_that_drafts_of_odd_names_do_not_meet(tmp_path: Path) -> None:
    for case_id in ODD:
        save_draft(tmp_path, Draft(case_id, document()))
    assert list_drafts(tmp_path) == tuple(sorted(ODD))
    assert all(draft_path(tmp_path, case_id).parent == tmp_path / "drafts" for case_id in ODD)


def test_that_nothing_drawn_is_a_draft_too(tmp_path: Path) -> None:
    save_draft(tmp_path, Draft("A", Document(document().registration)))
    draft = load_draft(tmp_path, "A")
    assert draft is not None
    assert draft.document.correction is None
    assert draft.document.gauges == ()


def test_that_a_failed_save_keeps_the_older_draft(tmp_path: Path) -> None:
    save_draft(tmp_path, Draft("A", document(0), "older"))
    calls = SystemCalls()

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    calls.write = full
    with pytest.raises(FileProblem, match="disk is full"):
        save_draft(tmp_path, Draft("A", document(1), "newer"), calls)
    draft = load_draft(tmp_path, "A")
    assert draft is not None
    assert draft.checkpoint_id == "older"


def test_that_every_damage_of_a_draft_is_said_once_and_it_is_kept_aside(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    path = draft_path(tmp_path, "A")
    for _ in range(20):
        save_draft(tmp_path, Draft("A", document()))
        data = bytearray(path.read_bytes())
        start = 0 if rng.random() < 0.5 else 2048
        position = int(rng.integers(start, 200 if start == 0 else len(data)))
        data[position] ^= 1
        path.write_bytes(data)
        with pytest.raises(FileProblem, match="draft is damaged"):
            load_draft(tmp_path, "A")
        assert path.with_suffix(".damaged").read_bytes() == data
        assert load_draft(tmp_path, "A") is None


def test_that_an_open_store_leaves_drafts_alone(tmp_path: Path) -> None:
    save_draft(tmp_path, Draft("A", document()))
    assert FeedbackStore.open(tmp_path).verify().ok
    assert list_drafts(tmp_path) == ("A",)


def test_that_two_cases_with_one_name_to_the_disk_keep_their_own_drafts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As on a disk that does not tell A from a.
    monkeypatch.setattr(drafts, "case_file_name", lambda case_id: case_id.lower())
    registration = Record.example(1, (16, 16)).registration
    assert registration is not None
    for number, case_id in enumerate(("site A", "site a")):
        document = Document(registration.moved(float(number), 0.0))
        save_draft(tmp_path, Draft(case_id, document))
    for number, case_id in enumerate(("site A", "site a")):
        found = load_draft(tmp_path, case_id)
        assert found is not None
        assert found.case_id == case_id
        assert found.document.registration.shift_x_nm == registration.moved(float(number), 0.0).shift_x_nm
    assert list_drafts(tmp_path) == ("site A", "site a")
    drop_draft(tmp_path, "site a")
    assert list_drafts(tmp_path) == ("site A",)
