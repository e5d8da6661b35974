from collections.abc import Callable
from pathlib import Path

import pytest

from semiview.tasks.align import AlignOptions, align_project
from semiview.tasks.calibrate import calibrate_project
from semiview.tasks.progress import result_of
from semiview.tasks.workspace import open_workspace


def test_that_aligned_cases_give_the_pixel_size_back(make_project: Callable[..., Path]) -> None:
    folder = make_project(tool="SEM 1")
    workspace = open_workspace(folder)
    before = result_of(calibrate_project(workspace))
    assert before.proposals == ()
    assert set(before.left_out.values()) == {"unregistered"}
    result_of(align_project(workspace, AlignOptions(jobs=1)))
    found = result_of(calibrate_project(workspace))
    (proposal,) = found.proposals
    assert (proposal.tool, proposal.stated_nm) == ("SEM 1", 2.0)
    assert len(proposal.case_ids) + len(found.left_out) == 3
    assert proposal.y_nm == pytest.approx(2.0, abs=max(0.004, 3 * proposal.sigma_y_nm))
    assert proposal.x_nm == pytest.approx(2.0, abs=max(0.004, 3 * proposal.sigma_x_nm))
