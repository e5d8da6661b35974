"""What makes a case worth a look, as far as network and monitor know."""

import math
from pathlib import Path

import pytest

from semiview.tasks.drift import watch_project
from semiview.tasks.interest import interest_of_cases, uncertainty_share
from semiview.tasks.predict import remember_uncertainty, uncertainties
from semiview.tasks.progress import result_of
from semiview.tasks.workspace import open_workspace
from tests.tasks.test_drift import project


def test_that_a_picture_unlike_the_accepted_ones_is_novel_and_an_averaged_one_unsure(tmp_path: Path):
    workspace = open_workspace(project(tmp_path / "p", 8, 2, 0.5))
    nothing = interest_of_cases(workspace)["c009"]
    assert math.isnan(nothing.novelty)
    assert math.isnan(nothing.uncertainty)
    result_of(watch_project(workspace))
    remember_uncertainty(workspace.project, workspace.registry.current().id, {"c009": 3.0})
    found = interest_of_cases(workspace)
    assert found["c009"].novelty > 0.8
    assert max(found[f"c00{number}"].novelty for number in range(8)) < 0.51
    assert found["c009"].uncertainty == 0.75


def test_that_a_prediction_without_average_takes_the_old_uncertainty_away(tmp_path: Path):
    opened = open_workspace(project(tmp_path / "p", 0, 1, 1.0)).project
    remember_uncertainty(opened, "x", {"a": 0.5, "b": 0.25})
    remember_uncertainty(opened, "x", {"a": math.nan})
    assert uncertainties(opened, "x") == {"b": 0.25}
    assert uncertainties(opened, "y") == {}


def test_that_the_share_lies_between_nothing_and_one():
    assert uncertainty_share(0.0) == 0.0
    assert uncertainty_share(12.0) == pytest.approx(12 / 13)
    assert math.isnan(uncertainty_share(math.nan))
