import pytest

from semiview.metrology.edge_profile import ALGORITHMS
from semiview.tasks.progress import Progress
from semiview.tasks.selftest_metrology import BIASES_PX, selftest_metrology


def test_that_the_budget_holds_every_algorithm_and_its_errors_are_the_named_ones() -> None:
    task = selftest_metrology(doses=(10.0,), runs=2)
    events = []
    try:
        while True:
            events.append(next(task))
    except StopIteration as stop:
        budget = stop.value
    assert all(isinstance(event, Progress) for event in events)
    assert {each.algorithm for each in budget.edges} == set(ALGORITHMS)
    model = [each for each in budget.edges if each.algorithm == "model"]
    assert [each.dose for each in model] == [10.0]
    for each in model:
        assert each.found > 0.97
        assert abs(each.bias_px) < 0.1
        assert each.ratio < 1.2
    assert model[0].cd_change_px == 0.0
    assert [each.bias_px for each in budget.epe] == list(BIASES_PX)
    for error in budget.epe:
        assert error.read_px == pytest.approx(error.bias_px, abs=0.03)
        assert error.missing == 0
    for rough in budget.roughness:
        assert rough.mean_ratio == pytest.approx(1.0, abs=0.08)
        assert rough.claimed_percent == pytest.approx(2.4, abs=0.4)
