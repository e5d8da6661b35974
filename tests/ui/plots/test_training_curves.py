from dataclasses import replace

import numpy as np
from pytestqt.qtbot import QtBot

from semiview.learning.messages import EpochDone
from semiview.ui.plots.training_curves import TrainingCurves


def done(epoch: int, train: float, validation: float, best: int) -> EpochDone:
    return EpochDone(
        epoch=epoch,
        epochs=9,
        train_loss=train,
        validation_loss=validation,
        learning_rate=1e-3,
        samples_per_s=10.0,
        memory_mb=100.0,
        seconds=1.0,
        remaining_s=5.0,
        best_epoch=best,
    )


def test_that_the_curves_are_the_epochs_of_the_run(qtbot: QtBot) -> None:
    curves = TrainingCurves()
    qtbot.addWidget(curves)
    curves.show_epochs([done(1, 0.9, 0.8, 1), done(2, 0.5, float("nan"), 1), done(3, 0.4, 0.6, 3)])
    np.testing.assert_array_equal(curves._train.getData(), [[1, 2, 3], [0.9, 0.5, 0.4]])
    np.testing.assert_array_equal(curves._validation.getData(), [[1, 3], [0.8, 0.6]])
    assert curves._best.value() == 3
    assert "Epoch 3 of 9" in curves.toolTip()


def test_that_what_the_run_started_from_is_its_epoch_zero(qtbot: QtBot) -> None:
    curves = TrainingCurves()
    qtbot.addWidget(curves)
    curves.show()
    curves.show_epochs([replace(done(1, 0.9, 0.8, 0), start_loss=0.7), replace(done(2, 0.5, 0.75, 0), start_loss=0.7)])
    np.testing.assert_array_equal(curves._validation.getData(), [[0, 1, 2], [0.7, 0.8, 0.75]])
    assert curves._best.isVisible()
    assert curves._best.value() == 0
    curves.plot.getPlotItem().vb.updateAutoRange()
    (left, right), _ = curves.plot.getPlotItem().vb.viewRange()
    assert left <= 0 < 2 <= right


def test_that_without_anything_held_out_no_epoch_is_called_best(qtbot: QtBot) -> None:
    curves = TrainingCurves()
    qtbot.addWidget(curves)
    curves.show_epochs([done(1, 0.9, float("nan"), 1)])
    assert not curves._best.isVisible()
    assert curves._validation.getData() == (None, None)


def test_that_a_new_run_begins_with_empty_curves(qtbot: QtBot) -> None:
    curves = TrainingCurves()
    qtbot.addWidget(curves)
    curves.show_epochs([done(1, 0.9, 0.8, 1)])
    curves.show_epochs(())
    assert curves._train.getData() == (None, None)
    assert "No training run yet" in curves.toolTip()


def test_that_the_loss_reads_the_same_after_a_change_of_theme(qtbot: QtBot) -> None:
    curves = TrainingCurves()
    qtbot.addWidget(curves)
    curves.resize(400, 300)
    curves.show()
    curves.show_epochs([done(1, 0.35, 0.3, 1), done(2, 0.25, 0.2, 2)])
    curves.plot.getPlotItem().vb.updateAutoRange()
    axis = curves.plot.getAxis("left")
    assert axis.range[1] < 1
    assert axis.label.isVisible()
    for _ in range(2):
        assert axis.tickStrings([0.25], axis.autoSIPrefixScale * axis.scale, 0.05) == ["0.25"]
        curves.take_colours()
